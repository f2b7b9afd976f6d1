/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The design.  A value's facts are written down in one canonical form, an *encoding*: a head, a row
 * for each global in the order of their hashes, and the names.  Two values are of one kind when
 * their encodings are equal, byte for byte.
 *
 *     +------+-------+-------+-----+-------------+-------------+---------------+-----+
 *     | head | row 1 | row 2 | ... | type module | type's name | module, name 1| ... |
 *     +------+-------+-------+-----+-------------+-------------+---------------+-----+
 *
 * A thread keeps the encodings it met lately with their tickets, so the usual value costs one hash
 * and one compare.  What it does not know is looked up, or interned, in the table that all share.
 * Most values name no global: all that is known of them fits a word, and is looked up by that.
 *
 * Freeing.  Between a judge's answer and the store a label is on its way, and no count shows it. So
 * a label has an *incarnation*, which its tickets carry.  To free a label that no entry has, its
 * incarnation is raised first; then each shard is locked and counted once more.  A writer redeems
 * its ticket under the shard's lock: before that count, and then the count shows the entry; or
 * after it, and then, by the lock, it sees the new incarnation and stores 0, which costs a second
 * look at the value some day and nothing else.  Rejected: a count of tickets on their way, which
 * every write would pay for with two locked instructions on a shared line.  A label whose
 * incarnations are used up is not freed any more, so that none ever comes twice. */

#include "gate/kinds.h"

#include "base/assert.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    KINDS_DEFAULT = 4096,
    CACHE_SLOTS = 256,
    CACHED_BYTES_MAX = 1024, /* of an encoding that a thread remembers */
    PLAIN_BITS = 6,          /* of the number of words that it remembers */
    DISTINCT_SLOTS = 4 * KIND_GLOBALS_MAX,
    INDEX_SLOTS = 4096,
    TICKET_BITS = 16, /* of the label */
    ROOM_SHARE = 8,   /* nearly full: less than this part is left */
};

/* Spreads words over slots: 2^64 divided by the golden ratio. */
static const uint64_t PLAIN_MULTIPLIER = 0x9e3779b97f4a7c15;

/* Of the order of rows and the search for doubles: the same in every thread, so not secret.  Who
 * makes names collide gets an order by arrival instead of one by hash. */
static const struct hash_secret NOTE_SECRET = {0x6272696e65, 0x6b696e6473};

struct row {
    uint64_t fingerprint;
    uint16_t module_len, name_len;
    uint32_t varies;
};

struct encoding {
    uint32_t generation;
    uint8_t what; /* enum gate_kind_what */
    uint8_t protocol;
    uint8_t wide;
    uint8_t depth;
    uint8_t path[FRAME_DEPTH_MAX];
    uint16_t type_module_len, type_name_len, globals_count;
    uint32_t padding; /* its rows follow */
};
_Static_assert(sizeof(struct encoding) == 24 && sizeof(struct row) == 16,
               "encodings are compared as bytes and have no holes");

static struct row *rows_of(struct encoding *encoding) {
    return (struct row *)(encoding + 1);
}
static const struct row *rows_in(const struct encoding *encoding) {
    return (const struct row *)(encoding + 1);
}

enum { ENCODING_BYTES_MAX = 24 + 16 * KIND_GLOBALS_MAX + KIND_BYTES_MAX };

/* ---- a thread's notes ---------------------------------------------------------------------------
 */

struct noted {
    uint64_t hash;
    uint32_t at; /* of its module in names, its name behind */
    struct row row;
};

struct remembered {
    uint64_t hash;
    gate_ticket ticket; /* 0: an empty slot */
    uint32_t len;
    struct encoding *encoding;
};

/* A kind without globals, by its facts in one word: see plain_facts. */
struct plain {
    uint64_t facts;
    gate_ticket ticket; /* 0: an empty slot */
};

