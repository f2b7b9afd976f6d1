/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Globals stand in an array sorted by module and name, so that finding one needs no hash that a
 * stranger could aim at, and printing needs no sorting.  Text lies in an arena and is never freed
 * before the reset.  All that a stranger can make it hold is bounded: globals, patterns of each,
 * bytes. */

#include "gate/learn.h"

#include "base/arena.h"
#include "pickle/uses.h"
#include "policy/print.h"
#include "text/toml_write.h"

#include <inttypes.h>
#include <pthread.h>

enum { GLOBALS_MAX = 16384, GLOBALS_MIN = 64 };

struct learned {
    struct bytes module, name;
    uint32_t uses;   /* of enum pickle_use */
    uint64_t values; /* that named it */
    uint64_t last;   /* the newest of them, so that one value counts once */
    size_t patterns_count;
    struct bytes patterns[LEARN_PATTERNS_MAX];
};

struct learn {
    struct allocator *mem;
    pthread_mutex_t lock;
    struct arena text;
    struct learned **globals; /* sorted; they lie in `text` */
    size_t count, room;
    uint64_t values, lost;
};

/* ---- patterns of keys ------------------------------------------------------------------------ */

static bool is_letter(uint8_t c) {
    return byte_lower(c) >= 'a' && byte_lower(c) <= 'z';
}

/* What a part of a key is made of: letters, digits, and what stands inside of words. */
static bool is_part(uint8_t c) {
    return is_letter(c) || byte_is_digit(c) || c == '-' || c == '_' || c >= 0x80;
}

static bool is_hex(uint8_t c) {
    return byte_is_digit(c) || (byte_lower(c) >= 'a' && byte_lower(c) <= 'f');
}

/* Hashes, UUIDs, tokens: long and with digits in more than one place, or hexadecimal. */
static bool is_random(struct bytes part) {
    enum { HEX_BYTES_MIN = 8, TOKEN_BYTES_MIN = 16 };
    size_t runs = 0, hex = 0;
    for (size_t i = 0; i < part.len; i++) {
        bool digit = byte_is_digit(part.data[i]);
        runs += digit && (i == 0 || !byte_is_digit(part.data[i - 1]));
        hex += is_hex(part.data[i]) || part.data[i] == '-';
    }
    return (hex == part.len && runs > 0 && part.len >= HEX_BYTES_MIN) ||
           (runs > 1 && part.len >= TOKEN_BYTES_MIN);
}

struct pattern {
    uint8_t *data;
    size_t len;
};

/* Patterns stand in comments of a file that people paste: what is not printable is a '?'. */
static void add(struct pattern *pattern, uint8_t c) {
    bool full = pattern->len == LEARN_PATTERN_BYTES_MAX - 1;
    if (full || c == '*') c = '*';
    if (c <= ' ' || c >= 0x7f) c = '?';
    if (c == '*' && pattern->len > 0 && pattern->data[pattern->len - 1] == '*') return;
    if (pattern->len < LEARN_PATTERN_BYTES_MAX) pattern->data[pattern->len++] = c;
}

size_t learn_key_pattern(struct bytes key, uint8_t bytes[static LEARN_PATTERN_BYTES_MAX]) {
    struct pattern pattern = {.data = bytes};
    for (size_t at = 0; at < key.len && pattern.len < LEARN_PATTERN_BYTES_MAX;) {
        size_t end = at;
        while (end < key.len && is_part(key.data[end])) end++;
        struct bytes part = bytes_slice(key, at, end - at);
        if (is_random(part)) {
            add(&pattern, '*');
        } else {
            for (size_t i = 0; i < part.len; i++)
                add(&pattern, byte_is_digit(part.data[i]) ? '*' : part.data[i]);
        }
        if (end < key.len) add(&pattern, key.data[end]);
        at = end + 1;
    }
    return pattern.len;
}

