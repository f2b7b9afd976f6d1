/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What clients are told without asking: keyspace notifications, outdated keys, MONITOR's lines; and
 * the clients' own side of it, CLIENT TRACKING, REPLY, PAUSE.
 *
 * A talk is rows of who says what and hears what, byte for byte, with | for CRLF.  The clients live
 * on different workers, and what was written before a client sent its command is heard before that
 * command's reply, so a row's answer is exact on Redis and on brine alike. */

#include "support.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { TALKERS = 4, HEARD_MAX = 2048 };

struct said {
    int who;
    const char *say, *hear;
};

struct talk {
    struct wire *wire;
    int fds[TALKERS];
};

/* | for CRLF. */
static size_t with_lines(const char *text, char *out) {
    size_t len = 0;
    for (; *text && len < HEARD_MAX - 2; text++) {
        if (*text != '|') {
            out[len++] = *text;
            continue;
        }
        out[len++] = '\r';
        out[len++] = '\n';
    }
    return len;
}

static void hear(struct talk *talk, const struct said *row) {
    char expected[HEARD_MAX], heard[HEARD_MAX] = {0};
    size_t len = with_lines(row->hear, expected);
    size_t got = wire_raw_read(talk->fds[row->who], heard, len);
    cr_expect(got == len && memcmp(heard, expected, len) == 0,
              "%d: %s\nexpected %.*s\nheard    %.*s", row->who, row->say, (int)len, expected,
              (int)got, heard);
}

static void play(struct talk *talk, const struct said *rows, size_t count) {
    for (size_t i = 0; i < count; i++) {
        char line[HEARD_MAX];
        size_t len = (size_t)snprintf(line, sizeof line, "%s\r\n", rows[i].say);
        if (rows[i].say[0]) wire_raw_send(talk->fds[rows[i].who], line, len);
        hear(talk, &rows[i]);
    }
}

static void talk_open(struct talk *talk) {
    talk->wire = wire_open(NULL);
    for (int i = 0; i < TALKERS; i++) talk->fds[i] = wire_raw_open(talk->wire);
}

static void talk_close(struct talk *talk) {
    static const struct said last = {0, "PING end", "$3|end|"};
    for (int i = 0; i < TALKERS; i++) close(talk->fds[i]);
    talk->fds[0] = wire_raw_open(talk->wire);
    play(talk, &last, 1);
    close(talk->fds[0]);
    wire_close(talk->wire);
}

#define TALK(suite, name, ...)                                                                     \
    Test(suite, name) {                                                                            \
        static const struct said rows[] = {__VA_ARGS__};                                           \
        struct talk talk;                                                                          \
        talk_open(&talk);                                                                          \
        play(&talk, rows, sizeof rows / sizeof *rows);                                             \
        talk_close(&talk);                                                                         \
    }

/* ---- keyspace notifications ------------------------------------------------------------------ */

TRANSCRIPT(notifications, classes_are_read_and_written_as_redis_does,
           {"CONFIG GET notify-keyspace-events", "[\"notify-keyspace-events\", \"\"]"},
           {"CONFIG SET notify-keyspace-events KEA", "+OK"},
           {"CONFIG GET notify-keyspace-events", "[\"notify-keyspace-events\", \"AKE\"]"},
           {"CONFIG SET notify-keyspace-events Kg$lshzxetdmn", "+OK"},
           {"CONFIG GET notify-keyspace-events", "[\"notify-keyspace-events\", \"AKm\"]"},
           {"CONFIG SET notify-keyspace-events nKE", "+OK"},
           {"CONFIG GET notify-keyspace-events", "[\"notify-keyspace-events\", \"nKE\"]"},
           {"CONFIG SET notify-keyspace-events Kq",
            "-ERR CONFIG SET failed (possibly related to argument 'notify-keyspace-events') - "
            "Invalid event class character. Use 'Ag$lshzxeKEtmdn'."},
           {"CONFIG GET notify-keyspace-events", "[\"notify-keyspace-events\", \"nKE\"]"},
           {"CONFIG SET notify-keyspace-events \"\"", "+OK"},
           {"CONFIG GET notify-keyspace-events", "[\"notify-keyspace-events\", \"\"]"})

#define TALK_BRINE(suite, name, ...)                                                               \
    Test(suite, name) {                                                                            \
        static const struct said rows[] = {__VA_ARGS__};                                           \
        struct talk talk;                                                                          \
        talk_open(&talk);                                                                          \
        wire_only_for(talk.wire, BRINE_ONLY);                                                      \
        play(&talk, rows, sizeof rows / sizeof *rows);                                             \
        talk_close(&talk);                                                                         \
    }

#define KE(key, event)                                                                             \
    { 1, "", "*4|$8|pmessage|$13|__keyevent@0*|$" event "|" key "|" }

