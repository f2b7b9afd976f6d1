/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The bytes themselves: framing, its faults in Redis's words, inline commands, pipelines however
 * they are cut, RESP3.  Each raw row is sent in one piece and again byte by byte. */

#include "support.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Text with NUL bytes in it: both fields of a row at once. */
#define SEND(text)   .send = (text), .send_len = sizeof(text) - 1
#define EXPECT(text) .expect = (text), .expect_len = sizeof(text) - 1

static const char marker[] = "$12\r\n:-the-head-:\r\n";

/* clang-format off */
Test(protocol, arrays_of_bulk_strings) {
    struct wire *wire = wire_open(NULL);
    PLAY_RAW(wire,
        {.what = "a command", SEND("*1\r\n$4\r\nPING\r\n"), EXPECT("+PONG\r\n")},
        {.what = "an empty argument", SEND("*2\r\n$4\r\nECHO\r\n$0\r\n\r\n"), EXPECT("$0\r\n\r\n")},
        {.what = "CR LF and NUL inside", SEND("*2\r\n$4\r\nECHO\r\n$6\r\n\r\n\0\r\n*\r\n"), EXPECT("$6\r\n\r\n\0\r\n*\r\n")},
        {.what = "an empty array is nothing", SEND("*0\r\n*1\r\n$4\r\nPING\r\n"), EXPECT("+PONG\r\n")},
        {.what = "a null array is nothing", SEND("*-1\r\n*1\r\n$4\r\nPING\r\n"), EXPECT("+PONG\r\n")},
        {.what = "a negative array is nothing", SEND("*-5\r\n*1\r\n$4\r\nPING\r\n"), EXPECT("+PONG\r\n")},
        {.what = "an empty command name", SEND("*1\r\n$0\r\n\r\n"), EXPECT("-ERR unknown command '', with args beginning with: \r\n")},
        {.what = "a pipeline", SEND("*1\r\n$4\r\nPING\r\n*2\r\n$4\r\nECHO\r\n$1\r\na\r\nPING\r\n\r\n*1\r\n$3\r\nFOO\r\n*1\r\n$4\r\nPING\r\n"),
         EXPECT("+PONG\r\n$1\r\na\r\n+PONG\r\n-ERR unknown command 'FOO', with args beginning with: \r\n+PONG\r\n")});
    wire_close(wire);
}

