/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "keyspace/combine.h"
#include "keyspace/edit.h"
#include "keyspace/keyspace.h"
#include "keyspace/transaction.h"

#include "base/number.h"
#include "support/failing.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>

struct house {
    struct failing_allocator mem;
    struct mem_account clients;
    struct gate gate;
    struct store *store;
    struct keyspace keyspace;
    struct keyspace_access access;
    struct buf events;
};

static void must(enum brine_status status) {
    cr_assert(status == BRINE_OK, "%s", brine_status_meaning(status));
}

/* All events since the last time, as text. */
static struct bytes tell_events(struct house *house) {
    struct keyspace_event event;
    size_t at = 0;
    buf_clear(&house->events);
    keyspace_gather_events(&house->access);
    while (keyspace_next_event(&house->access, &at, &event))
        must(buf_printf(&house->events, "%s %.*s, ", event.name ? event.name : "flush",
                        (int)event.key.len, (const char *)event.key.data));
    keyspace_forget_events(&house->access);
    return buf_view(&house->events);
}

static void house_init(struct house *house) {
    *house = (struct house){0};
    failing_init(&house->mem, SIZE_MAX);
    mem_account_init(&house->clients, &house->mem.allocator, 0);
    gate_init_off(&house->gate);
    house->store =
        store_create(&(struct store_options){.mem = &house->mem.allocator, .secret = {3, 4}});
    cr_assert(house->store);
    buf_init(&house->events, mem_system(), 1 << 20);
    keyspace_init(&house->keyspace,
                  &(struct keyspace_options){.store = house->store, .gate = &house->gate});
    keyspace_access_init(&house->access, &house->keyspace, NULL, &house->mem.allocator);
    house->access.now_ms = 1000;
}

static void house_deinit(struct house *house) {
    keyspace_access_deinit(&house->access);
    keyspace_deinit(&house->keyspace);
    store_destroy(house->store);
    buf_deinit(&house->events);
    cr_expect(house->mem.taken_bytes == 0, "%zu bytes left", house->mem.taken_bytes);
}

static struct store_key key_of(struct house *house, const char *name) {
    return keyspace_key(&house->access, 0, bytes_of_cstr(name));
}

static enum keyspace_outcome set(struct house *house, const char *name, const char *value) {
    struct store_key key = key_of(house, name);
    return keyspace_set_string(&house->access, &key, bytes_of_cstr(value),
                               &(struct keyspace_set_options){0});
}

static bool holds(struct house *house, const char *name, const char *expected) {
    struct store_key key = key_of(house, name);
    struct store_value value;
    bool found = keyspace_enter(&house->access, &key, &value);
    bool same = expected ? found && bytes_equal(value.bytes, bytes_of_cstr(expected)) : !found;
    keyspace_leave(&house->access);
    return same;
}

static enum keyspace_step double_it(void *context, const struct bytes *old, struct buf *result) {
    (void)context;
    if (!old) return KEYSPACE_STEP_LEAVE;
    if (buf_append(result, *old) != BRINE_OK || buf_append(result, *old) != BRINE_OK)
        return KEYSPACE_STEP_NO_MEMORY;
    return KEYSPACE_STEP_STORE;
}

/* As a connection hands its input over: a command of which one value is most. */
static struct bytes fill_input(struct house *house, struct buf *input, size_t room, size_t len) {
    buf_init(input, &house->clients.allocator, 1 << 20);
    must(buf_reserve(input, room));
    must(buf_append(input, BYTES("*3 SET key ")));
    size_t at = input->len;
    memset(input->data + at, 'v', len);
    input->len += len;
    must(buf_append(input, BYTES(" GET")));
    house->access.input = (struct keyspace_input){.buf = input};
    return bytes_view(input->data + at, len);
}

static bool is_in_place(struct house *house, struct bytes value) {
    struct store_key key = key_of(house, "key");
    struct store_value found;
    bool same = keyspace_enter(&house->access, &key, &found) && found.bytes.data == value.data &&
                found.bytes.len == value.len;
    keyspace_leave(&house->access);
    return same;
}

