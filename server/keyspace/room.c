/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The design.  Entries that go leave holes, and a chunk of a heap goes back only when it is empty.
 * Were eviction to go on until enough was given back, it would evict for holes it has made itself;
 * so it looks at what is taken less the holes.  The next entries fill them.  When holes are more
 * than HOLES_SHARE of the limit, compaction moves entries together.
 *
 * A command pays for about what it brings: it evicts until there is room, or has looked at
 * COMMAND_LOOKS entries.  What is still too much then is upkeep's, and the command runs.  When that
 * falls behind by BEHIND_SHARE, which one measurement of the overhead can bring about, it runs if
 * more gave way for it than it brings, and may look at BEHIND_LOOKS times as many entries for that;
 * it is refused if not, or beyond FAR_BEHIND_SHARE, for there are commands that make more than they
 * bring. */

#include "keyspace/room.h"

#include "keyspace/keyspace.h"
#include "store/store_write.h"

enum {
    HOLES_SHARE = 32,
    HOLES_COUNTED_SHARE = 64, /* of the limit: holes beyond count as overhead */
    BEHIND_SHARE = 4,
    FAR_BEHIND_SHARE = 2, /* all that overhead can be */
    BEHIND_LOOKS = 8,
    COMMAND_LOOKS = 4096, /* some 100 us */
    COMPACT_BUDGET = 64,  /* entries moved in a shard for a command, where holes are many */
    COMPACT_TRIES = 3,    /* in so many shards: up to some 0.2 ms */
    BYTES_A_LOOK = 32,    /* small entries that give way for a large one: so many more looks, */
    COMMAND_LOOKS_MORE = 3 * 1024, /* and some 1200 entries that go: 0.6 ms */
    STEP_LOOKS = 512,              /* then what is taken is asked again */
    UPKEEP_LOOKS = 2048,
    RECLAIM_BUDGET = 1000,
    STEP_LOOKS_MIN = 64,    /* what a step counts as at least */
    OVERHEAD_SHARE_MAX = 2, /* more is not believed: a limit below what a program needs to run */
    /* Overhead and what judging takes, half of the limit, together.  With half of it for both, 48
     * MB were 54 where the program has 10 of them and a judge 24.  More, and a judge's first value
     * would put the limit as far behind as refuses writes. */
    RESERVE_PARTS = 11,
    RESERVE_OF = 16,
    BASE_TIMES = 3,        /* see room_watch_process */
    IDLE_SHARE = 64,       /* of the limit, in pages that wait to be given back */
    OVER_SHARE = 32,       /* of the limit, before idle pages are given back at once, */
    PURGE_BYTES = 2 << 20, /* and so many at most wait then: some 0.3 ms of work */
    MEASURE_SHARE = 128,   /* of the limit, brought by one thread's commands */
    OVERHEAD_STEPS = 8,    /* a measurement counts as one of so many */
    JUDGING_STEPS = 512,   /* of the timer: half of it is forgotten in 36 s */
    HOLE_STEPS = 8,
    IDLE_STEPS = 4,
    WIN_BYTES_A_STEP = 16 * 1024, /* of buffers that grew */
    WIN_COMPACT_BUDGET = 128,     /* with what is evicted, some 50 us a step, */
    WIN_STEPS_MAX = 512,          /* 25 ms at most; upkeep goes on */
    REPLIES_SHARE = 8, /* of the limit: all that clients hold, before who does not read */
    REPLIES_PARTS = 8, /* waits; one may have this part of what is left of it, */
    REPLIES_BYTES_MIN = 16 * 1024, /* or this */
    SETTLE_TICKS_MAX = 100,        /* 10 s */
    SETTLE_QUIET_TICKS = 5,
    SETTLE_STEP = 64,  /* this part of what was left behind less than before is progress */
    BROKEN_SHARE = 12, /* of the limit: pages that what went has left broken, at most */
};

static size_t load(const _Atomic size_t *value) {
    return atomic_load_explicit(value, memory_order_relaxed);
}

size_t room_limit(const struct keyspace *keyspace) {
    return load(&keyspace->room.bytes_max);
}

void room_watch_clients(struct keyspace *keyspace, const _Atomic size_t *held_bytes) {
    keyspace->room.held_bytes = held_bytes;
}

static size_t clients_bytes(const struct room *room) {
    return room->held_bytes ? load(room->held_bytes) : 0;
}