TALK(notifications, each_command_says_what_redis_says,
     {1, "PSUBSCRIBE __keyevent@0*", "*3|$10|psubscribe|$13|__keyevent@0*|:1|"},
     {0, "CONFIG SET notify-keyspace-events EA", "+OK|"}, {0, "SET a 1 EX 100", "+OK|"},
     KE("$1|a", "18|__keyevent@0__:set"), KE("$1|a", "21|__keyevent@0__:expire"),
     {0, "GETEX a PERSIST", "$1|1|"}, KE("$1|a", "22|__keyevent@0__:persist"), {0, "INCR a", ":2|"},
     KE("$1|a", "21|__keyevent@0__:incrby"), {0, "DECRBY a 2", ":0|"},
     KE("$1|a", "21|__keyevent@0__:incrby"), {0, "INCRBYFLOAT a 1.5", "$3|1.5|"},
     KE("$1|a", "26|__keyevent@0__:incrbyfloat"), {0, "APPEND a x", ":4|"},
     KE("$1|a", "21|__keyevent@0__:append"), {0, "SETRANGE a 0 y", ":4|"},
     KE("$1|a", "23|__keyevent@0__:setrange"), {0, "SETBIT b 1 1", ":0|"},
     KE("$1|b", "21|__keyevent@0__:setbit"), {0, "RENAME a c", "+OK|"},
     KE("$1|a", "26|__keyevent@0__:rename_from"), KE("$1|c", "24|__keyevent@0__:rename_to"),
     {0, "COPY c d", ":1|"}, KE("$1|d", "22|__keyevent@0__:copy_to"), {0, "MOVE d 1", ":1|"},
     KE("$1|d", "24|__keyevent@0__:move_from"), {0, "MSET e 1 f 2", "+OK|"},
     KE("$1|e", "18|__keyevent@0__:set"), KE("$1|f", "18|__keyevent@0__:set"),
     {0, "GETDEL e", "$1|1|"}, KE("$1|e", "18|__keyevent@0__:del"), {0, "DEL f nokey", ":1|"},
     KE("$1|f", "18|__keyevent@0__:del"), {0, "EXPIRE c 100", ":1|"},
     KE("$1|c", "21|__keyevent@0__:expire"), {0, "EXPIRE c -1", ":1|"},
     KE("$1|c", "18|__keyevent@0__:del"), {0, "GETSET b v", "$1|@|"},
     KE("$1|b", "18|__keyevent@0__:set"), {0, "SET g 1 PX 1", "+OK|"},
     KE("$1|g", "18|__keyevent@0__:set"), KE("$1|g", "21|__keyevent@0__:expire"),
     KE("$1|g", "22|__keyevent@0__:expired"), {0, "FLUSHALL", "+OK|"}, {0, "MULTI", "+OK|"},
     {0, "SET h 1", "+QUEUED|"}, {0, "DEL h", "+QUEUED|"}, {0, "EXEC", "*2|+OK|:1|"},
     KE("$1|h", "18|__keyevent@0__:set"), KE("$1|h", "18|__keyevent@0__:del"))

TALK(notifications, misses_and_new_keys_are_told_to_who_asks,
     {1, "PSUBSCRIBE __keyevent@0*", "*3|$10|psubscribe|$13|__keyevent@0*|:1|"},
     {0, "CONFIG SET notify-keyspace-events Emn", "+OK|"}, {0, "GET a", "$-1|"},
     KE("$1|a", "22|__keyevent@0__:keymiss"), {0, "SET a 1", "+OK|"},
     KE("$1|a", "18|__keyevent@0__:new"), {0, "SET a 2", "+OK|"}, {0, "MGET a b", "*2|$1|2|$-1|"},
     KE("$1|b", "22|__keyevent@0__:keymiss"), {0, "INCR c", ":1|"},
     KE("$1|c", "18|__keyevent@0__:new"), {0, "DEL a", ":1|"}, {0, "GETDEL a", "$-1|"},
     KE("$1|a", "22|__keyevent@0__:keymiss"))

TALK(notifications, keyspace_channels_name_the_key,
     {1, "SUBSCRIBE __keyspace@3__:k", "*3|$9|subscribe|$16|__keyspace@3__:k|:1|"},
     {0, "CONFIG SET notify-keyspace-events K$", "+OK|"}, {0, "SELECT 3", "+OK|"},
     {0, "SET k 1", "+OK|"}, {1, "", "*3|$7|message|$16|__keyspace@3__:k|$3|set|"},
     {0, "SET other 1", "+OK|"}, {0, "DEL k", ":1|"}, {0, "SELECT 4", "+OK|"},
     {0, "SET k 1", "+OK|"}, {1, "PING", "*2|$4|pong|$0||"})

