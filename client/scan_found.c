/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "client/scan.h"

#include "base/hash.h"
#include "client/verdict.h"
#include "pickle/opcodes.h"
#include "policy/dangerous.h"

#include <stdio.h>

enum { SLOTS = 2 * SCAN_GLOBALS_MAX, MESSAGE_BYTES = 512, HEX_DIGITS_MIN = 8, WORD_MAX = 24 };
#define FOUND_BYTES_MAX ((size_t)256 << 20)

bool scan_found_init(struct scan_found *found) {
    *found = (struct scan_found){0};
    arena_init(&found->arena, mem_system(), FOUND_BYTES_MAX);
    size_t findings = SCAN_SEVERITIES * SCAN_FINDINGS_MAX * sizeof(*found->findings);
    found->findings = arena_alloc(&found->arena, findings);
    found->globals = arena_alloc(&found->arena, SCAN_GLOBALS_MAX * sizeof(*found->globals));
    found->slots = arena_alloc(&found->arena, SLOTS * sizeof(*found->slots));
    if (!found->findings || !found->globals || !found->slots) return false;
    memset(found->slots, 0, SLOTS * sizeof(*found->slots));
    return true;
}

void scan_found_deinit(struct scan_found *found) {
    arena_deinit(&found->arena);
}

const char *scan_severity_name(enum scan_severity severity) {
    static const char *const names[] = {"dangerous", "broken", "refused"};
    return names[severity];
}

/* ---- patterns of keys -------------------------------------------------------------------------*/

static bool is_letter_or_digit(uint8_t c) {
    uint8_t lower = byte_lower(c);
    return (lower >= 'a' && lower <= 'z') || byte_is_digit(c);
}

/* A part of a key that is another in each key: a number, a hash, a random word. */
static bool varies(struct bytes part) {
    size_t digits = 0, hex = 0;
    for (size_t i = 0; i < part.len; i++) {
        uint8_t lower = byte_lower(part.data[i]);
        digits += byte_is_digit(lower);
        hex += byte_is_digit(lower) || (lower >= 'a' && lower <= 'f');
    }
    if (part.len && digits == part.len) return true;
    if (part.len >= HEX_DIGITS_MIN && hex == part.len && digits) return true;
    return part.len >= WORD_MAX && digits;
}

/* What is no letter or digit stands for itself; bytes that are no ASCII vary. */
size_t scan_pattern(struct bytes key, char pattern[static SCAN_PATTERN_BYTES_MAX]) {
    size_t len = 0;
    for (size_t at = 0; at < key.len && len + 2 < SCAN_PATTERN_BYTES_MAX;) {
        size_t end = at;
        while (end < key.len && is_letter_or_digit(key.data[end])) end++;
        struct bytes part = bytes_slice(key, at, end - at);
        bool star = len && pattern[len - 1] == '*';
        if (part.len == 0) {
            uint8_t c = key.data[at++];
            bool plain = c > 0x20 && c < 0x7f && c != '*' && c != '?' && c != '[' && c != '\\';
            if (plain || !star) pattern[len++] = plain ? (char)c : '*';
        } else if (varies(part) || len + part.len + 2 >= SCAN_PATTERN_BYTES_MAX) {
            if (!star) pattern[len++] = '*';
            at = end;
        } else {
            bytes_copy_to(pattern + len, part);
            len += part.len;
            at = end;
        }
    }
    return len;
}

/* ---- globals ----------------------------------------------------------------------------------*/

static const struct hash_secret no_secret = {.k0 = 1, .k1 = 2}; /* the table is small and bounded */