Test(protocol, framing_faults_are_named_and_end_the_connection) {
    struct wire *wire = wire_open(NULL);
    PLAY_RAW(wire,
        {.what = "letters as count", SEND("*x\r\n"), EXPECT("-ERR Protocol error: invalid multibulk length\r\n"), .closes = true},
        {.what = "no count", SEND("*\r\n"), EXPECT("-ERR Protocol error: invalid multibulk length\r\n"), .closes = true},
        {.what = "count with a tail", SEND("*1a\r\n"), EXPECT("-ERR Protocol error: invalid multibulk length\r\n"), .closes = true},
        {.what = "count with a blank", SEND("* 1\r\n"), EXPECT("-ERR Protocol error: invalid multibulk length\r\n"), .closes = true},
        {.what = "count with a plus", SEND("*+1\r\n"), EXPECT("-ERR Protocol error: invalid multibulk length\r\n"), .closes = true},
        {.what = "count with a zero before", SEND("*01\r\n"), EXPECT("-ERR Protocol error: invalid multibulk length\r\n"), .closes = true},
        {.what = "count above 32 bits", SEND("*2147483648\r\n"), EXPECT("-ERR Protocol error: invalid multibulk length\r\n"), .closes = true},
        {.what = "count above 64 bits", SEND("*99999999999999999999\r\n"), EXPECT("-ERR Protocol error: invalid multibulk length\r\n"), .closes = true},
        {.what = "count above the limit", SEND("*2147483647\r\n"), EXPECT("-ERR Protocol error: invalid multibulk length\r\n"), .closes = true, .only = BRINE_ONLY},
        {.what = "no dollar", SEND("*1\r\nPING\r\n"), EXPECT("-ERR Protocol error: expected '$', got 'P'\r\n"), .closes = true},
        {.what = "an integer as argument", SEND("*1\r\n:4\r\n"), EXPECT("-ERR Protocol error: expected '$', got ':'\r\n"), .closes = true},
        {.what = "a CR where the dollar is due", SEND("*1\r\n\r\n"), EXPECT("-ERR Protocol error: expected '$', got ' '\r\n"), .closes = true},
        {.what = "an array in an array", SEND("*1\r\n*1\r\n"), EXPECT("-ERR Protocol error: expected '$', got '*'\r\n"), .closes = true},
        {.what = "letters as length", SEND("*1\r\n$x\r\n"), EXPECT("-ERR Protocol error: invalid bulk length\r\n"), .closes = true},
        {.what = "no length", SEND("*1\r\n$\r\n"), EXPECT("-ERR Protocol error: invalid bulk length\r\n"), .closes = true},
        {.what = "a null bulk", SEND("*1\r\n$-1\r\n"), EXPECT("-ERR Protocol error: invalid bulk length\r\n"), .closes = true},
        {.what = "a null bulk as value", SEND("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$-1\r\n"), EXPECT("-ERR Protocol error: invalid bulk length\r\n"), .closes = true},
        {.what = "length above 512 MB", SEND("*1\r\n$536870913\r\n"), EXPECT("-ERR Protocol error: invalid bulk length\r\n"), .closes = true},
        {.what = "length above 32 bits", SEND("*1\r\n$4294967296\r\n"), EXPECT("-ERR Protocol error: invalid bulk length\r\n"), .closes = true},
        {.what = "length above 64 bits", SEND("*1\r\n$99999999999999999999\r\n"), EXPECT("-ERR Protocol error: invalid bulk length\r\n"), .closes = true},
        {.what = "length with a blank", SEND("*1\r\n$ 4\r\n"), EXPECT("-ERR Protocol error: invalid bulk length\r\n"), .closes = true},
        {.what = "what stood before the fault is answered", SEND("PING\r\n*1\r\n$4\r\nPING\r\n*x\r\nPING\r\n"), EXPECT("+PONG\r\n+PONG\r\n-ERR Protocol error: invalid multibulk length\r\n"), .closes = true},
        {.what = "a fault inside the second command", SEND("PING\r\n*1\r\n$x\r\n"), EXPECT("+PONG\r\n-ERR Protocol error: invalid bulk length\r\n"), .closes = true});
    wire_close(wire);
}

/* Redis 7 skips the two bytes behind a bulk unread; brine wants CR LF there. */
Test(protocol, terminators_are_read_strictly) {
    struct wire *wire = wire_open(NULL);
    wire_only_for(wire, BRINE_ONLY);
    PLAY_RAW(wire,
        {.what = "other bytes behind a bulk", SEND("*1\r\n$4\r\nPINGxx"), EXPECT("-ERR Protocol error: invalid bulk terminator\r\n"), .closes = true},
        {.what = "LF CR behind a bulk", SEND("*1\r\n$4\r\nPING\n\r"), EXPECT("-ERR Protocol error: invalid bulk terminator\r\n"), .closes = true},
        {.what = "a bulk longer than said", SEND("*1\r\n$4\r\nPINGPING\r\n"), EXPECT("-ERR Protocol error: invalid bulk terminator\r\n"), .closes = true},
        {.what = "a bulk shorter than said", SEND("*1\r\n$5\r\nPING\r\n*1"), EXPECT("-ERR Protocol error: invalid bulk terminator\r\n"), .closes = true},
        {.what = "a CR without LF behind the count", SEND("*1\r$4\r\nPING\r\n"), EXPECT("-ERR Protocol error: invalid multibulk length\r\n"), .closes = true});
    wire_close(wire);
}