struct gate_kinds_memory {
    struct encoding head; /* of the value at hand; rows come last */
    bool noted_any;
    uint8_t top_kind; /* enum pickle_kind, of a type that is no global's; else 0 */
    uint32_t names_len, globals_count;
    uint8_t order[KIND_GLOBALS_MAX];
    uint8_t distinct[DISTINCT_SLOTS]; /* into globals, + 1 */
    struct noted globals[KIND_GLOBALS_MAX];
    struct remembered slots[CACHE_SLOTS];
    struct plain plain[1 << PLAIN_BITS];
    _Alignas(8) uint8_t encoded[ENCODING_BYTES_MAX];
    uint8_t type[KIND_BYTES_MAX / 4];
    uint8_t names[KIND_BYTES_MAX / 4 * 3];
};
_Static_assert(KIND_GLOBALS_MAX < UINT8_MAX, "a global's number and one fit a byte");

/* ---- the table that all share -------------------------------------------------------------------
 */

enum kind_state { KIND_FREE, KIND_LIVE, KIND_RETIRED };

struct kind {
    struct encoding *encoding;
    uint64_t hash;
    uint32_t len;
    uint16_t next; /* in its chain of the index, or of free labels */
    uint8_t state;
    bool indexed;
};

struct gate_kinds {
    struct allocator *mem;
    struct hash_secret secret;
    size_t kinds_max;
    pthread_mutex_t lock;  /* of all below but for the atomics' readers */
    struct kind *kinds;    /* [0] is never used */
    uint64_t *base_hashes; /* of each one's encoding without fingerprints */
    uint16_t index[INDEX_SLOTS];
    uint16_t free; /* first free label; 0: none */
    gate_ticket common;
    struct gate_kinds_counts counts;
    _Atomic uint32_t generation;
    _Atomic uint64_t epoch;
    _Atomic bool needs_room;
    _Atomic uint32_t *generations; /* by label; 0: a free one */
    _Atomic uint16_t *incarnations;
};

static size_t labels(const struct gate_kinds *kinds) {
    return kinds->kinds_max + 1;
}

struct gate_kinds *gate_kinds_create(const struct gate_kinds_options *options) {
    struct gate_kinds *kinds = mem_alloc_zeroed(options->mem, sizeof *kinds);
    if (!kinds) return NULL;
    kinds->mem = options->mem;
    kinds->secret = options->secret;
    kinds->kinds_max = options->kinds_max ? options->kinds_max : KINDS_DEFAULT;
    BRINE_ASSERT(kinds->kinds_max <= KINDS_MAX, "a label has two bytes");
    int code = pthread_mutex_init(&kinds->lock, NULL);
    BRINE_ASSERT(code == 0, "a plain mutex needs nothing that can be missing");
    size_t count = labels(kinds);
    kinds->kinds = mem_alloc_zeroed(kinds->mem, count * sizeof *kinds->kinds);
    kinds->base_hashes = mem_alloc_zeroed(kinds->mem, count * sizeof *kinds->base_hashes);
    kinds->generations = mem_alloc_zeroed(kinds->mem, count * sizeof *kinds->generations);
    kinds->incarnations = mem_alloc_zeroed(kinds->mem, count * sizeof *kinds->incarnations);
    if (!kinds->kinds || !kinds->base_hashes || !kinds->generations || !kinds->incarnations) {
        gate_kinds_destroy(kinds);
        return NULL;
    }
    for (size_t label = count - 1; label > 0; label--) {
        kinds->kinds[label].next = kinds->free;
        kinds->free = (uint16_t)label;
    }
    return kinds;
}

void gate_kinds_destroy(struct gate_kinds *kinds) {
    if (!kinds) return;
    size_t count = labels(kinds);
    for (size_t label = 1; kinds->kinds && label < count; label++)
        mem_free(kinds->mem, kinds->kinds[label].encoding, kinds->kinds[label].len);
    mem_free(kinds->mem, kinds->kinds, count * sizeof *kinds->kinds);
    mem_free(kinds->mem, kinds->base_hashes, count * sizeof *kinds->base_hashes);
    mem_free(kinds->mem, kinds->generations, count * sizeof *kinds->generations);
    mem_free(kinds->mem, kinds->incarnations, count * sizeof *kinds->incarnations);
    pthread_mutex_destroy(&kinds->lock);
    mem_free(kinds->mem, kinds, sizeof *kinds);
}

