/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "gate/refusal.h"

#include "pickle/opcodes.h"
#include "policy/dangerous.h"

#include <stdio.h>

enum { NAME_SHOWN_BYTES = 120, KEY_SHOWN_BYTES = 64 };

struct line {
    char *text;
    size_t len;
};

static void add_bytes(struct line *line, const void *text, size_t len) {
    len = MIN(len, (size_t)GATE_TEXT_BYTES - 1 - line->len);
    bytes_copy_to(line->text + line->len, bytes_view(text, len));
    line->len += len;
    line->text[line->len] = 0;
}

static void add(struct line *line, const char *text) {
    add_bytes(line, text, strlen(text));
}

static void addf(struct line *line, const char *format, ...) PRINTF_LIKE(2, 3);
static void addf(struct line *line, const char *format, ...) {
    char piece[GATE_TEXT_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(piece, sizeof piece, format, args);
    va_end(args);
    add(line, piece);
}

/* Printable ASCII as it is, but for what would end the quotes around it. */
static void add_escaped(struct line *line, struct bytes text, size_t shown_max) {
    for (size_t i = 0; i < MIN(text.len, shown_max); i++) {
        uint8_t c = text.data[i];
        bool plain = c >= ' ' && c < 0x7f && c != '\\' && c != '\'';
        if (plain)
            add_bytes(line, &c, 1);
        else
            addf(line, "\\x%02x", c);
    }
    if (text.len > shown_max) add(line, "...");
}

static void add_global(struct line *line, struct bytes module, struct bytes name) {
    add_escaped(line, module, NAME_SHOWN_BYTES);
    add(line, ".");
    add_escaped(line, name, NAME_SHOWN_BYTES);
}

/* "PICKLEDENIED offset 34 in zlib > pickle: " */
static void add_head(struct line *line, const struct gate_finding *finding) {
    static const char *const prefixes[] = {
        [PICKLE_CLASS_ACCEPT] = "PICKLEDENIED",       [PICKLE_CLASS_MALFORMED] = "PICKLEMALFORMED",
        [PICKLE_CLASS_TRUNCATED] = "PICKLETRUNCATED", [PICKLE_CLASS_FORBIDDEN] = "PICKLEDENIED",
        [PICKLE_CLASS_LIMIT] = "PICKLELIMIT",
    };
    addf(line, "%s offset %zu", prefixes[finding->class], finding->offset);
    if (finding->path.depth > 1) {
        char path[128];
        addf(line, " in %s", frame_path_text(&finding->path, path, sizeof path));
    }
    add(line, ": ");
}

/* " (rule 2, key 'session:9')" */
static void add_place(struct line *line, const struct gate_refusal *refusal) {
    char rule[GATE_RULE_NAME_BYTES_MAX + 32];
    addf(line, " (%s, %s '", gate_rule_text(refusal->finding->rule, rule, sizeof rule),
         refusal->question->published ? "channel" : "key");
    add_escaped(line, refusal->question->key, KEY_SHOWN_BYTES);
    add(line, "')");
}

/* ---- what a policy does not allow -------------------------------------------------------------*/

/* What an opcode does with a global, the right it needs, by the reason of the refusal. */
struct deed {
    enum pickle_reason reason;
    const char *verb;
    const char *right; /* NULL: to be listed at all */
};

static const struct deed deeds[] = {
    {PICKLE_GLOBAL, "imports", NULL},
    {PICKLE_REFERENCE, "refers to", "ref"},
    {PICKLE_CALL, "calls", "call"},
    {PICKLE_NEW, "instantiates", "new"},
    {PICKLE_BUILD, "gives a state to", "build"},
    {PICKLE_ITEMS, "gives items to", "items"},
    {PICKLE_HASH, "makes a key of", "hash"},
};

static const struct deed *find_deed(enum pickle_reason reason) {
    for (size_t i = 0; i < ARRAY_LEN(deeds); i++)
        if (deeds[i].reason == reason) return &deeds[i];
    return NULL;
}

/* As it may be written into a policy file; other names are rare, and nothing is said of them. */
static bool is_identifier_path(struct bytes text) {
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i], lower = byte_lower(c);
        if (!(lower >= 'a' && lower <= 'z') && !byte_is_digit(c) && c != '_' && c != '.')
            return false;
    }
    return text.len > 0 && text.len <= NAME_SHOWN_BYTES;
}

