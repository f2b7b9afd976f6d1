/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The design.  One table of shades, found by linear probing, with a bit for each cache in which the
 * key lies: what a key weighs, how often and how long ago it was used is the same in all of them.
 * A cache that holds more than its part of the room gives up the worst of some shades, by the
 * policy in force and, for brine's, by what the store has learned (lessons.h).
 *
 * What clients write depends on what the store had, and has to be taken apart: who misses a key
 * stores it anew, which a larger cache would not have asked of him.  So a read that missed, of a
 * shade that lies in a larger cache, leaves a mark there, and the write that follows is none of
 * that cache's business.  And a read that hits, of a shade that a smaller cache has not, stores it
 * there, for then its client would have. */

#include "store/forecast.h"

#include "store/policy.h"

#include <pthread.h>

enum {
    FIRST_SHARE = 4,
    FULL_NUMERATOR = 3, /* of four slots */
    LESS_NUMERATOR = 7, /* of eight: the share's next step */
    GROUP = 24,
    EVICTIONS_MAX = 32, /* for one note; what is too much then, the next ones find */
    READS_KEPT = 1 << 16,
    READS_MIN = 200,  /* below, nothing is known */
    INDEX_BYTES = 15, /* of index and ghosts, an entry */
    END_UNIT_MS = 8,
};

struct shade {
    uint64_t mix;                  /* of the key's hash; 0: the slot is empty */
    uint32_t bytes, tick, used;    /* used: as LRU stamps say it */
    uint32_t ends[FORECAST_SIZES]; /* in units; 0: never */
    uint8_t uses, held, owed;      /* a bit for each cache; owed: the next write is not its own */
};

struct forecast {
    pthread_mutex_t lock;
    size_t bytes; /* of this and its shades */
    uint32_t slots, count;
    uint32_t random;
    uint32_t hands[FORECAST_SIZES];
    uint64_t held_bytes[FORECAST_SIZES], room_bytes[FORECAST_SIZES];
    uint64_t seen_reads, seen_hits; /* of the store, when it was last fitted */
    /* What is long ago counts less: of the store, how many of its reads the sample should have
     * seen, and of the sample. */
    double all_reads, all_hits, expected, reads, hits[FORECAST_SIZES];
    struct shade shades[];
};

static uint32_t below_now(const struct store *store) {
    return atomic_load_explicit(&store->evict.sample_below, memory_order_relaxed);
}
static double share_now(const struct store *store) {
    return below_now(store) / 4294967296.0;
}

struct forecast *forecast_create(struct allocator *mem, size_t bytes) {
    struct forecast *forecast = mem_alloc_zeroed(mem, bytes);
    if (!forecast) return NULL;
    pthread_mutex_init(&forecast->lock, NULL);
    forecast->bytes = bytes;
    forecast->slots = (uint32_t)((bytes - sizeof *forecast) / sizeof(struct shade));
    forecast->random = 1;
    return forecast;
}

size_t forecast_taken_bytes(const struct forecast *forecast) {
    return forecast ? forecast->bytes : 0;
}

void forecast_destroy(struct forecast *forecast, struct allocator *mem) {
    if (!forecast) return;
    pthread_mutex_destroy(&forecast->lock);
    mem_free(mem, forecast, forecast->bytes);
}

/* ---- the table --------------------------------------------------------------------------------*/

static uint32_t home_of(const struct forecast *f, uint64_t mix) {
    return (uint32_t)((uint64_t)(uint32_t)mix * f->slots >> 32);
}
static uint32_t after(const struct forecast *f, uint32_t slot) {
    return slot + 1 == f->slots ? 0 : slot + 1;
}

/* The shade, or the empty slot where it would be. */
static struct shade *slot_of(struct forecast *f, uint64_t mix) {
    uint32_t slot = home_of(f, mix);
    while (f->shades[slot].mix && f->shades[slot].mix != mix) slot = after(f, slot);
    return &f->shades[slot];
}

/* Empties a slot, and moves up what stands behind it because it was taken. */
static void vacate(struct forecast *f, uint32_t hole) {
    for (uint32_t slot = after(f, hole); f->shades[slot].mix; slot = after(f, slot)) {
        uint32_t home = home_of(f, f->shades[slot].mix);
        uint32_t way = (slot + f->slots - home) % f->slots;
        if (way < (slot + f->slots - hole) % f->slots) continue;
        f->shades[hole] = f->shades[slot];
        hole = slot;
    }
    f->shades[hole] = (struct shade){0};
    f->count--;
}

