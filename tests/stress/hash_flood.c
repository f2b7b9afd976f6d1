/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Keys chosen by who has read the source, to meet in one place of the table: they cost no more than
 * any others, for the hash has a secret.  Two thousand names whose hash under one secret has the
 * same sixteen bits that a table looks at first are stored and found under others, beside as many
 * random names; bar: 1.5 times their time.  It can fail: under the secret that they were chosen for
 * they must take longer than that. */

#include "store/store_write.h"

#include "base/random.h"
#include "observe/clock.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    KEYS = 2000,
    SAME_BITS = 16, /* the tag by which a table looks first, and its place in a segment */
    SECRETS = 16,
    TRIES = 5,
    NOW_MS = 1000,
};

static const struct hash_secret known = {1, 2};

static void require(bool holds, const char *what) {
    if (holds) return;
    fprintf(stderr, "hash_flood: %s\n", what);
    exit(1);
}

static struct store *open_store(const struct hash_secret *secret) {
    struct store *store = store_create(&(struct store_options){
        .mem = mem_system(), .secret = *secret, .shards = 1, .single_threaded = true});
    require(store != NULL, "there is memory for a store");
    return store;
}

static bool meets_the_others(uint64_t hash) {
    return (hash & ((1u << SAME_BITS) - 1)) == 1;
}

static void choose_names(uint64_t *chosen, uint64_t *random_names) {
    struct random random;
    random_init(&random, 7);
    for (size_t i = 0; i < KEYS; i++) random_names[i] = random_u64(&random);
    for (size_t i = 0; i < KEYS;) {
        uint64_t name = random_u64(&random);
        if (meets_the_others(hash_bytes(&known, bytes_view(&name, sizeof name))))
            chosen[i++] = name;
    }
}

static int64_t store_and_find_ns(const uint64_t *names, const struct hash_secret *secret) {
    struct store *store = open_store(secret);
    struct store_hold hold = {0};
    struct store_value value;
    int64_t begun_ns = clock_mono_ns();
    for (size_t i = 0; i < KEYS; i++) {
        struct store_key key = store_key(store, 0, bytes_view(&names[i], sizeof names[i]));
        struct store_new_value new = {.bytes = BYTES("v"), .expire_at_ms = STORE_NO_EXPIRY};
        store_lock(store, &hold, &key);
        require(store_put(store, &key, &new, NOW_MS) == BRINE_OK, "there is memory for a key");
        store_unlock(store, &hold);
    }
    for (size_t i = 0; i < KEYS; i++) {
        struct store_key key = store_key(store, 0, bytes_view(&names[i], sizeof names[i]));
        store_lock(store, &hold, &key);
        require(store_find(store, &key, NOW_MS, &value), "each key is found");
        store_unlock(store, &hold);
    }
    int64_t took_ns = clock_mono_ns() - begun_ns;
    store_destroy(store);
    return took_ns;
}

/* The least of some tries: what else the machine does only adds. */
static int64_t least_ns(const uint64_t *names, const struct hash_secret *secret) {
    int64_t least = INT64_MAX;
    for (int i = 0; i < TRIES; i++) {
        int64_t took_ns = store_and_find_ns(names, secret);
        least = MIN(least, took_ns);
    }
    return least;
}

int main(void) {
    static uint64_t chosen[KEYS], random_names[KEYS];
    int64_t random_ns = 0, hidden_ns = 0, known_ns = 0;
    choose_names(chosen, random_names);
    for (uint64_t i = 1; i <= SECRETS; i++) { /* many: when a table grows is a matter of luck */
        const struct hash_secret other = {i, ~i};
        random_ns += least_ns(random_names, &other);
        hidden_ns += least_ns(chosen, &other);
        known_ns += least_ns(chosen, &known);
    }
    double hidden = (double)hidden_ns / (double)random_ns;
    double met = (double)known_ns / (double)random_ns;
    bool is_good = hidden <= 1.5, can_fail = met > 1.5;
    printf("chosen keys take %.2f times the time of random ones under a secret, %.2f without\n",
           hidden, met);
    printf("%d passed, %d failed\n", is_good + can_fail, 2 - is_good - can_fail);
    return is_good && can_fail ? 0 : 1;
}