Test(keyspace, a_long_value_is_stored_with_the_memory_in_which_it_came) {
    struct house house;
    struct buf input;
    house_init(&house);
    struct store_key key = key_of(&house, "key");
    struct bytes value = fill_input(&house, &input, 20100, 20000);
    const uint8_t *begin = input.data;
    cr_expect(keyspace_set_string(&house.access, &key, value, &(struct keyspace_set_options){0}) ==
              KEYSPACE_DONE);
    keyspace_settle_input(&house.access.input);
    cr_expect(!input.data && is_in_place(&house, value));
    cr_expect(keyspace_remove(&house.access, &key, NULL, NULL) == KEYSPACE_DONE);
    cr_expect(bytes_equal(bytes_view(begin, 11), BYTES("*3 SET key ")), "it can still be read");
    keyspace_end_input(&house.access.input);
    buf_deinit(&input);
    house_deinit(&house);
}

Test(keyspace, what_was_not_stored_is_in_the_input_again) {
    struct house house;
    struct buf input;
    house_init(&house);
    struct store_key key = key_of(&house, "key");
    cr_assert(set(&house, "key", "old") == KEYSPACE_DONE);
    struct bytes value = fill_input(&house, &input, 20100, 20000);
    const uint8_t *begin = input.data;
    size_t len = input.len, cap = input.cap;
    cr_expect(keyspace_set_string(&house.access, &key, value,
                                  &(struct keyspace_set_options){.only_if = KEYSPACE_IF_ABSENT}) ==
              KEYSPACE_NOT_DONE);
    keyspace_settle_input(&house.access.input);
    cr_expect(input.data == begin && input.len == len && input.cap == cap);
    keyspace_end_input(&house.access.input);
    cr_expect(holds(&house, "key", "old"));
    buf_deinit(&input);
    house_deinit(&house);
}

Test(keyspace, an_input_with_much_beside_the_value_is_copied_from) {
    static const struct {
        size_t room, len;
    } rows[] = {{30000, 20000}, {60000, 20000}, {1000, 900}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct house house;
        struct buf input;
        house_init(&house);
        struct store_key key = key_of(&house, "key");
        struct bytes value = fill_input(&house, &input, rows[i].room, rows[i].len);
        cr_expect(keyspace_set_string(&house.access, &key, value,
                                      &(struct keyspace_set_options){0}) == KEYSPACE_DONE);
        keyspace_settle_input(&house.access.input);
        cr_expect(input.data && !is_in_place(&house, value), "row %zu", i);
        keyspace_end_input(&house.access.input);
        buf_deinit(&input);
        house_deinit(&house);
    }
}

Test(keyspace, an_update_keeps_the_expiry_and_works_at_every_size) {
    static char text[70000];
    static const size_t sizes[] = {0, 1, 100, 8191, 8192, 16383, 16384, 16385, 60000};
    struct house house;
    house_init(&house);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct store_key key = key_of(&house, "k");
        struct store_value value;
        memset(text, 'a' + (int)i, sizes[i]);
        cr_assert(keyspace_set_string(&house.access, &key, bytes_view(text, sizes[i]),
                                      &(struct keyspace_set_options){.expire_at_ms = 5000}) ==
                  KEYSPACE_DONE);
        cr_expect(keyspace_update_string(&house.access, &key, double_it, NULL, "double") ==
                  KEYSPACE_DONE);
        cr_expect(keyspace_enter(&house.access, &key, &value));
        cr_expect(value.bytes.len == 2 * sizes[i] && value.expire_at_ms == 5000, "size %zu",
                  sizes[i]);
        keyspace_leave(&house.access);
    }
    struct store_key absent = key_of(&house, "absent");
    cr_expect(keyspace_update_string(&house.access, &absent, double_it, NULL, "double") ==
              KEYSPACE_NOT_DONE);
    house_deinit(&house);
}

static enum keyspace_step plan_tail(void *context, const struct bytes *old,
                                    struct keyspace_extent *extent) {
    extent->from = old ? old->len : 0;
    extent->len = extent->from + strlen(context);
    return KEYSPACE_STEP_STORE;
}

static enum keyspace_step write_tail(void *context, uint8_t *data,
                                     const struct keyspace_extent *extent) {
    bytes_copy_to(data + extent->from, bytes_of_cstr(context));
    return KEYSPACE_STEP_STORE;
}

static enum keyspace_outcome add_tail(struct house *house, const char *name, char *tail) {
    struct store_key key = key_of(house, name);
    struct keyspace_edit edit = {plan_tail, write_tail, tail, "append", NULL};
    return keyspace_edit_string(&house->access, &key, &edit);
}

static enum gate_verdict refuse_bang(void *context, struct gate_desk *desk,
                                     const struct gate_question *question,
                                     struct gate_answer *answer) {
    (void)context, (void)desk;
    struct bytes value = question->value;
    if (value.len == 0 || value.data[value.len - 1] != '!') return GATE_ADMIT;
    return gate_refuse(answer, value.len - 1, "no");
}