void gate_kinds_cache_deinit(struct gate_kinds_cache *cache) {
    struct gate_kinds_memory *memory = cache->memory;
    cache->memory = NULL;
    if (!memory) return;
    for (size_t i = 0; i < CACHE_SLOTS; i++)
        mem_free(cache->mem, memory->slots[i].encoding, memory->slots[i].len);
    mem_free(cache->mem, memory, sizeof *memory);
}

/* ---- notes --------------------------------------------------------------------------------------
 */

void gate_kinds_begin(struct gate_kinds_cache *cache) {
    if (UNLIKELY(!cache->memory))
        cache->memory = mem_alloc_zeroed(cache->mem, sizeof *cache->memory);
    struct gate_kinds_memory *memory = cache->memory;
    if (!memory) return;
    if (memory->globals_count) memset(memory->distinct, 0, sizeof memory->distinct);
    memory->head = (struct encoding){.what = GATE_KIND_OPAQUE};
    memory->noted_any = false;
    memory->top_kind = 0;
    memory->globals_count = 0;
    memory->names_len = 0;
}

void gate_kinds_note_integer(struct gate_kinds_cache *cache) {
    struct gate_kinds_memory *memory = cache->memory;
    if (!memory || memory->noted_any) return;
    memory->noted_any = true;
    memory->head.what = GATE_KIND_INTEGER;
}

/* "b", BUILD, ends an instance; behind it come the ends of what it lies in, and STOP. */
bool gate_kinds_expect_state(struct bytes pickle) {
    enum { TAIL_BYTES = 8 };
    size_t len = MIN(pickle.len, (size_t)TAIL_BYTES);
    return len > 0 && memchr(pickle.data + pickle.len - len, 'b', len) != NULL;
}

bool gate_kinds_lack_keys(const struct pickle_report *report) {
    for (size_t i = 0; i < report->globals_count; i++) {
        uint32_t uses = report->globals[i].uses & (PICKLE_USE_STATE | PICKLE_USE_STATE_ANY);
        /* Of other states, as numpy's tuples, there are no keys to collect. */
        if (uses == PICKLE_USE_STATE && !report->globals[i].keys_fingerprint) return true;
    }
    return false;
}

/* The number of this global among those noted, which may be a new one; false: there is no room. */
static bool find_noted(struct gate_kinds_memory *memory, const struct pickle_global *global,
                       uint32_t *number) {
    struct bytes module = global->module, name = global->name;
    uint64_t hash = hash_bytes(&NOTE_SECRET, module) * 31 + hash_bytes(&NOTE_SECRET, name);
    size_t slot = hash % DISTINCT_SLOTS;
    for (; memory->distinct[slot]; slot = (slot + 1) % DISTINCT_SLOTS) {
        *number = memory->distinct[slot] - 1u;
        const struct noted *noted = &memory->globals[*number];
        if (noted->hash != hash) continue;
        const uint8_t *at = memory->names + noted->at;
        if (bytes_equal(bytes_view(at, noted->row.module_len), module) &&
            bytes_equal(bytes_view(at + noted->row.module_len, noted->row.name_len), name))
            return true;
    }
    size_t room = sizeof memory->names - memory->names_len;
    if (memory->globals_count == KIND_GLOBALS_MAX || module.len > room ||
        name.len > room - module.len)
        return false;
    *number = memory->globals_count++;
    memory->distinct[slot] = (uint8_t)(*number + 1);
    memory->globals[*number] = (struct noted){
        .hash = hash,
        .at = memory->names_len,
        .row = {.module_len = (uint16_t)module.len, .name_len = (uint16_t)name.len},
    };
    bytes_copy_to(memory->names + memory->names_len, module);
    bytes_copy_to(memory->names + memory->names_len + module.len, name);
    memory->names_len += (uint32_t)(module.len + name.len);
    return true;
}

static void note_global(struct gate_kinds_memory *memory, const struct pickle_global *global) {
    uint32_t number;
    if (memory->head.wide) return;
    if (!find_noted(memory, global, &number)) {
        memory->head.wide = true;
        return;
    }
    struct row *row = &memory->globals[number].row;
    if (row->fingerprint == 0)
        row->fingerprint = global->keys_fingerprint;
    else if (global->keys_fingerprint && global->keys_fingerprint != row->fingerprint)
        row->varies = true;
    row->varies |= global->keys_vary;
}

