/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Kinds of values, and the small numbers that stand for them in the store.
 *
 * Words.  A *kind* is what the gate found in a value: under which generation of the policy it was
 * judged, in which framings it lies, its protocol, the type of its object, the globals it names and
 * the fingerprint of each class's state keys.  A *label* is a kind's number, 1 to kinds_max; an
 * entry keeps it in two bytes, so that reports and deletions by type or global read no value, and
 * so that a value judged under an older policy is known when it is met.  Label 0: never judged. A
 * *ticket* is a label as a judge hands it on; it may have become void when it is redeemed, under
 * the lock of the shard where the value goes, and the value is then stored with label 0.
 *
 *     gate_kinds_begin(cache);                                    // a judge, for each value:
 *     gate_kinds_note_pickle(cache, &reading->path, &report);     // for each pickle it accepts
 *     answer->label = gate_kinds_label(kinds, cache, setup->generation);
 *
 *     uint16_t label = gate_kinds_redeem(kinds, answer->label);   // keyspace, under the shard's
 * lock
 *
 * Fingerprints need the verifier's collect_fingerprints: see gate_kinds_expect_state.  Notes of
 * several pickles in one value add up: its globals are those of all of them, its type and protocol
 * those of the first.
 *
 * Bounds.  At most kinds_max kinds and KINDS_BYTES_MAX bytes of names at a time.  When there is no
 * room, a value gets its generation's *common* kind; a pickle of more than KIND_GLOBALS_MAX globals
 * gets a *wide* one: whoever asks for globals must look into values of either.  More than
 * KIND_VARIANTS_MAX fingerprints of one type are counted together.  Kinds that no entry has any
 * more are freed by who can count: see gate_kinds_retire.
 *
 * Thread: any; a cache belongs to one thread.  A kind that the thread met lately costs one hash of
 * its facts and no lock; any other takes the kinds' mutex, a leaf.  Errors: none; without memory
 * the answer is the common kind or 0. */
#ifndef BRINE_GATE_KINDS_H
#define BRINE_GATE_KINDS_H

#include "base/bytes.h"
#include "base/hash.h"
#include "base/mem.h"
#include "frame/frame.h"
#include "pickle/leaf.h"
#include "pickle/verify.h"

enum {
    KINDS_MAX = 65535,
    KINDS_BYTES_MAX = 16 << 20,
    KIND_GLOBALS_MAX = 128,
    KIND_BYTES_MAX = 16 * 1024, /* of one kind's names */
    KIND_VARIANTS_MAX = 16,
};

struct gate_kinds;
typedef uint32_t gate_ticket; /* low 16 bits: the label; 0: none */

struct gate_kinds_options {
    struct allocator *mem; /* outlives them */
    struct hash_secret secret;
    size_t kinds_max; /* 0: 4096; at most KINDS_MAX */
};

/* NULL when refused. */
struct gate_kinds *gate_kinds_create(const struct gate_kinds_options *options) MUST_USE;
void gate_kinds_destroy(struct gate_kinds *kinds);

/* The policy in force; each reload that may change a verdict has a greater one.  0, as at first:
 * the gate is off, every label is current.  Called when the new policy is in force. */
void gate_kinds_set_generation(struct gate_kinds *kinds, uint32_t generation);
uint32_t gate_kinds_generation(const struct gate_kinds *kinds);

/* ---- judging: the notes of one value, then its ticket -----------------------------------------
 */

/* What a thread remembers, a part of its desk.  Takes nothing from mem until a value is noted;
 * without memory it notes nothing, and tickets are 0. */
struct gate_kinds_memory;
struct gate_kinds_cache {
    struct allocator *mem;
    struct gate_kinds_memory *memory; /* the module's own */
};
static inline void gate_kinds_cache_init(struct gate_kinds_cache *cache, struct allocator *mem) {
    *cache = (struct gate_kinds_cache){.mem = mem};
}
void gate_kinds_cache_deinit(struct gate_kinds_cache *cache);

/* Forgets the notes of the value before. */
void gate_kinds_begin(struct gate_kinds_cache *cache);
void gate_kinds_note_pickle(struct gate_kinds_cache *cache, const struct frame_path *path,
                            const struct pickle_report *report);
/* Collecting the keys of states may cost as much as verifying, and most values have no instance in
 * them.  So it is done (pickle_scratch's collect_fingerprints) where a state is to be expected by
 * the last bytes, and an accepted pickle that turns out to have states is verified once more. */
