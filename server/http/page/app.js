// SPDX-FileCopyrightText: 2026 The brine authors
// SPDX-License-Identifier: Apache-2.0

// What the server says, made visible.  All that clients chose (keys, names, types, texts of the
// audit trail) becomes text nodes; nothing here parses markup.

"use strict";

const ROWS_MAX = 720, RECORDS_SHOWN = 50, SPAN_MIN_MS = 60000;
const byId = id => document.getElementById(id);
const history = {next: 0, rows: []};
let span_s = 900;

// ---- plots ---------------------------------------------------------------------------------------

const rate = name => row => row[name] * 1000 / row.took_ms;
const ratio = row => row.hits + row.misses ? row.hits / (row.hits + row.misses) : null;
const duration = name => row => row.commands ? row[name] : null;

const plots = [
  {id: "commands", title: "Commands", unit: units.perSecond, series: [
    {name: "all", of: rate("commands")}, {name: "values admitted", of: rate("admitted")}]},
  {id: "latency", title: "Latency", unit: units.time, series: [
    {name: "p50", of: duration("p50_ns")}, {name: "p99", of: duration("p99_ns")}, {name: "p99.9", of: duration("p999_ns")}]},
  {id: "hits", title: "Hit ratio", unit: units.percent, top: 1, series: [{name: "", of: ratio}]},
  {id: "memory", title: "Memory", unit: units.bytes, series: [{name: "", of: row => row.memory_bytes}]},
  // By itself: beside what is admitted, a refusal now and then would be a flat line.
  {id: "refused", title: "Values refused", unit: units.perSecond, series: [{name: "", of: rate("refused")}]},
  {id: "gone", title: "Keys gone", unit: units.perSecond, series: [
    {name: "expired", of: rate("expired")}, {name: "evicted", of: rate("evicted")}]},
].map(options => new Plot(byId("plots"), options));

// A server that has just begun fills the plots with what there is.
function drawPlots() {
  const first = history.rows[0], last = history.rows[history.rows.length - 1];
  const now = last ? last.at_ms : Date.now();
  const span_ms = Math.min(span_s * 1000, Math.max(SPAN_MIN_MS, first ? now - first.at_ms : 0));
  for (const plot of plots) plot.draw(history.rows, now - span_ms, now);
}

async function askHistory() {
  const answer = await ask("/api/history?since=" + history.next);
  if (answer.next < history.next) history.rows = []; // the server began anew
  history.next = answer.next;
  for (const row of answer.rows)
    history.rows.push(Object.fromEntries(answer.fields.map((field, i) => [field, row[i]])));
  history.rows.splice(0, Math.max(0, history.rows.length - ROWS_MAX));
  drawPlots();
}

for (const button of document.querySelectorAll("button[data-span]"))
  button.addEventListener("click", () => {
    span_s = Number(button.dataset.span);
    for (const each of document.querySelectorAll("button[data-span]"))
      each.setAttribute("aria-pressed", each === button);
    drawPlots();
  });

// ---- tables --------------------------------------------------------------------------------------

function fill(id, rows, none) {
  const body = byId(id).tBodies[0];
  const columns = byId(id).tHead.rows[0].cells.length;
  body.replaceChildren(...rows.map(cells => {
    const row = document.createElement("tr");
    for (const [text, style] of cells) html(row, "td", text, style);
    return row;
  }));
  if (rows.length) return;
  const cell = html(html(body, "tr"), "td", none, "none");
  cell.colSpan = columns;
}

function duration_text(seconds) {
  const days = Math.floor(seconds / 86400), hours = Math.floor(seconds / 3600) % 24, minutes = Math.floor(seconds / 60) % 60;
  return days ? `${days} d ${hours} h` : hours ? `${hours} h ${minutes} min` : minutes ? `${minutes} min` : `${seconds} s`;
}

function showTiles(status) {
  const lookups = history.rows.reduce((sum, row) => [sum[0] + row.hits, sum[1] + row.hits + row.misses], [0, 0]);
  const tiles = [
    ["keys", units.count(status.keys)],
    ["clients", units.count(status.clients)],
    ["memory", units.bytes(status.memory_bytes) + (status.limit_bytes ? " of " + units.bytes(status.limit_bytes) : "")],
    ["hit ratio of this hour", lookups[1] ? units.percent(lookups[0] / lookups[1]) : "–"],
    ["commands", units.count(status.commands)],
    ["values admitted", units.count(status.admitted)],
    ["values refused", units.count(status.refused)],
    ["evicted", units.count(status.evicted)],
  ];
  byId("tiles").replaceChildren(...tiles.map(([name, value]) => {
    const tile = html(null, "div", null, "tile");
    html(tile, "b", value);
    html(tile, "span", name);
    return tile;
  }));
}