static void note_type(struct gate_kinds_memory *memory, struct bytes module, struct bytes name) {
    if (module.len > sizeof memory->type || name.len > sizeof memory->type - module.len) {
        memory->head.wide = true;
        return;
    }
    bytes_copy_to(memory->type, module);
    bytes_copy_to(memory->type + module.len, name);
    memory->head.type_module_len = (uint16_t)module.len;
    memory->head.type_name_len = (uint16_t)name.len;
}

void gate_kinds_note_pickle(struct gate_kinds_cache *cache, const struct frame_path *path,
                            const struct pickle_report *report) {
    struct gate_kinds_memory *memory = cache->memory;
    if (!memory) return;
    if (memory->head.what != GATE_KIND_PICKLE) {
        memory->noted_any = true;
        memory->head.what = GATE_KIND_PICKLE;
        memory->head.protocol = MAX(report->protocol, report->protocol_needed);
        memory->head.depth = path->depth;
        for (size_t i = 0; i < path->depth && i < FRAME_DEPTH_MAX; i++)
            memory->head.path[i] = path->kinds[i];
        memory->top_kind = (uint8_t)report->top_kind;
        if (report->top_global) {
            memory->top_kind = 0;
            note_type(memory, report->top_global->module, report->top_global->name);
        }
    }
    for (size_t i = 0; i < report->globals_count; i++) note_global(memory, &report->globals[i]);
}

static void sort_notes(struct gate_kinds_memory *memory) {
    for (uint32_t i = 0; i < memory->globals_count; i++) {
        uint32_t at = i;
        uint64_t hash = memory->globals[i].hash;
        for (; at > 0 && memory->globals[memory->order[at - 1]].hash > hash; at--)
            memory->order[at] = memory->order[at - 1];
        memory->order[at] = (uint8_t)i;
    }
}

/* Writes the notes down; the encoding lies in memory->encoded. */
static struct bytes encode(struct gate_kinds_memory *memory, uint32_t generation) {
    struct encoding *encoding = (struct encoding *)(void *)memory->encoded;
    if (memory->top_kind)
        note_type(memory, BYTES(""),
                  bytes_of_cstr(pickle_kind_name((enum pickle_kind)memory->top_kind)));
    if (memory->head.wide) memory->globals_count = 0;
    memory->head.generation = generation;
    memory->head.globals_count = (uint16_t)memory->globals_count;
    *encoding = memory->head;
    sort_notes(memory);
    uint8_t *text = (uint8_t *)(rows_of(encoding) + memory->globals_count);
    size_t type_len = (size_t)encoding->type_module_len + encoding->type_name_len;
    bytes_copy_to(text, bytes_view(memory->type, type_len));
    text += type_len;
    for (uint32_t i = 0; i < memory->globals_count; i++) {
        const struct noted *noted = &memory->globals[memory->order[i]];
        size_t len = (size_t)noted->row.module_len + noted->row.name_len;
        rows_of(encoding)[i] = noted->row;
        bytes_copy_to(text, bytes_view(memory->names + noted->at, len));
        text += len;
    }
    return bytes_view(memory->encoded, (size_t)(text - memory->encoded));
}

/* ---- the table ----------------------------------------------------------------------------------
 */

static gate_ticket ticket_of(const struct gate_kinds *kinds, uint16_t label) {
    uint32_t incarnation = atomic_load_explicit(&kinds->incarnations[label], memory_order_relaxed);
    return incarnation << TICKET_BITS | label;
}

static bool ticket_holds(const struct gate_kinds *kinds, gate_ticket ticket) {
    return ticket && ticket_of(kinds, (uint16_t)ticket) == ticket;
}

static uint16_t *chain_of(struct gate_kinds *kinds, uint64_t hash) {
    return &kinds->index[hash % INDEX_SLOTS];
}