bool gate_kinds_expect_state(struct bytes pickle);
bool gate_kinds_lack_keys(const struct pickle_report *report);
/* Without any note a value is opaque. */
void gate_kinds_note_integer(struct gate_kinds_cache *cache);
gate_ticket gate_kinds_label(struct gate_kinds *kinds, struct gate_kinds_cache *cache,
                             uint32_t generation) MUST_USE;

/* The ticket of a bare pickle that is a leaf (pickle/leaf.h), without notes; 0: none is remembered,
 * and the value is to be noted in the usual way. */
gate_ticket gate_kinds_leaf_label(const struct gate_kinds *kinds,
                                  const struct gate_kinds_cache *cache,
                                  const struct pickle_leaf *leaf, uint32_t generation) MUST_USE;

/* The ticket of a value that is admitted though not all of it was understood (on_refusal = "log"):
 * reports look into it. */
gate_ticket gate_kinds_common(struct gate_kinds *kinds, uint32_t generation) MUST_USE;

/* ---- storing and reading ----------------------------------------------------------------------
 */

/* The label to store, or 0 when its kind was freed meanwhile.  Under the shard's lock. */
uint16_t gate_kinds_redeem(const struct gate_kinds *kinds, gate_ticket ticket);
/* Under the shard's lock of an entry with this label: a ticket for the same, and the generation by
 * which it was admitted.  0: it has none that is in force. */
gate_ticket gate_kinds_ticket(const struct gate_kinds *kinds, uint16_t label, uint32_t *generation);
/* True when a value with this label was admitted by the policy in force, or the gate is off. */
bool gate_kinds_is_current(const struct gate_kinds *kinds, uint16_t label);

/* ---- reports ----------------------------------------------------------------------------------
 */

enum gate_kind_what { GATE_KIND_OPAQUE, GATE_KIND_INTEGER, GATE_KIND_PICKLE, GATE_KIND_COMMON };

struct gate_kind_global {
    struct bytes module, name;
    uint64_t fingerprint; /* of its instances' state keys; 0: none had a state that is a dict */
    bool varies;          /* several fingerprints, not told apart */
};

struct gate_kind {
    uint16_t label;
    uint32_t generation;
    enum gate_kind_what what;
    struct frame_path path;
    uint8_t protocol;  /* the highest of those declared and needed */
    struct bytes type; /* "dict", "shop.models.Cart" */
    bool wide;         /* its globals are too many: not listed */
    const struct gate_kind_global *globals;
    size_t globals_count;
};

/* Under the kinds' mutex: views die with the visit, which may not call kinds. */
typedef void gate_kind_visit_fn(void *context, const struct gate_kind *kind);
void gate_kinds_visit(struct gate_kinds *kinds, gate_kind_visit_fn *visit, void *context);
/* False: there is no such kind. */
bool gate_kinds_visit_one(struct gate_kinds *kinds, uint16_t label, gate_kind_visit_fn *visit,
                          void *context);
/* Labels are below this. */
size_t gate_kinds_labels(const struct gate_kinds *kinds);
/* Rises when a label ceases to mean what it did: what was worked out from labels before is void.
 * Invariant: while an entry's shard is locked, its label's meaning does not change. */
uint64_t gate_kinds_epoch(const struct gate_kinds *kinds);

struct gate_kinds_counts {
    size_t kinds;            /* at this moment */
    size_t bytes;            /* that they take */
    uint64_t interned_total; /* kinds met for the first time */
    uint64_t slow_total;     /* tickets that took the mutex */
    uint64_t common_total;   /* tickets without a kind of their own */
    uint64_t freed_total;
};
struct gate_kinds_counts gate_kinds_counts(struct gate_kinds *kinds);

/* ---- making room, in two counts ---------------------------------------------------------------
 */

/* True when the table is nearly full. */
bool gate_kinds_needs_room(const struct gate_kinds *kinds);
/* entries[label]: how many entries have the label.  Retires those that none has: no ticket is given
 * for them any more, and tickets that are on their way become void.  Returns how many. */
size_t gate_kinds_retire(struct gate_kinds *kinds, const uint64_t *entries);
/* With a count begun after that call, taking each shard's lock: frees what is still unused, and
 * takes the others back. */
void gate_kinds_free_retired(struct gate_kinds *kinds, const uint64_t *entries);

#endif
