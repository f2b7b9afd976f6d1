/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "client/verdict.h"

#include "client/input.h"
#include "client/policy_option.h"
#include "client/tool.h"
#include "base/number.h"
#include "pickle/disasm.h"
#include "pickle/opcodes.h"
#include "pickle/uses.h"
#include "policy/dangerous.h"

#include <stdio.h>

enum { MESSAGE_BYTES = 1024, FRAMING_BYTES = 128, NAME_BYTES_MAX = 1 << 20 };
enum { EXPLAIN_BEFORE = 4, EXPLAIN_AFTER = 2 };
#define EXPLAIN_BYTES_MAX ((size_t)256 << 20)

size_t verdict_offset(const struct judgement *judgement) {
    const struct frame_reading *reading = judgement->reading;
    return judgement->report->offset + (reading->unpacked ? 0 : reading->offset);
}

bool verdict_global(const struct judgement *judgement, struct bytes *module, struct bytes *name) {
    const struct pickle_report *report = judgement->report;
    const struct pickle_harm *harm = judgement->harm;
    bool harmed = report && !report->name.data && harm && harm->name.data;
    *module = harmed ? harm->module : report ? report->module : BYTES("");
    *name = harmed ? harm->name : report ? report->name : bytes_view(NULL, 0);
    return name->data != NULL;
}

const char *verdict_danger(const struct judgement *judgement) {
    struct bytes module, name;
    return verdict_global(judgement, &module, &name) ? policy_danger(module, name) : NULL;
}

/* ---- JSON -------------------------------------------------------------------------------------*/

static enum brine_status add_joined(struct buf *out, struct bytes module, struct bytes name) {
    TRY(buf_append(out, module));
    TRY(buf_append_byte(out, '.'));
    return buf_append(out, name);
}

void verdict_json_global(struct json *json, struct bytes module, struct bytes name) {
    struct buf joined;
    buf_init(&joined, json->out->mem, NAME_BYTES_MAX);
    if (add_joined(&joined, module, name) == BRINE_OK)
        json_string(json, buf_view(&joined));
    else
        json_cstr(json, "(a name of more than a megabyte)");
    buf_deinit(&joined);
}

static void json_globals(struct json *json, const struct pickle_report *report) {
    const char *words[PICKLE_USE_WORDS_MAX];
    json_open_array(json);
    for (size_t i = 0; i < report->globals_count; i++) {
        const struct pickle_global *global = &report->globals[i];
        json_open_object(json);
        json_key(json, "name");
        verdict_json_global(json, global->module, global->name);
        json_key(json, "use");
        json_open_array(json);
        size_t words_count = pickle_use_words(global->uses, words);
        for (size_t word = 0; word < words_count; word++) json_cstr(json, words[word]);
        json_close(json);
        json_close(json);
    }
    json_close(json);
}

static void json_opcode(struct json *json, const struct pickle_report *report) {
    char number[8];
    const char *name = pickle_opcode(report->opcode)->name;
    bool none = report->reason == PICKLE_END_AT_OPCODE || report->reason == PICKLE_BYTES;
    snprintf(number, sizeof number, "0x%02x", report->opcode);
    if (none)
        json_null(json);
    else
        json_cstr(json, name ? name : number);
}

/* "os.system reaches the operating system", which a broken pickle may name before it breaks. */
static void json_danger(struct json *json, const struct judgement *judgement) {
    const char *danger = verdict_danger(judgement);
    struct bytes module, name;
    struct buf text;
    buf_init(&text, json->out->mem, NAME_BYTES_MAX);
    json_key(json, "danger");
    if (danger && verdict_global(judgement, &module, &name) &&
        add_joined(&text, module, name) == BRINE_OK && buf_printf(&text, " %s", danger) == BRINE_OK)
        json_string(json, buf_view(&text));
    else
        json_null(json);
    buf_deinit(&text);
}

static void json_refusal(struct json *json, const struct judgement *judgement) {
    const struct pickle_report *report = judgement->report;
    char message[MESSAGE_BYTES];
    json_key(json, "class");
    json_cstr(json, pickle_class_name(pickle_reason_class(report->reason)));
    json_key(json, "offset");
    json_uint(json, verdict_offset(judgement));
    json_key(json, "opcode");
    json_opcode(json, report);
    json_key(json, "global");
    if (report->name.data)
        verdict_json_global(json, report->module, report->name);
    else
        json_null(json);
    json_danger(json, judgement);
    json_key(json, "rule");
    json_cstr(json, pickle_reason_rule(report->reason));
    json_key(json, "message");
    json_cstr(json, pickle_report_message(report, message, sizeof message));
}