static uint16_t find_kind(struct gate_kinds *kinds, uint64_t hash, struct bytes encoding) {
    for (uint16_t label = *chain_of(kinds, hash); label; label = kinds->kinds[label].next) {
        const struct kind *kind = &kinds->kinds[label];
        if (kind->hash == hash && bytes_equal(bytes_view(kind->encoding, kind->len), encoding))
            return label;
    }
    return 0;
}

static void link_kind(struct gate_kinds *kinds, uint16_t label) {
    struct kind *kind = &kinds->kinds[label];
    uint16_t *chain = chain_of(kinds, kind->hash);
    kind->next = *chain;
    kind->indexed = true;
    *chain = label;
}

static void unlink_kind(struct gate_kinds *kinds, uint16_t label) {
    struct kind *kind = &kinds->kinds[label];
    if (!kind->indexed) return;
    uint16_t *at = chain_of(kinds, kind->hash);
    while (*at != label) at = &kinds->kinds[*at].next;
    *at = kind->next;
    kind->indexed = false;
}

static void look_for_room(struct gate_kinds *kinds) {
    bool full = kinds->counts.kinds >= kinds->kinds_max - kinds->kinds_max / ROOM_SHARE ||
                kinds->counts.bytes >= KINDS_BYTES_MAX - KINDS_BYTES_MAX / ROOM_SHARE;
    atomic_store_explicit(&kinds->needs_room, full, memory_order_relaxed);
}

/* A new kind; 0: no room. */
static uint16_t add_kind(struct gate_kinds *kinds, struct bytes encoding, uint64_t hash,
                         uint64_t base_hash) {
    uint16_t label = kinds->free;
    if (!label || encoding.len > KINDS_BYTES_MAX - kinds->counts.bytes) return 0;
    struct encoding *copy = mem_alloc(kinds->mem, encoding.len);
    if (!copy) return 0;
    bytes_copy_to(copy, encoding);
    struct kind *kind = &kinds->kinds[label];
    kinds->free = kind->next;
    *kind = (struct kind){
        .encoding = copy, .hash = hash, .len = (uint32_t)encoding.len, .state = KIND_LIVE};
    atomic_store_explicit(&kinds->generations[label], copy->generation, memory_order_relaxed);
    kinds->base_hashes[label] = base_hash;
    link_kind(kinds, label);
    kinds->counts.kinds++;
    kinds->counts.bytes += encoding.len;
    kinds->counts.interned_total++;
    look_for_room(kinds);
    return label;
}

/* Makes the encoding one of "several fingerprints, not told apart". */
static void blur(struct encoding *encoding) {
    for (size_t i = 0; i < encoding->globals_count; i++) {
        struct row *row = rows_of(encoding) + i;
        if (!row->fingerprint) continue;
        row->fingerprint = 0;
        row->varies = true;
    }
}

/* The kind that an encoding has, made if need be.  Careful: may blur the encoding. */
static gate_ticket intern(struct gate_kinds *kinds, struct bytes encoding, uint64_t hash) {
    uint16_t label = find_kind(kinds, hash, encoding);
    if (label) return ticket_of(kinds, label);
    if (!kinds->free) {
        kinds->counts.common_total++;
        return kinds->common;
    }
    /* By the blurred one its variants are known. */
    struct encoding *head = (struct encoding *)(uintptr_t)encoding.data;
    struct row rows[KIND_GLOBALS_MAX];
    size_t rows_bytes = head->globals_count * sizeof rows[0];
    size_t variants = 0;
    bytes_copy_to(rows, bytes_view(rows_of(head), rows_bytes));
    blur(head);
    uint64_t base_hash = hash_bytes(&kinds->secret, encoding);
    for (size_t i = 1; i < labels(kinds); i++) variants += kinds->base_hashes[i] == base_hash;
    if (variants < KIND_VARIANTS_MAX) {
        bytes_copy_to(rows_of(head), bytes_view(rows, rows_bytes));
    } else {
        hash = base_hash;
        label = find_kind(kinds, hash, encoding);
    }
    if (!label) label = add_kind(kinds, encoding, hash, base_hash);
    if (label) return ticket_of(kinds, label);
    kinds->counts.common_total++;
    return kinds->common;
}

