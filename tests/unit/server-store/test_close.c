/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "store/store_close.h"
#include "store/store_write.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>

enum { OTHERS = 3, KEYS = 40, ROUNDS = 25, NOW_MS = 1000 };

struct other {
    struct store *store;
    const atomic_bool *ended;
    _Atomic uint64_t turns;
    pthread_t thread;
};

static struct store *open_store(void) {
    struct store *store = store_create(
        &(struct store_options){.mem = mem_system(), .secret = {1, 2}, .shards = 4, .threads = 4});
    cr_assert(store);
    return store;
}

static struct store_key key_of(const struct store *store, char name[static 16], int number) {
    return store_key(store, 0, bytes_view(name, (size_t)snprintf(name, 16, "key:%d", number)));
}

static uint64_t read_number(struct store *store, const struct store_key *key) {
    struct store_value value;
    uint64_t number = 0;
    if (store_find(store, key, NOW_MS, &value)) memcpy(&number, value.bytes.data, sizeof number);
    return number;
}

static void write_number(struct store *store, const struct store_key *key, uint64_t number) {
    struct store_new_value value = {.bytes = bytes_view(&number, sizeof number)};
    cr_assert_eq(store_put(store, key, &value, NOW_MS), BRINE_OK);
}

/* One more in each key, one after the other and now and then all at once. */
static void *add_to_all(void *context) {
    struct other *other = context;
    struct store_hold hold = {0};
    for (int i = 0; !atomic_load(other->ended); i++) {
        char name[16];
        struct store_key key = key_of(other->store, name, i % KEYS);
        if (i % 7)
            store_lock(other->store, &hold, &key);
        else
            store_lock_all(other->store, &hold);
        write_number(other->store, &key, read_number(other->store, &key) + 1);
        store_unlock(other->store, &hold);
        atomic_fetch_add(&other->turns, 1);
    }
    return NULL;
}

static uint64_t sum(struct store *store, struct store_hold *hold) {
    uint64_t all = 0;
    for (int i = 0; i < KEYS; i++) {
        char name[16];
        struct store_key key = key_of(store, name, i);
        store_lock(store, hold, &key);
        all += read_number(store, &key);
        store_unlock(store, hold);
    }
    return all;
}

/* What DEBUG RELOAD does: read all, take all away, put all back, in many steps. */
Test(store_close, what_is_done_within_is_one_step_to_all_others) {
    struct store *store = open_store();
    struct store_hold hold = {.passes = true};
    struct other others[OTHERS];
    atomic_bool ended = false;
    for (size_t i = 0; i < OTHERS; i++) {
        others[i] = (struct other){.store = store, .ended = &ended};
        cr_assert_eq(pthread_create(&others[i].thread, NULL, add_to_all, &others[i]), 0);
    }
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t numbers[KEYS];
        char name[16];
        store_close(store, &hold);
        uint64_t before = sum(store, &hold);
        for (int i = 0; i < KEYS; i++) {
            struct store_key key = key_of(store, name, i);
            store_lock(store, &hold, &key);
            numbers[i] = read_number(store, &key);
            write_number(store, &key, 0);
            store_unlock(store, &hold);
            sched_yield();
        }
        cr_assert_eq(sum(store, &hold), 0, "round %d: nobody else writes", round);
        for (int i = 0; i < KEYS; i++) {
            struct store_key key = key_of(store, name, i);
            store_lock(store, &hold, &key);
            write_number(store, &key, numbers[i]);
            store_unlock(store, &hold);
        }
        cr_assert_eq(sum(store, &hold), before, "round %d", round);
        store_open(store, &hold);
        /* Each of them goes on. */
        for (size_t i = 0; i < OTHERS; i++)
            for (uint64_t turns = others[i].turns; others[i].turns == turns;) sched_yield();
    }
    atomic_store(&ended, true);
    uint64_t turns = 0;
    for (size_t i = 0; i < OTHERS; i++) {
        pthread_join(others[i].thread, NULL);
        turns += others[i].turns;
    }
    cr_expect_eq(sum(store, &hold), turns, "no turn of anybody is lost");
    store_destroy(store);
}

struct closer {
    struct store *store;
    _Atomic int *within, *most;
    pthread_t thread;
};

static void *close_often(void *context) {
    const struct closer *closer = context;
    struct store_hold hold = {.passes = true};
    for (int round = 0; round < ROUNDS; round++) {
        store_close(closer->store, &hold);
        int within = atomic_fetch_add(closer->within, 1) + 1;
        if (within > *closer->most) *closer->most = within;
        sched_yield();
        atomic_fetch_sub(closer->within, 1);
        store_open(closer->store, &hold);
    }
    return NULL;
}

Test(store_close, two_that_close_it_take_turns) {
    struct store *store = open_store();
    struct closer closers[OTHERS];
    _Atomic int within = 0, most = 0;
    for (size_t i = 0; i < OTHERS; i++) {
        closers[i] = (struct closer){.store = store, .within = &within, .most = &most};
        cr_assert_eq(pthread_create(&closers[i].thread, NULL, close_often, &closers[i]), 0);
    }
    for (size_t i = 0; i < OTHERS; i++) pthread_join(closers[i].thread, NULL);
    cr_expect_eq(most, 1);
    store_destroy(store);
}