/* The keys of a refusal by name; nulls where there is nothing to say. */
static void json_limit(struct json *json, const char *limit) {
    static const char *const keys[] = {"class",  "offset", "opcode", "global",
                                       "danger", "rule",   "message"};
    const char *values[] = {"limit", NULL, NULL, NULL, NULL, "unpacking", limit};
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        json_key(json, keys[i]);
        if (limit && values[i])
            json_cstr(json, values[i]);
        else
            json_null(json);
    }
}

static void json_facts(struct json *json, const struct judgement *judgement) {
    static const struct pickle_report none;
    const struct pickle_report *report = judgement->report ? judgement->report : &none;
    char framing[FRAMING_BYTES];
    json_key(json, "protocol");
    json_uint(json, report->protocol);
    json_key(json, "type");
    if (!judgement_accepts(judgement))
        json_null(json);
    else if (report->top_kind == PICKLE_KIND_INSTANCE && report->top_global)
        verdict_json_global(json, report->top_global->module, report->top_global->name);
    else
        json_cstr(json, pickle_kind_name(report->top_kind));
    json_key(json, "globals");
    json_globals(json, report);
    json_key(json, "framing");
    if (judgement->reading)
        json_cstr(json, frame_path_text(&judgement->reading->path, framing, sizeof framing));
    else
        json_null(json);
}

void verdict_json_keys(struct json *json, const char *first_key, struct bytes what,
                       const struct judgement *judgement) {
    bool accepted = judgement_accepts(judgement);
    json_member(json, first_key, what);
    json_key(json, "verdict");
    json_cstr(json, accepted ? "accept" : "refuse");
    if (accepted || !judgement->report)
        json_limit(json, judgement->limit);
    else
        json_refusal(json, judgement);
    json_facts(json, judgement);
}

/* ---- text -------------------------------------------------------------------------------------*/

static enum brine_status add_accepted(struct buf *out, const struct judgement *judgement) {
    const struct pickle_report *report = judgement->report;
    const struct pickle_global *class = report->top_global;
    char framing[FRAMING_BYTES];
    TRY(buf_printf(out, ": accepted: "));
    if (report->top_kind == PICKLE_KIND_INSTANCE && class) {
        TRY(input_append_name(out, class->module));
        TRY(buf_append_byte(out, '.'));
        TRY(input_append_name(out, class->name));
    } else {
        TRY(buf_printf(out, "%s", pickle_kind_name(report->top_kind)));
    }
    TRY(buf_printf(out, ", protocol %u, globals %zu", report->protocol, report->globals_count));
    if (judgement->reading->path.depth > 1)
        TRY(buf_printf(out, ", %s",
                       frame_path_text(&judgement->reading->path, framing, sizeof framing)));
    return buf_append_byte(out, '\n');
}

/* "; it names os.system" before it breaks, ", which is known to be dangerous (runs code)". */
static enum brine_status add_danger(struct buf *out, const struct judgement *judgement) {
    const char *danger = verdict_danger(judgement);
    struct bytes module, name;
    if (!danger) return BRINE_OK;
    if (!judgement->report->name.data && verdict_global(judgement, &module, &name)) {
        TRY(buf_append(out, BYTES("; it names ")));
        TRY(input_append_name(out, module));
        TRY(buf_append_byte(out, '.'));
        TRY(input_append_name(out, name));
    }
    return buf_printf(out, ", which is known to be dangerous (%s)", danger);
}

enum brine_status verdict_text(struct buf *out, struct bytes what,
                               const struct judgement *judgement) {
    char message[MESSAGE_BYTES], framing[FRAMING_BYTES];
    const struct pickle_report *report = judgement->report;
    TRY(input_append_name(out, what));
    if (!report) return buf_printf(out, ": refused: %s\n", judgement->limit);
    if (judgement_accepts(judgement)) return add_accepted(out, judgement);
    /* The message begins with "offset N: ", which stands here as in a compiler's line. */
    const char *text = pickle_report_message(report, message, sizeof message);
    const char *behind = strncmp(text, "offset ", 7) == 0 ? strstr(text, ": ") : NULL;
    TRY(buf_printf(out, ":%zu: refused: ", verdict_offset(judgement)));
    if (judgement->reading->path.depth > 1)
        TRY(buf_printf(
            out, "%s: ", frame_path_text(&judgement->reading->path, framing, sizeof framing)));
    TRY(buf_printf(out, "%s", behind ? behind + 2 : text));
    TRY(add_danger(out, judgement));
    return buf_append_byte(out, '\n');
}