/* Where the value's bytes lie. */
static const uint8_t *place_of(struct house *house, const char *name, size_t len) {
    struct store_key key = key_of(house, name);
    struct store_value value;
    bool found = keyspace_enter(&house->access, &key, &value);
    cr_expect(found && value.bytes.len == len, "%zu bytes, not %zu", value.bytes.len, len);
    const uint8_t *data = found ? value.bytes.data : NULL;
    keyspace_leave(&house->access);
    return data;
}

Test(keyspace, what_is_added_to_a_long_value_is_not_copied_and_a_refusal_leaves_no_trace) {
    static char text[50000];
    struct house house;
    house_init(&house);
    gate_init(&house.gate, refuse_bang, NULL);
    memset(text, 'a', sizeof text - 1);
    cr_assert(set(&house, "k", text) == KEYSPACE_DONE);
    cr_assert(add_tail(&house, "k", "b") == KEYSPACE_DONE);
    const uint8_t *place = place_of(&house, "k", sizeof text);
    cr_expect(add_tail(&house, "k", "evil!") == KEYSPACE_REFUSED);
    cr_expect(place_of(&house, "k", sizeof text) == place);
    cr_expect(add_tail(&house, "k", "c") == KEYSPACE_DONE);
    cr_expect(place_of(&house, "k", sizeof text + 1) == place, "the room was given back");
    cr_expect(place && memcmp(place + sizeof text - 2, "abc", 3) == 0);
    keyspace_hear(&house.keyspace, KEYSPACE_HEAR_CHANGES, true);
    size_t used = store_used_bytes(house.store);
    cr_expect(add_tail(&house, "k", "") == KEYSPACE_DONE);
    cr_expect(place_of(&house, "k", sizeof text + 1) == place);
    cr_expect(store_used_bytes(house.store) == used, "nothing was written");
    struct bytes events = tell_events(&house);
    cr_expect(bytes_equal(events, BYTES("append k, ")), "%.*s", (int)events.len,
              (const char *)events.data);
    house_deinit(&house);
}

/* ---- in place -------------------------------------------------------------------------------- */

enum { PLACE_BYTES = 100000 };

struct overlay {
    size_t at;
    const char *text;
};

static enum keyspace_step plan_overlay(void *context, const struct bytes *old,
                                       struct keyspace_extent *extent) {
    const struct overlay *overlay = context;
    size_t len = strlen(overlay->text);
    *extent =
        (struct keyspace_extent){.len = old->len, .from = overlay->at, .to = overlay->at + len};
    return KEYSPACE_STEP_STORE;
}

static enum keyspace_step write_overlay(void *context, uint8_t *data,
                                        const struct keyspace_extent *extent) {
    const struct overlay *overlay = context;
    bytes_copy_to(data + extent->from, bytes_of_cstr(overlay->text));
    return strcmp(overlay->text, "stop") ? KEYSPACE_STEP_STORE : KEYSPACE_STEP_STOP;
}

static enum keyspace_outcome overlay(struct house *house, size_t at, const char *text) {
    struct store_key key = key_of(house, "k");
    struct overlay context = {at, text};
    struct keyspace_edit edit = {plan_overlay, write_overlay, &context, "setrange", NULL};
    return keyspace_edit_string(&house->access, &key, &edit);
}

/* Answers by what a value begins with, and counts. */
struct place_judge {
    size_t brief, thorough;
};

static enum gate_verdict judge_place(void *context, struct gate_desk *desk UNUSED,
                                     const struct gate_question *question,
                                     struct gate_answer *answer) {
    struct place_judge *judge = context;
    ++*(question->brief ? &judge->brief : &judge->thorough);
    if (bytes_starts_with(question->value, BYTES("evil"))) return gate_refuse(answer, 0, "evil");
    if (bytes_starts_with(question->value, BYTES("slow evil")) && !question->may_defer)
        return gate_refuse(answer, 5, "evil");
    if (bytes_starts_with(question->value, BYTES("gone"))) return GATE_DROP;
    bool is_slow = bytes_starts_with(question->value, BYTES("slow"));
    return is_slow && question->may_defer ? GATE_DEFER : GATE_ADMIT;
}