Test(protocol, inline_commands) {
    struct wire *wire = wire_open(NULL);
    PLAY_RAW(wire,
        {.what = "a line", SEND("PING\r\n"), EXPECT("+PONG\r\n")},
        {.what = "a line without CR", SEND("PING\n"), EXPECT("+PONG\r\n")},
        {.what = "empty lines", SEND("\r\n\n\r\nPING\r\n"), EXPECT("+PONG\r\n")},
        {.what = "blanks alone", SEND("   \r\nPING\r\n"), EXPECT("+PONG\r\n")},
        {.what = "blanks around", SEND("  PING  \r\n"), EXPECT("+PONG\r\n")},
        {.what = "tabs", SEND("\tECHO\t\"a b\"\r\n"), EXPECT("$3\r\na b\r\n")},
        {.what = "double quotes", SEND("ECHO \"a\\x41\\n\\\"b\\q\\t\"\r\n"), EXPECT("$7\r\naA\n\"bq\t\r\n")},
        {.what = "double quotes with escapes", SEND("ECHO \"a\\x41\\n\\\"b\"\r\n"), EXPECT("$5\r\naA\n\"b\r\n")},
        {.what = "single quotes", SEND("ECHO 'a\\'b\\x41'\r\n"), EXPECT("$7\r\na'b\\x41\r\n")},
        {.what = "quotes with nothing inside", SEND("ECHO \"\"\r\n"), EXPECT("$0\r\n\r\n")},
        {.what = "a bulk header is a line here", SEND("$4\r\nPING\r\n"), EXPECT("-ERR unknown command '$4', with args beginning with: \r\n+PONG\r\n")},
        {.what = "a map header is a line here", SEND("%1\r\n"), EXPECT("-ERR unknown command '%1', with args beginning with: \r\n")},
        {.what = "double quotes left open", SEND("PING \"abc\r\n"), EXPECT("-ERR Protocol error: unbalanced quotes in request\r\n"), .closes = true},
        {.what = "single quotes left open", SEND("PING 'abc\r\n"), EXPECT("-ERR Protocol error: unbalanced quotes in request\r\n"), .closes = true},
        {.what = "text right behind quotes", SEND("PING \"abc\"d\r\n"), EXPECT("-ERR Protocol error: unbalanced quotes in request\r\n"), .closes = true},
        {.what = "NUL in a line", SEND("PI\0NG\r\n"), EXPECT("-ERR Protocol error: NUL byte in inline request\r\n"), .closes = true, .only = BRINE_ONLY},
        {.what = "SMTP is only an unknown command", SEND("HELO smtp\r\nPING\r\n"), EXPECT("-ERR unknown command 'HELO', with args beginning with: 'smtp' \r\n+PONG\r\n")});
    wire_close(wire);
}

Test(protocol, http_ends_the_connection) {
    struct wire *wire = wire_open(NULL);
    PLAY_RAW(wire,
        {.what = "POST", SEND("POST / HTTP/1.1\r\nHost: a\r\n\r\nSET k v\r\n"), EXPECT(""), .closes = true},
        {.what = "post", SEND("post / HTTP/1.1\r\n"), EXPECT(""), .closes = true},
        {.what = "a Host line", SEND("Host: a\r\nSET k v\r\n"), EXPECT(""), .closes = true},
        {.what = "GET and its Host line", SEND("GET / HTTP/1.1\r\nhost: a\r\nSET k v\r\n"), EXPECT(""), .closes = true},
        {.what = "POST as an array", SEND("*1\r\n$4\r\nPOST\r\n"), EXPECT(""), .closes = true},
        {.what = "Host: as an array", SEND("*2\r\n$5\r\nHoSt:\r\n$1\r\na\r\n"), EXPECT(""), .closes = true});
    PLAY(wire, {"EXISTS k", "0"});
    wire_close(wire);
}

Test(protocol, quit_drops_what_stands_behind_it) {
    struct wire *wire = wire_open(NULL);
    PLAY_RAW(wire,
        {.what = "QUIT", SEND("QUIT\r\nPING\r\n"), EXPECT("+OK\r\n"), .closes = true},
        {.what = "PING QUIT PING", SEND("PING\r\nQUIT\r\nSET k v\r\n"), EXPECT("+PONG\r\n+OK\r\n"), .closes = true});
    PLAY(wire, {"EXISTS k", "0"});
    wire_close(wire);
}