/* ---- opcodes around an offset -----------------------------------------------------------------*/

/* The offset at the beginning of a line "   34: \x93 STACK_GLOBAL"; false for other lines. */
static bool line_offset(struct bytes line, uint64_t *offset) {
    size_t at = 0, digits = 0;
    while (at < line.len && line.data[at] == ' ') at++;
    while (at + digits < line.len && byte_is_digit(line.data[at + digits])) digits++;
    return at + digits < line.len && line.data[at + digits] == ':' &&
           number_parse_u64(bytes_slice(line, at, digits), offset);
}

static bool next_line(struct bytes text, size_t *at, struct bytes *line) {
    if (*at >= text.len) return false;
    const uint8_t *start = text.data + *at, *end = memchr(start, '\n', text.len - *at);
    *line = bytes_view(start, end ? (size_t)(end - start) : text.len - *at);
    *at += line->len + 1;
    return true;
}

/* A line's number in the text is what is counted; the marked one is the last at or before offset.
 */
static size_t find_marked(struct bytes text, uint64_t offset) {
    struct bytes line;
    size_t marked = 0, number = 0;
    uint64_t begins;
    for (size_t at = 0; next_line(text, &at, &line); number++)
        if (line_offset(line, &begins) && begins <= offset) marked = number;
    return marked;
}

enum brine_status verdict_explain(struct buf *out, const struct judgement *judgement) {
    struct buf text;
    struct bytes line;
    if (!judgement->report || judgement_accepts(judgement)) return BRINE_OK;
    buf_init(&text, out->mem, EXPLAIN_BYTES_MAX);
    /* What cannot be read to its end is shown as far as it goes. */
    enum brine_status status = pickle_disassemble(judgement->reading->bytes, &text, NULL);
    size_t marked = find_marked(buf_view(&text), judgement->report->offset), number = 0;
    if (status != BRINE_NO_MEMORY) status = BRINE_OK;
    for (size_t at = 0; status == BRINE_OK && next_line(buf_view(&text), &at, &line); number++) {
        if (number + EXPLAIN_BEFORE < marked || number > marked + EXPLAIN_AFTER) continue;
        status = buf_append(out, number == marked ? BYTES("  > ") : BYTES("    "));
        if (status == BRINE_OK) status = buf_append(out, line);
        if (status == BRINE_OK) status = buf_append_byte(out, '\n');
    }
    buf_deinit(&text);
    return status;
}

/* ---- one value --------------------------------------------------------------------------------*/

struct printing {
    struct buf *out;
    const char *name;
    bool as_json;
    enum brine_status status;
};

/* Nobody asked whether it is a pickle. */
static enum brine_status say_opaque(struct buf *out, const char *name, const char *message) {
    TRY(input_append_name(out, bytes_of_cstr(name)));
    return buf_printf(out, ": no whole pickle, and harmless: %s\n", message);
}

static void print_judgement(void *context, const struct judgement *judgement) {
    struct printing *printing = context;
    struct json json;
    if (!printing->as_json && judgement->opaque && !judgement_accepts(judgement)) {
        char message[MESSAGE_BYTES];
        printing->status =
            say_opaque(printing->out, printing->name,
                       pickle_report_message(judgement->report, message, sizeof message));
        return;
    }
    if (!printing->as_json) {
        printing->status = verdict_text(printing->out, bytes_of_cstr(printing->name), judgement);
        return;
    }
    json_init(&json, printing->out);
    json_open_object(&json);
    verdict_json_keys(&json, "key", bytes_of_cstr(printing->name), judgement);
    json_close(&json);
    printing->status = json_finish(&json);
}

int verdict_print_value(struct bytes value, const char *name, bool as_json, struct buf *out) {
    struct policy_compiled compiled;
    struct brine_error err = {0};
    struct judge judge;
    struct printing printing = {.out = out, .name = name, .as_json = as_json};
    if (policy_option_load("stdlib", &compiled, &err) != BRINE_OK)
        return tool_complain("%s", err.text);
    judge_init(&judge, &compiled.policy);
    enum brine_status status = judge_value(&judge, value, print_judgement, &printing);
    judge_deinit(&judge);
    policy_compiled_deinit(&compiled);
    if (status == BRINE_OK) status = printing.status;
    return status == BRINE_OK ? TOOL_OK : tool_complain("%s", brine_status_meaning(status));
}