struct scan_global *scan_found_global(struct scan_found *found, struct bytes module,
                                      struct bytes name) {
    uint64_t hash = hash_bytes(&no_secret, module) * 31 + hash_bytes(&no_secret, name);
    size_t slot = hash % SLOTS;
    for (; found->slots[slot]; slot = (slot + 1) % SLOTS) {
        struct scan_global *global = &found->globals[found->slots[slot] - 1];
        if (bytes_equal(global->module, module) && bytes_equal(global->name, name)) return global;
    }
    if (found->globals_count == SCAN_GLOBALS_MAX) {
        found->globals_left_out++;
        return NULL;
    }
    struct scan_global *global = &found->globals[found->globals_count];
    *global = (struct scan_global){.module = arena_copy(&found->arena, module),
                                   .name = arena_copy(&found->arena, name)};
    if (!global->module.data || !global->name.data) return NULL;
    found->slots[slot] = (uint32_t)++found->globals_count;
    return global;
}

void scan_global_add_pattern(struct scan_found *found, struct scan_global *global,
                             struct bytes pattern) {
    for (size_t i = 0; i < global->patterns_count; i++)
        if (bytes_equal(global->patterns[i], pattern)) return;
    if (global->patterns_count == SCAN_PATTERNS_MAX) {
        global->more_patterns = true;
        return;
    }
    struct bytes copy = arena_copy(&found->arena, pattern);
    if (copy.data) global->patterns[global->patterns_count++] = copy;
}

/* The first global of an accepted value that the policy does not list; NULL when it lists all. */
static const struct pickle_global *note_globals(struct scan_found *found,
                                                const struct scan_place *place,
                                                const struct pickle_report *report) {
    char pattern[SCAN_PATTERN_BYTES_MAX];
    size_t pattern_len = report->globals_count ? scan_pattern(place->key, pattern) : 0;
    const struct pickle_global *unlisted = NULL;
    for (size_t i = 0; i < report->globals_count; i++) {
        const struct pickle_global *seen = &report->globals[i];
        bool listed = !policy_entry_is_unknown(seen->entry);
        struct scan_global *global = scan_found_global(found, seen->module, seen->name);
        if (!listed && !unlisted) unlisted = seen;
        if (!global) continue;
        global->uses |= seen->uses;
        global->values++;
        global->listed = listed;
        scan_global_add_pattern(found, global, bytes_view(pattern, pattern_len));
    }
    return unlisted;
}

/* ---- findings ---------------------------------------------------------------------------------*/

bool scan_found_add_finding(struct scan_found *found, const struct scan_finding *finding) {
    struct bytes *texts;
    if (found->kept[finding->severity] == SCAN_FINDINGS_MAX) return true;
    struct scan_finding *kept = &found->findings[found->findings_count];
    *kept = *finding;
    struct bytes *const all[] = {&kept->key,    &kept->type,    &kept->where,  &kept->global,
                                 &kept->opcode, &kept->framing, &kept->message};
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        texts = all[i];
        *texts = arena_copy(&found->arena, *texts);
        if (!texts->data) return false;
    }
    found->kept[finding->severity]++;
    found->findings_count++;
    return true;
}

/* SCAN may show a key twice.  What is merely refused may be most of a server, and is not looked up.
 */
static bool is_known(const struct scan_found *found, const struct scan_finding *finding) {
    if (finding->severity == SCAN_REFUSED) return false;
    for (size_t i = 0; i < found->findings_count; i++) {
        const struct scan_finding *other = &found->findings[i];
        if (other->severity == finding->severity && other->db == finding->db &&
            other->offset == finding->offset && bytes_equal(other->key, finding->key) &&
            bytes_equal(other->where, finding->where))
            return true;
    }
    return false;
}

static void add_finding(struct scan_found *found, const struct scan_place *place,
                        struct scan_finding finding, const struct judgement *judgement) {
    char framing[128] = "";
    finding.db = place->db;
    finding.key = place->key;
    finding.type = place->type;
    finding.where = place->where;
    if (judgement->reading) frame_path_text(&judgement->reading->path, framing, sizeof framing);
    finding.framing = bytes_of_cstr(framing);
    if (is_known(found, &finding)) return;
    found->counts.found[finding.severity]++;
    /* The count stands even where the memory for more is gone. */
    if (!scan_found_add_finding(found, &finding)) return;
}