Test(keyspace, what_keeps_its_length_is_written_where_it_lies_unless_it_takes_long_or_is_read) {
    static const struct {
        const char *text;
        enum keyspace_outcome outcome;
        bool is_read, moves;
        size_t brief, thorough; /* questions */
        const char *then;       /* what it begins with */
    } rows[] = {
        {"good", KEYSPACE_DONE, false, false, 1, 0, "goodaaaaa"},
        {"evil", KEYSPACE_REFUSED, false, false, 1, 0, "aaaaaaaaa"},
        {"stop", KEYSPACE_STOPPED, false, false, 0, 0, "aaaaaaaaa"},
        {"slow good", KEYSPACE_DONE, false, true, 1, 1, "slow good"},
        {"slow evil", KEYSPACE_REFUSED, false, false, 1, 1, "aaaaaaaaa"},
        {"good", KEYSPACE_DONE, true, true, 0, 1, "goodaaaaa"},
        {"evil", KEYSPACE_REFUSED, true, false, 0, 1, "aaaaaaaaa"},
        {"gone", KEYSPACE_DONE, false, true, 1, 0, NULL},
    };
    static char text[PLACE_BYTES + 1];
    memset(text, 'a', PLACE_BYTES);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct house house;
        struct place_judge judge = {0};
        struct store_value value;
        house_init(&house);
        struct store_key key = key_of(&house, "k");
        struct keyspace_set_options options = {.expire_at_ms = 5000};
        cr_assert(keyspace_set_string(&house.access, &key, bytes_of_cstr(text), &options) ==
                  KEYSPACE_DONE);
        gate_init(&house.gate, judge_place, &judge);
        const uint8_t *place = place_of(&house, "k", PLACE_BYTES);
        cr_assert(keyspace_enter(&house.access, &key, &value));
        struct blob *reader = rows[i].is_read ? blob_pin(value.blob) : NULL;
        keyspace_leave(&house.access);
        cr_expect(overlay(&house, 0, rows[i].text) == rows[i].outcome, "row %zu", i);
        cr_expect(judge.brief == rows[i].brief && judge.thorough == rows[i].thorough, "row %zu", i);
        cr_expect(!reader || memcmp(reader->data, text, PLACE_BYTES) == 0, "row %zu: read", i);
        bool found = keyspace_enter(&house.access, &key, &value);
        cr_expect_eq(found, rows[i].then != NULL, "row %zu", i);
        if (found) {
            cr_expect_eq(value.bytes.data != place, rows[i].moves, "row %zu", i);
            cr_expect(bytes_starts_with(value.bytes, bytes_of_cstr(rows[i].then)), "row %zu", i);
            cr_expect_eq(value.expire_at_ms, 5000, "row %zu", i);
            cr_expect_eq(atomic_load(&value.blob->refs), reader && !rows[i].moves ? 2 : 1);
        }
        keyspace_leave(&house.access);
        blob_unpin(reader);
        house_deinit(&house);
    }
}

Test(keyspace, an_edit_in_place_is_told_and_leaves_the_room_behind_a_value) {
    static char text[PLACE_BYTES + 1];
    struct house house;
    house_init(&house);
    memset(text, 'a', PLACE_BYTES);
    cr_assert(set(&house, "k", text) == KEYSPACE_DONE);
    cr_assert(add_tail(&house, "k", "b") == KEYSPACE_DONE);
    struct watcher watcher = {0};
    struct watch watch = {.key = key_of(&house, "k"), .watcher = &watcher};
    keyspace_watch(&house.access, &watch);
    keyspace_hear(&house.keyspace, KEYSPACE_HEAR_CHANGES, true);
    const uint8_t *place = place_of(&house, "k", PLACE_BYTES + 1);
    size_t used = store_used_bytes(house.store);
    cr_expect(overlay(&house, PLACE_BYTES - 2, "xyz") == KEYSPACE_DONE);
    cr_expect(watcher.touched);
    cr_expect(bytes_equal(tell_events(&house), BYTES("setrange k, ")));
    cr_expect(add_tail(&house, "k", "c") == KEYSPACE_DONE);
    cr_expect(place_of(&house, "k", PLACE_BYTES + 2) == place);
    cr_expect(place && memcmp(place + PLACE_BYTES - 3, "axyzc", 5) == 0);
    cr_expect(store_used_bytes(house.store) == used);
    keyspace_unwatch(&house.keyspace, &watch);
    house_deinit(&house);
}