/* A key's name that is a pickle is as much a message as a published one. */
TALK_BRINE(notifications, no_forbidden_pickle_leaves_as_the_name_of_a_key,
           {1, "PSUBSCRIBE __key*@0*", "*3|$10|psubscribe|$9|__key*@0*|:1|"},
           {0, "CONFIG SET notify-keyspace-events Eg$", "+OK|"},
           {0, "SET \"cos\\nsystem\\n(S'id'\\ntR.\" 1", "+OK|"}, {0, "SET k 1", "+OK|"},
           {1, "", "*4|$8|pmessage|$9|__key*@0*|$18|__keyevent@0__:set|$1|k|"})

/* ---- client-side caches ---------------------------------------------------------------------- */

#define INVALIDATE(key)  ">2|$10|invalidate|*1|$1|" key "|"
#define INVALIDATE2(key) ">2|$10|invalidate|*1|$2|" key "|"
#define INVALIDATE_ALL   ">2|$10|invalidate|_|"

/* HELLO's reply is not the same everywhere: its end is a known command's. */
static void speak_resp3(struct talk *talk, int who) {
    static const char hello[] = "HELLO 3\r\nECHO hello-is-over\r\n";
    char skipped[HEARD_MAX];
    wire_raw_send(talk->fds[who], hello, strlen(hello));
    size_t len = 0;
    while (len < 15 || !memmem(skipped, len, "hello-is-over\r\n", 15)) {
        size_t more = wire_raw_read_some(talk->fds[who], skipped + len, sizeof skipped - len);
        cr_assert(more > 0);
        len += more;
    }
}

static long long client_id(struct talk *talk, int who) {
    char text[64] = {0};
    wire_raw_send(talk->fds[who], "CLIENT ID\r\n", 11);
    cr_assert(wire_raw_read_some(talk->fds[who], text, sizeof text - 1) > 0);
    long long id = 0;
    cr_assert(sscanf(text, ":%lld", &id) == 1);
    return id;
}

#define TALK3(suite, name, ...)                                                                    \
    Test(suite, name) {                                                                            \
        static const struct said rows[] = {__VA_ARGS__};                                           \
        struct talk talk;                                                                          \
        talk_open(&talk);                                                                          \
        for (int who = 1; who < TALKERS; who++) speak_resp3(&talk, who);                           \
        play(&talk, rows, sizeof rows / sizeof *rows);                                             \
        talk_close(&talk);                                                                         \
    }

TALK3(tracking, a_key_that_was_read_and_is_written_is_outdated_once,
      {1, "CLIENT TRACKING ON", "+OK|"}, {1, "GET k", "_|"}, {0, "SET k 1", "+OK|"},
      {1, "PING", INVALIDATE("k") "+PONG|"}, {0, "SET k 2", "+OK|"}, {1, "PING", "+PONG|"},
      {1, "MGET k l", "*2|$1|2|_|"}, {0, "DEL k", ":1|"}, {1, "", INVALIDATE("k")},
      {0, "SET l 1 PX 1", "+OK|"}, {1, "", INVALIDATE("l")}, {1, "SET m 1", "+OK|"},
      {0, "SET m 2", "+OK|"}, {1, "PING", "+PONG|"}, {1, "CLIENT TRACKING OFF", "+OK|"},
      {1, "GET m", "$1|2|"}, {0, "SET m 3", "+OK|"}, {1, "PING", "+PONG|"})

TALK3(tracking, own_writes_are_told_behind_their_reply_or_not_at_all,
      {1, "CLIENT TRACKING ON", "+OK|"}, {1, "GET k", "_|"}, {1, "SET k 1", "+OK|" INVALIDATE("k")},
      {1, "GET k", "$1|1|"}, {1, "MULTI", "+OK|"}, {1, "SET k 2", "+QUEUED|"},
      {1, "GET k", "+QUEUED|"}, {1, "EXEC", "*2|+OK|$1|2|" INVALIDATE("k")},
      {1, "CLIENT TRACKING OFF", "+OK|"}, {1, "CLIENT TRACKING ON NOLOOP", "+OK|"},
      {1, "GET k", "$1|2|"}, {1, "SET k 3", "+OK|"}, {1, "PING", "+PONG|"}, {1, "GET k", "$1|3|"},
      {0, "SET k 4", "+OK|"}, {1, "PING", INVALIDATE("k") "+PONG|"})

TALK3(tracking, what_was_told_within_exec_follows_though_tracking_ended_there,
      {1, "CLIENT TRACKING ON", "+OK|"},
      {1, "MULTI\r\nGET k\r\nSET k 1\r\nCLIENT TRACKING OFF\r\nEXEC",
       "+OK|+QUEUED|+QUEUED|+QUEUED|*3|_|+OK|+OK|" INVALIDATE("k")},
      {1, "MULTI\r\nCLIENT TRACKING ON\r\nFLUSHDB\r\nCLIENT TRACKING OFF\r\nEXEC",
       "+OK|+QUEUED|+QUEUED|+QUEUED|*3|+OK|+OK|+OK|" INVALIDATE_ALL})