static struct bytes join(char *line, size_t size, struct bytes module, struct bytes name) {
    snprintf(line, size, "%.*s.%.*s", (int)MIN(module.len, size / 2), (const char *)module.data,
             (int)MIN(name.len, size / 2), (const char *)name.data);
    return bytes_of_cstr(line);
}

static void note_unlisted(struct scan_found *found, const struct scan_place *place,
                          const struct judgement *judgement, const struct pickle_global *global) {
    char name[MESSAGE_BYTES], message[2 * MESSAGE_BYTES];
    struct bytes joined = join(name, sizeof name, global->module, global->name);
    snprintf(message, sizeof message, "the policy does not list the global: %s", name);
    size_t base = judgement->reading->unpacked ? 0 : judgement->reading->offset;
    add_finding(found, place,
                (struct scan_finding){.severity = SCAN_REFUSED,
                                      .offset = base + global->offset,
                                      .global = joined,
                                      .message = bytes_of_cstr(message)},
                judgement);
}

bool scan_found_is_danger(const struct judgement *judgement) {
    return !judgement_accepts(judgement) && verdict_danger(judgement);
}

static void note_refused(struct scan_found *found, const struct scan_place *place,
                         const struct judgement *judgement) {
    const struct pickle_report *report = judgement->report;
    char name[MESSAGE_BYTES] = "", message[MESSAGE_BYTES];
    struct bytes module, of;
    bool forbidden = pickle_reason_class(report->reason) == PICKLE_CLASS_FORBIDDEN;
    bool named = verdict_global(judgement, &module, &of);
    enum scan_severity severity = verdict_danger(judgement) ? SCAN_DANGEROUS
                                  : forbidden               ? SCAN_REFUSED
                                                            : SCAN_BROKEN;
    if (pickle_reason_class(report->reason) == PICKLE_CLASS_LIMIT) severity = SCAN_REFUSED;
    if (named) join(name, sizeof name, module, of);
    const char *opcode = pickle_opcode(report->opcode)->name;
    add_finding(found, place,
                (struct scan_finding){.severity = severity,
                                      .offset = verdict_offset(judgement),
                                      .global = bytes_of_cstr(name),
                                      .opcode = bytes_of_cstr(opcode ? opcode : ""),
                                      .message = bytes_of_cstr(
                                          pickle_report_message(report, message, sizeof message))},
                judgement);
}

/* A policy that lists what is dangerous admits it; here it is a finding all the same. */
static bool note_listed_danger(struct scan_found *found, const struct scan_place *place,
                               const struct judgement *judgement) {
    char name[MESSAGE_BYTES], message[2 * MESSAGE_BYTES];
    for (size_t i = 0; i < judgement->report->globals_count; i++) {
        const struct pickle_global *global = &judgement->report->globals[i];
        const char *danger = policy_danger(global->module, global->name);
        if (!danger) continue;
        struct bytes joined = join(name, sizeof name, global->module, global->name);
        snprintf(message, sizeof message, "the policy lists what %s: %s", danger, name);
        size_t base = judgement->reading->unpacked ? 0 : judgement->reading->offset;
        add_finding(found, place,
                    (struct scan_finding){.severity = SCAN_DANGEROUS,
                                          .offset = base + global->offset,
                                          .global = joined,
                                          .message = bytes_of_cstr(message)},
                    judgement);
        return true;
    }
    return false;
}

void scan_found_note(struct scan_found *found, const struct scan_place *place,
                     const struct judgement *judgement) {
    if (judgement->opaque) return;
    found->counts.pickles++;
    if (!judgement->report) {
        struct bytes limit = bytes_of_cstr(judgement->limit);
        add_finding(found, place, (struct scan_finding){.severity = SCAN_REFUSED, .message = limit},
                    judgement);
    } else if (!judgement_accepts(judgement)) {
        note_refused(found, place, judgement);
    } else {
        const struct pickle_global *unlisted = note_globals(found, place, judgement->report);
        if (!note_listed_danger(found, place, judgement) && unlisted)
            note_unlisted(found, place, judgement, unlisted);
    }
}