static void leave(struct forecast *f, struct shade *shade, unsigned size) {
    if (!(shade->held >> size & 1)) return;
    shade->held &= (uint8_t) ~(1u << size);
    shade->owed &= (uint8_t) ~(1u << size);
    f->held_bytes[size] -= shade->bytes;
}

static void enter(struct forecast *f, struct shade *shade, unsigned size, uint32_t end) {
    shade->ends[size] = end;
    if (shade->held >> size & 1) return;
    shade->held |= (uint8_t)(1u << size);
    f->held_bytes[size] += shade->bytes;
}

static void forget(struct forecast *f, struct shade *shade) {
    for (unsigned size = 0; size < FORECAST_SIZES; size++) leave(f, shade, size);
    vacate(f, (uint32_t)(shade - f->shades));
}

static void count_less(struct forecast *f, double factor) {
    f->reads *= factor;
    f->expected *= factor;
    for (unsigned size = 0; size < FORECAST_SIZES; size++) f->hits[size] *= factor;
}

/* Takes fewer keys from now on, and drops those that are none of the sample any more. */
static void sample_less(struct store *store, struct forecast *f) {
    uint32_t below = (uint32_t)((uint64_t)below_now(store) * LESS_NUMERATOR / 8);
    atomic_store_explicit(&store->evict.sample_below, below, memory_order_relaxed);
    count_less(f, LESS_NUMERATOR / 8.0); /* as if the share had always been this one */
    for (uint32_t slot = 0; slot < f->slots;) {
        struct shade *shade = &f->shades[slot];
        if (shade->mix && (uint32_t)(shade->mix >> 32) >= below)
            forget(f, shade); /* another may stand there now */
        else
            slot++;
    }
}

static struct shade *take_slot(struct store *store, struct forecast *f, uint64_t mix,
                               int64_t now_ms) {
    struct shade *shade = slot_of(f, mix);
    if (shade->mix) return shade;
    while (f->count >= f->slots / 4 * FULL_NUMERATOR) sample_less(store, f);
    if ((uint32_t)(mix >> 32) >= below_now(store)) return NULL;
    shade = slot_of(f, mix);
    *shade = (struct shade){
        .mix = mix, .tick = evict_tick(&store->evict), .used = (uint32_t)(now_ms / STAMP_MS)};
    if (policy_access(store_policy_now(store)) == ACCESS_COUNT) shade->uses = COUNT_NEW;
    f->count++;
    return shade;
}

/* ---- ends -------------------------------------------------------------------------------------*/

static uint32_t end_of(int64_t expire_at_ms) {
    uint32_t end = (uint32_t)(expire_at_ms / END_UNIT_MS);
    return expire_at_ms == STORE_NO_EXPIRY ? 0 : MAX(end, 1u);
}
static bool is_over(uint32_t end, int64_t now_ms) {
    return end && (int32_t)((uint32_t)(now_ms / END_UNIT_MS) - end) > 0;
}

/* ---- who gives way ----------------------------------------------------------------------------*/

static uint32_t draw(struct forecast *f) {
    f->random ^= f->random << 13;
    f->random ^= f->random >> 17;
    f->random ^= f->random << 5;
    return f->random;
}

static double badness(const struct store *store, struct forecast *f, const struct shade *shade,
                      unsigned size) {
    const struct evict *evict = &store->evict;
    switch (store_policy_now(store)) {
    case STORE_POLICY_BRINE:
        return shade->bytes / (double)lessons_worth(&evict->lessons,
                                                    MIN(shade->uses, (uint32_t)USES_MAX),
                                                    evict_tick(evict) - shade->tick);
    case STORE_POLICY_ALLKEYS_LRU:
    case STORE_POLICY_VOLATILE_LRU:
        return -(double)shade->used;
    case STORE_POLICY_ALLKEYS_LFU:
    case STORE_POLICY_VOLATILE_LFU:
        return COUNT_MASK - shade->uses;
    case STORE_POLICY_VOLATILE_TTL:
        return -(double)shade->ends[size];
    case STORE_POLICY_ALLKEYS_RANDOM:
    case STORE_POLICY_VOLATILE_RANDOM:
    case STORE_POLICY_NOEVICTION:
        break;
    }
    return draw(f);
}