size_t room_taken_bytes(const struct keyspace *keyspace) {
    const struct room *room = &keyspace->room;
    size_t max = load(&room->bytes_max);
    size_t overhead = MIN(load(&room->overhead_bytes), max / OVERHEAD_SHARE_MAX);
    return store_used_bytes(keyspace->store) + clients_bytes(room) +
           MIN(overhead + load(&room->judging_bytes), max / RESERVE_OF * RESERVE_PARTS);
}

static size_t taken_without_holes(const struct keyspace *keyspace) {
    size_t taken = room_taken_bytes(keyspace), holes = store_hole_bytes(keyspace->store);
    return taken - MIN(holes, taken);
}

bool room_could_hold(const struct keyspace *keyspace, size_t bytes) {
    const struct room *room = &keyspace->room;
    size_t max = load(&room->bytes_max);
    return max == 0 ||
           bytes <= (max - MIN(load(&room->overhead_bytes), max / OVERHEAD_SHARE_MAX)) / 2;
}

bool room_is_exceeded(const struct keyspace *keyspace) {
    size_t max = room_limit(keyspace);
    return max > 0 && taken_without_holes(keyspace) > max;
}

static bool holes_are_many(const struct keyspace *keyspace) {
    size_t max = room_limit(keyspace);
    return max > 0 && room_taken_bytes(keyspace) > max + max / HOLES_SHARE;
}

/* ---- what the process takes -------------------------------------------------------------------*/

/* Three parts, each with its own pace.  What the process has beyond the store and clients counts at
 * once when it grows, for a change from small entries to large ones fills the limit within a tenth
 * of a second.  Holes that compaction does not close as fast as they come, and pages that are not
 * given back as fast, count slowly: to evict makes more of both.  So the first two are measured as
 * often as commands bring a small part of the limit; holes grow with what commands bring, and where
 * none do, as after the limit was lowered, compaction closes them and nothing has to give way for
 * them; the pages are given back as time goes by, and count by the timer.
 *
 * What it began with (some 10 MB, of which 7 are the program's and its libraries' text) counts too,
 * but not where the limit is small beside it: from BASE_TIMES times that on a part, from one time
 * more on all.  Below, entries have what the setting says, and the program itself comes on top, as
 * with redis-server. */
void room_watch_process(struct keyspace *keyspace, room_measure_fn *measure, room_purge_fn *purge) {
    struct room *room = &keyspace->room;
    struct room_process process;
    if (!measure(&process)) return;
    size_t used = store_used_bytes(keyspace->store),
           idle = MIN(process.idle_bytes, process.resident_bytes);
    room->base_bytes = process.resident_bytes - idle;
    room->base_bytes -= MIN(room->base_bytes, used);
    room->purge = purge;
    atomic_store_explicit(&room->measure, measure, memory_order_release);
}

static size_t excess(size_t bytes, size_t tolerated) {
    return bytes - MIN(bytes, tolerated);
}

/* Where a limit is lowered far below what is taken, entries go by the ten thousand, and what they
 * leave behind is compacted and given back within a second or two.  Were it to count meanwhile,
 * entries would go for what entries have left behind: 200,000 values of 500 bytes, and a limit of
 * 0.7 of them, lost two thirds instead of one.  So no overhead grows until it has settled; and
 * pages that are broken by then are there for the entries to come, and no reason to evict. */
static bool is_settling(struct keyspace *keyspace, size_t debris_bytes) {
    struct room *room = &keyspace->room;
    uint32_t ticks = atomic_load_explicit(&room->settling, memory_order_relaxed);
    if (LIKELY(ticks == 0)) return false;
    bool moves = room_is_exceeded(keyspace) ||
                 debris_bytes < room->debris_bytes - room->debris_bytes / SETTLE_STEP;
    room->quiet = moves ? 0 : room->quiet + 1;
    room->debris_bytes = debris_bytes;
    ticks = room->quiet < SETTLE_QUIET_TICKS ? ticks - 1 : 0;
    atomic_store_explicit(&room->settling, ticks, memory_order_relaxed);
    return ticks > 0;
}

static size_t smooth(size_t before, size_t now, size_t steps) {
    return now > before ? before + (now - before) / steps : before - (before - now) / steps;
}

/* What judging took at most is kept free for the next value that takes as much, for it takes it
 * faster than entries can make room; half of it is forgotten in half a minute. */
static void note_judging(struct keyspace *keyspace, bool by_timer) {
    struct room *room = &keyspace->room;
    size_t kept = load(&room->judging_bytes), peak = purses_take_peak(&keyspace->purses);
    if (by_timer) kept -= (kept + JUDGING_STEPS - 1) / JUDGING_STEPS;
    atomic_store_explicit(&room->judging_bytes, MAX(kept, peak), memory_order_relaxed);
}

