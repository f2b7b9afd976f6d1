/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "net/outbox.h"
#include "support/failing.h"

#include <criterion/criterion.h>

/* Told apart by their addresses alone. */
static struct connection *client(size_t number) {
    static char places[OUTBOX_LETTERS_MAX + 1];
    return (struct connection *)(void *)&places[number];
}

#define cr_expect_bytes(bytes, text)                                                               \
    cr_expect(bytes_equal((bytes), BYTES(text)), "%.*s", (int)(bytes).len, (bytes).data)

Test(outbox, keeps_letters_in_the_order_of_their_coming) {
    struct outbox outbox;
    outbox_init(&outbox, mem_system());
    cr_expect(outbox_add(&outbox, client(0), BYTES("+OK\r\n")));
    cr_expect(outbox_add(&outbox, client(1), BYTES(":1\r\n")));
    cr_expect(outbox.count == 2);
    cr_expect_bytes(outbox_letter(&outbox, 0), "+OK\r\n");
    cr_expect_bytes(outbox_letter(&outbox, 1), ":1\r\n");
    outbox_clear(&outbox);
    cr_expect(outbox.count == 0);
    outbox_deinit(&outbox);
}

Test(outbox, gives_one_letter_out_of_turn_and_keeps_the_others) {
    struct outbox outbox;
    outbox_init(&outbox, mem_system());
    for (size_t i = 0; i < 3; i++)
        cr_assert(outbox_add(&outbox, client(i), bytes_view(&"abc"[i], 1)));
    cr_expect_bytes(outbox_take(&outbox, client(1)), "b");
    cr_expect(outbox.letters[1].connection == NULL);
    cr_expect(outbox.letters[2].connection == client(2));
    cr_expect_bytes(outbox_letter(&outbox, 2), "c");
    outbox_clear(&outbox);
    outbox_deinit(&outbox);
}

Test(outbox, refuses_more_letters_or_bytes_than_it_may_hold) {
    static uint8_t page[OUTBOX_LETTER_BYTES_MAX];
    struct outbox outbox;
    outbox_init(&outbox, mem_system());
    for (size_t i = 0; i < OUTBOX_LETTERS_MAX; i++)
        cr_assert(outbox_add(&outbox, client(i), BYTES("+OK\r\n")));
    cr_expect(!outbox_add(&outbox, client(OUTBOX_LETTERS_MAX), BYTES("+OK\r\n")));
    outbox_clear(&outbox);
    size_t taken = 0;
    while (outbox_add(&outbox, client(taken), bytes_view(page, sizeof page))) taken++;
    cr_expect(taken == OUTBOX_BYTES_MAX / sizeof page, "%zu", taken);
    outbox_clear(&outbox);
    outbox_deinit(&outbox);
}

Test(outbox, says_so_when_memory_is_refused) {
    struct failing_allocator mem;
    struct outbox outbox;
    failing_init(&mem, 0);
    outbox_init(&outbox, &mem.allocator);
    cr_expect(!outbox_add(&outbox, client(0), BYTES("+OK\r\n")));
    cr_expect(outbox.count == 0);
    outbox_deinit(&outbox);
}