function recordRow(record) {
  const found = [record.opcode, record.module && record.module + "." + record.name,
    record.offset !== undefined && "at offset " + record.offset].filter(Boolean).join(" ");
  const why = record.text || [record.class, record.reason, record.policy && "policy " + record.policy].filter(Boolean).join(", ");
  return [[clock(record.time), "brief"], [record.address || record.user || "", "brief"],
    [record.command || record.event, "brief"], [record.key ?? "", "mono"], [found, "mono"], [why]];
}

function showStatus(status) {
  byId("state").className = "";
  byId("state").textContent = `${status.version}, ${status.state}, gate ${status.gate_mode}, ` +
    `up ${duration_text(status.uptime_s)}, ${status.workers} workers`;
  document.title = status.refused ? `brine (${units.count(status.refused)} refused)` : "brine";
  showTiles(status);
  const types = Array.isArray(status.types) ? status.types : [];
  fill("types", types.map(type => [[type.type, "mono"], [type.entries.toLocaleString(), "number"],
    [units.bytes(type.bytes), "number"], [type.protocols || ""]]), "nothing is stored");
  const globals = status.globals && !status.globals.error ? Object.entries(status.globals) : [];
  fill("globals", globals.map(([name, entries]) => [[name, "mono"], [entries.toLocaleString(), "number"]]),
    "no stored pickle names any");
  const events = ["refused", "rechecked"];
  const records = status.records.map(line => JSON.parse(line)).filter(record => events.includes(record.event));
  fill("refusals", records.reverse().slice(0, RECORDS_SHOWN).map(recordRow), "nothing was refused lately");
}

// ---- asking --------------------------------------------------------------------------------------

async function ask(path, options) {
  const response = await fetch(path, options);
  if (!response.ok) throw new Error(`${response.status}: ${(await response.text()).trim()}`);
  return response.json();
}

async function refresh() {
  try {
    await askHistory();
    showStatus(await ask("/api/status"));
  } catch (error) {
    byId("state").className = "lost";
    byId("state").textContent = "the server does not answer: " + error.message;
  }
}

function keepFresh() {
  if (!document.hidden) refresh();
}
document.addEventListener("visibilitychange", keepFresh);
setInterval(keepFresh, 5000);
refresh();

// ---- a pickle ------------------------------------------------------------------------------------

const ESCAPES = {n: 10, r: 13, t: 9, a: 7, b: 8, f: 12, v: 11, "0": 0, "\\": 92, "'": 39, "\"": 34};

// b'\x80\x04K\x01.' as Python prints it.
function bytesOfLiteral(text) {
  const bytes = [];
  for (let i = 0; i < text.length; i++) {
    if (text[i] !== "\\") {
      bytes.push(text.charCodeAt(i));
    } else if (text[++i] === "x") {
      bytes.push(parseInt(text.substr(i + 1, 2), 16));
      i += 2;
    } else {
      bytes.push(ESCAPES[text[i]]);
    }
  }
  if (bytes.some(byte => !(byte >= 0 && byte < 256))) throw new Error("this is no literal of bytes");
  return Uint8Array.from(bytes);
}

function bytesOfText(text) {
  const literal = /^\s*b(['"])([^]*)\1\s*$/.exec(text);
  if (literal) return bytesOfLiteral(literal[2]);
  const packed = text.replace(/\s+/g, "").replace(/-/g, "+").replace(/_/g, "/");
  if (packed.length % 4 !== 1 && /^[A-Za-z0-9+/]+=*$/.test(packed) && !/\.\s*$/.test(text))
    return Uint8Array.from(atob(packed), letter => letter.charCodeAt(0));
  return new TextEncoder().encode(text);
}

function showVerdict(answer) {
  const verdict = answer.verdict, refused = verdict.message !== undefined || verdict.error !== undefined;
  byId("verdict").hidden = false;
  byId("verdict-line").className = refused ? "refused" : "admitted";
  byId("verdict-line").textContent = verdict.message || verdict.error || `${verdict.verdict}: ${verdict.found}`;
  byId("verdict-facts").replaceChildren();
  for (const [name, value] of Object.entries({...verdict, bytes: answer.bytes})) {
    if (name === "message" || name === "error") continue;
    html(byId("verdict-facts"), "dt", name);
    html(byId("verdict-facts"), "dd", Array.isArray(value) ? value.join("\n") || "none" : String(value));
  }
  for (const id of ["view", "disassembly"])
    byId(id).textContent = typeof answer[id] === "string" ? answer[id] : answer[id].error;
}

async function verify() {
  const file = byId("file").files[0];
  const body = file ? await file.arrayBuffer() : bytesOfText(byId("pickle").value);
  const query = new URLSearchParams({key: byId("key").value, db: byId("db").value || "0"});
  const headers = {"Content-Type": "application/octet-stream"};
  showVerdict(await ask("/verify?" + query, {method: "POST", headers, body}));
}

byId("verify").addEventListener("submit", event => {
  event.preventDefault();
  verify().catch(error => showVerdict({verdict: {error: error.message}, bytes: 0, view: "", disassembly: ""}));
});