static size_t common_prefix(struct bytes a, struct bytes b) {
    size_t len = 0;
    while (len < MIN(a.len, b.len) && a.data[len] == b.data[len]) len++;
    return len;
}

/* Room for one pattern more is made by cutting the one that is nearest to it: "user:a*", "user:b"
 * become "user:*". */
static void widen_pattern(struct learned *global, struct bytes pattern) {
    size_t nearest = 0, longest = 0;
    for (size_t i = 0; i < global->patterns_count; i++) {
        size_t common = common_prefix(global->patterns[i], pattern);
        if (common > longest) nearest = i;
        longest = MAX(longest, common);
    }
    struct bytes *wide = &global->patterns[nearest];
    if (longest < wide->len) { /* the star takes a byte of the copy that is there */
        ((uint8_t *)wide->data)[longest] = '*';
        wide->len = longest + 1;
    }
}

static bool covers(struct bytes pattern, struct bytes other) {
    if (bytes_equal(pattern, other)) return true;
    bool open = pattern.len > 0 && pattern.data[pattern.len - 1] == '*';
    return open && bytes_starts_with(other, bytes_slice(pattern, 0, pattern.len - 1));
}

static bool note_key(struct learn *learn, struct learned *global, struct bytes key) {
    uint8_t bytes[LEARN_PATTERN_BYTES_MAX];
    struct bytes pattern = bytes_view(bytes, learn_key_pattern(key, bytes));
    for (size_t i = 0; i < global->patterns_count; i++)
        if (covers(global->patterns[i], pattern)) return true;
    if (global->patterns_count == LEARN_PATTERNS_MAX) {
        widen_pattern(global, pattern);
        return true;
    }
    struct bytes copy = arena_copy(&learn->text, pattern);
    if (copy.data) global->patterns[global->patterns_count++] = copy;
    return copy.data != NULL;
}

/* ---- globals --------------------------------------------------------------------------------- */

enum brine_status learn_create(struct allocator *mem, size_t bytes_max, struct learn **created) {
    struct learn *learn = mem_alloc_zeroed(mem, sizeof *learn);
    if (!learn) return BRINE_NO_MEMORY;
    learn->mem = mem;
    arena_init(&learn->text, mem, bytes_max);
    pthread_mutex_init(&learn->lock, NULL);
    *created = learn;
    return BRINE_OK;
}

void learn_destroy(struct learn *learn) {
    if (!learn) return;
    learn_reset(learn);
    arena_deinit(&learn->text);
    pthread_mutex_destroy(&learn->lock);
    mem_free(learn->mem, learn, sizeof *learn);
}

void learn_reset(struct learn *learn) {
    pthread_mutex_lock(&learn->lock);
    arena_reset(&learn->text);
    mem_free(learn->mem, learn->globals, learn->room * sizeof(struct learned *));
    learn->globals = NULL;
    learn->count = learn->room = 0;
    learn->values = learn->lost = 0;
    pthread_mutex_unlock(&learn->lock);
}

