/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "session/transaction.h"

#include "keyspace/keyspace.h"
#include "support/failing.h"

#include <criterion/criterion.h>

struct house {
    struct failing_allocator mem;
    struct gate gate;
    struct store *store;
    struct keyspace keyspace;
    struct keyspace_access access;
    struct transaction *transaction;
};

static void house_init(struct house *house) {
    *house = (struct house){0};
    failing_init(&house->mem, SIZE_MAX);
    gate_init_off(&house->gate);
    house->store = store_create(&(struct store_options){.mem = mem_system(), .secret = {3, 4}});
    cr_assert(house->store);
    keyspace_init(&house->keyspace,
                  &(struct keyspace_options){.store = house->store, .gate = &house->gate});
    keyspace_access_init(&house->access, &house->keyspace, NULL, mem_system());
    house->access.now_ms = 1000;
    house->transaction = transaction_create(&house->keyspace, &house->mem.allocator, 1 << 20);
    cr_assert(house->transaction);
}

static void house_deinit(struct house *house) {
    transaction_destroy(house->transaction);
    cr_expect(house->mem.taken_bytes == 0, "%zu bytes left", house->mem.taken_bytes);
    keyspace_access_deinit(&house->access);
    keyspace_deinit(&house->keyspace);
    store_destroy(house->store);
}

static void set(struct house *house, uint32_t db, const char *name, int64_t expire_at_ms) {
    struct store_key key = keyspace_key(&house->access, db, bytes_of_cstr(name));
    cr_assert(keyspace_set_string(&house->access, &key, BYTES("v"),
                                  &(struct keyspace_set_options){.expire_at_ms = expire_at_ms}) ==
              KEYSPACE_DONE);
}

static enum brine_status watch(struct house *house, uint32_t db, const char *name) {
    struct store_key key = keyspace_key(&house->access, db, bytes_of_cstr(name));
    return transaction_watch(house->transaction, &house->access, &key);
}

Test(transaction, arguments_are_copies_of_their_own) {
    struct house house;
    house_init(&house);
    char text[] = "value";
    struct bytes args[] = {BYTES("SET"), BYTES(""), bytes_of_cstr(text)};
    for (int i = 0; i < 100; i++) { /* the queue grows */
        const struct bytes *copies = transaction_copy_args(house.transaction, args, 3);
        cr_assert(copies);
        struct queued queued = {.args = copies, .args_count = 3};
        cr_assert(transaction_queue(house.transaction, &queued) == BRINE_OK);
    }
    memset(text, 'x', sizeof text - 1);
    cr_expect(house.transaction->queue_count == 100);
    for (int i = 0; i < 100; i++) {
        const struct queued *queued = &house.transaction->queue[i];
        cr_expect(bytes_equal(queued->args[0], BYTES("SET")) && queued->args[1].len == 0 &&
                  bytes_equal(queued->args[2], BYTES("value")));
    }
    cr_expect(transaction_bytes(house.transaction) >= sizeof(struct transaction) + 100 * 8);
    house_deinit(&house);
}

Test(transaction, what_is_not_queued_after_all_is_given_up) {
    struct house house;
    house_init(&house);
    struct bytes args[] = {BYTES("SET"), BYTES("k"), BYTES("v")};
    struct keyspace_judged judged = {.key = BYTES("k"), .value = BYTES("v")};
    cr_assert(transaction_note_judged(house.transaction, &judged) == BRINE_OK);
    struct transaction_mark mark = transaction_mark(house.transaction);
    cr_assert(transaction_copy_args(house.transaction, args, 3));
    cr_assert(transaction_note_judged(house.transaction, &judged) == BRINE_OK);
    transaction_back_to(house.transaction, mark);
    cr_expect(house.transaction->judged_count == 1 && house.transaction->queue_count == 0);
    house_deinit(&house);
}

