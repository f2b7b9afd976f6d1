#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""Prints what bench.py wrote as the tables of README.md beside; bars that are missed are in bold.

    table.py build/bench.json
"""
import json
import sys


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


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        result = json.load(file)
    print("| work | ops/s, brine / it | server CPU an operation, brine / it | bar |\n|---|---|---|---|")
    for figures in result["work"]:
        print(work_row(figures))
    print("\n| what | brine | redis | bar |\n|---|---|---|---|")
    for figures in result["extras"]:
        print(extra_row(figures))


main()