/* Where the global is, or would be. */
static size_t place_of(const struct learn *learn, const struct pickle_global *seen, bool *found) {
    size_t low = 0, high = learn->count;
    *found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct learned *global = learn->globals[middle];
        int order = bytes_compare(global->module, seen->module);
        if (order == 0) order = bytes_compare(global->name, seen->name);
        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool make_room(struct learn *learn) {
    if (learn->count < learn->room) return true;
    size_t room = learn->room ? learn->room * 2 : GLOBALS_MIN;
    if (room > GLOBALS_MAX) return false;
    struct learned **globals = mem_resize(learn->mem, learn->globals, learn->room * sizeof *globals,
                                          room * sizeof *globals);
    if (!globals) return false;
    learn->globals = globals;
    learn->room = room;
    return true;
}

/* NULL: there is no room. */
static struct learned *find_or_add(struct learn *learn, const struct pickle_global *seen) {
    bool found;
    size_t place = place_of(learn, seen, &found);
    if (found) return learn->globals[place];
    if (!make_room(learn)) return NULL;
    struct learned *global = arena_alloc(&learn->text, sizeof *global);
    struct bytes module = arena_copy(&learn->text, seen->module);
    struct bytes name = arena_copy(&learn->text, seen->name);
    if (!global || !module.data || !name.data) return NULL;
    *global = (struct learned){.module = module, .name = name};
    memmove(learn->globals + place + 1, learn->globals + place,
            (learn->count - place) * sizeof *learn->globals);
    learn->globals[place] = global;
    learn->count++;
    return global;
}

/* The lock is given back between globals, for a value may name a million of them. */
static void note_global(struct learn *learn, const struct pickle_global *seen, struct bytes key,
                        uint64_t value) {
    pthread_mutex_lock(&learn->lock);
    struct learned *global = find_or_add(learn, seen);
    bool noted = global != NULL;
    if (global) {
        global->uses |= seen->uses;
        if (global->last != value) {
            global->values++;
            noted = note_key(learn, global, key);
        }
        global->last = value;
    }
    learn->lost += !noted;
    pthread_mutex_unlock(&learn->lock);
}

size_t learn_note(struct learn *learn, const struct learn_sight *sight) {
    const struct pickle_report *report = sight->report;
    size_t unknown = 0;
    uint64_t value = 0;
    for (size_t i = 0; i < report->globals_count; i++) {
        if (!policy_entry_is_unknown(report->globals[i].entry)) continue;
        if (unknown++ == 0) {
            pthread_mutex_lock(&learn->lock);
            value = ++learn->values;
            pthread_mutex_unlock(&learn->lock);
        }
        note_global(learn, &report->globals[i], sight->key, value);
    }
    return unknown;
}

struct learn_counts learn_counts(struct learn *learn) {
    pthread_mutex_lock(&learn->lock);
    struct learn_counts counts = {
        .values = learn->values, .globals = learn->count, .lost = learn->lost};
    pthread_mutex_unlock(&learn->lock);
    return counts;
}

/* ---- as TOML --------------------------------------------------------------------------------- */

static enum brine_status print_keys(const struct learned *global, struct buf *out) {
    TRY(buf_printf(out, "    # %" PRIu64 " value%s; keys:", global->values,
                   global->values == 1 ? "" : "s"));
    for (size_t i = 0; i < global->patterns_count; i++) {
        TRY(buf_append(out, i ? BYTES(", ") : BYTES(" ")));
        TRY(buf_append(out, global->patterns[i]));
    }
    return buf_append(out, BYTES("\n"));
}

static enum brine_status print_global(const struct learned *global, struct buf *out) {
    TRY(print_keys(global, out));
    return policy_print_met(out, global->module, global->name, pickle_use_rights(global->uses));
}

static enum brine_status print_all(const struct learn *learn, const struct learn_print *options,
                                   struct buf *out) {
    TRY(buf_printf(out,
                   "# Learned from %" PRIu64 " value%s. Look at each row: it will be allowed.\n",
                   learn->values, learn->values == 1 ? "" : "s"));
    if (learn->lost)
        TRY(buf_printf(out, "# Incomplete: %" PRIu64 " notes found no room.\n", learn->lost));
    TRY(buf_printf(out, "[policy.%s]\nextends = [", options->name));
    for (size_t i = 0; i < options->extends_count; i++) {
        if (i) TRY(buf_append(out, BYTES(", ")));
        TRY(toml_write_string(out, options->extends[i]));
    }
    TRY(buf_append(out, BYTES("]\nallow = [\n")));
    for (size_t i = 0; i < learn->count; i++) TRY(print_global(learn->globals[i], out));
    return buf_append(out, BYTES("]\n"));
}

enum brine_status learn_print(struct learn *learn, const struct learn_print *options,
                              struct buf *out) {
    pthread_mutex_lock(&learn->lock);
    enum brine_status status = print_all(learn, options, out);
    pthread_mutex_unlock(&learn->lock);
    return status;
}
