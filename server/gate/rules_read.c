/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* [[rule]] rows from a parsed TOML file.  Each key of a rule is a row of `fields`; a profile is
 * read before them, for a rule's own keys are stronger. */

#include "base/nearest.h"
#include "config/config.h"
#include "gate/rules.h"
#include "policy/policy.h"

#include <stdio.h>

struct reading {
    const char *file;
    struct arena *arena;
    struct brine_error *err;
    struct gate_rule *rule;
    struct frame_affix affixes[GATE_RULE_AFFIXES_MAX]; /* of the rule at hand */
    size_t affixes_count;
};

/* ---- messages ---------------------------------------------------------------------------------*/

static enum brine_status no_memory(struct reading *reading) {
    return brine_fail(reading->err, BRINE_NO_MEMORY, 0, "%s: out of memory", reading->file);
}

/* "file:line:column: " of the value before the text. */
static enum brine_status refuse(struct reading *reading, const struct toml_value *at,
                                const char *format, ...) PRINTF_LIKE(3, 4);
static enum brine_status refuse(struct reading *reading, const struct toml_value *at,
                                const char *format, ...) {
    char line[BRINE_ERROR_TEXT_BYTES / 2];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    return brine_fail(reading->err, BRINE_INVALID, at->offset, "%s:%u:%u: %s", reading->file,
                      at->line, at->column, line);
}

static enum brine_status refuse_kind(struct reading *reading, const struct toml_value *at,
                                     const char *expected) {
    return refuse(reading, at, "rule.%.*s: expected %s, found %s", (int)at->key.len,
                  (const char *)at->key.data, expected, toml_kind_name(at->kind));
}

enum { WORD_SHOWN_BYTES = 64 };

static enum brine_status refuse_word(struct reading *reading, const struct toml_value *at,
                                     const char *what, const struct nearest *nearest) {
    return refuse(reading, at, "unknown %s '%.*s'%s%s%s", what,
                  (int)MIN(nearest->typed.len, (size_t)WORD_SHOWN_BYTES),
                  (const char *)nearest->typed.data, nearest->word ? "; did you mean '" : "",
                  nearest->word ? nearest->word : "", nearest->word ? "'?" : "");
}

/* ---- values -----------------------------------------------------------------------------------*/

/* A string, or an array of them: calls `add` for each. */
typedef enum brine_status add_fn(struct reading *reading, const struct toml_value *string);

static enum brine_status each_string(struct reading *reading, const struct toml_value *value,
                                     const char *expected, add_fn *add) {
    if (value->kind == TOML_STRING) return add(reading, value);
    if (value->kind != TOML_ARRAY) return refuse_kind(reading, value, expected);
    for (const struct toml_value *item = toml_first(value); item; item = item->next) {
        if (item->kind != TOML_STRING)
            return refuse(reading, item, "rule.%.*s: expected a string, found %s",
                          (int)value->key.len, (const char *)value->key.data,
                          toml_kind_name(item->kind));
        TRY(add(reading, item));
    }
    return BRINE_OK;
}

/* One of the words of a list: its place in it. */
static enum brine_status read_word(struct reading *reading, const struct toml_value *value,
                                   const char *const *words, size_t words_count, size_t *place) {
    if (value->kind != TOML_STRING) return refuse_kind(reading, value, "a string");
    struct nearest nearest = nearest_to(value->string);
    for (*place = 0; *place < words_count; ++*place) {
        if (bytes_equal(value->string, bytes_of_cstr(words[*place]))) return BRINE_OK;
        nearest_try(&nearest, words[*place]);
    }
    char line[BRINE_ERROR_TEXT_BYTES / 4];
    int len = 0;
    for (size_t i = 0; i < words_count; i++)
        len += snprintf(line + len, sizeof line - (size_t)len, "%s\"%s\"", i ? ", " : "", words[i]);
    return refuse(reading, value, "rule.%.*s: expected one of %s, found '%.*s'",
                  (int)value->key.len, (const char *)value->key.data, line,
                  (int)MIN(value->string.len, (size_t)WORD_SHOWN_BYTES),
                  (const char *)value->string.data);
}

/* A copy at the end of an arena's array that has room for `max`. */
static enum brine_status push_text(struct reading *reading, const struct bytes **array,
                                   size_t *count, size_t max, struct bytes text) {
    struct bytes *items = (struct bytes *)*array;
    if (!items) items = arena_alloc(reading->arena, max * sizeof *items);
    if (!items) return no_memory(reading);
    items[*count] = arena_copy(reading->arena, text);
    if (!items[*count].data) return no_memory(reading);
    ++*count;
    *array = items;
    return BRINE_OK;
}