/* The worst of the next few that the cache holds; NULL: none may go. */
static struct shade *find_worst(const struct store *store, struct forecast *f, unsigned size,
                                int64_t now_ms) {
    bool with_end = policy_is_volatile(store_policy_now(store));
    struct shade *worst = NULL;
    double worst_badness = 0;
    uint32_t seen = 0;
    for (uint32_t looked = 0; looked < f->slots && seen < GROUP; looked++) {
        struct shade *shade = &f->shades[f->hands[size] = after(f, f->hands[size])];
        if (!(shade->held >> size & 1) || (with_end && !shade->ends[size])) continue;
        if (is_over(shade->ends[size], now_ms)) return shade;
        double bad = badness(store, f, shade, size);
        if (!worst || bad > worst_badness) {
            worst = shade;
            worst_badness = bad;
        }
        seen++;
    }
    return worst;
}

static void make_room(const struct store *store, struct forecast *f, int64_t now_ms) {
    double share = share_now(store);
    for (unsigned size = 0; size < FORECAST_SIZES; size++) {
        uint64_t room = (uint64_t)((double)f->room_bytes[size] * share);
        for (int i = 0; i < EVICTIONS_MAX && f->held_bytes[size] > room; i++) {
            struct shade *worst = find_worst(store, f, size, now_ms);
            if (!worst) break;
            leave(f, worst, size);
            if (!worst->held) vacate(f, (uint32_t)(worst - f->shades));
        }
    }
}

/* ---- notes ------------------------------------------------------------------------------------*/

static void use(const struct store *store, struct forecast *f, struct shade *shade,
                int64_t now_ms) {
    uint32_t tick = evict_tick(&store->evict);
    switch (policy_access(store_policy_now(store))) {
    case ACCESS_BRINE:
        shade->uses = (uint8_t)brine_uses_more(MIN(shade->uses, (uint32_t)USES_MAX),
                                               tick - shade->tick, draw(f));
        break;
    case ACCESS_COUNT:
        shade->uses = (uint8_t)count_more(&store->evict, shade->uses, draw(f));
        break;
    case ACCESS_STAMP:
        break;
    }
    shade->tick = tick;
    shade->used = (uint32_t)(now_ms / STAMP_MS);
}

static void resize(struct forecast *f, struct shade *shade, size_t bytes) {
    uint32_t now = (uint32_t)MIN(bytes + INDEX_BYTES, (size_t)UINT32_MAX);
    for (unsigned size = 0; size < FORECAST_SIZES; size++)
        if (shade->held >> size & 1) f->held_bytes[size] += now - (uint64_t)shade->bytes;
    shade->bytes = now;
}

static void count_read(struct forecast *f, const struct shade *shade) {
    f->reads++;
    for (unsigned size = 0; size < FORECAST_SIZES; size++) f->hits[size] += shade->held >> size & 1;
    if (f->reads < 2 * READS_KEPT) return;
    count_less(f, 0.5);
    f->all_reads /= 2;
    f->all_hits /= 2;
}

void forecast_note_read(struct store *store, uint64_t hash, const struct forecast_value *found,
                        int64_t now_ms) {
    struct forecast *f = store->forecast;
    static const struct shade nowhere;
    pthread_mutex_lock(&f->lock);
    uint64_t mix = forecast_mix(hash);
    struct shade *shade = found ? take_slot(store, f, mix, now_ms) : slot_of(f, mix);
    if (!shade) goto done;
    for (unsigned size = 0; shade->mix && size < FORECAST_SIZES; size++)
        if (is_over(shade->ends[size], now_ms)) leave(f, shade, size);
    count_read(f, shade->mix ? shade : &nowhere);
    if (!shade->mix) goto done;
    use(store, f, shade, now_ms);
    if (!found) {
        shade->owed = shade->held;
        if (!shade->held) vacate(f, (uint32_t)(shade - f->shades));
        goto done;
    }
    shade->owed = 0;
    resize(f, shade, found->bytes);
    for (unsigned size = 0; size < FORECAST_SIZES; size++)
        if (!(shade->held >> size & 1)) enter(f, shade, size, end_of(found->expire_at_ms));
    make_room(store, f, now_ms);
done:
    pthread_mutex_unlock(&f->lock);
}