/* A class inside a class has a dot in its name: "shop.models:Cart.Line". */
static void add_policy_name(struct line *line, const struct pickle_report *report) {
    bool nested = memchr(report->name.data, '.', report->name.len) != NULL;
    addf(line, "\"%.*s%s%.*s\"", (int)report->module.len, (const char *)report->module.data,
         nested ? ":" : ".", (int)report->name.len, (const char *)report->name.data);
}

static void add_rights(struct line *line, uint32_t rights, const char *more) {
    static const char *const names[] = {
#define R(id, bit, name, doc) [bit] = name,
        POLICY_RIGHTS(R)
#undef R
    };
    add(line, ", may = [");
    for (size_t bit = 0; bit < ARRAY_LEN(names); bit++)
        if (rights & 1u << bit) addf(line, "\"%s\", ", names[bit]);
    addf(line, "\"%s\"] }", more);
}

/* "; to allow it: allow = [...]": what is missing, and nothing more. */
static void add_hint(struct line *line, const struct pickle_report *report,
                     const struct deed *deed) {
    if (!is_identifier_path(report->module) || !is_identifier_path(report->name)) return;
    add(line, "; to allow it: allow = [");
    if (deed->right) add(line, "{ name = ");
    add_policy_name(line, report);
    if (deed->right) add_rights(line, report->entry ? report->entry->rights : 0, deed->right);
    add(line, "]");
}

static void add_policy(struct line *line, const struct gate_rule *rule) {
    bool several = rule->policies_count > 1;
    addf(line, "%s '%.*s'", several ? "policies" : "policy", (int)MIN(rule->policy_text.len, 96u),
         (const char *)rule->policy_text.data);
}

/* "REDUCE calls shop.make; " and which policy does not say so. */
static void add_deed(struct line *line, const struct gate_refusal *refusal,
                     const struct deed *deed) {
    const struct pickle_report *report = refusal->finding->report;
    const char *danger = policy_danger(report->module, report->name);
    addf(line, "%s %s ", pickle_opcode(report->opcode)->name, deed->verb);
    add_global(line, report->module, report->name);
    if (danger) addf(line, ", which is known to be dangerous (%s)", danger);
    add(line, deed->right ? "; not allowed by " : "; not in ");
    add_policy(line, refusal->finding->rule);
    add_place(line, refusal);
    if (!danger) add_hint(line, report, deed);
}

/* ---- everything else --------------------------------------------------------------------------*/

/* "offset 3: GLOBAL: text (5, limit 4)" without its offset, which is in the head. */
static void add_report(struct line *line, const struct pickle_report *report) {
    char message[GATE_TEXT_BYTES];
    const char *text = pickle_report_message(report, message, sizeof message);
    const char *colon = strncmp(text, "offset ", 7) == 0 ? strstr(text, ": ") : NULL;
    add(line, colon ? colon + 2 : text);
}

/* "GLOBAL would import a module: os.system", before what is broken. */
static void add_harm(struct line *line, const struct pickle_harm *harm) {
    add(line, harm->what);
    if (!harm->name.data) return;
    const char *danger = policy_danger(harm->module, harm->name);
    add(line, ": ");
    add_global(line, harm->module, harm->name);
    if (danger) addf(line, ", which is known to be dangerous (%s)", danger);
}

void gate_refusal_say_report(const struct gate_refusal *refusal, struct gate_answer *answer) {
    const struct gate_finding *finding = refusal->finding;
    const struct pickle_report *report = finding->report;
    struct line line = {.text = answer->text};
    const struct deed *deed = report->name.data ? find_deed(report->reason) : NULL;
    answer->offset = finding->offset;
    if (report->reason == PICKLE_NO_MEMORY) {
        gate_refusal_say_memory(answer);
        return;
    }
    add_head(&line, finding);
    if (deed) {
        add_deed(&line, refusal, deed);
        return;
    }
    if (refusal->harm) {
        add_harm(&line, refusal->harm);
        addf(&line, "; and at offset %zu ", report->offset);
    }
    add_report(&line, report);
    add_place(&line, refusal);
}

void gate_refusal_say_memory(struct gate_answer *answer) {
    struct line line = {.text = answer->text};
    add(&line, "OOM command not allowed when used memory > 'maxmemory'.");
}

void gate_refusal_say(const struct gate_refusal *refusal, struct gate_answer *answer,
                      const char *format, ...) {
    struct line line = {.text = answer->text};
    char text[GATE_TEXT_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    answer->offset = refusal->finding->offset;
    add_head(&line, refusal->finding);
    add(&line, text);
    add_place(&line, refusal);
}