static size_t free_to_judge(const struct keyspace *keyspace) {
    return excess(load(&keyspace->room.judging_bytes), purses_used_bytes(&keyspace->purses));
}

/* What is known of the process's bytes by itself. */
static size_t known_bytes(const struct keyspace *keyspace) {
    return store_used_bytes(keyspace->store) + clients_bytes(&keyspace->room) +
           purses_used_bytes(&keyspace->purses);
}

/* known: while it was measured. */
static void add_up(struct keyspace *keyspace, const struct room_process *process, size_t known,
                   bool by_timer) {
    struct room *room = &keyspace->room;
    size_t max = room_limit(keyspace), idle = MIN(process->idle_bytes, process->resident_bytes);
    size_t counted = known + excess(room->base_bytes, excess(max, room->base_bytes * BASE_TIMES));
    size_t now = excess(process->resident_bytes - idle, counted);
    size_t holes = store_hole_bytes(keyspace->store);
    size_t holes_now = excess(holes, max / HOLES_COUNTED_SHARE),
           idle_now = excess(idle, max / IDLE_SHARE + free_to_judge(keyspace));
    bool settling = by_timer ? is_settling(keyspace, holes + idle)
                             : atomic_load_explicit(&room->settling, memory_order_relaxed) > 0;
    size_t broken = excess(now, room->floor_bytes);
    room->broken_bytes = settling ? broken : MIN(room->broken_bytes, broken);
    now -= MIN(room->broken_bytes, max / BROKEN_SHARE);
    if (settling) {
        now = MIN(now, room->process_bytes);
        holes_now = MIN(holes_now, room->hole_bytes);
        idle_now = MIN(idle_now, room->idle_bytes);
    }
    room->process_bytes =
        smooth(room->process_bytes, now, now > room->process_bytes ? 1 : OVERHEAD_STEPS);
    if (!by_timer || holes_now < room->hole_bytes)
        room->hole_bytes = smooth(room->hole_bytes, holes_now, HOLE_STEPS);
    if (by_timer) room->idle_bytes = smooth(room->idle_bytes, idle_now, IDLE_STEPS);
    atomic_store_explicit(&room->overhead_bytes,
                          room->process_bytes + room->hole_bytes + room->idle_bytes,
                          memory_order_relaxed);
}

/* Entries and buffers that went leave pages with the allocator, which keeps them for some 50 ms: at
 * 1 GB/s that is all of a small limit.  Where the process is over its limit they go at once; as
 * well where it would be if a thread judged what another has judged before, whose pages are in
 * another arena of the allocator. */
static bool ask_process(const struct keyspace *keyspace, room_measure_fn *ask,
                        struct room_process *process) {
    size_t max = room_limit(keyspace);
    if (!ask(process)) return false;
    size_t kept = free_to_judge(keyspace);
    if (process->resident_bytes + (kept > max / OVER_SHARE ? kept : 0) <= max + max / OVER_SHARE ||
        process->idle_bytes <= MIN(max / IDLE_SHARE, (size_t)PURGE_BYTES))
        return true;
    keyspace->room.purge();
    return ask(process);
}

/* False: another thread measures just now. */
static bool measure(struct keyspace *keyspace, bool by_timer) {
    struct room *room = &keyspace->room;
    struct room_process process;
    room_measure_fn *ask = atomic_load_explicit(&room->measure, memory_order_acquire);
    note_judging(keyspace, by_timer);
    if (!ask || room_taken_bytes(keyspace) / 2 < room_limit(keyspace) / 4) return true;
    if (atomic_flag_test_and_set_explicit(&room->measuring, memory_order_acquire)) return false;
    /* This thread may not be run between one look and the next: what came or went meanwhile is no
     * overhead, so the larger counts. */
    size_t known = known_bytes(keyspace);
    if (ask_process(keyspace, ask, &process))
        add_up(keyspace, &process, MAX(known, known_bytes(keyspace)), by_timer);
    atomic_flag_clear_explicit(&room->measuring, memory_order_release);
    return true;
}

