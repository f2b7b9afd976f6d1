/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "store/expiry.h"

#include "base/random.h"
#include "store/check.h"
#include "store/store_write.h"

#include <criterion/criterion.h>

#define HOUR_MS INT64_C(3600000)

static struct store_hold hold;
static struct store *store;

static void put(uint32_t number, int64_t expire_at_ms, int64_t now_ms) {
    struct store_key key = store_key(store, 0, bytes_view(&number, sizeof number));
    struct store_new_value value = {.bytes = BYTES("v"), .expire_at_ms = expire_at_ms};
    store_lock(store, &hold, &key);
    cr_assert_eq(store_put(store, &key, &value, now_ms), BRINE_OK);
    store_unlock(store, &hold);
}

static size_t sweep(int64_t now_ms) {
    size_t calls = 0;
    for (size_t shard = 0; shard < store_shards(store); shard++)
        while (store_sweep(store, &hold, shard, now_ms, 100)) cr_assert(++calls < 100000);
    return calls;
}

static size_t sweep_promptly(int64_t now_ms) {
    size_t calls = 0;
    for (size_t shard = 0; shard < store_shards(store); shard++)
        while (store_sweep_promptly(store, &hold, shard, now_ms, 100)) cr_assert(++calls < 100000);
    return calls;
}

static void open_store(void) {
    store =
        store_create(&(struct store_options){.mem = mem_system(), .secret = {5, 6}, .shards = 4});
    cr_assert(store);
}

Test(expiry, a_near_code_decodes_to_its_second_rounded_up) {
    static const int64_t nows_ms[] = {1000, 1700000000123, 65534LL * 1000 * 3, 4102444800000};
    struct random rng;
    random_init(&rng, 1);
    for (size_t i = 0; i < ARRAY_LEN(nows_ms); i++) {
        for (int n = 0; n < 20000; n++) {
            int64_t at_ms = nows_ms[i] + (int64_t)random_below(&rng, EXPIRY_NEAR_S * 1000);
            uint16_t code = expiry_encode(at_ms, nows_ms[i]);
            cr_assert(code >= EXPIRY_FIRST);
            cr_assert_eq(expiry_decode_s(code, nows_ms[i] / 1000), (at_ms + 999) / 1000);
        }
    }
}