void gate_kinds_set_generation(struct gate_kinds *kinds, uint32_t generation) {
    struct encoding common = {.generation = generation, .what = GATE_KIND_COMMON};
    struct bytes encoding = bytes_view(&common, sizeof common);
    uint64_t hash = hash_bytes(&kinds->secret, encoding);
    pthread_mutex_lock(&kinds->lock);
    kinds->common = 0;
    if (generation) kinds->common = intern(kinds, encoding, hash);
    atomic_store_explicit(&kinds->generation, generation, memory_order_release);
    pthread_mutex_unlock(&kinds->lock);
}

uint32_t gate_kinds_generation(const struct gate_kinds *kinds) {
    return atomic_load_explicit(&kinds->generation, memory_order_acquire);
}

/* ---- tickets ------------------------------------------------------------------------------------
 */

/* All that there is to know of a value without globals. */
static uint64_t facts_of(const struct encoding *head, uint8_t top_kind, uint32_t generation) {
    enum { KIND_BITS = 4, PROTOCOL_BITS = 3, TOP_BITS = 5, WHAT_BITS = 2 };
    _Static_assert(FRAME_KINDS <= 1 << KIND_BITS && PICKLE_KIND_INSTANCE < 1 << TOP_BITS &&
                       GATE_KIND_COMMON < 1 << WHAT_BITS,
                   "each fact has its own bits");
    uint64_t facts = head->what;
    for (size_t i = 0; i < head->depth; i++) facts = facts << KIND_BITS | head->path[i];
    facts = facts << PROTOCOL_BITS | (head->depth & 7u);
    facts = facts << PROTOCOL_BITS | (head->protocol & 7u);
    facts = facts << TOP_BITS | top_kind;
    return facts << 32 | generation;
}

/* 0: there is more to know. */
static uint64_t plain_facts(const struct gate_kinds_memory *memory, uint32_t generation) {
    enum { PATH_MAX = 4 };
    const struct encoding *head = &memory->head;
    bool has_global = head->what == GATE_KIND_PICKLE && !memory->top_kind;
    if (has_global || memory->globals_count || head->wide || head->depth > PATH_MAX) return 0;
    return facts_of(head, memory->top_kind, generation);
}

static size_t plain_slot(uint64_t facts) {
    return facts * PLAIN_MULTIPLIER >> (64 - PLAIN_BITS);
}

static void remember(struct gate_kinds_cache *cache, struct remembered *slot, uint64_t hash,
                     struct bytes encoding, gate_ticket ticket) {
    mem_free(cache->mem, slot->encoding, slot->len);
    *slot = (struct remembered){0};
    if (encoding.len > CACHED_BYTES_MAX || !ticket) return;
    struct encoding *copy = mem_alloc(cache->mem, encoding.len);
    if (!copy) return;
    bytes_copy_to(copy, encoding);
    *slot = (struct remembered){
        .hash = hash, .ticket = ticket, .len = (uint32_t)encoding.len, .encoding = copy};
}

/* *common: the ticket is that for want of room, and may be another soon. */
static gate_ticket look_up(struct gate_kinds *kinds, struct gate_kinds_cache *cache,
                           uint32_t generation, bool *common) {
    struct gate_kinds_memory *memory = cache->memory;
    struct bytes encoding = encode(memory, generation);
    uint64_t hash = hash_bytes(&kinds->secret, encoding);
    struct remembered *slot = &memory->slots[hash % CACHE_SLOTS];
    *common = false;
    if (LIKELY(slot->hash == hash && ticket_holds(kinds, slot->ticket) &&
               bytes_equal(bytes_view(slot->encoding, slot->len), encoding)))
        return slot->ticket;
    pthread_mutex_lock(&kinds->lock);
    kinds->counts.slow_total++;
    gate_ticket ticket = intern(kinds, encoding, hash);
    *common = ticket == kinds->common;
    pthread_mutex_unlock(&kinds->lock);
    /* Encoded again, for it may have been blurred. */
    if (!*common) remember(cache, slot, hash, encode(memory, generation), ticket);
    return ticket;
}