void room_set(struct keyspace *keyspace, const struct keyspace_memory *memory) {
    struct room *room = &keyspace->room;
    size_t before =
        atomic_exchange_explicit(&room->bytes_max, memory->bytes_max, memory_order_relaxed);
    store_set_policy(keyspace->store, &memory->policy);
    if (before > 0 && memory->bytes_max >= before) return;
    (void)measure(keyspace, false);
    if (!room_is_exceeded(keyspace)) return;
    if (atomic_flag_test_and_set_explicit(&room->measuring, memory_order_acquire)) return;
    room->floor_bytes = room->process_bytes;
    room->quiet = 0;
    room->debris_bytes = SIZE_MAX;
    atomic_store_explicit(&room->settling, SETTLE_TICKS_MAX, memory_order_relaxed);
    atomic_flag_clear_explicit(&room->measuring, memory_order_release);
}

/* The rest of what is taken stays as it is, however much memory there were. */
static void fit_forecast(struct keyspace *keyspace) {
    static const size_t halves[FORECAST_SIZES] = {
        [FORECAST_HALF] = 1, [FORECAST_SAME] = 2, [FORECAST_DOUBLE] = 4, [FORECAST_QUADRUPLE] = 8};
    size_t half = room_limit(keyspace) / 2, used = store_used_bytes(keyspace->store);
    size_t other = excess(room_taken_bytes(keyspace), used), room_bytes[FORECAST_SIZES];
    for (size_t i = 0; i < FORECAST_SIZES; i++) room_bytes[i] = excess(half * halves[i], other);
    store_forecast_fit(keyspace->store, room_bytes);
}

void room_measure(struct keyspace *keyspace) {
    if (room_limit(keyspace) == 0) return;
    (void)measure(keyspace, true);
    fit_forecast(keyspace);
}

/* The next thread may take as much at once.  Who measures may not be run for a while, so what this
 * one has given back does not wait for him. */
void room_note_judged(struct keyspace *keyspace) {
    struct room_process process;
    if (room_limit(keyspace) == 0 || measure(keyspace, false)) return;
    (void)ask_process(keyspace, atomic_load_explicit(&keyspace->room.measure, memory_order_acquire),
                      &process);
}

static bool is_beyond(const struct keyspace *keyspace, size_t share) {
    size_t max = room_limit(keyspace);
    return excess(taken_without_holes(keyspace), max) > max / share;
}

/* True: it was much, together with what was brought before. */
static bool note_brought(struct keyspace_access *access, size_t bytes) {
    size_t max = room_limit(access->keyspace);
    access->unmeasured_bytes += bytes;
    if (LIKELY(access->unmeasured_bytes < max / MEASURE_SHARE) || max == 0) return false;
    access->unmeasured_bytes = 0;
    (void)measure(access->keyspace, false);
    return true;
}

/* ---- how long there was no room ---------------------------------------------------------------*/

static void note_exceeded(struct keyspace_access *access, bool exceeded) {
    struct room *room = &access->keyspace->room;
    int64_t since_ms = atomic_load_explicit(&room->exceeded_since_ms, memory_order_relaxed);
    if (LIKELY(exceeded == (since_ms != 0))) return;
    int64_t now_ms = exceeded ? access->now_ms : 0;
    if (!atomic_compare_exchange_strong(&room->exceeded_since_ms, &since_ms, now_ms)) return;
    if (!exceeded) atomic_fetch_add(&room->exceeded_total_ms, MAX(access->now_ms - since_ms, 0));
}

struct room_counts room_counts(const struct keyspace *keyspace, int64_t now_ms) {
    const struct room *room = &keyspace->room;
    struct room_counts counts = {.overhead_bytes =
                                     load(&room->overhead_bytes) + load(&room->judging_bytes)};
    int64_t since_ms = atomic_load(&room->exceeded_since_ms);
    if (since_ms) counts.exceeded_now_ms = MAX(now_ms - since_ms, 0);
    counts.exceeded_ms = atomic_load(&room->exceeded_total_ms) + counts.exceeded_now_ms;
    return counts;
}

/* ---- making room ------------------------------------------------------------------------------*/

/* What flushes left behind goes first. */
static struct store_evicted give_way(struct keyspace_access *access, size_t shard, size_t looks) {
    struct keyspace *keyspace = access->keyspace;
    struct store *store = keyspace->store;
    size_t over = excess(taken_without_holes(keyspace), room_limit(keyspace));
    if (over == 0) return (struct store_evicted){0};
    if (UNLIKELY(store_leftovers(store)) &&
        store_reclaim(store, &access->hold, shard, RECLAIM_BUDGET))
        return (struct store_evicted){.looked = looks};
    return store_evict(store, &access->hold, access->now_ms, over, looks);
}