void forecast_note_put(struct store *store, uint64_t hash, const struct forecast_value *value,
                       int64_t now_ms) {
    struct forecast *f = store->forecast;
    pthread_mutex_lock(&f->lock);
    struct shade *shade = take_slot(store, f, forecast_mix(hash), now_ms);
    if (shade) {
        if (shade->held && !shade->owed) use(store, f, shade, now_ms);
        resize(f, shade, value->bytes);
        for (unsigned size = 0; size < FORECAST_SIZES; size++)
            if (!(shade->owed >> size & 1)) enter(f, shade, size, end_of(value->expire_at_ms));
        shade->owed = 0;
        make_room(store, f, now_ms);
    }
    pthread_mutex_unlock(&f->lock);
}

void forecast_note_expiry(struct store *store, uint64_t hash, int64_t expire_at_ms) {
    struct forecast *f = store->forecast;
    pthread_mutex_lock(&f->lock);
    struct shade *shade = slot_of(f, forecast_mix(hash));
    for (unsigned size = 0; shade->mix && size < FORECAST_SIZES; size++)
        if (shade->held >> size & 1) shade->ends[size] = end_of(expire_at_ms);
    pthread_mutex_unlock(&f->lock);
}

void forecast_note_removal(struct store *store, uint64_t hash) {
    struct forecast *f = store->forecast;
    pthread_mutex_lock(&f->lock);
    struct shade *shade = slot_of(f, forecast_mix(hash));
    if (shade->mix) forget(f, shade);
    pthread_mutex_unlock(&f->lock);
}

void forecast_clear(struct store *store) {
    struct forecast *f = store->forecast;
    if (!f) return;
    pthread_mutex_lock(&f->lock);
    mem_clear(f->shades, f->slots * sizeof *f->shades);
    mem_clear(f->held_bytes, sizeof f->held_bytes);
    f->count = 0;
    pthread_mutex_unlock(&f->lock);
}

/* ---- what comes of it -------------------------------------------------------------------------*/

/* The first time it begins to sample. */
void store_forecast_fit(struct store *store, const size_t room_bytes[FORECAST_SIZES]) {
    struct forecast *f = store->forecast;
    if (!f) return;
    uint64_t reads = 0, hits = 0;
    for (size_t i = 0; i < store->shard_count; i++) {
        hits += counter_get(&store_shard(store, i)->hits_total);
        reads += counter_get(&store_shard(store, i)->misses_total);
    }
    reads += hits;
    pthread_mutex_lock(&f->lock);
    for (unsigned size = 0; size < FORECAST_SIZES; size++) f->room_bytes[size] = room_bytes[size];
    if (below_now(store) == 0) {
        atomic_store_explicit(&store->evict.sample_below, UINT32_MAX / FIRST_SHARE,
                              memory_order_relaxed);
    } else {
        f->expected += (double)(reads - f->seen_reads) * share_now(store);
        f->all_reads += (double)(reads - f->seen_reads);
        f->all_hits += (double)(hits - f->seen_hits);
    }
    f->seen_reads = reads;
    f->seen_hits = hits;
    pthread_mutex_unlock(&f->lock);
}

/* Two corrections.  A key that is read all the time is in the sample or not, and shifts every
 * ratio: what the sample's reads are more or less than its share of all was such keys', and hits in
 * caches of any size.  And what the cache of the same size is better or worse than the store
 * itself, the others are too: a miniature holds few keys, and chooses among them more finely. */
static double hit_ratio(const struct forecast *f, unsigned size) {
    double expected = MAX(f->expected, f->reads / 2);
    double more = (f->hits[size] - f->hits[FORECAST_SAME]) / expected;
    return MIN(MAX(f->all_hits / f->all_reads + more, 0.0), 1.0);
}

struct store_forecast store_forecast(const struct store *store) {
    struct forecast *f = store->forecast;
    struct store_forecast forecast = {0};
    if (!f) return forecast;
    pthread_mutex_lock(&f->lock);
    forecast.known = f->reads >= READS_MIN && f->all_reads >= READS_MIN &&
                     store_policy_now(store) != STORE_POLICY_NOEVICTION;
    forecast.keys = f->count;
    forecast.share = share_now(store);
    forecast.reads = (uint64_t)f->reads;
    for (unsigned size = 0; forecast.known && size < FORECAST_SIZES; size++)
        forecast.hit_ratios[size] = hit_ratio(f, size);
    pthread_mutex_unlock(&f->lock);
    return forecast;
}
