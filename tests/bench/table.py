#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""Prints what bench.py wrote as the tables of README.md beside; bars that are missed are in bold.

    table.py build/bench.json [--into tests/bench/README.md]

With --into the tables take the place of those in the page that begin with the same line.
"""
import argparse
import json
import sys

WORK_HEAD = "| work | ops/s, brine / it | server CPU an operation, brine / it | bar |"
EXTRAS_HEAD = "| what | brine | redis | bar |"


def span(figures):
    return f"{figures['median']:.2f} ({figures['low']:.2f}-{figures['high']:.2f})"


def bar_cell(words, met):
    return words if met else f"**{words}**"


def work_row(figures):
    of = figures["ratios"][figures["against"]]
    bar = figures.get("bar")
    words = bar_cell(f"{bar['kind']} {'>=' if bar['kind'] == 'ops' else '<='} {bar['limit']:.2f}", bar["met"]) if bar else ""
    if figures["load_at_limit"]:
        words += " (load generator at its limit)"
    return f"| {figures['row']} | {span(of['ops'])} | {span(of['cpu'])} | {words} |"


def extra_row(figures):
    cells = [f"{figures['values'][name]:.{figures['digits']}f}" if name in figures["values"] else "" for name in ("brine", "redis")]
    bar = figures.get("bar")
    return f"| {figures['row'].strip()} | {' | '.join(cells)} | {bar_cell(bar['text'], bar['met']) if bar else ''} |"


def replaced(lines, table):
    """The page's lines with this table in the place of the one that has its first line."""
    if table[0] not in lines:
        sys.exit(f"no table begins with: {table[0]}")
    begin = lines.index(table[0])
    end = next((number for number in range(begin, len(lines)) if not lines[number].startswith("|")), len(lines))
    return lines[:begin] + table + lines[end:]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("json")
    parser.add_argument("--into", metavar="PAGE")
    args = parser.parse_args()
    with open(args.json, encoding="utf-8") as file:
        result = json.load(file)
    tables = [[WORK_HEAD, "|---|---|---|---|"] + [work_row(figures) for figures in result["work"]],
              [EXTRAS_HEAD, "|---|---|---|---|"] + [extra_row(figures) for figures in result["extras"]]]
    if not args.into:
        print("\n\n".join("\n".join(table) for table in tables))
        return
    with open(args.into, encoding="utf-8") as page:
        lines = page.read().split("\n")
    for table in tables:
        lines = replaced(lines, table)
    with open(args.into, "w", encoding="utf-8") as page:
        page.write("\n".join(lines))


main()