TALK3(tracking, a_flush_outdates_everything, {1, "CLIENT TRACKING ON", "+OK|"},
      {2, "CLIENT TRACKING ON BCAST", "+OK|"}, {0, "FLUSHALL", "+OK|"}, {1, "", INVALIDATE_ALL},
      {2, "", INVALIDATE_ALL}, {1, "FLUSHDB", "+OK|" INVALIDATE_ALL}, {2, "", INVALIDATE_ALL})

TALK3(tracking, what_expires_is_outdated, {1, "CLIENT TRACKING ON", "+OK|"},
      {0, "SET k v PX 30", "+OK|"}, {1, "EXISTS k", ":1|"}, {1, "", INVALIDATE("k")})

TALK3(tracking, a_key_that_was_over_before_it_was_read_is_not_outdated_by_the_read,
      {1, "CLIENT TRACKING ON NOLOOP", "+OK|"}, {0, "SET k v PXAT 1000", "+OK|"},
      {1, "GET k", "_|"}, {0, "SET k w", "+OK|"}, {1, "PING", INVALIDATE("k") "+PONG|"},
      {0, "SET k v PXAT 1000", "+OK|"}, {0, "SET l v PXAT 1000", "+OK|"}, {1, "MULTI", "+OK|"},
      {1, "MGET k l", "+QUEUED|"}, {1, "EXEC", "*1|*2|_|_|"}, {0, "SET l w", "+OK|"},
      {1, "PING", INVALIDATE("l") "+PONG|"}, {0, "SET l v PXAT 1000", "+OK|"},
      {1,
       "EVAL \"if redis.call('get',KEYS[1]) == ARGV[1] then return redis.call('del',KEYS[1]) else "
       "return 0 end\" 1 l no",
       ":0|"},
      {0, "SET l w", "+OK|"}, {1, "PING", INVALIDATE("l") "+PONG|"})

TALK3(tracking, broadcasts_name_all_keys_with_a_prefix,
      {1, "CLIENT TRACKING ON BCAST PREFIX a PREFIX b", "+OK|"},
      {2, "CLIENT TRACKING ON BCAST PREFIX c NOLOOP", "+OK|"},
      {1, "CLIENT TRACKING ON BCAST PREFIX ab",
       "-ERR Prefix 'ab' overlaps with an existing prefix 'a'. Prefixes for a single client must "
       "not overlap.|"},
      {1, "CLIENT TRACKINGINFO",
       "%3|$5|flags|~2|$2|on|$5|bcast|$8|redirect|:0|$8|prefixes|*2|$1|a|$1|b|"},
      {0, "MSET a1 x a2 x d x", "+OK|"}, {1, "", ">2|$10|invalidate|*2|$2|a1|$2|a2|"},
      {2, "SET c 1", "+OK|"}, {2, "PING", "+PONG|"}, {0, "SET c 2", "+OK|"},
      {2, "", INVALIDATE("c")}, {1, "SET b 1", "+OK|" INVALIDATE("b")},
      {1, "CLIENT TRACKING ON",
       "-ERR You can't switch BCAST mode on/off before disabling tracking for this client, and "
       "then re-enabling it with a different mode.|"})

TALK3(tracking, broadcasts_of_a_batch_name_each_key_once_and_in_order,
      {1, "CLIENT TRACKING ON BCAST PREFIX b PREFIX a", "+OK|"},
      {0, "SET b1 1\r\nSET a2 1\r\nSET c 1\r\nSET a1 1\r\nDEL a2", "+OK|+OK|+OK|+OK|:1|"},
      {1, "", ">2|$10|invalidate|*2|$2|a1|$2|a2|" INVALIDATE2("b1")},
      {0, "MULTI\r\nSET a1 2\r\nSET a3 2\r\nEXEC", "+OK|+QUEUED|+QUEUED|*2|+OK|+OK|"},
      {1, "", ">2|$10|invalidate|*2|$2|a1|$2|a3|"},
      {1, "SET a1 3\r\nSET b1 3\r\nGET a1", "+OK|+OK|$1|3|" INVALIDATE2("a1") INVALIDATE2("b1")},
      {1, "MULTI\r\nSET a1 4\r\nGET a1\r\nEXEC\r\nPING",
       "+OK|+QUEUED|+QUEUED|*2|+OK|$1|4|+PONG|" INVALIDATE2("a1")})

TALK3(tracking, a_read_that_is_refused_and_a_script_that_reads_are_remembered_too,
      {1, "CLIENT TRACKING ON", "+OK|"}, {0, "SET k v", "+OK|"},
      {1, "BITPOS k 2", "-ERR The bit argument must be 1 or 0.|"}, {0, "SET k w", "+OK|"},
      {1, "PING", INVALIDATE("k") "+PONG|"},
      {1,
       "EVAL \"if redis.call('get',KEYS[1]) == ARGV[1] then return redis.call('del',KEYS[1]) else "
       "return 0 end\" 2 k l no",
       ":0|"},
      {0, "SET l 1", "+OK|"}, {1, "PING", INVALIDATE("l") "+PONG|"}, {0, "SET k 1", "+OK|"},
      {1, "PING", INVALIDATE("k") "+PONG|"},
      {1, "EVAL \"return redis.call('incrby',KEYS[1],ARGV[1])\" 1 m 1", ":1|"},
      {0, "SET m 1", "+OK|"}, {1, "PING", "+PONG|"})

