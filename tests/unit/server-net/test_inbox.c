/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "net/inbox.h"

#include <criterion/criterion.h>

enum { SENDERS = 4, EACH = 5000 };

struct note {
    struct message message;
    int sender, number;
};

struct receiver {
    uv_loop_t loop;
    struct inbox inbox;
    int next[SENDERS], total;
    bool in_order;
};

static struct note notes[SENDERS][EACH];

static void take_note(struct message *message, void *owner) {
    struct receiver *receiver = owner;
    struct note *note = CONTAINER_OF(message, struct note, message);
    receiver->in_order &= receiver->next[note->sender]++ == note->number;
    if (++receiver->total == SENDERS * EACH) inbox_close(&receiver->inbox);
}

struct sender {
    struct inbox *inbox;
    int number;
};

static void send_notes(void *arg) {
    struct sender *sender = arg;
    for (int i = 0; i < EACH; i++) {
        struct note *note = &notes[sender->number][i];
        *note = (struct note){.message.run = take_note, .sender = sender->number, .number = i};
        inbox_push(sender->inbox, &note->message);
    }
}

Test(inbox, every_message_of_every_thread_arrives_once_and_in_its_senders_order) {
    static struct receiver receiver;
    receiver.in_order = true;
    struct brine_error err;
    cr_assert(uv_loop_init(&receiver.loop) == 0);
    cr_assert(inbox_open(&receiver.inbox, &receiver.loop, &receiver, &err) == BRINE_OK);
    uv_thread_t threads[SENDERS];
    struct sender senders[SENDERS];
    for (int i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){&receiver.inbox, i};
        cr_assert(uv_thread_create(&threads[i], send_notes, &senders[i]) == 0);
    }
    uv_run(&receiver.loop, UV_RUN_DEFAULT);
    for (int i = 0; i < SENDERS; i++) uv_thread_join(&threads[i]);
    cr_expect(receiver.total == SENDERS * EACH && receiver.in_order);
    inbox_deinit(&receiver.inbox);
    cr_expect(uv_loop_close(&receiver.loop) == 0);
}

struct chain {
    struct message message;
    int left;
};

static void push_again(struct message *message, void *owner) {
    struct receiver *receiver = owner;
    struct chain *chain = CONTAINER_OF(message, struct chain, message);
    receiver->total++;
    if (--chain->left == 0)
        inbox_close(&receiver->inbox);
    else
        inbox_push(&receiver->inbox, message);
}

static void count_turn(uv_prepare_t *handle) {
    ++*(int *)handle->data;
}

Test(inbox, a_message_that_sends_itself_on_lets_the_loop_turn_in_between) {
    static struct receiver receiver;
    struct brine_error err;
    struct chain chain = {.message.run = push_again, .left = 10};
    int turns = 0;
    uv_prepare_t prepare;
    cr_assert(uv_loop_init(&receiver.loop) == 0);
    cr_assert(inbox_open(&receiver.inbox, &receiver.loop, &receiver, &err) == BRINE_OK);
    uv_prepare_init(&receiver.loop, &prepare);
    prepare.data = &turns;
    uv_prepare_start(&prepare, count_turn);
    uv_unref((uv_handle_t *)&prepare);
    inbox_push(&receiver.inbox, &chain.message);
    uv_run(&receiver.loop, UV_RUN_DEFAULT);
    cr_expect(receiver.total == 10 && turns >= 10, "%d turns", turns);
    uv_close((uv_handle_t *)&prepare, NULL);
    uv_run(&receiver.loop, UV_RUN_DEFAULT);
    inbox_deinit(&receiver.inbox);
    cr_expect(uv_loop_close(&receiver.loop) == 0);
}