static enum brine_status read_name(struct reading *reading, const struct toml_value *value) {
    struct gate_rule *rule = reading->rule;
    if (value->kind != TOML_STRING) return refuse_kind(reading, value, "a string");
    if (value->string.len > GATE_RULE_NAME_BYTES_MAX)
        return refuse(reading, value, "rule.name: longer than %d bytes", GATE_RULE_NAME_BYTES_MAX);
    for (size_t i = 0; i < value->string.len; i++)
        if (value->string.data[i] < ' ' || value->string.data[i] > '~')
            return refuse(reading, value, "rule.name: expected printable ASCII");
    rule->name = arena_copy(reading->arena, value->string);
    return rule->name.data ? BRINE_OK : no_memory(reading);
}

static enum brine_status add_database(struct reading *reading, const struct toml_value *value) {
    if (value->kind != TOML_INTEGER)
        return refuse(reading, value, "rule.db: expected a number or an array of them, found %s",
                      toml_kind_name(value->kind));
    if (value->integer < 0 || value->integer >= GATE_RULE_DATABASES_MAX)
        return refuse(reading, value, "rule.db: expected 0 to %d", GATE_RULE_DATABASES_MAX - 1);
    reading->rule->databases |= (uint64_t)1 << value->integer;
    return BRINE_OK;
}

static enum brine_status read_db(struct reading *reading, const struct toml_value *value) {
    reading->rule->databases = 0;
    if (value->kind != TOML_ARRAY) return add_database(reading, value);
    if (value->items.count == 0) return refuse(reading, value, "rule.db: names no database");
    for (const struct toml_value *item = toml_first(value); item; item = item->next)
        TRY(add_database(reading, item));
    return BRINE_OK;
}

static enum brine_status add_key(struct reading *reading, const struct toml_value *value) {
    struct gate_rule *rule = reading->rule;
    if (rule->keys_count == GATE_RULE_KEYS_MAX)
        return refuse(reading, value, "rule.keys: more than %d patterns", GATE_RULE_KEYS_MAX);
    return push_text(reading, &rule->keys, &rule->keys_count, GATE_RULE_KEYS_MAX, value->string);
}

static enum brine_status read_keys(struct reading *reading, const struct toml_value *value) {
    TRY(each_string(reading, value, "a pattern or an array of them", add_key));
    bool none = reading->rule->keys_count == 0;
    return none ? refuse(reading, value, "rule.keys: names no pattern") : BRINE_OK;
}

#define W(id, word) word,
static enum brine_status read_values(struct reading *reading, const struct toml_value *value) {
    static const char *const words[] = {GATE_VALUES(W)};
    size_t place;
    TRY(read_word(reading, value, words, ARRAY_LEN(words), &place));
    reading->rule->values = (enum gate_values)place;
    return BRINE_OK;
}

static enum brine_status read_on_refusal(struct reading *reading, const struct toml_value *value) {
    static const char *const words[] = {GATE_ON_REFUSAL(W)};
    size_t place;
    TRY(read_word(reading, value, words, ARRAY_LEN(words), &place));
    reading->rule->on_refusal = (enum gate_on_refusal)place;
    return BRINE_OK;
}

static enum brine_status read_audit(struct reading *reading, const struct toml_value *value) {
    static const char *const words[] = {GATE_AUDITED(W)};
    size_t place;
    TRY(read_word(reading, value, words, ARRAY_LEN(words), &place));
    reading->rule->audited = (enum gate_audited)place;
    return BRINE_OK;
}
#undef W

/* True when the word is a framing or an affix and was taken. */
static bool take_framing(struct reading *reading, struct bytes word) {
    struct frame_options *frames = &reading->rule->frames;
    enum frame_kind kind = frame_by_name(word);
    if (kind != FRAME_KINDS) {
        frames->admitted |= FRAME_BIT(kind);
        return true;
    }
    const struct frame_affix *affix = frame_affix_by_name(word);
    if (!affix || reading->affixes_count == GATE_RULE_AFFIXES_MAX) return false;
    reading->affixes[reading->affixes_count++] = *affix;
    frames->admitted |= FRAME_BIT(FRAME_SIGNED);
    return true;
}