Test(protocol, an_error_reply_is_one_line_whatever_it_quotes) {
    struct wire *wire = wire_open(NULL);
    PLAY_RAW(wire,
        {.what = "CR LF in the name", SEND("*1\r\n$9\r\nFOO\r\n+OK\r\r\n"), EXPECT("-ERR unknown command 'FOO  +OK ', with args beginning with: \r\n")},
        {.what = "CR LF in an argument", SEND("*2\r\n$3\r\nFOO\r\n$5\r\na\r\nb\n\r\n"), EXPECT("-ERR unknown command 'FOO', with args beginning with: 'a  b ' \r\n")},
        {.what = "CR LF in a subcommand", SEND("*2\r\n$6\r\nCLIENT\r\n$5\r\na\r\nb\n\r\n"), EXPECT("-ERR unknown subcommand 'a  b '. Try CLIENT HELP.\r\n")},
        {.what = "CR LF in an option", SEND("*4\r\n$6\r\nEXPIRE\r\n$1\r\nk\r\n$1\r\n1\r\n$3\r\n\r\nx\r\n"), EXPECT("-ERR Unsupported option   x\r\n")});
    wire_close(wire);
}

static const char *const with_password[] = {"auth.password=pw", NULL};

Test(protocol, strangers_have_small_limits) {
    struct wire *wire = wire_open(with_password);
    PLAY_RAW(wire,
        {.what = "ten arguments", SEND("*10\r\n$3\r\nGET\r\n$1\r\n1\r\n$1\r\n1\r\n$1\r\n1\r\n$1\r\n1\r\n$1\r\n1\r\n$1\r\n1\r\n$1\r\n1\r\n$1\r\n1\r\n$1\r\n1\r\nAUTH pw\r\n"),
         EXPECT("-ERR wrong number of arguments for 'get' command\r\n+OK\r\n")},
        {.what = "eleven arguments", SEND("*11\r\n"), EXPECT("-ERR Protocol error: unauthenticated multibulk length\r\n"), .closes = true},
        {.what = "a longer argument", SEND("*2\r\n$4\r\nAUTH\r\n$16385\r\n"), EXPECT("-ERR Protocol error: unauthenticated bulk length\r\n"), .closes = true},
        {.what = "nothing before the password", SEND("PING\r\nAUTH pw\r\nPING\r\n"), EXPECT("-NOAUTH Authentication required.\r\n+OK\r\n+PONG\r\n")},
        {.what = "larger once it is given", SEND("AUTH pw\r\n*12\r\n$6\r\nEXISTS\r\n$1\r\n1\r\n$1\r\n1\r\n$1\r\n1\r\n$1\r\n1\r\n$1\r\n1\r\n$1\r\n1\r\n$1\r\n1\r\n$1\r\n1\r\n$1\r\n1\r\n$1\r\n1\r\n$1\r\n1\r\n"), EXPECT("+OK\r\n:0\r\n")},
        {.what = "HTTP before the password", SEND("POST / HTTP/1.1\r\n"), EXPECT(""), .closes = true},
        {.what = "QUIT before the password", SEND("QUIT\r\n"), EXPECT("+OK\r\n"), .closes = true},
        {.what = "HELLO 3 is refused in RESP2", SEND("HELLO 3 AUTH default no\r\nAUTH pw\r\nGET x\r\n"), EXPECT("-WRONGPASS invalid username-password pair or user is disabled.\r\n+OK\r\n$-1\r\n")});
    wire_close(wire);
}
/* clang-format on */

/* ---- RESP3 ----------------------------------------------------------------------------------- */

/* A connection that has said HELLO 3 and read all of the answer. */
static int resp3_open(struct wire *wire) {
    static const char hello[] = "HELLO 3\r\nECHO :-the-head-:\r\n";
    int fd = wire_raw_open(wire);
    wire_raw_send(fd, hello, sizeof hello - 1);
    char head[1024];
    size_t len = 0;
    do {
        cr_assert(len < sizeof head && wire_raw_read(fd, head + len, 1) == 1, "no HELLO");
        len++;
    } while (len < sizeof marker - 1 ||
             memcmp(head + len - (sizeof marker - 1), marker, sizeof marker - 1) != 0);
    cr_expect(head[0] == '%', "HELLO 3 answers with a map, not '%c'", head[0]);
    return fd;
}

