#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""Draws what bench.py wrote as SVG, one picture a question, for the README.

    plot.py build/bench.json tests/bench/plots
"""
import json
import os
import sys
from xml.sax.saxutils import escape

COLOURS = ["#0b7a75", "#c44536", "#7b6d8d", "#d9a441", "#4f6d7a"]
LABEL_WIDTH, BAR_WIDTH, FIGURE_WIDTH, BAR_HEIGHT, GAP = 190, 420, 130, 13, 9
NOTE = "each group to a scale of its own; a thin line from the lowest to the highest round"
HEAD = ('<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="12">\n<rect width="100%" height="100%" fill="#ffffff"/>\n')


def text(x, y, words, anchor="start", size=12, colour="#222222"):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{colour}">{escape(words)}</text>\n'


def bar(x, y, width, colour):
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 1):.1f}" height="{BAR_HEIGHT}" fill="{colour}"/>\n'


def whisker(low, high, y):
    middle = y + BAR_HEIGHT / 2
    return f'<path d="M{low:.1f} {middle:.1f}H{high:.1f}" stroke="#222222" stroke-width="1"/>\n'


def picture(title, groups, form):
    """groups: (label, [(server, median, low, high)]), each with a scale of its own, for rows differ by thousands."""
    servers = list(dict.fromkeys(server for _, bars in groups for server, *_ in bars))
    colours = {server: COLOURS[i % len(COLOURS)] for i, server in enumerate(servers)}
    y, out = 58, text(10, 22, title, size=15)
    x = 10
    for server in servers:
        out += bar(x, 32, BAR_HEIGHT, colours[server]) + text(x + BAR_HEIGHT + 5, 43, server)
        x += BAR_HEIGHT + 20 + 8 * len(server)
    out += text(x, 43, NOTE, colour="#777777")
    for label, bars in groups:
        scale = BAR_WIDTH / max(high for *_, high in bars)
        out += text(LABEL_WIDTH - 8, y + BAR_HEIGHT * len(bars) / 2 + 4, label, "end")
        for server, median, low, high in bars:
            out += bar(LABEL_WIDTH, y, median * scale, colours[server])
            if high > low:
                out += whisker(LABEL_WIDTH + low * scale, LABEL_WIDTH + high * scale, y)
            out += text(LABEL_WIDTH + BAR_WIDTH + 8, y + BAR_HEIGHT - 2, form(median))
            y += BAR_HEIGHT + 1
        y += GAP
    width = LABEL_WIDTH + BAR_WIDTH + FIGURE_WIDTH
    return HEAD.format(width=width, height=y + 4) + out + "</svg>\n"


def work_groups(result, key):
    for figures in result["work"]:
        if figures["against"] != "gate-off":
            yield figures["row"], [(server, of[key]["median"], of[key]["low"], of[key]["high"])
                                   for server, of in figures["servers"].items()]


def gate_groups(result):
    for figures in result["work"]:
        if figures["against"] == "gate-off":
            names = {"brine": "gate on", "gate-off": "gate off"}
            yield figures["row"].replace(" gate on/off", ""), [
                (names[server], of["ops"]["median"], of["ops"]["low"], of["ops"]["high"])
                for server, of in figures["servers"].items()]


def memory_groups(result):
    for figures in result["extras"]:
        if figures["row"].startswith("memory: "):
            label = figures["row"].replace("memory: bytes beyond ", "").rsplit(",", 1)[0]
            yield label, [(server, value, value, value) for server, value in figures["values"].items()]


def per_second(value):
    return f"{value / 1000:,.0f} k/s" if value >= 10000 else f"{value:,.0f} /s"


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        result = json.load(file)
    folder = sys.argv[2]
    os.makedirs(folder, exist_ok=True)
    pictures = {
        "throughput": ("Operations a second, one core", work_groups(result, "ops"), per_second),
        "cpu": ("Server CPU time an operation", work_groups(result, "cpu"), "{:.2f} us".format),
        "gate": ("What verifying costs: SETs a second", gate_groups(result), per_second),
        "memory": ("Bytes an entry beyond key and value", memory_groups(result), "{:.1f} B".format),
    }
    for name, (title, groups, form) in pictures.items():
        groups = list(groups)
        if groups:
            with open(os.path.join(folder, name + ".svg"), "w", encoding="utf-8") as out:
                out.write(picture(title, groups, form))


main()
