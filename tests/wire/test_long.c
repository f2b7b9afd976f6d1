/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Long values, long replies, commands of many arguments, transactions over all of these. */

#include "support.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MB = 1 << 20, VALUES = 10, VALUE = 8 * MB };

static char big[VALUES * VALUE + 64];

static void says(int fd, const char *text) {
    wire_raw_send(fd, text, strlen(text));
}

static void hears(int fd, const char *text) {
    char reply[256] = "";
    wire_raw_read(fd, reply, strlen(text));
    cr_expect_str_eq(reply, text);
}

/* The number behind "$", "*" or ":". */
static size_t hears_number(int fd, char mark) {
    char line[32] = "";
    for (size_t len = 0; len < sizeof line - 1 && (len == 0 || line[len - 1] != '\n'); len++)
        if (wire_raw_read(fd, line + len, 1) != 1) break;
    cr_assert(line[0] == mark, "%s", line);
    return (size_t)strtoull(line + 1, NULL, 10);
}

/* Reads a bulk string of so many of the same byte. */
static void hears_run(int fd, size_t len, char byte) {
    cr_assert_eq(hears_number(fd, '$'), len);
    for (size_t left = len, part; left > 0; left -= part) {
        part = left < MB ? left : MB;
        cr_assert_eq(wire_raw_read(fd, big, part), part);
        for (size_t i = 0; i < part; i += 4093) cr_assert_eq(big[i], byte);
    }
    hears(fd, "\r\n");
}

static void store(struct wire *wire, const char *key, const void *value, size_t len) {
    const char *set[] = {"SET", key, value};
    const char *reply = wire_ask_argv(wire, 0, 3, set, (const size_t[]){3, strlen(key), len});
    cr_assert_str_eq(reply, "+OK");
}

Test(long, many_long_values_in_one_reply_are_all_sent_and_cost_nothing) {
    struct wire *wire = wire_open(NULL);
    for (int i = 0; i < VALUES; i++) {
        memset(big, 'a' + i, VALUE);
        store(wire, (char[]){'k', (char)('0' + i), 0}, big, VALUE);
    }
    size_t before = wire_resident_bytes(wire);
    int fd = wire_raw_open(wire);
    says(fd, "MGET k0 k1 k2 k3 k4 k5 k6 k7 k8 k9\r\n");
    cr_assert_eq(hears_number(fd, '*'), VALUES);
    size_t after = wire_resident_bytes(wire);
    if (wire->is_brine)
        cr_expect(after < before + 16 * MB, "%zu MB, then %zu", before / MB, after / MB);
    for (int i = 0; i < VALUES; i++) hears_run(fd, VALUE, (char)('a' + i));
    says(fd, "MULTI\r\n");
    hears(fd, "+OK\r\n");
    for (int i = 0; i < VALUES; i++) {
        says(fd, (char[]){'G', 'E', 'T', ' ', 'k', (char)('0' + i), '\r', '\n', 0});
        hears(fd, "+QUEUED\r\n");
    }
    says(fd, "EXEC\r\n");
    cr_assert_eq(hears_number(fd, '*'), VALUES);
    for (int i = 0; i < VALUES; i++) hears_run(fd, VALUE, (char)('a' + i));
    says(fd, "PING\r\n");
    hears(fd, "+PONG\r\n");
    close(fd);
    wire_close(wire);
}

Test(long, parts_of_a_long_value_are_sent_from_where_they_lie) {
    struct wire *wire = wire_open(NULL);
    PLAY(wire, {"SETRANGE k 99999999 x", "100000000"});
    size_t before = wire_resident_bytes(wire);
    int fd = wire_raw_open(wire);
    says(fd, "GETRANGE k 0 -2\r\nGETRANGE k -3 -1\r\nGETRANGE k 1000 50000\r\n");
    hears_run(fd, 99999999, '\0');
    size_t after = wire_resident_bytes(wire);
    if (wire->is_brine)
        cr_expect(after < before + 16 * MB, "%zu MB, then %zu", before / MB, after / MB);
    cr_assert_eq(hears_number(fd, '$'), 3);
    cr_assert_eq(wire_raw_read(fd, big, 5), 5);
    cr_expect(memcmp(big, "\0\0x\r\n", 5) == 0);
    hears_run(fd, 49001, '\0');
    close(fd);
    wire_close(wire);
}