Test(transaction, a_queue_has_a_ceiling) {
    static char text[600 * 1024];
    struct house house;
    house_init(&house);
    struct bytes args[] = {bytes_view(text, sizeof text)};
    cr_expect(transaction_copy_args(house.transaction, args, 1));
    cr_expect(!transaction_copy_args(house.transaction, args, 1));
    house_deinit(&house);
}

Test(transaction, a_change_of_a_watched_key_touches_it_and_no_other) {
    struct house house;
    house_init(&house);
    set(&house, 0, "there", 0);
    cr_assert(watch(&house, 0, "there") == BRINE_OK && watch(&house, 0, "absent") == BRINE_OK);
    cr_assert(watch(&house, 0, "there") == BRINE_OK); /* again does nothing */
    size_t watches = 0;
    for (struct watch *at = house.transaction->watches; at; at = at->next_of_watcher) watches++;
    cr_expect(watches == 2);
    set(&house, 1, "there", 0); /* another database's */
    set(&house, 0, "other", 0);
    cr_expect(!transaction_is_touched(house.transaction));
    set(&house, 0, "absent", 0);
    cr_expect(transaction_is_touched(house.transaction));
    transaction_unwatch(house.transaction);
    cr_expect(!transaction_is_touched(house.transaction) && !house.transaction->watches);
    set(&house, 0, "there", 0);
    cr_expect(!transaction_is_touched(house.transaction));
    house_deinit(&house);
}

Test(transaction, databases_that_change_places_touch_what_lies_in_either) {
    static const struct {
        uint32_t db, watched_db;
        bool touched;
    } rows[] = {{0, 0, true}, {1, 0, true}, {0, 1, true}, {2, 0, false}, {2, 2, false}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct house house;
        house_init(&house);
        set(&house, rows[i].db, "k", 0);
        cr_assert(watch(&house, rows[i].watched_db, "k") == BRINE_OK);
        cr_expect(keyspace_swap_dbs(&house.access, 0, 1) == KEYSPACE_DONE);
        cr_expect(transaction_is_touched(house.transaction) == rows[i].touched, "row %zu", i);
        house_deinit(&house);
    }
}

Test(transaction, a_watched_key_whose_time_is_over_is_noticed) {
    struct house house;
    house_init(&house);
    set(&house, 0, "k", 1500);
    cr_assert(watch(&house, 0, "k") == BRINE_OK);
    struct watch *only = house.transaction->watches;
    keyspace_begin(&house.access, &only->key, 1, NULL, 0);
    cr_expect(!keyspace_watch_expired(&house.access, only));
    house.access.now_ms = 1501;
    cr_expect(keyspace_watch_expired(&house.access, only));
    keyspace_end(&house.access);
    house_deinit(&house);
}

Test(transaction, a_refused_allocation_watches_and_queues_nothing) {
    struct house house;
    house_init(&house);
    for (size_t n = 0;; n++) {
        struct bytes args[] = {BYTES("GET"), BYTES("k")};
        house.mem.refused = false;
        house.mem.fail_at = house.mem.requests + n;
        enum brine_status watched = watch(&house, 0, "k");
        const struct bytes *copies = transaction_copy_args(house.transaction, args, 2);
        struct queued queued = {.args = copies, .args_count = 2};
        enum brine_status status =
            copies ? transaction_queue(house.transaction, &queued) : BRINE_NO_MEMORY;
        house.mem.fail_at = SIZE_MAX;
        cr_expect((house.transaction->watches != NULL) == (watched == BRINE_OK));
        cr_expect(house.transaction->queue_count == (status == BRINE_OK));
        bool refused = house.mem.refused;
        transaction_destroy(house.transaction);
        cr_expect(house.mem.taken_bytes == 0);
        house.transaction = transaction_create(&house.keyspace, &house.mem.allocator, 1 << 20);
        if (!refused) break;
        cr_assert(n < 20);
    }
    house_deinit(&house);
}
