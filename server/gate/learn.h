/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What values needed beyond the policy, remembered while gate.mode is learn.
 *
 *     policy.admits_unknown = true;                       // match.h: of the compiled policy
 *     if (pickle_verify(value, &policy, ...) == BRINE_OK) // refuses what is known as dangerous
 *         learn_note(learn, &(struct learn_sight){.db = db, .key = key, .report = &report});
 *     ...
 *     learn_print(learn, "learned", extends, extends_count, &out);    // PICKLE.POLICY LEARNED
 *
 * Of each global that the policy did not know it keeps what was done with it, how often, and up to
 * LEARN_PATTERNS_MAX patterns of keys: parts of a key (between ':' '/' '.' and the like) that are
 * numbers, hashes or UUIDs are a '*'.  Kept over reloads of the policy; PICKLE.POLICY LEARNED RESET
 * forgets.
 *
 * Thread: any, at the same time; a mutex is held while a global is noted or printed.
 * Memory: at most options.bytes_max; what finds no room is counted and said in what is printed.
 * Cost: a value that needed nothing new costs a look at each of its globals, no lock. */
#ifndef BRINE_GATE_LEARN_H
#define BRINE_GATE_LEARN_H

#include "base/buf.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "pickle/verify.h"

enum {
    LEARN_PATTERNS_MAX = 8,
    LEARN_PATTERN_BYTES_MAX = 128,
    LEARN_BYTES_MAX = 8 << 20,
};

struct learn;

enum brine_status learn_create(struct allocator *mem, size_t bytes_max,
                               struct learn **learn) MUST_USE;
void learn_destroy(struct learn *learn);

/* An accepted value. */
struct learn_sight {
    uint32_t db;
    struct bytes key;
    const struct pickle_report *report;
};
/* Returns how many of its globals the policy does not know: of 0 nothing was learned. */
size_t learn_note(struct learn *learn, const struct learn_sight *sight);

/* What was learned as a policy, ready to paste, appended to out:
 *
 *     # learned from 120 values; 3 globals
 *     [policy.learned]
 *     extends = ["stdlib"]
 *     allow = [
 *         # 96 values; keys: session:*
 *         { name = "shop.models.Cart", may = ["new", "build"] },
 *     ]
 */
struct learn_print {
    const char *name;
    const struct bytes *extends;
    size_t extends_count;
};
enum brine_status learn_print(struct learn *learn, const struct learn_print *options,
                              struct buf *out) MUST_USE;

struct learn_counts {
    uint64_t values;  /* that needed something new */
    uint64_t globals; /* known now */
    uint64_t lost;    /* notes that found no room */
};
struct learn_counts learn_counts(struct learn *learn);
void learn_reset(struct learn *learn);

/* The pattern of a key: exposed for its test.  Returns the length, at most LEARN_PATTERN_BYTES_MAX;
 * a longer key ends in '*'. */
size_t learn_key_pattern(struct bytes key, uint8_t pattern[static LEARN_PATTERN_BYTES_MAX]);

#endif