Test(long, what_fits_into_a_command_is_echoed_and_what_is_stored_can_be_dumped) {
    struct wire *wire = wire_open(NULL);
    size_t len = VALUES * VALUE;
    char head[64];
    int fd = wire_raw_open(wire);
    memset(big, 'e', len);
    snprintf(head, sizeof head, "*2\r\n$4\r\nECHO\r\n$%zu\r\n", len);
    says(fd, head);
    wire_raw_send(fd, big, len);
    says(fd, "\r\nPING\r\n");
    hears_run(fd, len, 'e');
    hears(fd, "+PONG\r\n");

    memset(big, 'd', len);
    for (size_t i = 0; i < len; i += 64) big[i] = (char)(i * 2654435761U >> 13); /* no long runs */
    store(wire, "k", big, len);
    says(fd, "DUMP k\r\n");
    size_t payload_len = hears_number(fd, '$');
    char *payload = malloc(payload_len + 2);
    cr_assert(payload);
    cr_assert_eq(wire_raw_read(fd, payload, payload_len + 2), payload_len + 2);
    snprintf(head, sizeof head, "*4\r\n$7\r\nRESTORE\r\n$1\r\nr\r\n$1\r\n0\r\n$%zu\r\n",
             payload_len);
    says(fd, head);
    wire_raw_send(fd, payload, payload_len + 2);
    hears(fd, "+OK\r\n");
    free(payload);
    PLAY(wire, {"STRLEN r", "83886080"});
    close(fd);
    wire_close(wire);
}

/* Source: Redis 7.0 networking.c processMultibulkBuffer: INT_MAX. */
Test(long, a_command_may_have_more_than_a_million_arguments) {
    enum { KEYS = (1 << 20) + 100 };
    struct wire *wire = wire_open(NULL);
    int fd = wire_raw_open(wire);
    size_t len = 0;
    store(wire, "k", "v", 1);
    len += (size_t)snprintf(big, sizeof big, "*%d\r\n$6\r\nEXISTS\r\n", KEYS + 1);
    for (int i = 0; i < KEYS; i++) len += (size_t)snprintf(big + len, 16, "$1\r\nk\r\n");
    wire_raw_send(fd, big, len);
    cr_expect_eq(hears_number(fd, ':'), KEYS);
    says(fd, "*2147483648\r\n");
    hears(fd, "-ERR Protocol error: invalid multibulk length\r\n");
    cr_expect(wire_raw_is_closed(fd));
    close(fd);
    wire_close(wire);
}

/* A list of floats, which the verifier has to read as a whole. */
static size_t make_pickle(void) {
    static const char item[] = "G\x3f\xf8\0\0\0\0\0";
    size_t len = 4;
    memcpy(big, "\x80\x04](", 4);
    for (; len < 3 * MB; len += 9) memcpy(big + len, item, 9);
    memcpy(big + len, "e.", 2);
    return len + 2;
}

