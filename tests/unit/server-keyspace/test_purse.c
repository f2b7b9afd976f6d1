/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "keyspace/purse.h"

#include "support/failing.h"

#include <criterion/criterion.h>

enum { LIMIT = 64 << 20, FEW = LIMIT / 64, MANY = LIMIT / 2 };

struct hall {
    _Atomic size_t limit_bytes;
    struct purses purses;
    struct purse one, other;
};

static void hall_init(struct hall *hall, size_t limit) {
    *hall = (struct hall){.limit_bytes = limit};
    purses_init(&hall->purses, &hall->limit_bytes);
    purse_init(&hall->one, &hall->purses, mem_system());
    purse_init(&hall->other, &hall->purses, mem_system());
}

static bool takes(struct purse *purse, enum purse_manner manner, size_t bytes) {
    purse_open(purse, manner);
    void *block = mem_alloc(&purse->allocator, bytes);
    bool holds = purse_holds_many(purse);
    cr_expect(holds == (block && bytes > FEW), "%zu bytes", bytes);
    mem_free(&purse->allocator, block, bytes);
    purse_close(purse);
    return block;
}

Test(purse, few_bytes_are_everybodys_and_many_are_one_purses_at_a_time) {
    static const struct {
        const char *row;
        enum purse_manner manner;
        size_t bytes;
        bool while_taken, alone;
    } table[] = {
        {"few", PURSE_DEFERS, FEW, true, true},
        {"more than few", PURSE_DEFERS, FEW + 1, false, true},
        {"all that anybody may take", PURSE_DEFERS, MANY, false, true},
        {"more than that", PURSE_DEFERS, MANY + 1, false, false},
        {"who holds locks takes them all the same", PURSE_TAKES, FEW + 1, true, true},
        {"but no more than anybody", PURSE_TAKES, MANY + 1, false, false},
    };
    struct hall hall;
    hall_init(&hall, LIMIT);
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        purse_open(&hall.other, PURSE_DEFERS);
        void *taken = mem_alloc(&hall.other.allocator, FEW + 1);
        cr_assert(taken);
        cr_expect(takes(&hall.one, table[i].manner, table[i].bytes) == table[i].while_taken, "%s",
                  table[i].row);
        mem_free(&hall.other.allocator, taken, FEW + 1);
        purse_close(&hall.other);
        cr_expect(takes(&hall.one, table[i].manner, table[i].bytes) == table[i].alone, "%s, alone",
                  table[i].row);
    }
    cr_expect(purses_used_bytes(&hall.purses) == 0);
    purses_deinit(&hall.purses);
}

static void *wait_for_many(void *arg) {
    struct purse *purse = arg;
    purse_open(purse, PURSE_WAITS);
    void *block = mem_alloc(&purse->allocator, FEW + 1);
    cr_assert(block);
    mem_free(&purse->allocator, block, FEW + 1);
    purse_close(purse);
    return NULL;
}

Test(purse, who_may_wait_has_many_when_the_other_has_closed) {
    struct hall hall;
    pthread_t thread;
    hall_init(&hall, LIMIT);
    purse_open(&hall.one, PURSE_DEFERS);
    void *taken = mem_alloc(&hall.one.allocator, FEW + 1);
    cr_assert(taken && pthread_create(&thread, NULL, wait_for_many, &hall.other) == 0);
    mem_free(&hall.one.allocator, taken, FEW + 1);
    cr_expect(hall.purses.taken, "given back, but not closed");
    purse_close(&hall.one);
    cr_assert(pthread_join(thread, NULL) == 0);
    cr_expect(!hall.purses.taken);
    purses_deinit(&hall.purses);
}

Test(purse, without_a_limit_there_is_none) {
    struct hall hall;
    hall_init(&hall, 0);
    purse_open(&hall.one, PURSE_DEFERS);
    void *block = mem_alloc(&hall.one.allocator, MANY + 1);
    cr_expect(block && !purse_holds_many(&hall.one) && !hall.purses.taken);
    mem_free(&hall.one.allocator, block, MANY + 1);
    purse_close(&hall.one);
    purses_deinit(&hall.purses);
}

Test(purse, the_peak_is_of_all_purses_and_counts_what_grows_twice) {
    struct hall hall;
    hall_init(&hall, LIMIT);
    void *one = mem_alloc(&hall.one.allocator, 1000),
         *other = mem_alloc(&hall.other.allocator, 500);
    cr_assert(one && other);
    cr_expect(purses_take_peak(&hall.purses) == 1500);
    one = mem_resize(&hall.one.allocator, one, 1000, 2000);
    cr_expect(purses_take_peak(&hall.purses) == 3500,
              "the old thousand is there until it is copied");
    cr_expect(purses_used_bytes(&hall.purses) == 2500);
    mem_free(&hall.one.allocator, one, 2000);
    mem_free(&hall.other.allocator, other, 500);
    cr_expect(purses_take_peak(&hall.purses) == 2500 && purses_take_peak(&hall.purses) == 0);
    purses_deinit(&hall.purses);
}

Test(purse, what_the_allocator_refuses_is_not_counted) {
    struct failing_allocator failing;
    struct hall hall;
    hall_init(&hall, LIMIT);
    failing_init(&failing, 0);
    purse_init(&hall.one, &hall.purses, &failing.allocator);
    cr_expect(!mem_alloc(&hall.one.allocator, 1000));
    cr_expect(purses_used_bytes(&hall.purses) == 0 && hall.one.used_bytes == 0);
    purses_deinit(&hall.purses);
}