static enum brine_status add_framing(struct reading *reading, const struct toml_value *value) {
    if (take_framing(reading, value->string)) return BRINE_OK;
    struct nearest nearest = nearest_to(value->string);
#define F(ID, name, ...) nearest_try(&nearest, name);
    FRAMES(F)
#undef F
#define A(name, ...) nearest_try(&nearest, name);
    AFFIXES(A)
#undef A
    return refuse_word(reading, value, "framing", &nearest);
}

static enum brine_status read_framings(struct reading *reading, const struct toml_value *value) {
    reading->rule->frames.admitted = 0;
    reading->rule->frames.admitted_inside = 0;
    reading->affixes_count = 0;
    TRY(each_string(reading, value, "an array of framings", add_framing));
    bool none = reading->rule->frames.admitted == 0;
    return none ? refuse(reading, value, "rule.framings: names no framing") : BRINE_OK;
}

static enum brine_status add_policy(struct reading *reading, const struct toml_value *value) {
    struct gate_rule *rule = reading->rule;
    if (rule->policies_count == GATE_RULE_POLICIES_MAX)
        return refuse(reading, value, "rule.policy: more than %d policies", GATE_RULE_POLICIES_MAX);
    return push_text(reading, &rule->policies, &rule->policies_count, GATE_RULE_POLICIES_MAX,
                     value->string);
}

static enum brine_status read_policy(struct reading *reading, const struct toml_value *value) {
    reading->rule->policies_count = 0;
    TRY(each_string(reading, value, "a policy or an array of them", add_policy));
    bool none = reading->rule->policies_count == 0;
    return none ? refuse(reading, value, "rule.policy: names no policy") : BRINE_OK;
}

static enum brine_status read_protocol(struct reading *reading, const struct toml_value *value,
                                       uint8_t *protocol) {
    bool fits =
        value->kind == TOML_INTEGER && value->integer >= 0 && value->integer <= GATE_PROTOCOL_MAX;
    if (!fits)
        return refuse(reading, value, "rule.%.*s: expected 0 to %d", (int)value->key.len,
                      (const char *)value->key.data, GATE_PROTOCOL_MAX);
    *protocol = (uint8_t)value->integer;
    return BRINE_OK;
}

static enum brine_status read_min_protocol(struct reading *reading,
                                           const struct toml_value *value) {
    return read_protocol(reading, value, &reading->rule->min_protocol);
}

static enum brine_status read_max_protocol(struct reading *reading,
                                           const struct toml_value *value) {
    return read_protocol(reading, value, &reading->rule->max_protocol);
}

static enum brine_status read_max_bytes(struct reading *reading, const struct toml_value *value) {
    int64_t bytes = value->kind == TOML_INTEGER ? value->integer : 0;
    bool is_size = value->kind == TOML_INTEGER ||
                   (value->kind == TOML_STRING && config_parse_size(value->string, &bytes));
    if (!is_size || bytes <= 0)
        return refuse(reading, value, "rule.max_bytes: expected bytes, as 65536 or \"1mb\"");
    reading->rule->bytes_max = (uint64_t)bytes;
    return BRINE_OK;
}

/* ---- profiles ---------------------------------------------------------------------------------*/

struct profile {
    const char *name, *values, *framings, *policies;
};

static const struct profile profiles[] = {
#define P(name, values, framings, policies, doc) {name, values, framings, policies},
#include "gate/profiles.def"
    GATE_PROFILES(P)
#undef P
};

/* The next blank-separated word; empty: there is none. */
static struct bytes next_word(const char **text) {
    const char *start = *text + strspn(*text, " ");
    size_t len = strcspn(start, " ");
    *text = start + len;
    return bytes_view(start, len);
}

static enum brine_status apply_profile(struct reading *reading, const struct profile *profile) {
    struct gate_rule *rule = reading->rule;
    for (enum gate_values values = 0; values <= GATE_VALUES_OPAQUE; values++)
        if (strcmp(gate_values_word(values), profile->values) == 0) rule->values = values;
    rule->frames.admitted = 0;
    rule->frames.admitted_inside = 0;
    const char *framings = profile->framings, *policies = profile->policies;
    for (struct bytes word = next_word(&framings); word.len; word = next_word(&framings))
        (void)take_framing(reading, word); /* a test reads every profile */
    for (struct bytes word = next_word(&policies); word.len; word = next_word(&policies))
        TRY(push_text(reading, &rule->policies, &rule->policies_count, GATE_RULE_POLICIES_MAX,
                      word));
    return BRINE_OK;
}