Test(long, a_transaction_stores_renames_and_copies_values_of_any_length) {
    struct wire *wire = wire_open(NULL);
    size_t len = make_pickle();
    char head[64];
    int fd = wire_raw_open(wire);
    store(wire, "before", big, len);
    says(fd, "MULTI\r\n");
    hears(fd, "+OK\r\n");
    snprintf(head, sizeof head, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$%zu\r\n", len);
    says(fd, head);
    wire_raw_send(fd, big, len);
    says(fd, "\r\nRENAME k k2\r\nCOPY k2 k3\r\nRENAME before after\r\nMOVE after 1\r\nEXEC\r\n");
    hears(fd, "+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n");
    hears(fd, "*5\r\n+OK\r\n+OK\r\n:1\r\n+OK\r\n:1\r\n");
    PLAY(wire, {"EXISTS k k2 k3 before after", "2"}, {"SELECT 1", "+OK"}, {"EXISTS after", "1"},
         {"SELECT 0", "+OK"}, {"MULTI", "+OK"}, {"APPEND k2 x", "+QUEUED"},
         {"SETRANGE k3 3145720 x", "+QUEUED"}, {"EXEC", "[3145732, 3145731]"});
    /* What makes a pickle of it that is not allowed is refused within a transaction, too. */
    PLAY(wire, {"SET evil \"os\\nsystem\\n(S'id'\\ntR.\"", "+OK"}, {"MULTI", "+OK"},
         {"APPEND evil x", "+QUEUED"}, {"BITOP AND c k2 k2", "+QUEUED"}, {"EXEC", "[21, 3145732]"});
    close(fd);
    wire_close(wire);
}

Test(long, appending_copies_nothing_and_who_reads_meanwhile_sees_what_was_there) {
    enum { TIMES = 200 };
    struct wire *wire = wire_open(NULL);
    memset(big, 'o', 10 * MB);
    store(wire, "k", big, 10 * MB);
    PLAY(wire, {"APPEND k o", "10485761"}); /* has room behind it now */
    int reader = wire_raw_open(wire), fd = wire_raw_open(wire);
    says(reader, "GET k\r\n");
    cr_assert_eq(hears_number(reader, '$'), 10 * MB + 1);
    for (int i = 0; i < TIMES; i++) {
        says(fd, "APPEND k nnnnnnnnnn\r\n");
        cr_assert_eq(hears_number(fd, ':'), (size_t)(10 * MB + 1 + 10 * (i + 1)));
    }
    for (size_t left = 10 * MB + 1, part; left > 0; left -= part) {
        part = left < MB ? left : MB;
        cr_assert_eq(wire_raw_read(reader, big, part), part);
        cr_assert(!memchr(big, 'n', part), "the reply changed while it was sent");
    }
    hears(reader, "\r\n");
    PLAY(wire, {"GETRANGE k 10485755 10485765", "\"oooooonnnnn\""}, {"STRLEN k", "10487761"},
         {"GETRANGE k -3 -1", "\"nnn\""}, {"SETRANGE k 10487765 xy", "10487767"},
         {"GETRANGE k -8 -1", "\"nn\\x00\\x00\\x00\\x00xy\""}, {"SETBIT k 83902143 1", "0"},
         {"STRLEN k", "10487768"}, {"SETRANGE k 2 zz", "10487768"}, {"GETRANGE k 0 4", "\"oozzo\""},
         {"BITFIELD k SET u8 0 33 GET u8 #0", "[111, 33]"}, {"GETRANGE k 0 2", "\"!oz\""});
    close(fd);
    close(reader);
    wire_close(wire);
}

/* The value begins as the import of os.system does, but for its first byte, and is long. */
Test(long, what_would_be_refused_as_a_whole_is_not_assembled_in_place) {
    static const char head[] = "aos\nsystem\n(S'id'\ntR.";
    struct wire *wire = wire_open(NULL);
    memset(big, 0, 4 * MB);
    memcpy(big, head, sizeof head - 1);
    store(wire, "k", big, 4 * MB);
    PLAY(wire, {"@brine SETRANGE k 0 c", "~-PICKLEDENIED offset *"},
         {"@brine SETBIT k 6 1", "~-PICKLEDENIED offset *"},
         {"@brine BITFIELD k SET u8 0 99", "~-PICKLEDENIED offset *"}, {"MULTI", "+OK"},
         {"SETRANGE k 4000000 abc", "+QUEUED"}, {"@brine SETRANGE k 0 c", "+QUEUED"},
         {"@brine EXEC", "~[4194304, -PICKLEDENIED offset *]"}, {"@redis EXEC", "[4194304]"},
         {"GETRANGE k 0 3", "\"aos\\n\""}, {"GETRANGE k 3999999 4000003", "\"\\x00abc\\x00\""},
         {"SETRANGE k 0 b", "4194304"}, {"GETRANGE k 0 1", "\"bo\""});
    wire_close(wire);
}

Test(long, who_reads_a_long_value_sees_what_was_there_when_it_is_edited) {
    struct wire *wire = wire_open(NULL);
    memset(big, 'o', 10 * MB);
    store(wire, "k", big, 10 * MB);
    int reader = wire_raw_open(wire);
    says(reader, "GET k\r\n");
    cr_assert_eq(hears_number(reader, '$'), 10 * MB);
    PLAY(wire, {"SETRANGE k 5000000 nnn", "10485760"}, {"SETBIT k 0 1", "0"},
         {"GETRANGE k 4999999 5000003", "\"onnno\""});
    for (size_t left = 10 * MB, part; left > 0; left -= part) {
        part = left < MB ? left : MB;
        cr_assert_eq(wire_raw_read(reader, big, part), part);
        for (size_t i = 0; i < part; i++) cr_assert_eq(big[i], 'o', "the reply changed");
    }
    hears(reader, "\r\n");
    close(reader);
    wire_close(wire);
}

/* What a client sends while it does not read lies in its query together, values and small commands:
 * of some lengths the value takes the query's memory over. */
Test(long, a_value_that_keeps_the_memory_in_which_it_came_is_whole_and_so_is_what_is_behind_it) {
    enum { LEAST = 300000, MOST = 700000, STEP_SHARE = 25, WAITS = 17 * MB };
    struct wire *wire = wire_open(NULL);
    PLAY(wire, {"CONFIG SET slowlog-log-slower-than 0", "+OK"});
    for (size_t len = LEAST; len < MOST; len += len / STEP_SHARE) {
        char head[64];
        int fd = wire_raw_open(wire);
        snprintf(head, sizeof head, "*2\r\n$4\r\nECHO\r\n$%d\r\n", WAITS);
        memset(big, 'w', WAITS);
        says(fd, head);
        wire_raw_send(fd, big, WAITS);
        says(fd, "\r\n");
        snprintf(head, sizeof head, "*3\r\n$3\r\nSET\r\n$1\r\nv\r\n$%zu\r\n", len);
        memset(big, 'v', len);
        says(fd, head);
        wire_raw_send(fd, big, len);
        says(fd, "\r\nSTRLEN v\r\nGETRANGE v 0 1\r\nSETRANGE v 0 xyz\r\nGETRANGE v 0 4\r\n");
        hears_run(fd, WAITS, 'w');
        hears(fd, "+OK\r\n");
        cr_expect_eq(hears_number(fd, ':'), len);
        hears(fd, "$2\r\nvv\r\n");
        cr_expect_eq(hears_number(fd, ':'), len);
        hears(fd, "$5\r\nxyzvv\r\n");
        memset(big, 'v', len);
        says(fd, head);
        wire_raw_send(fd, big, len);
        says(fd, "\r\n");
        hears(fd, "+OK\r\n");
        says(fd, "GET v\r\n");
        hears_run(fd, len, 'v');
        close(fd);
    }
    wire_close(wire);
}