/* Entries go until there is room, or enough were looked at; says how much went. */
static struct store_evicted evict_for(struct keyspace_access *access, size_t argument_bytes) {
    struct keyspace *keyspace = access->keyspace;
    struct store *store = keyspace->store;
    struct store_evicted gone = {0};
    size_t shards = store_shards(store);
    bool crowded = holes_are_many(keyspace);
    size_t looks = COMMAND_LOOKS + MIN(argument_bytes / BYTES_A_LOOK, (size_t)COMMAND_LOOKS_MORE);
    for (size_t i = 0; room_is_exceeded(keyspace); i++) {
        bool falls_behind = gone.entries > 0 && gone.bytes <= argument_bytes &&
                            gone.looked > looks && is_beyond(keyspace, BEHIND_SHARE);
        if (gone.looked > (falls_behind ? looks * BEHIND_LOOKS : looks)) break;
        uint32_t next =
            atomic_fetch_add_explicit(&keyspace->room.next_shard, 1, memory_order_relaxed);
        struct store_evicted step = give_way(access, next % shards, STEP_LOOKS);
        gone.looked += MAX(step.looked, (size_t)STEP_LOOKS_MIN);
        gone.entries += step.entries;
        gone.bytes += step.bytes;
        if (crowded && i < COMPACT_TRIES)
            (void)store_compact(store, &access->hold, next % shards, COMPACT_BUDGET);
    }
    return gone;
}

bool keyspace_make_room(struct keyspace_access *access, size_t argument_bytes) {
    struct keyspace *keyspace = access->keyspace;
    (void)note_brought(access, argument_bytes);
    if (LIKELY(!room_is_exceeded(keyspace))) {
        if (UNLIKELY(atomic_load_explicit(&keyspace->room.exceeded_since_ms, memory_order_relaxed)))
            note_exceeded(access, false);
        return true;
    }
    struct store_evicted gone = evict_for(access, argument_bytes);
    bool exceeded = room_is_exceeded(keyspace);
    note_exceeded(access, exceeded);
    if (!exceeded || store_leftovers(keyspace->store)) return true;
    if (!store_can_evict(keyspace->store) || is_beyond(keyspace, FAR_BEHIND_SHARE)) return false;
    return gone.bytes > argument_bytes || !is_beyond(keyspace, BEHIND_SHARE);
}

/* Entries go, and what they leave is closed up, until what is taken is near the limit again or this
 * command has done its part. */
static void win_room(struct keyspace_access *access, size_t bytes) {
    struct keyspace *keyspace = access->keyspace;
    struct store *store = keyspace->store;
    store_press(store, holes_are_many(keyspace));
    size_t steps = MIN(bytes / WIN_BYTES_A_STEP + 1, (size_t)WIN_STEPS_MAX);
    for (; steps > 0; steps--) {
        if (!holes_are_many(keyspace)) return;
        size_t shard =
            atomic_fetch_add_explicit(&keyspace->room.next_shard, 1, memory_order_relaxed) %
            store_shards(store);
        (void)give_way(access, shard, STEP_LOOKS);
        (void)store_compact(store, &access->hold, shard, WIN_COMPACT_BUDGET);
    }
}

bool room_note_buffers(struct keyspace_access *access, size_t bytes) {
    struct keyspace *keyspace = access->keyspace;
    if (LIKELY(!note_brought(access, bytes) || !holes_are_many(keyspace))) return false;
    /* Within EXEC, whose messages fill buffers too, all is locked. */
    if (access->hold.depth == 0) win_room(access, MAX(bytes, room_limit(keyspace) / MEASURE_SHARE));
    (void)measure(keyspace, false);
    return true;
}

size_t room_for_replies(const struct keyspace *keyspace, size_t most) {
    size_t max = room_limit(keyspace);
    if (max == 0) return most;
    size_t left = excess(max / REPLIES_SHARE, clients_bytes(&keyspace->room));
    return MIN(most, MAX(left / REPLIES_PARTS, (size_t)REPLIES_BYTES_MIN));
}

bool room_upkeep(struct keyspace_access *access, size_t shard) {
    struct keyspace *keyspace = access->keyspace;
    struct store *store = keyspace->store;
    bool more = store_age(store, &access->hold, shard, access->now_ms, STEP_LOOKS);
    bool exceeded = room_is_exceeded(keyspace);
    store_press(store, holes_are_many(keyspace));
    if (UNLIKELY(exceeded)) {
        (void)give_way(access, shard, UPKEEP_LOOKS);
        exceeded = room_is_exceeded(keyspace);
        more |= exceeded && store_can_evict(store);
    }
    note_exceeded(access, exceeded);
    return more;
}