static enum brine_status read_profile(struct reading *reading, const struct toml_value *value) {
    if (value->kind != TOML_STRING) return refuse_kind(reading, value, "a string");
    struct nearest nearest = nearest_to(value->string);
    for (size_t i = 0; i < ARRAY_LEN(profiles); i++) {
        if (bytes_equal(value->string, bytes_of_cstr(profiles[i].name)))
            return apply_profile(reading, &profiles[i]);
        nearest_try(&nearest, profiles[i].name);
    }
    return refuse_word(reading, value, "profile", &nearest);
}

/* ---- rules ------------------------------------------------------------------------------------*/

static enum brine_status read_nothing(struct reading *reading UNUSED,
                                      const struct toml_value *value UNUSED) {
    return BRINE_OK;
}

static const struct {
    const char *key;
    enum brine_status (*read)(struct reading *reading, const struct toml_value *value);
} fields[] = {
    {"profile", read_nothing}, /* was read before */
    {"name", read_name},
    {"db", read_db},
    {"keys", read_keys},
    {"values", read_values},
    {"framings", read_framings},
    {"policy", read_policy},
    {"min_protocol", read_min_protocol},
    {"max_protocol", read_max_protocol},
    {"max_bytes", read_max_bytes},
    {"on_refusal", read_on_refusal},
    {"audit", read_audit},
};

static enum brine_status read_field(struct reading *reading, const struct toml_value *value) {
    struct nearest nearest = nearest_to(value->key);
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        if (bytes_equal(value->key, bytes_of_cstr(fields[i].key)))
            return fields[i].read(reading, value);
        nearest_try(&nearest, fields[i].key);
    }
    struct toml_value at = *value; /* the key is what is wrong */
    at.line = value->key_line;
    at.column = value->key_column;
    return refuse_word(reading, &at, "key of a rule", &nearest);
}

static enum brine_status read_rule(struct reading *reading, const struct toml_value *table) {
    struct gate_rule *rule = reading->rule;
    if (table->kind != TOML_TABLE)
        return refuse(reading, table, "expected [[rule]], found %s", toml_kind_name(table->kind));
    rule->line = table->line;
    rule->column = table->column;
    reading->affixes_count = 0;
    const struct toml_value *profile = toml_find(table, BYTES("profile"));
    if (profile) TRY(read_profile(reading, profile));
    for (const struct toml_value *value = toml_first(table); value; value = value->next)
        TRY(read_field(reading, value));
    if (rule->min_protocol > rule->max_protocol)
        return refuse(reading, table, "rule: min_protocol is above max_protocol");
    if (reading->affixes_count == 0) return BRINE_OK;
    struct bytes affixes =
        bytes_view(reading->affixes, reading->affixes_count * sizeof reading->affixes[0]);
    void *copy = arena_alloc(reading->arena, affixes.len);
    if (!copy) return no_memory(reading);
    bytes_copy_to(copy, affixes);
    rule->frames.affixes = copy;
    rule->frames.affixes_count = reading->affixes_count;
    return BRINE_OK;
}

enum brine_status gate_rules_read(const struct gate_rules_text *text, struct arena *arena,
                                  struct gate_rule **rows, size_t *count, struct brine_error *err) {
    struct reading reading = {.file = text->file, .arena = arena, .err = err};
    const struct toml_value *tables = toml_find(text->root, BYTES("rule"));
    if (tables && tables->kind != TOML_ARRAY)
        return refuse(&reading, tables, "expected [[rule]], found %s",
                      tables->kind == TOML_TABLE ? "[rule]" : toml_kind_name(tables->kind));
    size_t written = tables ? tables->items.count : 0;
    if (written > GATE_RULES_MAX)
        return refuse(&reading, tables, "more than %d rules", GATE_RULES_MAX);
    *rows = arena_alloc(arena, (written + 1) * sizeof **rows);
    *count = 0;
    if (!*rows) return no_memory(&reading);
    for (const struct toml_value *table = toml_first(tables); table; table = table->next) {
        reading.rule = &(*rows)[*count];
        *reading.rule = gate_rule_default();
        reading.rule->index = (uint32_t)++ * count;
        TRY(read_rule(&reading, table));
    }
    (*rows)[(*count)++] = gate_rule_default();
    return BRINE_OK;
}