gate_ticket gate_kinds_label(struct gate_kinds *kinds, struct gate_kinds_cache *cache,
                             uint32_t generation) {
    struct gate_kinds_memory *memory = cache->memory;
    if (!memory || generation == 0 || generation != gate_kinds_generation(kinds)) return 0;
    uint64_t facts = plain_facts(memory, generation);
    struct plain *plain = &memory->plain[plain_slot(facts)];
    if (LIKELY(plain->facts == facts && ticket_holds(kinds, plain->ticket))) return plain->ticket;
    bool common;
    gate_ticket ticket = look_up(kinds, cache, generation, &common);
    if (facts && !common) *plain = (struct plain){facts, ticket};
    return ticket;
}

gate_ticket gate_kinds_leaf_label(const struct gate_kinds *kinds,
                                  const struct gate_kinds_cache *cache,
                                  const struct pickle_leaf *leaf, uint32_t generation) {
    const struct encoding head = {
        .what = GATE_KIND_PICKLE, .protocol = leaf->protocol, .depth = 1, .path = {FRAME_PICKLE}};
    const struct gate_kinds_memory *memory = cache->memory;
    if (!memory || generation == 0 || generation != gate_kinds_generation(kinds)) return 0;
    uint64_t facts = facts_of(&head, (uint8_t)leaf->kind, generation);
    const struct plain *plain = &memory->plain[plain_slot(facts)];
    return plain->facts == facts && ticket_holds(kinds, plain->ticket) ? plain->ticket : 0;
}

gate_ticket gate_kinds_common(struct gate_kinds *kinds, uint32_t generation) {
    pthread_mutex_lock(&kinds->lock);
    bool current = generation && generation == gate_kinds_generation(kinds);
    gate_ticket ticket = current ? kinds->common : 0;
    kinds->counts.common_total++;
    pthread_mutex_unlock(&kinds->lock);
    return ticket;
}

uint16_t gate_kinds_redeem(const struct gate_kinds *kinds, gate_ticket ticket) {
    return LIKELY(ticket_holds(kinds, ticket)) ? (uint16_t)ticket : 0;
}

gate_ticket gate_kinds_ticket(const struct gate_kinds *kinds, uint16_t label,
                              uint32_t *generation) {
    *generation = atomic_load_explicit(&kinds->generations[label], memory_order_relaxed);
    bool in_force = *generation != 0 &&
                    *generation == atomic_load_explicit(&kinds->generation, memory_order_relaxed);
    return label && in_force ? ticket_of(kinds, label) : 0;
}

bool gate_kinds_is_current(const struct gate_kinds *kinds, uint16_t label) {
    uint32_t generation = atomic_load_explicit(&kinds->generation, memory_order_relaxed);
    if (!generation) return true;
    return atomic_load_explicit(&kinds->generations[label], memory_order_relaxed) == generation;
}

/* ---- reports ------------------------------------------------------------------------------------
 */

static void show(const struct gate_kinds *kinds, uint16_t label, gate_kind_visit_fn *visit,
                 void *context) {
    const struct encoding *encoding = kinds->kinds[label].encoding;
    struct gate_kind_global globals[KIND_GLOBALS_MAX];
    uint8_t type[KIND_BYTES_MAX / 4 + 1];
    const uint8_t *text = (const uint8_t *)(rows_in(encoding) + encoding->globals_count);
    size_t dot = encoding->type_module_len > 0;
    bytes_copy_to(type, bytes_view(text, encoding->type_module_len));
    type[encoding->type_module_len] = '.';
    text += encoding->type_module_len;
    bytes_copy_to(type + encoding->type_module_len + dot,
                  bytes_view(text, encoding->type_name_len));
    text += encoding->type_name_len;
    for (size_t i = 0; i < encoding->globals_count; i++) {
        const struct row *row = rows_in(encoding) + i;
        globals[i] = (struct gate_kind_global){
            .module = bytes_view(text, row->module_len),
            .name = bytes_view(text + row->module_len, row->name_len),
            .fingerprint = row->fingerprint,
            .varies = row->varies,
        };
        text += row->module_len + row->name_len;
    }
    struct gate_kind kind = {
        .label = label,
        .generation = encoding->generation,
        .what = (enum gate_kind_what)encoding->what,
        .path.depth = encoding->depth,
        .protocol = encoding->protocol,
        .type = bytes_view(type, encoding->type_module_len + dot + encoding->type_name_len),
        .wide = encoding->wide,
        .globals = globals,
        .globals_count = encoding->globals_count,
    };
    bytes_copy_to(kind.path.kinds, bytes_view(encoding->path, sizeof encoding->path));
    visit(context, &kind);
}

