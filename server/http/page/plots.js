// SPDX-FileCopyrightText: 2026 The brine authors
// SPDX-License-Identifier: Apache-2.0

// Line plots as SVG, made of elements and attributes alone: no markup is ever parsed here.
//
//   const plot = new Plot(parent, {title: "Commands", unit: perSecond, series: [{name: "", of: row => ...}]});
//   plot.draw(rows, from_ms, to_ms);
//
// A row is a sample of the server's; `of` makes a number of it, or null where there is none: a gap.

"use strict";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 600, HEIGHT = 150, LEFT = 56, RIGHT = 8, TOP = 8, BOTTOM = 18;

const units = {
  count: value => scaled(value, 1000, ["", "k", "M", "G"], ""),
  perSecond: value => scaled(value, 1000, ["", "k", "M", "G"], "/s"),
  bytes: value => scaled(value, 1024, [" B", " KB", " MB", " GB", " TB"], ""),
  percent: value => (value === 1 ? "100" : (value * 100).toFixed(value < 1 && value > 0.99 ? 2 : 1)) + " %",
  time: ns => scaled(ns / 1000, 1000, [" µs", " ms", " s"], ""),
};

function scaled(value, base, names, behind) {
  let at = 0;
  while (Math.abs(value) >= base && at + 1 < names.length) {
    value /= base;
    at++;
  }
  const digits = value === 0 || Math.abs(value) >= 100 || Number.isInteger(value) ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toFixed(digits) + names[at] + behind;
}

function svg(parent, name, attributes) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes || {})) node.setAttribute(key, value);
  if (parent) parent.append(node);
  return node;
}

function html(parent, name, text, style) {
  const node = document.createElement(name);
  if (text !== undefined && text !== null) node.textContent = text;
  if (style) node.className = style;
  if (parent) parent.append(node);
  return node;
}

// The next of 1, 2, 5, 10, 20 ... that is not below; of bytes a power of two.
function roundUp(value, binary) {
  if (!(value > 0)) return 1;
  if (binary) return 2 ** Math.ceil(Math.log2(value));
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map(step => step * power).find(top => top >= value * 0.9999);
}

class Plot {
  constructor(parent, options) {
    this.options = options;
    this.figure = html(parent, "figure");
    this.figure.id = "plot-" + options.id;
    const caption = html(this.figure, "figcaption");
    html(caption, "b", options.title);
    this.legends = options.series.map((series, i) => html(caption, "span", "", "series" + i));
    this.svg = svg(this.figure, "svg", {viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": options.title});
    this.svg.addEventListener("pointermove", event => this.point(event));
    this.svg.addEventListener("pointerleave", () => this.point(null));
    this.rows = [];
  }

  x(row) {
    return LEFT + (row.at_ms - this.from) / (this.to - this.from) * (WIDTH - LEFT - RIGHT);
  }
  y(value) {
    return HEIGHT - BOTTOM - Math.min(value / this.top, 1) * (HEIGHT - TOP - BOTTOM);
  }

  draw(rows, from, to) {
    Object.assign(this, {from, to, rows: rows.filter(row => row.at_ms >= from)});
    const {series, unit, top} = this.options;
    const values = this.rows.flatMap(row => series.map(each => each.of(row))).filter(value => value !== null);
    this.top = top || roundUp(Math.max(0, ...values), unit === units.bytes);
    this.svg.replaceChildren();
    this.axes();
    series.forEach((each, i) => this.line(each, i));
    this.cursor = svg(this.svg, "line", {class: "at", y1: TOP, y2: HEIGHT - BOTTOM, visibility: "hidden"});
    this.say(this.rows[this.rows.length - 1]);
  }

  axes() {
    for (const part of [0, 0.5, 1]) {
      const y = this.y(this.top * part);
      svg(this.svg, "line", {x1: LEFT, x2: WIDTH - RIGHT, y1: y, y2: y});
      svg(this.svg, "text", {x: LEFT - 6, y: y + 4, "text-anchor": "end"}).textContent = this.options.unit(this.top * part);
    }
    for (const [x, at, anchor] of [[LEFT, this.from, "start"], [WIDTH - RIGHT, this.to, "end"]])
      svg(this.svg, "text", {x, y: HEIGHT - 4, "text-anchor": anchor}).textContent = clock(at);
  }

  // Gaps, and samples that are missing because the page slept, are not drawn over.
  line(series, number) {
    let line = "", area = "", start = null, before = null;
    for (const row of this.rows) {
      const value = series.of(row);
      if (value === null) {
        before = null;
        continue;
      }
      const at = `${this.x(row).toFixed(1)} ${this.y(value).toFixed(1)}`;
      const joined = before && row.at_ms - before.at_ms < 4 * row.took_ms;
      if (!joined && start) area += `L${this.x(start.last).toFixed(1)} ${HEIGHT - BOTTOM}Z`;
      if (!joined) {
        start = {last: row};
        area += `M${this.x(row).toFixed(1)} ${HEIGHT - BOTTOM}`;
      }
      line += (joined ? "L" : "M") + at;
      area += "L" + at;
      start.last = before = row;
    }
    if (start) area += `L${this.x(start.last).toFixed(1)} ${HEIGHT - BOTTOM}Z`;
    if (this.options.series.length === 1) svg(this.svg, "path", {class: "area series" + number, d: area});
    svg(this.svg, "path", {class: "series" + number, d: line});
  }

  say(row) {
    this.options.series.forEach((series, i) => {
      const value = row ? series.of(row) : null;
      this.legends[i].textContent = (series.name ? series.name + " " : "") + (value === null ? "–" : this.options.unit(value));
    });
  }

  point(event) {
    if (!this.rows.length) return;
    const last = this.rows[this.rows.length - 1];
    this.cursor.setAttribute("visibility", event ? "visible" : "hidden");
    if (!event) return this.say(last);
    const box = this.svg.getBoundingClientRect();
    const wanted = (event.clientX - box.left) / box.width * WIDTH;
    const nearest = this.rows.reduce((best, row) => Math.abs(this.x(row) - wanted) < Math.abs(this.x(best) - wanted) ? row : best, last);
    this.cursor.setAttribute("x1", this.x(nearest));
    this.cursor.setAttribute("x2", this.x(nearest));
    this.say(nearest);
  }
}

function clock(ms) {
  return new Date(ms).toLocaleTimeString([], {hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23"});
}