TALK3(tracking, that_a_target_is_not_there_is_said_before_what_else_is_wrong,
#define NO_TARGET "-ERR The client ID you want redirect to does not exist|"
      {1, "CLIENT TRACKING ON REDIRECT 999999 REDIRECT 999999", NO_TARGET},
      {1, "CLIENT TRACKING OFF REDIRECT 999999", NO_TARGET},
      {1, "CLIENT TRACKING maybe REDIRECT 999999", NO_TARGET},
      {1, "CLIENT TRACKING ON REDIRECT 999999 BCAST OPTIN nonsense", NO_TARGET},
      {1, "CLIENT TRACKING ON BCAST OPTIN", "-ERR OPTIN and OPTOUT are not compatible with BCAST|"},
      {1, "CLIENT TRACKING maybe", "-ERR syntax error|"},
      {1, "CLIENT TRACKING OFF nonsense", "-ERR syntax error|"})

Test(tracking, a_client_may_redirect_to_itself) {
    struct talk talk;
    talk_open(&talk);
    speak_resp3(&talk, 1);
    char on[64], twice[160], getredir[64];
    long long id = client_id(&talk, 1);
    snprintf(on, sizeof on, "CLIENT TRACKING ON REDIRECT %lld", id);
    snprintf(twice, sizeof twice, "%s REDIRECT %lld", on, id);
    snprintf(getredir, sizeof getredir, ":%lld|", id);
    const struct said rows[] = {
        {1, twice, "-ERR A client can only redirect to a single other client|"},
        {1, "CLIENT GETREDIR", ":-1|"},
        {1, on, "+OK|"},
        {1, "CLIENT GETREDIR", getredir},
        {1, "GET k", "_|"},
        {0, "SET k 1", "+OK|"},
        {1, "", INVALIDATE("k")},
        {1, "CLIENT TRACKING ON", "+OK|"},
        {1, "CLIENT GETREDIR", ":0|"},
    };
    play(&talk, rows, sizeof rows / sizeof *rows);
    talk_close(&talk);
}

Test(tracking, a_lower_limit_forgets_keys_and_tells) {
    struct talk talk;
    talk_open(&talk);
    speak_resp3(&talk, 1);
    const struct said rows[] = {{1, "CLIENT TRACKING ON", "+OK|"},
                                {1, "MGET k l", "*2|_|_|"},
                                {0, "CONFIG SET tracking-table-max-keys 1", "+OK|"}};
    play(&talk, rows, sizeof rows / sizeof *rows);
    char told[HEARD_MAX], heard[HEARD_MAX] = {0};
    size_t len = with_lines(INVALIDATE("k"), told), key = len - 3;
    size_t got = wire_raw_read(talk.fds[1], heard, len); /* of either, who knows which */
    cr_expect(got == len && memcmp(heard, told, key) == 0 &&
                  (heard[key] == 'k' || heard[key] == 'l'),
              "%s", heard);
    talk_close(&talk);
}

TALK3(tracking, who_opts_in_or_out_says_which_reads_are_kept,
      {1, "CLIENT TRACKING ON OPTIN", "+OK|"}, {2, "CLIENT TRACKING ON OPTOUT", "+OK|"},
      {1, "GET k", "_|"}, {1, "CLIENT CACHING YES", "+OK|"}, {1, "GET l", "_|"},
      {2, "CLIENT CACHING NO", "+OK|"}, {2, "GET k", "_|"}, {2, "GET l", "_|"},
      {0, "MSET k 1 l 1", "+OK|"}, {1, "PING", INVALIDATE("l") "+PONG|"},
      {2, "PING", INVALIDATE("l") "+PONG|"}, {1, "CLIENT CACHING YES", "+OK|"},
      {1, "MULTI", "+OK|"}, {1, "GET k", "+QUEUED|"}, {1, "EXEC", "*1|$1|1|"},
      {0, "SET k 2", "+OK|"}, {1, "PING", INVALIDATE("k") "+PONG|"},
      {1, "CLIENT CACHING NO",
       "-ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.|"},
      {0, "CLIENT CACHING YES",
       "-ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or "
       "OPTOUT mode enabled|"})