Test(protocol, replies_of_resp3) {
    static const struct {
        const char *command, *reply;
    } rows[] = {
        {"FLUSHALL", "+OK\r\n"},
        {"GET missing", "_\r\n"},
        {"MGET a b", "*2\r\n_\r\n_\r\n"},
        {"SET k v", "+OK\r\n"},
        {"GET k", "$1\r\nv\r\n"},
        {"SET k v NX", "_\r\n"},
        {"SET k v NX GET", "$1\r\nv\r\n"},
        {"SET missing v XX GET", "_\r\n"},
        {"GETDEL missing", "_\r\n"},
        {"GETEX missing", "_\r\n"},
        {"GETSET n 0", "_\r\n"},
        {"INCR n", ":1\r\n"},
        {"TTL k", ":-1\r\n"},
        {"TYPE k", "+string\r\n"},
        {"CONFIG GET maxmemory", "%1\r\n$9\r\nmaxmemory\r\n$1\r\n0\r\n"},
        {"CONFIG GET nosuch", "%0\r\n"},
        {"CLIENT GETNAME", "_\r\n"},
        {"COMMAND INFO nosuch", "*1\r\n_\r\n"},
        {"COMMAND DOCS nosuch", "%0\r\n"},
        {"COMMAND GETKEYS GET x", "*1\r\n$1\r\nx\r\n"},
        {"COMMAND GETKEYSANDFLAGS GET x", "*1\r\n*2\r\n$1\r\nx\r\n~2\r\n+RO\r\n+access\r\n"},
        {"COMMAND INFO incr",
         "*1\r\n*10\r\n$4\r\nincr\r\n:2\r\n~3\r\n+write\r\n+denyoom\r\n+fast\r\n:1\r\n:1\r\n:1\r\n"
         "~3\r\n+@write\r\n+@string\r\n+@fast\r\n~0\r\n~1\r\n%3\r\n$5\r\nflags\r\n~3\r\n+RW\r\n"
         "+access\r\n+update\r\n$12\r\nbegin_search\r\n%2\r\n$4\r\ntype\r\n$5\r\nindex\r\n$4\r\n"
         "spec\r\n%1\r\n$5\r\nindex\r\n:1\r\n$9\r\nfind_keys\r\n%2\r\n$4\r\ntype\r\n$5\r\nrange"
         "\r\n$4\r\nspec\r\n%3\r\n$7\r\nlastkey\r\n:0\r\n$7\r\nkeystep\r\n:1\r\n$5\r\nlimit\r\n"
         ":0\r\n~0\r\n"},
        {"KEYS k", "*1\r\n$1\r\nk\r\n"},
        {"SCAN 0 MATCH k COUNT 1000", "*2\r\n$1\r\n0\r\n*1\r\n$1\r\nk\r\n"},
        {"INFO cluster", "=34\r\ntxt:# Cluster\r\ncluster_enabled:0\r\n\r\n"},
        {"CLIENT LIST ID 999999", "=4\r\ntxt:\r\n"},
        {"FOO", "-ERR unknown command 'FOO', with args beginning with: \r\n"},
        {"HELLO 4", "-NOPROTO unsupported protocol version\r\n"},
        {"GET missing", "_\r\n"},
        {"PING", "+PONG\r\n"},
        {"RESET", "+RESET\r\n"},
        {"GET missing", "$-1\r\n"},
    };
    struct wire *wire = wire_open(NULL);
    int fd = resp3_open(wire);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char reply[1024];
        wire_raw_send(fd, rows[i].command, strlen(rows[i].command));
        wire_raw_send(fd, "\r\n", 2);
        size_t len = wire_raw_read(fd, reply, strlen(rows[i].reply));
        reply[len] = '\0';
        cr_expect_str_eq(reply, rows[i].reply, "%s", rows[i].command);
    }
    close(fd);
    wire_close(wire);
}