Test(keyspace, a_transaction_reads_long_values_within_its_bound) {
    static char text[PLACE_BYTES + 1];
    struct house house;
    struct place_judge judge = {0};
    house_init(&house);
    house.keyspace.locked_bytes_max = 1000;
    house.keyspace.locked_total_max = 2 * PLACE_BYTES + 20;
    memset(text, 'a', PLACE_BYTES);
    bytes_copy_to(text, BYTES("slow"));
    cr_assert(set(&house, "k", text) == KEYSPACE_DONE);
    cr_assert(set(&house, "small", "slow") == KEYSPACE_DONE);
    gate_init(&house.gate, judge_place, &judge);
    for (int i = 0; i < 2; i++) {
        keyspace_begin(&house.access, NULL, 0, NULL, 0);
        cr_expect(add_tail(&house, "k", "1") == KEYSPACE_DONE);
        cr_expect(add_tail(&house, "k", "2") == KEYSPACE_DONE);
        cr_expect(add_tail(&house, "k", "3") == KEYSPACE_REFUSED, "it is beyond the bound");
        cr_expect(strstr(house.access.answer.text, "PICKLELIMIT a transaction"), "%s",
                  house.access.answer.text);
        cr_expect(add_tail(&house, "small", "1") == KEYSPACE_DONE, "short ones always are");
        keyspace_end(&house.access);
    }
    (void)place_of(&house, "k", PLACE_BYTES + 4);
    house_deinit(&house);
}

/* Takes 40 ms for each value that is not decided at once, of what the asker has. */
static enum gate_verdict judge_unpacking(void *context, struct gate_desk *desk UNUSED,
                                         const struct gate_question *question,
                                         struct gate_answer *answer) {
    enum { TAKEN_NS = 40000000 };
    size_t *unbounded = context;
    struct frame_budget *shared = question->unpacking;
    if (question->may_defer) return GATE_DEFER;
    if (!shared) {
        ++*unbounded;
        return GATE_ADMIT;
    }
    bool fits = shared->ns >= TAKEN_NS;
    shared->ns -= fits ? TAKEN_NS : shared->ns;
    return fits ? GATE_ADMIT : gate_refuse(answer, 0, "no time is left");
}

Test(keyspace, a_transaction_unpacks_within_one_bound_for_all_its_values) {
    struct house house;
    size_t unbounded = 0;
    house_init(&house);
    gate_init(&house.gate, judge_unpacking, &unbounded);
    for (int i = 0; i < 2; i++) {
        keyspace_begin(&house.access, NULL, 0, NULL, 0);
        cr_expect(set(&house, "a", "1") == KEYSPACE_DONE);
        cr_expect(add_tail(&house, "b", "2") == KEYSPACE_DONE);
        cr_expect(add_tail(&house, "a", "3") == KEYSPACE_REFUSED);
        cr_expect(set(&house, "c", "4") == KEYSPACE_REFUSED);
        keyspace_end(&house.access);
    }
    cr_expect_eq(unbounded, 0);
    cr_expect(add_tail(&house, "a", "5") == KEYSPACE_DONE, "outside there is no such bound");
    cr_expect_eq(unbounded, 1);
    house_deinit(&house);
}

Test(keyspace, an_edit_changes_nothing_whichever_allocation_is_refused) {
    static char text[40000];
    memset(text, 'a', sizeof text - 1);
    for (size_t n = 0;; n++) {
        struct house house;
        house_init(&house);
        cr_assert(set(&house, "k", text) == KEYSPACE_DONE);
        cr_assert(n % 2 == 0 || add_tail(&house, "k", "b") == KEYSPACE_DONE);
        size_t len = sizeof text - 1 + n % 2;
        house.mem.refused = false;
        house.mem.fail_at = house.mem.requests + n / 2;
        enum keyspace_outcome outcome = add_tail(&house, "k", "cd");
        bool refused = house.mem.refused;
        house.mem.fail_at = SIZE_MAX;
        cr_expect(outcome == KEYSPACE_DONE || (refused && outcome == KEYSPACE_NO_MEMORY));
        (void)place_of(&house, "k", outcome == KEYSPACE_DONE ? len + 2 : len);
        cr_expect(add_tail(&house, "k", "e") == KEYSPACE_DONE, "and can be made again");
        house_deinit(&house);
        if (!refused && n % 2) break;
    }
}

