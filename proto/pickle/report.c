/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "pickle/opcodes.h"
#include "pickle/verify.h"

#include <stdio.h>

static const struct {
    enum pickle_class class;
    const char *rule, *text;
} reasons[] = {
#define R(id, class, rule, text) [PICKLE_##id] = {PICKLE_CLASS_##class, rule, text},
    PICKLE_REASONS(R)
#undef R
};

enum pickle_class pickle_reason_class(enum pickle_reason reason) {
    return reasons[reason].class;
}

const char *pickle_reason_rule(enum pickle_reason reason) {
    return reasons[reason].rule;
}

const char *pickle_class_name(enum pickle_class class) {
    static const char *const names[] = {[PICKLE_CLASS_ACCEPT] = "accept",
                                        [PICKLE_CLASS_MALFORMED] = "malformed",
                                        [PICKLE_CLASS_TRUNCATED] = "truncated",
                                        [PICKLE_CLASS_FORBIDDEN] = "forbidden",
                                        [PICKLE_CLASS_LIMIT] = "limit"};
    return names[class];
}

const char *pickle_kind_name(enum pickle_kind kind) {
    static const char *const names[] = {[PICKLE_KIND_NONE] = "NoneType",
                                        [PICKLE_KIND_BOOL] = "bool",
                                        [PICKLE_KIND_INT] = "int",
                                        [PICKLE_KIND_LONG] = "int",
                                        [PICKLE_KIND_FLOAT] = "float",
                                        [PICKLE_KIND_STR] = "str",
                                        [PICKLE_KIND_BYTES] = "bytes",
                                        [PICKLE_KIND_BYTEARRAY] = "bytearray",
                                        [PICKLE_KIND_GLOBAL] = "global",
                                        [PICKLE_KIND_METHOD] = "method",
                                        [PICKLE_KIND_PARTIAL] = "partial",
                                        [PICKLE_KIND_TUPLE] = "tuple",
                                        [PICKLE_KIND_FROZENSET] = "frozenset",
                                        [PICKLE_KIND_LIST] = "list",
                                        [PICKLE_KIND_DICT] = "dict",
                                        [PICKLE_KIND_SET] = "set",
                                        [PICKLE_KIND_INSTANCE] = "instance"};
    bool known = (size_t)kind < ARRAY_LEN(names) && names[kind];
    return known ? names[kind] : "nothing";
}

/* --- the message --- */

struct line {
    char *text;
    size_t size, len;
};

static void add(struct line *line, const char *text) {
    for (; *text && line->len + 1 < line->size; text++) line->text[line->len++] = *text;
    line->text[line->len] = 0;
}

/* Names come from the stream: what is not printable ASCII is shown as an escape, long ones are cut.
 */
static void add_name(struct line *line, struct bytes name) {
    enum { NAME_BYTES_MAX = 120 };
    for (size_t i = 0; i < MIN(name.len, (size_t)NAME_BYTES_MAX); i++) {
        char shown[8];
        uint8_t c = name.data[i];
        bool plain = c > 0x20 && c < 0x7f && c != '\\';
        snprintf(shown, sizeof shown, plain ? "%c" : "\\x%02x", c);
        add(line, shown);
    }
    if (name.len > NAME_BYTES_MAX) add(line, "...");
}

const char *pickle_report_message(const struct pickle_report *report, char *text, size_t size) {
    struct line line = {.text = text, .size = size};
    char number[96];
    if (size == 0) return text;
    text[0] = 0;
    enum pickle_class class = pickle_reason_class(report->reason);
    if (class == PICKLE_CLASS_ACCEPT) {
        add(&line, reasons[report->reason].text);
        return text;
    }
    snprintf(number, sizeof number, "offset %zu: ", report->offset);
    add(&line, number);
    const char *opcode = pickle_opcode(report->opcode)->name;
    bool has_opcode = report->reason != PICKLE_END_AT_OPCODE && report->reason != PICKLE_BYTES;
    if (has_opcode && opcode) {
        add(&line, opcode);
        add(&line, ": ");
    }
    add(&line, reasons[report->reason].text);
    if (report->name.data) {
        add(&line, ": ");
        add_name(&line, report->module);
        add(&line, ".");
        add_name(&line, report->name);
    }
    if (class == PICKLE_CLASS_LIMIT && report->limit) {
        snprintf(number, sizeof number, " (%llu, limit %llu)", (unsigned long long)report->value,
                 (unsigned long long)report->limit);
        add(&line, number);
    }
    return text;
}
