#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""The way of a value, as a picture for README.md: prints SVG.

Boxes are rows of BOXES, arrows rows of ARROWS; text is text, so that it can be searched, and the
colours are readable on a light and on a dark page, for the picture brings its own ground.
"""
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 920, 430
GROUND, INK, PALE = "#fbfaf7", "#22303a", "#6b7b86"
FILLS = {"outside": "#e6ebee", "server": "#ffffff", "door": "#d7ecd9", "gate": "#fdf0cf", "no": "#f8d7d2", "store": "#dce6f7"}

# name: x, y, width, height, kind, title, lines below it
BOXES = {
    "client": (20, 60, 146, 74, "outside", "your application", ["redis-py, Django,", "Celery, joblib ..."]),
    "net": (212, 60, 124, 74, "server", "net", ["a worker's loop", "reads the socket"]),
    "resp": (366, 60, 152, 74, "server", "proto/resp", ["words of a command,", "nothing copied"]),
    "cmd": (548, 60, 128, 74, "server", "cmd", ["a row of the table,", "its handler"]),
    "door": (700, 60, 190, 74, "door", "keyspace: one door", ["every write of a value,", "the resulting bytes"]),
    "gate": (700, 188, 190, 74, "gate", "gate", ["the rule of this key;", "pickle or text?"]),
    "frame": (480, 188, 180, 74, "gate", "proto/frame", ["each reading: zlib, lz4,", "prefix, base64, joblib"]),
    "pickle": (260, 188, 180, 74, "gate", "proto/pickle", ["walks the opcodes,", "executes none"]),
    "policy": (40, 188, 180, 74, "gate", "proto/policy", ["which globals, and what", "may be done with them"]),
    "refuse": (260, 316, 180, 74, "no", "refused", ["error that says why;", "a record in the audit trail"]),
    "store": (700, 316, 190, 74, "store", "store", ["a shard's table;", "snapshots without fork"]),
}
# from, side, to, side, text
ARROWS = [
    ("client", "right", "net", "left", "SET"), ("net", "right", "resp", "left", ""), ("resp", "right", "cmd", "left", ""),
    ("cmd", "right", "door", "left", ""), ("door", "bottom", "gate", "top", "before any lock"),
    ("gate", "left", "frame", "right", ""), ("frame", "left", "pickle", "right", ""), ("pickle", "left", "policy", "right", "ask"),
    ("pickle", "bottom", "refuse", "top", "no, or cannot tell"), ("gate", "bottom", "store", "top", "accepted"),
]


def side(name, which):
    x, y, width, height = BOXES[name][:4]
    return {"left": (x, y + height / 2), "right": (x + width, y + height / 2), "top": (x + width / 2, y),
            "bottom": (x + width / 2, y + height)}[which]


def text(x, y, words, size=13, colour=INK, anchor="middle", weight="normal"):
    return (f'<text x="{x:g}" y="{y:g}" font-size="{size}" fill="{colour}" text-anchor="{anchor}" '
            f'font-weight="{weight}">{escape(words)}</text>')


def box(name):
    x, y, width, height, kind, title, lines = BOXES[name]
    yield (f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="8" fill="{FILLS[kind]}" stroke="{INK}" '
           f'stroke-width="1.2"/>')
    yield text(x + width / 2, y + 25, title, 14, weight="bold")
    for number, line in enumerate(lines):
        yield text(x + width / 2, y + 45 + 17 * number, line, 12)


def arrow(row):
    begin, begin_side, end, end_side, words = row
    (x1, y1), (x2, y2) = side(begin, begin_side), side(end, end_side)
    yield (f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" stroke="{INK}" stroke-width="1.6" '
           f'marker-end="url(#head)"/>')
    if words and x1 == x2:
        yield text(x1 + 10, (y1 + y2) / 2 + 5, words, 12, PALE, "start")
    elif words:
        yield text((x1 + x2) / 2, y1 - 8, words, 12, PALE)


def main():
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
          f'font-family="DejaVu Sans, Helvetica, Arial, sans-serif" role="img" aria-label="The way of a value through brine">')
    print(f'<defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto">'
          f'<path d="M0 0L10 5L0 10z" fill="{INK}"/></marker></defs>')
    print(f'<rect width="{WIDTH}" height="{HEIGHT}" rx="12" fill="{GROUND}"/>')
    print(text(20, 34, "The way of a value", 17, anchor="start", weight="bold"))
    print(text(222, 34, "snapshots and messages take the same door; reading is the way back, without the gate", 12, PALE, "start"))
    for row in ARROWS:
        print("\n".join(arrow(row)))
    for name in BOXES:
        print("\n".join(box(name)))
    print(text(570, 348, "What the policy does not cover", 12, PALE))
    print(text(570, 365, "never reaches the store.", 12, PALE))
    print("</svg>")


main()