Test(keyspace, several_values_are_written_all_or_none_whichever_allocation_is_refused) {
    static char large[20000];
    size_t refusals = 0;
    memset(large, 'L', sizeof large - 1);
    for (size_t fail_at = 0; fail_at < 200; fail_at++) {
        struct house house;
        house_init(&house);
        cr_assert(set(&house, "a", "old a") == KEYSPACE_DONE);
        cr_assert(set(&house, "b", large) == KEYSPACE_DONE);
        struct store_key keys[4];
        struct keyspace_pair pairs[4] = {
            {key_of(&house, "a"), bytes_of_cstr("a much longer value than there was before")},
            {key_of(&house, "b"), bytes_of_cstr("new b")},
            {key_of(&house, "c"), bytes_of_cstr(large)},
            {key_of(&house, "a"), bytes_of_cstr("the last one wins")},
        };
        house.mem.fail_at = house.mem.requests + fail_at;
        enum keyspace_outcome outcome =
            keyspace_set_strings(&house.access, pairs, ARRAY_LEN(pairs), keys, false);
        bool refused = house.mem.refused;
        house.mem.fail_at = SIZE_MAX;
        if (outcome == KEYSPACE_DONE) {
            cr_expect(holds(&house, "a", "the last one wins") && holds(&house, "b", "new b") &&
                      holds(&house, "c", large));
        } else {
            refusals++;
            cr_expect(outcome == KEYSPACE_NO_MEMORY);
            cr_expect(holds(&house, "a", "old a") && holds(&house, "b", large) &&
                          holds(&house, "c", NULL),
                      "allocation %zu", fail_at);
        }
        house_deinit(&house);
        if (!refused) break;
    }
    cr_expect(refusals > 3, "%zu refusals met a write", refusals);
}

static bool decide_minute(void *context, const struct store_value *value, int64_t *expire_at_ms) {
    (void)value;
    *expire_at_ms = *(int64_t *)context;
    return true;
}

Test(keyspace, an_expiry_that_is_past_removes_the_key_and_says_so) {
    struct house house;
    int64_t past = 999, future = 2000, never = STORE_NO_EXPIRY;
    house_init(&house);
    keyspace_hear(&house.keyspace, KEYSPACE_HEAR_CHANGES, true);
    set(&house, "k", "v");
    struct store_key key = key_of(&house, "k");
    cr_expect(keyspace_change_expiry(&house.access, &key, decide_minute, &future) == KEYSPACE_DONE);
    cr_expect(keyspace_change_expiry(&house.access, &key, decide_minute, &never) == KEYSPACE_DONE);
    cr_expect(keyspace_change_expiry(&house.access, &key, decide_minute, &past) == KEYSPACE_DONE);
    cr_expect(keyspace_change_expiry(&house.access, &key, decide_minute, &past) ==
              KEYSPACE_NOT_DONE);
    cr_expect(holds(&house, "k", NULL));
    cr_expect(bytes_equal(tell_events(&house), BYTES("set k, expire k, persist k, del k, ")),
              "%.*s", (int)house.events.len, (const char *)house.events.data);
    house_deinit(&house);
}

Test(keyspace, how_much_is_stale_is_a_mean_of_what_ended_unmet) {
    struct house house;
    char name[32];
    house_init(&house);
    for (int i = 0; i < 200; i++) {
        snprintf(name, sizeof name, "key:%d", i);
        struct store_key key = key_of(&house, name);
        struct keyspace_set_options options = {.expire_at_ms = i % 2 ? 2000 : 90000};
        cr_assert(keyspace_set_string(&house.access, &key, BYTES("v"), &options) == KEYSPACE_DONE);
    }
    keyspace_note_stale(&house.keyspace);
    cr_expect(keyspace_stale_share(&house.keyspace) == 0);
    house.access.now_ms = 3000;
    for (size_t i = 0; i < store_shards(house.store); i++)
        while (keyspace_upkeep(&house.access, i)) {}
    keyspace_note_stale(&house.keyspace);
    double share = keyspace_stale_share(&house.keyspace);
    cr_expect(share > 0.0249 && share < 0.0251, "a twentieth of a half: %f", share);
    keyspace_note_stale(&house.keyspace);
    double later = keyspace_stale_share(&house.keyspace);
    cr_expect(later > share * 0.94 && later < share * 0.96, "%f", later);
    keyspace_reset_stale(&house.keyspace);
    keyspace_note_stale(&house.keyspace);
    cr_expect(keyspace_stale_share(&house.keyspace) == 0);
    house_deinit(&house);
}

