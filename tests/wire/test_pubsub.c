/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* SUBSCRIBE and its siblings, PUBLISH, PUBSUB.  The clients live on different workers. */

#include "support.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

TRANSCRIPT(pubsub, subscribing_counts_and_publishing_tells_how_many_heard,
           {"SUBSCRIBE a", "[\"subscribe\", \"a\", 1]"}, {"@1 PUBLISH a hello", "1"},
           {"@1 PUBLISH b hello", "0"}, {"@2 PSUBSCRIBE ?", "[\"psubscribe\", \"?\", 1]"},
           {"@1 PUBLISH a again", "2"}, {"@1 PUBSUB NUMSUB a b", "[\"a\", 1, \"b\", 0]"},
           {"@1 PUBSUB NUMPAT", "1"}, {"@1 PUBSUB CHANNELS", "[\"a\"]"},
           {"@1 PUBSUB CHANNELS b*", "[]"}, {"@1 PUBSUB NUMSUB", "[]"},
           {"@1 PUBSUB NOSUCH", "~-ERR unknown subcommand*"})

TRANSCRIPT(pubsub, shard_channels_are_apart, {"SSUBSCRIBE a", "[\"ssubscribe\", \"a\", 1]"},
           {"@1 PUBLISH a x", "0"}, {"@1 SPUBLISH a x", "1"},
           {"@1 PUBSUB SHARDCHANNELS", "[\"a\"]"},
           {"@1 PUBSUB SHARDNUMSUB a b", "[\"a\", 1, \"b\", 0]"}, {"@1 PUBSUB CHANNELS", "[]"})

TRANSCRIPT(pubsub, a_listener_of_resp2_may_say_little_else,
           {"SUBSCRIBE a", "[\"subscribe\", \"a\", 1]"},
           {"GET k", "-ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / "
                     "QUIT / RESET are allowed in this context"},
           {"PING", "[\"pong\", \"\"]"}, {"PING x", "[\"pong\", \"x\"]"},
           {"UNSUBSCRIBE a", "[\"unsubscribe\", \"a\", 0]"},
           {"UNSUBSCRIBE", "[\"unsubscribe\", nil, 0]"}, {"GET k", "nil"},
           {"SUBSCRIBE b", "[\"subscribe\", \"b\", 1]"}, {"RESET", "+RESET"},
           {"@1 PUBLISH b x", "0"})

TRANSCRIPT(pubsub, a_message_is_judged_as_a_value_is,
           {"@brine CONFIG SET gate.mode enforce", "+OK"},
           {"@1 SUBSCRIBE a", "[\"subscribe\", \"a\", 1]"},
           {"@brine PUBLISH a \"cos\\nsystem\\n(S'id'\\ntR.\"", "~-PICKLEDENIED*os.system*"},
           {"@brine MULTI", "+OK"},
           {"@brine PUBLISH a \"cos\\nsystem\\n(S'id'\\ntR.\"", "~-PICKLEDENIED*os.system*"},
           {"@brine EXEC", "~-EXECABORT*"}, {"@brine PUBLISH a plain", "1"})

static void hears(int fd, const char *what, const char *expected) {
    char text[512] = {0};
    size_t len = wire_raw_read(fd, text, strlen(expected));
    cr_expect(len == strlen(expected) && memcmp(text, expected, len) == 0, "%s: got %.*s", what,
              (int)len, text);
}

static void says(int fd, const char *text) {
    wire_raw_send(fd, text, strlen(text));
}

Test(pubsub, messages_come_in_order_in_the_form_of_each_protocol) {
    struct wire *wire = wire_open(NULL);
    int old = wire_raw_open(wire), new = wire_raw_open(wire), sender = wire_raw_open(wire);
    says(old, "SUBSCRIBE a\r\nPSUBSCRIBE a*\r\n");
    hears(old, "RESP2",
          "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"
          "*3\r\n$10\r\npsubscribe\r\n$2\r\na*\r\n:2\r\n");
    says(new, "HELLO 3\r\n");
    char skipped[512];
    cr_assert(wire_raw_read_some(new, skipped, sizeof skipped) > 0);
    says(new, "SUBSCRIBE a\r\n");
    hears(new, "RESP3", ">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n");

    says(sender, "PUBLISH a 1\r\nPUBLISH a 2\r\n");
    hears(sender, "the sender", ":3\r\n:3\r\n");
    for (int i = 1; i <= 2; i++) {
        char expected[256];
        snprintf(expected, sizeof expected,
                 "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\n%d\r\n"
                 "*4\r\n$8\r\npmessage\r\n$2\r\na*\r\n$1\r\na\r\n$1\r\n%d\r\n",
                 i, i);
        hears(old, "RESP2", expected);
        snprintf(expected, sizeof expected, ">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\n%d\r\n", i);
        hears(new, "RESP3", expected);
    }
    /* One's own message stands before the reply to PUBLISH. */
    says(new, "PUBLISH a me\r\nGET none\r\n");
    hears(new, "oneself", ">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nme\r\n:3\r\n_\r\n");
    close(old);
    close(new);
    close(sender);
    wire_close(wire);
}

Test(pubsub, a_queued_publish_reaches_others_when_exec_runs) {
    struct wire *wire = wire_open(NULL);
    int listener = wire_raw_open(wire), sender = wire_raw_open(wire);
    says(listener, "SUBSCRIBE a\r\n");
    hears(listener, "listener", "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n");
    says(sender, "MULTI\r\nSETEX k 100 v\r\nPUBLISH a v\r\nEXEC\r\n");
    hears(sender, "sender", "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n:1\r\n");
    hears(listener, "listener", "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nv\r\n");
    close(listener);
    close(sender);
    wire_close(wire);
}

Test(pubsub, a_listener_that_does_not_read_is_closed_at_its_limit_and_delays_nobody) {
    static const char *const flags[] = {"limits.output_bytes=1mb", NULL};
    enum { MESSAGES = 200, MESSAGE_BYTES = 100000 };
    struct wire *wire = wire_open(flags);
    wire_only_for(wire, BRINE_ONLY);
    int deaf = wire_raw_open(wire), sender = wire_raw_open(wire);
    static char payload[MESSAGE_BYTES + 64];
    int head = snprintf(payload, sizeof payload, "*3\r\n$7\r\nPUBLISH\r\n$1\r\na\r\n$%d\r\n",
                        MESSAGE_BYTES);
    memset(payload + head, '<', MESSAGE_BYTES);
    memcpy(payload + head + MESSAGE_BYTES, "\r\n", 2);
    says(deaf, "SUBSCRIBE a\r\n");
    hears(deaf, "deaf", "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n");
    for (int i = 0; i < MESSAGES; i++) {
        wire_raw_send(sender, payload, (size_t)head + MESSAGE_BYTES + 2);
        char reply[4];
        cr_assert(wire_raw_read(sender, reply, sizeof reply) == sizeof reply);
    }
    wire_await(wire, 0, "PUBSUB NUMSUB a", "[\"a\", 0]");
    close(deaf);
    close(sender);
    wire_close(wire);
}