Test(tracking, a_client_of_resp2_is_told_by_another_one_that_listens) {
    struct talk talk;
    talk_open(&talk);
    char on[64], getredir[64];
    long long id = client_id(&talk, 1);
    snprintf(on, sizeof on, "CLIENT TRACKING ON REDIRECT %lld", id);
    snprintf(getredir, sizeof getredir, ":%lld|", id);
    const struct said rows[] = {
        {1, "SUBSCRIBE __redis__:invalidate", "*3|$9|subscribe|$20|__redis__:invalidate|:1|"},
        {2, "CLIENT TRACKING ON REDIRECT 999999",
         "-ERR The client ID you want redirect to does not exist|"},
        {2, on, "+OK|"},
        {2, "CLIENT GETREDIR", getredir},
        {2, "GET k", "$-1|"},
        {0, "SET k 1", "+OK|"},
        {1, "", "*3|$7|message|$20|__redis__:invalidate|*1|$1|k|"},
        {0, "FLUSHALL", "+OK|"},
        {1, "", "*3|$7|message|$20|__redis__:invalidate|$-1|"},
        {2, "GET k", "$-1|"},
        {1, "QUIT", "+OK|"},
    };
    play(&talk, rows, sizeof rows / sizeof *rows);
    cr_expect(wire_raw_is_closed(talk.fds[1]));
    talk_close(&talk);
}

Test(tracking, a_target_that_is_gone_is_said_to_be) {
    struct talk talk;
    talk_open(&talk);
    speak_resp3(&talk, 2);
    char on[64], broken[96];
    long long id = client_id(&talk, 1);
    snprintf(on, sizeof on, "CLIENT TRACKING ON REDIRECT %lld", id);
    snprintf(broken, sizeof broken, ">2|$21|tracking-redir-broken|:%lld|", id);
    const struct said rows[] = {{2, on, "+OK|"}, {2, "GET k", "_|"}, {1, "QUIT", "+OK|"}};
    play(&talk, rows, sizeof rows / sizeof *rows);
    cr_expect(wire_raw_is_closed(talk.fds[1]));
    wire_await(talk.wire, 0, "CLIENT LIST", "~*id=*"); /* the server has seen it go */
    const struct said then[] = {{0, "SET k 1", "+OK|"}, {2, "", broken}};
    play(&talk, then, 2);
    talk_close(&talk);
}

/* ---- CLIENT REPLY, PAUSE, MONITOR ------------------------------------------------------------ */

TALK(client, replies_can_be_switched_off,
     {0, "CLIENT REPLY SKIP\r\nPING no\r\nPING yes", "$3|yes|"},
     {0, "CLIENT REPLY OFF\r\nPING no\r\nNOSUCH\r\nCLIENT REPLY SKIP\r\nCLIENT REPLY ON\r\nPING",
      "+OK|+PONG|"},
     {0, "CLIENT REPLY x", "-ERR syntax error|"})

TALK3(client, replies_that_are_off_within_exec_are_those_behind_it,
      {1, "MULTI\r\nPING a\r\nCLIENT REPLY OFF\r\nPING b\r\nCLIENT REPLY ON\r\nPING c\r\nEXEC",
       "+OK|+QUEUED|+QUEUED|+QUEUED|+QUEUED|+QUEUED|*5|$1|a|+OK|$1|c|"},
      {1, "MULTI\r\nPING a\r\nCLIENT REPLY OFF\r\nEXEC\r\nPING b\r\nCLIENT REPLY ON",
       "+OK|+QUEUED|+QUEUED|*2|$1|a|+OK|"},
      {1, "CLIENT REPLY OFF\r\nMULTI\r\nPING a\r\nCLIENT REPLY ON\r\nPING b\r\nEXEC\r\nPING c",
       "+OK|$1|b|$1|c|"},
      {1, "MULTI\r\nPING\r\nCLIENT REPLY SKIP\r\nPING\r\nEXEC\r\nPING no\r\nPING yes",
       "+OK|+QUEUED|+QUEUED|+QUEUED|*3|+PONG|+PONG|$3|yes|"},
      {1, "CLIENT REPLY SKIP\r\nCLIENT LIST\r\nPING", "+PONG|"})

TALK3(client, what_one_listens_to_is_heard_in_order_though_replies_are_off,
      {1, "CLIENT REPLY OFF\r\nSUBSCRIBE c\r\nPUBLISH c 1\r\nSUBSCRIBE d\r\nPUBLISH d 2",
       ">3|$9|subscribe|$1|c|:1|>3|$7|message|$1|c|$1|1|>3|$9|subscribe|$1|d|:2|>3|$7|message|$1|"
       "d|$1|2|"},
      {1, "MULTI\r\nPUBLISH c 3\r\nSET k 1\r\nEXEC\r\nCLIENT REPLY ON",
       ">3|$7|message|$1|c|$1|3|+OK|"})

TALK(client, a_pause_of_writes_holds_writes_alone, {0, "CLIENT PAUSE 100000 WRITE", "+OK|"},
     {1, "GET k", "$-1|"}, {1, "SET k 1", ""}, {2, "MULTI", "+OK|"}, {2, "SET l 1", ""},
     {3, "EVAL \"return redis.call('incrby',KEYS[1],ARGV[1])\" 1 n 1", ""}, {0, "GET k", "$-1|"},
     {0, "GET n", "$-1|"}, {0, "CLIENT UNPAUSE", "+OK|"}, {1, "", "+OK|"}, {2, "", "+QUEUED|"},
     {3, "", ":1|"}, {1, "GET k", "$1|1|"})