void gate_kinds_visit(struct gate_kinds *kinds, gate_kind_visit_fn *visit, void *context) {
    pthread_mutex_lock(&kinds->lock);
    for (size_t label = 1; label < labels(kinds); label++)
        if (kinds->kinds[label].state != KIND_FREE) show(kinds, (uint16_t)label, visit, context);
    pthread_mutex_unlock(&kinds->lock);
}

bool gate_kinds_visit_one(struct gate_kinds *kinds, uint16_t label, gate_kind_visit_fn *visit,
                          void *context) {
    pthread_mutex_lock(&kinds->lock);
    bool known = label && label < labels(kinds) && kinds->kinds[label].state != KIND_FREE;
    if (known) show(kinds, label, visit, context);
    pthread_mutex_unlock(&kinds->lock);
    return known;
}

size_t gate_kinds_labels(const struct gate_kinds *kinds) {
    return labels(kinds);
}

uint64_t gate_kinds_epoch(const struct gate_kinds *kinds) {
    return atomic_load_explicit(&kinds->epoch, memory_order_acquire);
}

struct gate_kinds_counts gate_kinds_counts(struct gate_kinds *kinds) {
    pthread_mutex_lock(&kinds->lock);
    struct gate_kinds_counts counts = kinds->counts;
    pthread_mutex_unlock(&kinds->lock);
    return counts;
}

/* ---- making room --------------------------------------------------------------------------------
 */

bool gate_kinds_needs_room(const struct gate_kinds *kinds) {
    return atomic_load_explicit(&kinds->needs_room, memory_order_relaxed);
}

size_t gate_kinds_retire(struct gate_kinds *kinds, const uint64_t *entries) {
    size_t retired = 0;
    pthread_mutex_lock(&kinds->lock);
    for (size_t i = 1; i < labels(kinds); i++) {
        uint16_t label = (uint16_t)i;
        struct kind *kind = &kinds->kinds[label];
        bool common = label == (uint16_t)kinds->common;
        bool worn_out =
            atomic_load_explicit(&kinds->incarnations[label], memory_order_relaxed) == UINT16_MAX;
        if (kind->state != KIND_LIVE || entries[label] || common || worn_out) continue;
        unlink_kind(kinds, label);
        kind->state = KIND_RETIRED;
        atomic_fetch_add_explicit(&kinds->incarnations[label], 1, memory_order_relaxed);
        retired++;
    }
    pthread_mutex_unlock(&kinds->lock);
    return retired;
}

void gate_kinds_free_retired(struct gate_kinds *kinds, const uint64_t *entries) {
    pthread_mutex_lock(&kinds->lock);
    for (size_t i = 1; i < labels(kinds); i++) {
        uint16_t label = (uint16_t)i;
        struct kind *kind = &kinds->kinds[label];
        if (kind->state != KIND_RETIRED) continue;
        if (entries[label]) {
            /* Met again meanwhile it has two labels, which does no harm: reports go by facts. */
            struct bytes encoding = bytes_view(kind->encoding, kind->len);
            kind->state = KIND_LIVE;
            if (!find_kind(kinds, kind->hash, encoding)) link_kind(kinds, label);
            continue;
        }
        kinds->counts.kinds--;
        kinds->counts.bytes -= kind->len;
        kinds->counts.freed_total++;
        mem_free(kinds->mem, kind->encoding, kind->len);
        *kind = (struct kind){.next = kinds->free};
        kinds->base_hashes[label] = 0;
        kinds->free = label;
        atomic_store_explicit(&kinds->generations[label], 0, memory_order_relaxed);
        atomic_fetch_add_explicit(&kinds->epoch, 1, memory_order_release);
    }
    look_for_room(kinds);
    pthread_mutex_unlock(&kinds->lock);
}