Test(keyspace, what_nobody_wants_to_hear_is_not_collected) {
    struct house house;
    house_init(&house);
    set(&house, "k", "v");
    cr_expect(!keyspace_has_events(&house.access) && house.access.events.cap == 0);
    keyspace_hear(&house.keyspace, KEYSPACE_HEAR_CACHES, true);
    cr_expect(holds(&house, "absent", NULL));
    set(&house, "k", "v2");
    keyspace_flush_all(&house.access);
    cr_expect(keyspace_has_events(&house.access));
    cr_expect(bytes_equal(tell_events(&house), BYTES("set k, flush , ")), "%.*s",
              (int)house.events.len, (const char *)house.events.data);
    keyspace_hear(&house.keyspace, KEYSPACE_HEAR_CACHES, false);
    set(&house, "k", "v3");
    cr_expect(!keyspace_has_events(&house.access));
    house_deinit(&house);
}

Test(keyspace, a_key_that_expires_is_told_of_before_the_write_that_met_it) {
    struct house house;
    house_init(&house);
    keyspace_hear(&house.keyspace, KEYSPACE_HEAR_CHANGES | KEYSPACE_HEAR_NEW | KEYSPACE_HEAR_MISSES,
                  true);
    struct store_key key = key_of(&house, "k");
    cr_expect(keyspace_set_string(&house.access, &key, BYTES("v"),
                                  &(struct keyspace_set_options){.expire_at_ms = 1500}) ==
              KEYSPACE_DONE);
    house.access.now_ms = 1501;
    set(&house, "k", "w");
    cr_expect(holds(&house, "absent", NULL));
    cr_expect(bytes_equal(tell_events(&house), BYTES("expired k, new k, set k, expire k, new k, "
                                                     "set k, keymiss absent, ")),
              "%.*s", (int)house.events.len, (const char *)house.events.data);
    house_deinit(&house);
}

Test(keyspace, events_that_find_no_memory_are_said_to_be_lost_once) {
    struct house house;
    house_init(&house);
    set(&house, "k", "v");
    keyspace_hear(&house.keyspace, KEYSPACE_HEAR_CHANGES, true);
    struct store_key key = key_of(&house, "k");
    house.mem.fail_at = house.mem.requests;
    cr_expect(keyspace_remove(&house.access, &key, NULL, NULL) == KEYSPACE_DONE);
    cr_expect(keyspace_has_events(&house.access) && keyspace_events_lost(&house.access));
    cr_expect(!keyspace_events_lost(&house.access) && tell_events(&house).len == 0);
    house_deinit(&house);
}

static void count_visit(void *context, struct bytes name, const struct store_value *value) {
    (void)name, (void)value;
    must(buf_append_byte(context, 'x'));
}

Test(keyspace, a_walk_may_take_away_what_is_over) {
    struct house house;
    house_init(&house);
    for (int i = 0; i < 50; i++) {
        char name[16];
        snprintf(name, sizeof name, "k%d", i);
        struct store_key key = key_of(&house, name);
        cr_assert(keyspace_set_string(&house.access, &key, BYTES("v"),
                                      &(struct keyspace_set_options){
                                          .expire_at_ms = i % 2 ? 1500 : 0}) == KEYSPACE_DONE);
    }
    house.access.now_ms = 1501;
    struct buf shown;
    buf_init(&shown, mem_system(), 1 << 20);
    cr_expect(store_counts(house.store).keys == 50);
    for (int removes = 0; removes < 2; removes++) {
        struct keyspace_scan scan = {
            .visit = count_visit, .context = &shown, .remove_expired = removes};
        uint64_t cursor = 0;
        buf_clear(&shown);
        do cursor = keyspace_scan(&house.access, &scan, cursor);
        while (cursor);
        cr_expect(shown.len == 25, "%zu shown", shown.len);
        cr_expect(store_counts(house.store).keys == (removes ? 25 : 50));
    }
    buf_deinit(&shown);
    house_deinit(&house);
}

/* ---- contention -------------------------------------------------------------------------------*/

enum { HASTY_THREADS = 3, SLOW_UPDATES = 40 };

struct contest {
    struct house house;
    _Atomic bool over;
    _Atomic uint64_t added;
};

static enum keyspace_step add_one(void *context, const struct bytes *old, struct buf *result) {
    (void)context;
    int64_t value = 0;
    uint8_t digits[NUMBER_I64_TEXT_BYTES];
    cr_assert(!old || number_parse_i64(*old, &value));
    size_t len = number_format_i64(digits, value + 1);
    return buf_append(result, bytes_view(digits, len)) == BRINE_OK ? KEYSPACE_STEP_STORE
                                                                   : KEYSPACE_STEP_NO_MEMORY;
}

/* The slow one's transform takes longer than many whole updates of the others. */
static enum keyspace_step add_one_slowly(void *context, const struct bytes *old,
                                         struct buf *result) {
    struct contest *contest = context;
    uint64_t added = contest->added;
    for (int spins = 0; contest->added < added + 10 && spins < 100000000; spins++)
        if (atomic_load(&contest->house.keyspace.reserved_hash)) break;
    return add_one(NULL, old, result);
}