TALK(client, a_pause_of_all_ends_by_itself, {0, "CLIENT PAUSE 50", "+OK|"}, {1, "PING", "+PONG|"},
     {0, "PING", "+PONG|"})

TALK(client, questions_about_others_are_answered_within_exec, {0, "MULTI", "+OK|"},
     {0, "INCR a", "+QUEUED|"}, {0, "CLIENT KILL ID 999999", "+QUEUED|"},
     {0, "CLIENT LIST ID 999999", "+QUEUED|"}, {0, "CLIENT LIST TYPE replica", "+QUEUED|"},
     {0, "INCR a", "+QUEUED|"}, {0, "EXEC\r\nPING", "*5|:1|:0|$0||$0||:2|+PONG|"},
     {0, "MULTI", "+OK|"}, {0, "CLIENT KILL TYPE normal SKIPME yes", "+QUEUED|"},
     {0, "EXEC", "*1|:3|"})

Test(client, who_was_killed_within_exec_listens_no_more_for_it) {
    struct talk talk;
    talk_open(&talk);
    char kill_id[64];
    snprintf(kill_id, sizeof kill_id, "CLIENT KILL ID %lld", client_id(&talk, 1));
    const struct said rows[] = {
        {1, "SUBSCRIBE c", "*3|$9|subscribe|$1|c|:1|"},
        {2, "SUBSCRIBE d", "*3|$9|subscribe|$1|d|:1|"},
        {0, "MULTI\r\nPUBSUB NUMSUB c", "+OK|+QUEUED|"},
        {0, kill_id, "+QUEUED|"},
        {0, "PUBSUB NUMSUB c d\r\nINCR n\r\nPUBSUB CHANNELS\r\nEXEC",
         "+QUEUED|+QUEUED|+QUEUED|*5|*2|$1|c|:1|:1|*4|$1|c|:0|$1|d|:1|:1|*1|$1|d|"},
    };
    play(&talk, rows, sizeof rows / sizeof *rows);
    talk_close(&talk);
}

/* The line without its time: from the database on. */
static void sees(struct talk *talk, int who, const char *expected) {
    char line[HEARD_MAX] = {0};
    size_t len = 0;
    while (len == 0 || line[len - 1] != '\n') {
        cr_assert(len < sizeof line - 1 && wire_raw_read(talk->fds[who], line + len, 1) == 1);
        len++;
    }
    long long seconds, micros;
    int at = 0;
    cr_expect(sscanf(line, "+%lld.%6lld %n", &seconds, &micros, &at) == 2 && at > 0, "%s", line);
    const char *origin = line + at + 2, *end = strchr(origin, ']');
    bool by_script = strncmp(origin, " lua]", 5) == 0;
    char seen[HEARD_MAX];
    snprintf(seen, sizeof seen, "%.2s%s", line + at, by_script ? origin : end ? end : "");
    /* "[0 127.0.0.1:1] ..." is "[0] ...". */
    cr_expect_str_eq(seen, expected);
}

Test(monitor, every_command_is_shown_once_it_ran_and_no_secret) {
    struct talk talk;
    talk_open(&talk);
    static const struct said rows[] = {
        {1, "MONITOR", "+OK|"},
        {1, "GET k", "-ERR Replica can't interact with the keyspace|"},
        {0, "SET k \"x\\ny\\x00\\\"q\\\\ \\t\\a\\b\\x7f\\xff\"", "+OK|"},
        {0, "SELECT 3", "+OK|"},
        {0, "GET", "-ERR wrong number of arguments for 'get' command|"},
        {0, "CONFIG GET port-nosuch", "*0|"},
        {2, "MULTI", "+OK|"},
        {2, "INCR a", "+QUEUED|"},
        {2, "EXEC", "*1|:1|"},
        {0, "HELLO 2 AUTH default x SETNAME", "-ERR Syntax error in HELLO option 'SETNAME'|"},
        {0, "ECHO end", "$3|end|"},
    };
    static const char *const lines[] = {
        "[0] \"SET\" \"k\" \"x\\ny\\x00\\\"q\\\\ \\t\\a\\b\\x7f\\xff\"\r\n",
        "[3] \"SELECT\" \"3\"\r\n",
        "[0] \"MULTI\"\r\n",
        "[0] \"INCR\" \"a\"\r\n",
        "[0] \"EXEC\"\r\n",
        "[3] \"HELLO\" \"2\" \"AUTH\" \"(redacted)\" \"(redacted)\" \"SETNAME\"\r\n",
        "[3] \"ECHO\" \"end\"\r\n",
    };
    play(&talk, rows, sizeof rows / sizeof *rows);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) sees(&talk, 1, lines[i]);
    talk_close(&talk);
}