Test(protocol, a_connection_can_go_back_to_resp2) {
    struct wire *wire = wire_open(NULL);
    int fd = resp3_open(wire);
    static const char ask[] = "GET missing\r\nHELLO 2\r\nECHO :-the-head-:\r\nGET missing\r\n";
    wire_raw_send(fd, ask, sizeof ask - 1);
    char reply[1024];
    size_t len = 0;
    while (len < sizeof reply && wire_raw_read(fd, reply + len, 1) == 1) {
        len++;
        if (len > 5 && memcmp(reply + len - 5, "$-1\r\n", 5) == 0) break;
    }
    cr_expect(len > 5 && memcmp(reply, "_\r\n*", 4) == 0, "%.*s", (int)len, reply);
    close(fd);
    wire_close(wire);
}

/* ---- pipelines ------------------------------------------------------------------------------- */

enum { PIPELINE = 5000, PIPELINE_BYTES = PIPELINE * 80 };

/* Fills out with SET and GET of i and the replies that are due. */
static void fill_pipeline(char *send, size_t *send_len, char *expect, size_t *expect_len) {
    *send_len = *expect_len = 0;
    for (int i = 0; i < PIPELINE; i++) {
        *send_len += (size_t)snprintf(send + *send_len, PIPELINE_BYTES - *send_len,
                                      "*3\r\n$3\r\nSET\r\n$5\r\nk%04d\r\n$5\r\nv%04d\r\n"
                                      "*2\r\n$3\r\nGET\r\n$5\r\nk%04d\r\n",
                                      i, i, i);
        *expect_len += (size_t)snprintf(expect + *expect_len, PIPELINE_BYTES - *expect_len,
                                        "+OK\r\n$5\r\nv%04d\r\n", i);
    }
}

Test(protocol, a_long_pipeline_is_answered_in_order_however_it_is_cut) {
    static char send[PIPELINE_BYTES], expect[PIPELINE_BYTES], reply[PIPELINE_BYTES];
    size_t send_len, expect_len;
    static const size_t steps[] = {PIPELINE_BYTES, 65536, 16384, 4093, 1024, 61};
    struct wire *wire = wire_open(NULL);
    fill_pipeline(send, &send_len, expect, &expect_len);
    for (size_t row = 0; row < sizeof steps / sizeof *steps; row++) {
        int fd = wire_raw_open(wire);
        for (size_t sent = 0; sent < send_len; sent += steps[row]) {
            size_t left = send_len - sent;
            wire_raw_send(fd, send + sent, steps[row] < left ? steps[row] : left);
        }
        size_t len = wire_raw_read(fd, reply, expect_len);
        cr_expect(len == expect_len && memcmp(reply, expect, len) == 0,
                  "pieces of %zu bytes: %zu of %zu reply bytes", steps[row], len, expect_len);
        close(fd);
    }
    wire_close(wire);
}

Test(protocol, big_values_in_a_pipeline_keep_their_place) {
    enum { VALUE = 300000, ROUNDS = 20 };
    static char value[VALUE], reply[VALUE + 64];
    static const char rest[] = "\r\nGET k\r\nPING\r\nDEL k\r\nSTRLEN k\r\n";
    struct wire *wire = wire_open(NULL);
    int fd = wire_raw_open(wire);
    memset(value, 'v', sizeof value);
    for (int i = 0; i < ROUNDS; i++) {
        char head[64];
        int len = snprintf(head, sizeof head, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$%d\r\n", VALUE - i);
        wire_raw_send(fd, head, (size_t)len);
        wire_raw_send(fd, value, (size_t)(VALUE - i));
        wire_raw_send(fd, rest, sizeof rest - 1);
        len = snprintf(head, sizeof head, "+OK\r\n$%d\r\n", VALUE - i);
        size_t due = (size_t)len + (size_t)(VALUE - i) + strlen("\r\n+PONG\r\n:1\r\n:0\r\n");
        size_t got = wire_raw_read(fd, reply, due);
        cr_expect(got == due && memcmp(reply, head, (size_t)len) == 0 &&
                      memcmp(reply + got - 17, "\r\n+PONG\r\n:1\r\n:0\r\n", 17) == 0,
                  "round %d: %zu of %zu bytes", i, got, due);
    }
    close(fd);
    wire_close(wire);
}
