/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What gives way when memory is short, and what OBJECT and MEMORY tell. */

#include "support.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* clang-format off */
TRANSCRIPT(eviction, object_tells_how_a_value_is_kept,
    {"SET number 12345", "+OK"},
    {"SET short abc", "+OK"},
    {"SET long aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "+OK"},
    {"OBJECT ENCODING number", "\"int\""},
    {"OBJECT ENCODING short", "\"embstr\""},
    {"OBJECT ENCODING long", "\"raw\""},
    {"OBJECT ENCODING missing", "nil"},
    {"OBJECT REFCOUNT short", "1"},
    {"OBJECT REFCOUNT missing", "nil"},
    {"OBJECT IDLETIME short", "0"},
    {"OBJECT IDLETIME missing", "nil"},
    {"OBJECT FREQ missing", "nil"},
    {"OBJECT FREQ short", "~-ERR An LFU maxmemory policy is not selected, access frequency not tracked.*"},
    {"CONFIG SET maxmemory-policy allkeys-lfu", "+OK"},
    {"SET fresh v", "+OK"},
    {"OBJECT FREQ fresh", "5"},
    {"OBJECT IDLETIME fresh", "~-ERR An LFU maxmemory policy is selected, idle time not tracked.*"},
    {"OBJECT NOSUCH short", "-ERR unknown subcommand 'NOSUCH'. Try OBJECT HELP."},
    {"OBJECT FREQ", "-ERR wrong number of arguments for 'object|freq' command"})

TRANSCRIPT(eviction, object_tells_of_an_edited_value_that_it_is_kept_otherwise,
    {"SET append 10", "~*"},
    {"APPEND append 5", "~*"},
    {"OBJECT ENCODING append", "\"raw\""},
    {"APPEND appended_new 10", "~*"},
    {"OBJECT ENCODING appended_new", "\"int\""},
    {"SET setrange 10", "~*"},
    {"SETRANGE setrange 0 2", "~*"},
    {"OBJECT ENCODING setrange", "\"raw\""},
    {"SETRANGE setrange_new 0 10", "~*"},
    {"OBJECT ENCODING setrange_new", "\"raw\""},
    {"SET setrange_none 10", "~*"},
    {"SETRANGE setrange_none 0 \"\"", "~*"},
    {"OBJECT ENCODING setrange_none", "\"int\""},
    {"SET setbit 10", "~*"},
    {"SETBIT setbit 1 0", "~*"},
    {"OBJECT ENCODING setbit", "\"raw\""},
    {"SET setbit_same 10", "~*"},
    {"SETBIT setbit_same 0 0", "~*"},
    {"OBJECT ENCODING setbit_same", "\"raw\""},
    {"SETBIT setbit_new 1 1", "~*"},
    {"OBJECT ENCODING setbit_new", "\"raw\""},
    {"SET bitfield 10", "~*"},
    {"BITFIELD bitfield SET u8 0 50", "~*"},
    {"OBJECT ENCODING bitfield", "\"raw\""},
    {"SET bitfield_same 10", "~*"},
    {"BITFIELD bitfield_same SET u8 0 49", "~*"},
    {"OBJECT ENCODING bitfield_same", "\"raw\""},
    {"SET bitfield_get 10", "~*"},
    {"BITFIELD bitfield_get GET u8 0", "~*"},
    {"OBJECT ENCODING bitfield_get", "\"int\""},
    {"SET bitop 10", "~*"},
    {"BITOP AND bitop bitop", "~*"},
    {"OBJECT ENCODING bitop", "\"raw\""},
    {"SET incrbyfloat 10", "~*"},
    {"INCRBYFLOAT incrbyfloat 1", "~*"},
    {"OBJECT ENCODING incrbyfloat", "\"embstr\""},
    {"SET incr 10", "~*"},
    {"APPEND incr 5", "~*"},
    {"INCR incr", "~*"},
    {"OBJECT ENCODING incr", "\"int\""},
    {"SET getset 10", "~*"},
    {"APPEND getset 5", "~*"},
    {"GETSET getset 12", "~*"},
    {"OBJECT ENCODING getset", "\"int\""},
    {"SET getset_text 10", "~*"},
    {"APPEND getset_text 5", "~*"},
    {"GETSET getset_text abc", "~*"},
    {"OBJECT ENCODING getset_text", "\"embstr\""},
    {"SET set_get 10", "~*"},
    {"APPEND set_get 5", "~*"},
    {"SET set_get 5 GET", "~*"},
    {"OBJECT ENCODING set_get", "\"int\""},
    {"SET expire 10", "~*"},
    {"APPEND expire 5", "~*"},
    {"EXPIRE expire 100", "~*"},
    {"OBJECT ENCODING expire", "\"raw\""},
    {"SET copya 10", "~*"},
    {"APPEND copya 5", "~*"},
    {"COPY copya copy", "~*"},
    {"OBJECT ENCODING copy", "\"raw\""},
    {"SET renamea 10", "~*"},
    {"APPEND renamea 5", "~*"},
    {"RENAME renamea rename", "~*"},
    {"OBJECT ENCODING rename", "\"raw\""},
    {"SET copy_floata 10", "~*"},
    {"INCRBYFLOAT copy_floata 5", "~*"},
    {"COPY copy_floata copy_float", "~*"},
    {"OBJECT ENCODING copy_float", "\"embstr\""},
    {"SET short aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "~*"},
    {"OBJECT ENCODING short", "\"embstr\""},
    {"SET long aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "~*"},
    {"OBJECT ENCODING long", "\"raw\""},
    {"OBJECT REFCOUNT append", "1"})

TRANSCRIPT(eviction, memory_tells_what_is_taken,
    {"SET k v", "+OK"},
    {"MEMORY USAGE k", "~*"},
    {"MEMORY USAGE k SAMPLES 5", "~*"},
    {"MEMORY USAGE k SAMPLES -1", "-ERR syntax error"},
    {"MEMORY USAGE k SAMPLES", "-ERR syntax error"},
    {"MEMORY USAGE k NOSUCH 1", "-ERR syntax error"},
    {"MEMORY USAGE missing", "nil"},
    {"MEMORY STATS", "~*\"peak.allocated\", *\"keys.count\", 1, *\"fragmentation.bytes\", *"},
    {"MEMORY PURGE", "+OK"},
    {"MEMORY NOSUCH", "-ERR unknown subcommand 'NOSUCH'. Try MEMORY HELP."})

/* clang-format on */

static const char *const sixteen_megabytes[] = {"memory.max=16mb", NULL};

static const char *set_value(struct wire *wire, const char *key, const char *value, size_t len) {
    const char *set[] = {"SET", key, value};
    return wire_ask_argv(wire, 0, 3, set, (const size_t[]){3, strlen(key), len});
}

static long long info_figure(struct wire *wire, const char *field) {
    const char *at = strstr(wire_ask(wire, 0, "INFO everything"), field);
    cr_assert(at, "%s", field);
    return strtoll(at + strlen(field), NULL, 10);
}

static void read_keys(struct wire *wire, int count) {
    char get[32];
    for (int i = 0; i < count; i++) {
        snprintf(get, sizeof get, "STRLEN key:%d", i);
        (void)wire_ask(wire, 0, get);
    }
}

Test(eviction, entries_give_way_and_no_write_is_refused) {
    struct wire *wire = wire_open(sixteen_megabytes);
    static char value[20000];
    for (int i = 0; i < 3000; i++) {
        char key[16];
        snprintf(key, sizeof key, "key:%d", i);
        cr_assert_str_eq(set_value(wire, key, value, sizeof value), "+OK");
    }
    /* 60 MB into 16: some 800 stay, the oldest do not, and what is used is no more. */
    long long used = info_figure(wire, "used_memory:"),
              evicted = info_figure(wire, "evicted_keys:");
    cr_expect(used > 8 << 20 && used <= 17 << 20, /* with holes, which the next ones fill */
              "%lld bytes used", used);
    cr_expect(evicted > 2000 && evicted < 2800, "%lld went", evicted);
    /* How long they had not been asked for, and what more or less memory would have held: of that
     * something is known once 200 reads were of keys in a sample, which is small here. */
    static const char forecast[] = "~*forecast_hit_ratio_half:0.*forecast_hit_ratio_same:0.*"
                                   "forecast_hit_ratio_double:*forecast_hit_ratio_quadruple:*";
    PLAY(wire, {"INFO eviction", "~*evicted_idle_below_*ms:*"});
    bool known = false;
    for (int round = 0; round < 20 && !known; round++) {
        read_keys(wire, 3000);
        known = wire_matches(wire_ask(wire, 0, "INFO eviction"), forecast);
    }
    cr_expect(known, "%s", wire->text);
    PLAY(wire, {"STRLEN key:2999", "20000"}, {"DBSIZE", "200..1000"},
         {"SET gone soon PX 1", "+OK"});
    wire_await(wire, 0, "INFO stats", "~*expired_keys:1\\r*");
    PLAY(wire, {"FLUSHALL", "+OK"}, {"CONFIG RESETSTAT", "+OK"},
         {"INFO stats", "~*expired_keys:0\\r*expired_stale_perc:0.00\\r*evicted_keys:0\\r*"});
    wire_close(wire);
}

Test(eviction, a_value_larger_than_all_memory_is_refused_and_evicts_nothing) {
    struct wire *wire = wire_open(sixteen_megabytes);
    static char small[1000], giant[40 << 20];
    for (int i = 0; i < 2000; i++) {
        char key[16];
        snprintf(key, sizeof key, "key:%d", i);
        cr_assert_str_eq(set_value(wire, key, small, sizeof small), "+OK");
    }
    cr_expect_str_eq(set_value(wire, "giant", giant, sizeof giant),
                     "-OOM command not allowed when used memory > 'maxmemory'.");
    PLAY(wire, {"DBSIZE", "2000"}, {"EXISTS giant", "0"}, {"SET small v", "+OK"},
         {"SETRANGE long 40000000 x", "~-OOM *"}, {"SETBIT long 400000000 1", "~-OOM *"},
         {"DBSIZE", "2001"}, {"EXISTS long", "0"}, {"INFO stats", "~*evicted_keys:0\\r*"});
    wire_close(wire);
}

/* A reply that is long does not push out what it is about to say. */
Test(eviction, what_exists_is_answered_at_a_full_memory) {
    enum { VALUE = 4000, KEYS = 5000, ASKED = 1500, ENTRY = 7 + VALUE + 2, COMMAND_MAX = 64 << 10 };
    struct wire *wire = wire_open(sixteen_megabytes);
    static char value[VALUE], command[COMMAND_MAX], reply[ASKED * ENTRY + 8];
    for (int i = 0; i < KEYS; i++) {
        char key[16];
        snprintf(key, sizeof key, "key:%04d", i);
        cr_assert_str_eq(set_value(wire, key, value, sizeof value), "+OK");
    }
    size_t command_len =
        (size_t)snprintf(command, sizeof command, "*%d\r\n$4\r\nMGET\r\n", ASKED + 1);
    int found = 0;
    for (int i = KEYS; i > 0 && found < ASKED; i--) {
        char exists[32];
        snprintf(exists, sizeof exists, "EXISTS key:%04d", i - 1);
        if (!wire_matches(wire_ask(wire, 0, exists), "1")) continue;
        found++;
        command_len += (size_t)snprintf(command + command_len, sizeof command - command_len,
                                        "$8\r\nkey:%04d\r\n", i - 1);
    }
    cr_assert_eq(found, ASKED);
    int fd = wire_raw_open(wire);
    wire_raw_send(fd, command, command_len);
    size_t head_len = strlen("*1500\r\n");
    size_t len = wire_raw_read(fd, reply, head_len + ASKED * (size_t)ENTRY);
    int whole = 0;
    for (size_t at = head_len; at + ENTRY <= len && memcmp(reply + at, "$4000\r\n", 7) == 0;
         at += ENTRY)
        whole++;
    cr_expect_eq(whole, ASKED, "%d of %d until the first that is missing", whole, ASKED);
    close(fd);
    wire_close(wire);
}

/* By default a value between a quarter and half of memory.max is taken, as by redis-server. */
Test(eviction, a_value_of_nearly_half_of_the_memory_is_stored) {
    enum { PART = 1 << 20, WHOLE = 6 * PART };
    static const char head[] = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$6291456\r\n";
    struct wire *wire = wire_open(sixteen_megabytes);
    static char part[PART];
    char reply[8] = "";
    int fd = wire_raw_open(wire);
    wire_raw_send(fd, head, sizeof head - 1);
    for (int sent = 0; sent < WHOLE; sent += PART) wire_raw_send(fd, part, PART);
    wire_raw_send(fd, "\r\n", 2);
    cr_expect(wire_raw_read(fd, reply, 5) == 5 && memcmp(reply, "+OK\r\n", 5) == 0, "%s", reply);
    PLAY(wire, {"STRLEN k", "6291456"});
    close(fd);
    wire_close(wire);
}

/* What is half sent, of what could never be stored, costs nobody anything; and who sends it is
 * told, and heard on. */
Test(eviction, what_is_too_long_is_refused_where_it_says_so_and_the_client_goes_on) {
    enum { KEYS = 300, PART = 4 << 20, WHOLE = 12 << 20, CLIENTS = 4 };
    static const char head[] = "*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$12582912\r\n";
    static const char rest[] = "\r\nPING\r\n*5\r\n$4\r\nMSET\r\n$1\r\na\r\n$12582912\r\n";
    static const char refused[] = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";
    static const char wrong[] = "\r\n$1\r\nb\r\n$1\r\nc\r\nPING\r\n";
    struct wire *wire = wire_open(sixteen_megabytes);
    static char value[20000], part[PART];
    char key[16], replies[256] = {0}, expected[256];
    int fd[CLIENTS];
    for (int i = 0; i < KEYS; i++) {
        snprintf(key, sizeof key, "key:%d", i);
        cr_assert_str_eq(set_value(wire, key, value, sizeof value), "+OK");
    }
    for (int i = 0; i < CLIENTS; i++) {
        fd[i] = wire_raw_open(wire);
        wire_raw_send(fd[i], head, sizeof head - 1);
        wire_raw_send(fd[i], part, PART);
    }
    PLAY(wire, {"DBSIZE", "300"}, {"SET k v", "+OK"});
    for (int sent = PART; sent < WHOLE; sent += PART) wire_raw_send(fd[0], part, PART);
    wire_raw_send(fd[0], rest, sizeof rest - 1);
    for (int sent = 0; sent < WHOLE; sent += PART) wire_raw_send(fd[0], part, PART);
    wire_raw_send(fd[0], wrong, sizeof wrong - 1);
    int len = snprintf(expected, sizeof expected, "%s+PONG\r\n%s+PONG\r\n", refused, refused);
    cr_expect_eq(wire_raw_read(fd[0], replies, (size_t)len), (size_t)len);
    cr_expect_str_eq(replies, expected);
    PLAY(wire, {"DBSIZE", "301"}, {"EXISTS key a b", "0"}, {"INFO stats", "~*evicted_keys:0\\r*"});
    for (int i = 0; i < CLIENTS; i++) close(fd[i]);
    wire_close(wire);
}

/* The text behind the zeros may be read as lzma with a dictionary of 2 GB. */
Test(eviction, an_edit_far_out_needs_no_memory_beside_its_bytes) {
    struct wire *wire = wire_open(sixteen_megabytes);
    PLAY(wire,
         {"SETRANGE text 397909 yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy", "397963"},
         {"SETRANGE more 300000 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "300054"},
         {"APPEND text aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "398008"});
    wire_close(wire);
}

/* Of nothing but opcodes it takes 60 times its length to judge. */
Test(eviction, a_value_that_cannot_be_judged_within_the_memory_is_refused) {
    enum { DEAR = 400 * 1000 };
    struct wire *wire = wire_open(sixteen_megabytes);
    static char opcodes[DEAR];
    memset(opcodes, ')', sizeof opcodes);
    cr_expect_str_eq(set_value(wire, "dear", opcodes, sizeof opcodes),
                     "-OOM command not allowed when used memory > 'maxmemory'.");
    cr_expect_str_eq(set_value(wire, "cheap", opcodes, DEAR / 100), "+OK");
    PLAY(wire, {"EXISTS dear cheap", "1"}, {"CONFIG SET maxmemory 256mb", "+OK"});
    cr_expect_str_eq(set_value(wire, "dear", opcodes, sizeof opcodes), "+OK");
    wire_close(wire);
}