Test(expiry, edges_are_coded_as_the_header_says) {
    static const struct {
        int64_t at_ms;
        uint16_t code;
    } rows[] = {
        {STORE_NO_EXPIRY, EXPIRY_NONE},
        {INT64_MAX, EXPIRY_FAR},
        {(1000 + EXPIRY_NEAR_S) * 1000 + 1, EXPIRY_FAR},
        {(1000 + EXPIRY_NEAR_S) * 1000, 1002 + EXPIRY_NEAR_S},
        {1000 * 1000, 1002},
        {1, 1002},         /* long over: due now */
        {INT64_MIN, 1002}, /* the same */
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        cr_expect_eq(expiry_encode(rows[i].at_ms, 1000 * 1000), rows[i].code, "row %zu", i);
}

Test(expiry, a_sweep_removes_what_is_over_and_nothing_else) {
    open_store();
    for (uint32_t i = 0; i < 10000; i++) put(i, i % 2 ? 1000 + i : STORE_NO_EXPIRY, 1000);
    sweep(5000);
    cr_expect_eq(store_counts(store).keys, 10000 - 2000);
    cr_expect_eq(store_counts(store).expired_total, 2000);
    sweep(100000);
    cr_expect_eq(store_counts(store).keys, 5000);
    cr_expect_eq(store_counts(store).keys_with_expiry, 0);
    cr_expect_eq(store_counts(store).expire_at_sum_s, 0);
    cr_expect_eq(sweep(200000), 0, "nothing more is ever due");
    cr_expect(!store_check(store, &hold).broken);
    store_destroy(store);
}

Test(expiry, a_prompt_sweep_removes_what_is_over_to_the_millisecond) {
    enum { KEYS = 3000 };
    static const int64_t start_ms = 1700000000123, pause_ms = 37;
    open_store();
    for (uint32_t i = 0; i < KEYS; i++) put(i, start_ms + i, start_ms);
    put(KEYS, start_ms + HOUR_MS, start_ms);
    for (int64_t past_ms = 0; past_ms <= KEYS + 1000; past_ms += pause_ms) {
        /* What ends later in this second is looked at, and is no reason to go on sweeping. */
        size_t calls = sweep_promptly(start_ms + past_ms);
        cr_assert(calls <= 5000, "%zu calls", calls);
        cr_assert_eq(store_counts(store).keys, 1 + (size_t)MAX(KEYS - past_ms, 0));
    }
    cr_expect_eq(sweep_promptly(start_ms + HOUR_MS - 1), 0);
    cr_expect_eq(store_counts(store).keys, 1);
    sweep_promptly(start_ms + HOUR_MS + 1);
    cr_expect_eq(store_counts(store).keys, 0);
    cr_expect(!store_check(store, &hold).broken);
    store_destroy(store);
}

Test(expiry, prompt_sweeps_and_others_go_on_where_the_other_ended) {
    enum { KEYS = 20000 };
    struct random rng;
    random_init(&rng, 3);
    open_store();
    for (uint32_t i = 0; i < KEYS; i++) put(i, 1000 + i, 1000);
    for (int64_t now_ms = 1000; now_ms < 1000 + KEYS; now_ms += 53) {
        size_t shard = random_below(&rng, store_shards(store));
        /* Cut short, so that the next one finds it in the middle. */
        (void)!(random_below(&rng, 2) ? store_sweep : store_sweep_promptly)(
            store, &hold, shard, now_ms, random_below(&rng, 300));
        cr_assert(store_counts(store).keys >= KEYS - (size_t)(now_ms - 1000));
    }
    sweep(1000 + KEYS + 1000);
    cr_expect_eq(store_counts(store).keys, 0);
    cr_expect(!store_check(store, &hold).broken);
    store_destroy(store);
}

Test(expiry, far_keys_go_when_their_time_comes) {
    static const int64_t after_ms[] = {9 * HOUR_MS,  17 * HOUR_MS, 18 * HOUR_MS,     19 * HOUR_MS,
                                       24 * HOUR_MS, 36 * HOUR_MS, 90 * 24 * HOUR_MS};
    /* Swept each ten minutes, each seven hours, and not before the end. */
    static const int64_t pauses_ms[] = {HOUR_MS / 6, 7 * HOUR_MS, 90 * 24 * HOUR_MS};
    for (size_t p = 0; p < ARRAY_LEN(pauses_ms); p++) {
        open_store();
        for (uint32_t i = 0; i < ARRAY_LEN(after_ms); i++) put(i, 1000 + after_ms[i], 1000);
        for (int64_t now_ms = 1000; now_ms <= 1000 + 91 * 24 * HOUR_MS; now_ms += pauses_ms[p]) {
            sweep(now_ms);
            size_t left = 0;
            for (size_t i = 0; i < ARRAY_LEN(after_ms); i++) left += now_ms <= 1000 + after_ms[i];
            cr_assert_eq(store_counts(store).keys, left, "pause %zu, at %lld", p,
                         (long long)now_ms);
        }
        store_destroy(store);
    }
}

Test(expiry, what_was_not_swept_in_time_goes_however_late) {
    for (int64_t late_ms = HOUR_MS; late_ms < 40 * HOUR_MS; late_ms += HOUR_MS / 2) {
        open_store();
        int64_t now_ms = 1700000000000;
        for (uint32_t i = 0; i < 100; i++) put(i, now_ms + 1 + i * 8 * HOUR_MS / 100, now_ms);
        sweep(now_ms + late_ms);
        size_t left = 0;
        for (uint32_t i = 0; i < 100; i++) left += late_ms <= 1 + i * 8 * HOUR_MS / 100;
        /* One of them may be in its last second, which a sweep leaves to the next. */
        cr_assert(store_counts(store).keys - left <= 1, "%lld ms late", (long long)late_ms);
        store_destroy(store);
    }
}

Test(expiry, a_clock_set_back_costs_no_key) {
    open_store();
    int64_t now_ms = 1700000000000;
    for (uint32_t i = 0; i < 1000; i++) put(i, now_ms + 1000 + i, now_ms);
    sweep(now_ms - 20 * HOUR_MS);
    put(5000, now_ms - 19 * HOUR_MS, now_ms - 20 * HOUR_MS);
    sweep(now_ms - 18 * HOUR_MS);
    cr_expect_eq(store_counts(store).keys, 1000);
    cr_expect(!store_check(store, &hold).broken);
    for (int64_t at_ms = now_ms - 18 * HOUR_MS; at_ms <= now_ms + 3000; at_ms += HOUR_MS / 4)
        sweep(at_ms);
    sweep(now_ms + 3000);
    cr_expect_eq(store_counts(store).keys, 0);
    store_destroy(store);
}

Test(expiry, persist_and_expire_move_a_key_in_and_out_of_the_counts) {
    open_store();
    put(1, STORE_NO_EXPIRY, 1000);
    uint32_t number = 1;
    struct store_key key = store_key(store, 0, bytes_view(&number, sizeof number));
    static const int64_t steps_ms[] = {7000, 9000, STORE_NO_EXPIRY, STORE_NO_EXPIRY, 8000};
    for (size_t i = 0; i < ARRAY_LEN(steps_ms); i++) {
        store_lock(store, &hold, &key);
        cr_expect_eq(store_set_expiry(store, &key, steps_ms[i], 1000), BRINE_OK);
        struct store_value value;
        cr_expect(store_find(store, &key, 1000, &value) && value.expire_at_ms == steps_ms[i]);
        store_unlock(store, &hold);
        cr_expect_eq(store_counts(store).keys_with_expiry, steps_ms[i] != STORE_NO_EXPIRY);
        cr_expect_eq(store_counts(store).expire_at_sum_s, (uint64_t)steps_ms[i] / 1000);
    }
    store_lock(store, &hold, &key);
    cr_expect_eq(store_set_expiry(store, &key, 1, 10000), BRINE_NOT_FOUND);
    store_unlock(store, &hold);
    store_destroy(store);
}

/* From one time to another and back, in blocks with and without room for a far one. */
Test(expiry, any_time_is_kept_exactly_whatever_it_was_before) {
    static const int64_t at_ms[] = {STORE_NO_EXPIRY,        2000,
                                    1700000000123,          (INT64_C(1) << 32) + 7,
                                    (INT64_C(1) << 48) - 2, (INT64_C(1) << 48) - 1,
                                    INT64_C(1) << 48,       INT64_C(0x0123456789abcdef),
                                    INT64_C(1) << 62,       INT64_MAX};
    enum { TIMES = ARRAY_LEN(at_ms), LENS = 17, BOXED_FROM = 16 };
    static const struct bytes text = BYTES("a value of bytes");
    for (size_t row = 0; row < TIMES * TIMES * 3; row++) {
        int64_t first_ms = at_ms[row % TIMES], then_ms = at_ms[row / TIMES % TIMES];
        enum store_notes notes = (enum store_notes)(row / TIMES / TIMES);
        uint16_t first_label = notes == STORE_NOTES_NONE ? 0 : 0x1234, then_label = first_label / 2;
        store = store_create(&(struct store_options){.mem = mem_system(),
                                                     .secret = {5, 6},
                                                     .shards = 1,
                                                     .notes = notes,
                                                     .boxed_from_bytes = BOXED_FROM});
        cr_assert(store);
        for (uint32_t len = 0; len < LENS; len++) {
            struct store_key key = store_key(store, 0, bytes_view(&len, sizeof len));
            struct store_new_value new = {.bytes = bytes_slice(text, 0, len),
                                          .expire_at_ms = first_ms,
                                          .label = 0x1234,
                                          .writer = 77,
                                          .stored_at_s = UINT32_MAX - 1};
            struct store_value value;
            store_lock(store, &hold, &key);
            cr_assert_eq(store_put(store, &key, &new, 1000), BRINE_OK);
            cr_assert(store_find(store, &key, 1000, &value));
            cr_assert(value.expire_at_ms == first_ms && value.label == first_label);
            cr_assert_eq(store_set_expiry(store, &key, then_ms, 1000), BRINE_OK);
            cr_assert(store_find(store, &key, 1000, &value));
            cr_assert(value.expire_at_ms == then_ms && value.label == first_label);
            cr_assert_eq(store_set_label(store, &key, 0x1234 / 2, 1000), BRINE_OK);
            cr_assert(store_find(store, &key, 1000, &value));
            cr_assert(value.expire_at_ms == then_ms && value.label == then_label);
            cr_assert_eq(store_set_expiry(store, &key, first_ms, 1000), BRINE_OK);
            cr_assert(store_find(store, &key, 1000, &value));
            cr_assert(value.expire_at_ms == first_ms && value.label == then_label);
            cr_assert(bytes_equal(value.bytes, new.bytes) && !value.blob == (len < BOXED_FROM));
            cr_assert(notes != STORE_NOTES_FULL ||
                      (value.writer == 77 && value.stored_at_s == UINT32_MAX - 1));
            store_unlock(store, &hold);
        }
        struct store_check check = store_check(store, &hold);
        cr_assert(!check.broken, "row %zu: %s", row, check.broken);
        store_destroy(store);
    }
}

Test(expiry, a_time_before_1970_is_over) {
    open_store();
    static const int64_t at_ms[] = {-1, -(INT64_C(1) << 48), INT64_MIN};
    uint32_t number = 1;
    struct store_key key = store_key(store, 0, bytes_view(&number, sizeof number));
    for (size_t i = 0; i < ARRAY_LEN(at_ms); i++) {
        struct store_value value;
        put(1, 9000, 1000);
        store_lock(store, &hold, &key);
        cr_expect_eq(store_set_expiry(store, &key, at_ms[i], 1000), BRINE_OK);
        store_unlock(store, &hold);
        cr_expect(!store_check(store, &hold).broken);
        store_lock(store, &hold, &key);
        cr_expect(!store_find(store, &key, 1000, &value));
        store_unlock(store, &hold);
        put(1, at_ms[i], 1000);
        sweep(1000);
        cr_expect_eq(store_counts(store).keys, 0);
    }
    store_destroy(store);
}

/* What an entry costs is decided by this, so that a field more does not go unseen. */
Test(expiry, a_label_beside_a_time_costs_nothing) {
    size_t live_bytes[2];
    for (int notes = STORE_NOTES_NONE; notes <= STORE_NOTES_LABEL; notes++) {
        store = store_create(&(struct store_options){
            .mem = mem_system(), .shards = 1, .notes = (enum store_notes)notes});
        cr_assert(store);
        uint8_t name[16] = {0}, bytes[64] = {0};
        struct store_key key = store_key(store, 0, bytes_view(name, sizeof name));
        struct store_new_value value = {.bytes = bytes_view(bytes, sizeof bytes),
                                        .expire_at_ms = 1700000000000};
        store_lock(store, &hold, &key);
        cr_assert_eq(store_put(store, &key, &value, 1000), BRINE_OK);
        store_unlock(store, &hold);
        live_bytes[notes] = store_check(store, &hold).live_bytes;
        store_destroy(store);
    }
    cr_expect_eq(live_bytes[0], 8 + 8 + 16 + 64);
    cr_expect_eq(live_bytes[1], live_bytes[0]);
}