#define UNLOCK                                                                                     \
    "if redis.call('get',KEYS[1]) == ARGV[1] then return redis.call('del',KEYS[1]) else return "   \
    "0 end"

Test(monitor, a_script_is_shown_ahead_of_what_it_calls) {
    struct talk talk;
    talk_open(&talk);
    static const struct said rows[] = {
        {1, "MONITOR", "+OK|"},
        {0, "SET k v", "+OK|"},
        {0, "EVAL \"" UNLOCK "\" 1 k v", ":1|"},
        {0, "EVAL x 2 k", "-ERR Number of keys can't be greater than number of args|"},
        {0, "EVALSHA x 0", "-NOSCRIPT No matching script. Please use EVAL.|"},
        {0, "MULTI\r\nEVAL \"" UNLOCK "\" 1 k v\r\nEXEC", "+OK|+QUEUED|*1|:0|"},
    };
    static const char *const lines[] = {
        "[0] \"SET\" \"k\" \"v\"\r\n",
        "[0] \"EVAL\" \"" UNLOCK "\" \"1\" \"k\" \"v\"\r\n",
        "[0 lua] \"get\" \"k\"\r\n",
        "[0 lua] \"del\" \"k\"\r\n",
        "[0] \"EVAL\" \"x\" \"2\" \"k\"\r\n",
        "[0] \"EVALSHA\" \"x\" \"0\"\r\n",
        "[0] \"MULTI\"\r\n",
        "[0] \"EVAL\" \"" UNLOCK "\" \"1\" \"k\" \"v\"\r\n",
        "[0 lua] \"get\" \"k\"\r\n",
        "[0] \"EXEC\"\r\n",
    };
    play(&talk, rows, sizeof rows / sizeof *rows);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) sees(&talk, 1, lines[i]);
    talk_close(&talk);
}

/* ---- SWAPDB and what is said without replicas ------------------------------------------------ */

TRANSCRIPT(swapdb, databases_change_places_with_what_is_in_them, {"SET k zero EX 1000", "+OK"},
           {"SELECT 1", "+OK"}, {"SET k one", "+OK"}, {"SET l one", "+OK"}, {"@1 WATCH l", "+OK"},
           {"@1 MULTI", "+OK"}, {"@1 PING", "+QUEUED"}, {"SWAPDB 0 1", "+OK"}, {"@1 EXEC", "nil"},
           {"GET k", "\"zero\""}, {"TTL k", "990..1000"}, {"GET l", "nil"}, {"DBSIZE", "1"},
           {"SELECT 0", "+OK"}, {"GET k", "\"one\""}, {"TTL k", "-1"}, {"DBSIZE", "2"},
           {"SWAPDB 0 0", "+OK"}, {"GET l", "\"one\""},
           {"SWAPDB a 1", "-ERR invalid first DB index"},
           {"SWAPDB 0 b", "-ERR invalid second DB index"},
           {"SWAPDB 99999999999 1", "-ERR invalid first DB index"},
           {"SWAPDB 1 -2147483649", "-ERR invalid second DB index"},
           {"SWAPDB 2147483647 1", "-ERR DB index is out of range"},
           {"SWAPDB 0 99", "-ERR DB index is out of range"},
           {"SWAPDB -1 0", "-ERR DB index is out of range"})

TRANSCRIPT(replication, without_replicas_it_is_said_so, {"WAIT 0 0", "0"}, {"WAIT 1 1", "0"},
           {"WAIT x 0", "-ERR value is not an integer or out of range"},
           {"WAIT 0 x", "-ERR timeout is not an integer or out of range"},
           {"WAIT 0 -1", "-ERR timeout is negative"}, {"ROLE", "[\"master\", 0, []]"},
           {"REPLICAOF NO ONE", "+OK"}, {"SLAVEOF no one", "+OK"},
           {"REPLICAOF a b", "-ERR Invalid master port"},
           {"@brine REPLICAOF 127.0.0.1 6379", "~-ERR REPLICAOF not allowed*"},
           {"FAILOVER", "-ERR FAILOVER requires connected replicas."},
           {"FAILOVER ABORT", "-ERR No failover in progress."},
           {"FAILOVER TIMEOUT 0", "-ERR FAILOVER timeout must be greater than 0"},
           {"FAILOVER TO x", "-ERR syntax error"}, {"REPLCONF a", "-ERR syntax error"},
           {"REPLCONF listening-port 7 foo bar", "-ERR Unrecognized REPLCONF option: foo"},
           {"REPLCONF rdb-only 2", "-ERR value is out of range, value must between 0 and 1"},
           {"REPLCONF rdb-filter-only functions capa eof", "+OK"},
           {"REPLCONF rdb-filter-only \"functions x\"",
            "-ERR Unsupported rdb-filter-only option: x"},
           {"REPLCONF listening-port 1", "+OK"}, {"@brine PSYNC ? -1", "~-ERR*"})