static void *run_hasty(void *argument) {
    struct contest *contest = argument;
    struct keyspace_access access;
    keyspace_access_init(&access, &contest->house.keyspace, NULL, mem_system());
    access.now_ms = 1000;
    struct store_key key = keyspace_key(&access, 0, BYTES("n"));
    while (!contest->over) {
        enum keyspace_outcome outcome =
            keyspace_update_string(&access, &key, add_one, NULL, "incrby");
        if (outcome == KEYSPACE_DONE) contest->added++;
    }
    keyspace_access_deinit(&access);
    return NULL;
}

Test(keyspace, a_slow_update_gets_its_turn_and_no_update_is_lost, .timeout = 60) {
    static struct contest contest;
    pthread_t threads[HASTY_THREADS];
    house_init(&contest.house);
    struct store_key key = key_of(&contest.house, "n");
    for (size_t i = 0; i < HASTY_THREADS; i++)
        cr_assert(pthread_create(&threads[i], NULL, run_hasty, &contest) == 0);
    for (int i = 0; i < SLOW_UPDATES; i++)
        cr_assert(keyspace_update_string(&contest.house.access, &key, add_one_slowly, &contest,
                                         "incrby") == KEYSPACE_DONE);
    contest.over = true;
    for (size_t i = 0; i < HASTY_THREADS; i++) pthread_join(threads[i], NULL);
    char expected[32];
    snprintf(expected, sizeof expected, "%" PRIu64, contest.added + SLOW_UPDATES);
    cr_expect(holds(&contest.house, "n", expected), "not %s", expected);
    cr_expect(contest.added > 0 && contest.house.keyspace.reserved_hash == 0);
    house_deinit(&contest.house);
}

Test(keyspace, watches_of_one_key_go_in_any_order) {
    struct house house;
    house_init(&house);
    struct watcher watchers[3] = {0};
    struct watch watches[3];
    struct store_key key = key_of(&house, "k");
    for (size_t i = 0; i < 3; i++) {
        watches[i] = (struct watch){.key = key, .watcher = &watchers[i]};
        keyspace_watch(&house.access, &watches[i]);
    }
    keyspace_unwatch(&house.keyspace, &watches[1]);
    cr_expect(!watch_has(&house.keyspace.watches, &key, &watchers[1]));
    cr_expect(watch_has(&house.keyspace.watches, &key, &watchers[0]));
    cr_expect(set(&house, "k", "v") == KEYSPACE_DONE);
    cr_expect(watchers[0].touched && !watchers[1].touched && watchers[2].touched);
    keyspace_unwatch(&house.keyspace, &watches[2]);
    watchers[0].touched = false;
    cr_expect(set(&house, "k", "w") == KEYSPACE_DONE);
    cr_expect(watchers[0].touched);
    keyspace_unwatch(&house.keyspace, &watches[0]);
    house_deinit(&house);
}

static enum keyspace_step join_first(void *context, const struct bytes *values, size_t count,
                                     struct buf *result) {
    (void)count;
    ++*(size_t *)context;
    return buf_append(result, values[0]) == BRINE_OK ? KEYSPACE_STEP_STORE
                                                     : KEYSPACE_STEP_NO_MEMORY;
}

Test(keyspace, long_values_are_not_combined_where_it_may_be_done_elsewhere) {
    struct house house;
    house_init(&house);
    size_t calls = 0;
    struct store_key to = key_of(&house, "to"), from = key_of(&house, "from");
    uint8_t *text = mem_alloc_zeroed(mem_system(), 2 << 20);
    cr_assert(text);
    cr_expect(keyspace_set_string(&house.access, &from, bytes_view(text, 2 << 20),
                                  &(struct keyspace_set_options){0}) == KEYSPACE_DONE);
    house.access.may_defer = true;
    cr_expect(keyspace_combine(&house.access, &to, &from, 1, join_first, &calls) ==
              KEYSPACE_DEFERRED);
    cr_expect(calls == 0 && house.access.deferred && holds(&house, "to", NULL));
    house.access.may_defer = house.access.deferred = false;
    cr_expect(keyspace_combine(&house.access, &to, &from, 1, join_first, &calls) == KEYSPACE_DONE);
    cr_expect(calls == 1);
    mem_free(mem_system(), text, 2 << 20);
    house_deinit(&house);
}
