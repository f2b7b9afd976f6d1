/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Every allocation of a long session fails, one in each life.  Two clients of one worker run a
 * script that touches every command (what the lines below leave out is called once with words that
 * mean nothing), with the gate's keeper judging pickles; no sockets, no threads.  The first life
 * has all memory and is the reference: each reply, and a digest of the keyspace behind it.  Then,
 * for each n, a new life in which the nth request for memory is refused.  What is claimed:
 *   - the command that met the refusal answers as in the reference (it could do without), or says
 *     -OOM or the like, or its connection is closed;
 *   - where it says so nothing has changed, and the same command again answers as in the
 *     reference; where the connection is closed it was done as a whole or not at all;
 *   - the store's invariants hold, the server goes on, and at the end all memory has come back.
 *
 *     failing_session [every: 1: each n, the default; 7: each seventh, the default with a
 * sanitizer]
 *
 * Buffers that would be warm from commands before are given back ahead of each command, or they
 * would hide refusals.  Snapshots have their own: test_save.c fails each allocation of a save and
 * of a load. */

#include "cmd/dispatch.h"
#include "cmd/permission.h"
#include "gate/keeper.h"
#include "store/check.h"
#include "tests/support/one_worker.h"

#include "base/assert.h"
#include "base/number.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    CLIENTS = 2,
    LINES_MAX = 1200,
    NOW_MS = 1000000,
    BIG_BYTES = 20000, /* more than an entry holds: the value lies in a block of its own */
    PLAYED_ON = 40,    /* lines after the refusal */
    REQUESTS_MAX = 200000,
};

/* ---- the script -------------------------------------------------------------------------------*/

/* "0 ..." the first client says, "1 ..." the second.  '~': its reply tells of memory or time and is
 * not compared.  Words: $big, $pickle and $evil are pickles, $script:FILE is
 * a script of tests/corpus/scripts. */
static const char *const script_head[] = {
    "0 SET a 1",
    "0 SET b $big",
    "0 SET p $pickle",
    "0 SET p $evil",
    "0 SET a 2 GET",
    "0 SET a 2 XX KEEPTTL",
    "0 SET t v EX 100",
    "0 APPEND a xyz",
    "0 APPEND b more",
    "0 APPEND a $big",
    "0 GETRANGE a 1 5",
    "0 SETRANGE a 30000 end",
    "0 SETRANGE c 10 end",
    "0 SETBIT c 900 1",
    "0 BITFIELD c SET u8 0 255 INCRBY i16 100 7 OVERFLOW FAIL GET u4 1",
    "0 BITOP XOR d a c",
    "0 BITOP NOT e d",
    "0 BITCOUNT d 0 -1 BIT",
    "0 BITPOS d 1",
    "0 INCR n",
    "0 INCRBYFLOAT n 1.25",
    "0 INCR m",
    "0 INCRBY m 7",
    "0 DECRBY m 3",
    "0 GETSET a $pickle",
    "0 GETDEL t",
    "0 GETEX a PX 100000",
    "0 MSETNX u 1 v 2 w 3",
    "0 MSETNX u 1 x 2",
    "0 MGET a b c d e n m missing",
    "0 LCS u v LEN",
    "0 COPY a a2",
    "0 COPY b b2 DB 3",
    "0 RENAME a2 a3",
    "0 RENAMENX a3 a4",
    "0 MOVE a4 5",
    "0 SWAPDB 3 4",
    "0 TOUCH a b c",
    "0 EXPIRE b 1000 NX",
    "0 PERSIST b",
    "0 DUMP b",
    "0 SORT n BY nosort GET #",
    "0 KEYS *",
    "0 SCAN 0 COUNT 100",
    "~0 RANDOMKEY",
    "0 UNLINK b d",
    "0 SELECT 4",
    "0 GET b2",
    "0 DEL b2",
    "0 SELECT 0",
    "1 HELLO 3 SETNAME second",
    "1 SUBSCRIBE news other",
    "1 PSUBSCRIBE n* o*",
    "1 SSUBSCRIBE shard",
    "0 PUBLISH news hello",
    "0 PUBLISH news $pickle",
    "0 SPUBLISH shard hello",
    "0 PUBSUB CHANNELS",
    "0 PUBSUB NUMSUB news other",
    "1 UNSUBSCRIBE news",
    "1 PUNSUBSCRIBE",
    "1 RESET",
    "1 HELLO 3",
    "0 CONFIG SET notify-keyspace-events KEA",
    "1 PSUBSCRIBE __key*",
    "0 SET k:n 1",
    "0 DEL k:n",
    "0 CONFIG SET notify-keyspace-events \"\"",
    "1 RESET",
    "1 HELLO 3",
    "1 CLIENT TRACKING ON",
    "1 GET m",
    "1 MGET a c e",
    "0 INCR m",
    "0 SET c other",
    "1 CLIENT TRACKING OFF",
    "1 CLIENT TRACKING ON BCAST PREFIX a PREFIX x NOLOOP",
    "0 SET a again",
    "0 SET xy new",
    "1 CLIENT TRACKINGINFO",
    "1 CLIENT TRACKING OFF",
    "1 CLIENT TRACKING ON OPTIN",
    "1 CLIENT CACHING YES",
    "1 GET a",
    "0 SET a once",
    "1 RESET",
    "0 WATCH a m",
    "0 MULTI",
    "0 SET a 3",
    "0 GET a",
    "0 APPEND a $big",
    "0 INCR m",
    "0 MSET x 1 y 2",
    "0 PUBLISH news told",
    "0 EXEC",
    "0 WATCH a",
    "1 SET a overtaken",
    "0 MULTI",
    "0 GET a",
    "0 EXEC",
    "0 MULTI",
    "0 NOSUCH",
    "0 EXEC",
    "0 MULTI",
    "0 SET a no",
    "0 DISCARD",
    "0 WATCH a",
    "0 UNWATCH",
    "0 MULTI",
    "~0 CLIENT LIST",
    "0 CLIENT KILL ID 999",
    "~0 CLIENT INFO",
    "~0 EXEC",
    "1 MONITOR",
    "0 SET seen 1",
    "0 EVAL $script:redis-py_lock_release.lua 1 seen 1",
    "1 RESET",
    "0 ACL SETUSER bob on >secret ~k:* +get +set &news",
    "0 ACL GETUSER bob",
    "0 ACL LIST",
    "0 ACL DRYRUN bob get k:1",
    "0 ACL DRYRUN bob get other",
    "1 AUTH bob secret",
    "1 SET k:1 v",
    "1 SET z v",
    "1 AUTH bob wrong",
    "~0 ACL LOG",
    "0 ACL DELUSER bob",
    "1 RESET",
    "0 CONFIG SET slowlog-log-slower-than 0 slowlog-max-len 4",
    "0 SET a slow",
    "0 GET a",
    "~0 SLOWLOG GET",
    "0 CONFIG SET slowlog-log-slower-than -1",
    "0 CONFIG GET *max*",
    "~0 INFO everything",
    "0 COMMAND DOCS set mget",
    "0 COMMAND GETKEYS MSET a 1 b 2",
    "0 PICKLE.VERIFY $pickle",
    "0 PICKLE.VERIFY $evil",
    "0 PICKLE.VIEW p",
    "0 PICKLE.DIS p",
    "0 PICKLE.INSPECT p",
    "0 PICKLE.TYPES",
    "0 PICKLE.GLOBALS",
    "0 PICKLE.FIND *",
    "~0 PICKLE.STATS",
    "0 PICKLE.POLICY LIST",
    "0 PICKLE.POLICY SHOW stdlib",
    "~0 PICKLE.POLICY RELOAD",
    "0 CONFIG SET requirepass secret",
    "0 CONFIG SET requirepass \"\"",
    "1 CLIENT REPLY OFF",
    "1 SET off 1",
    "1 CLIENT REPLY ON",
    "1 CLIENT REPLY SKIP",
    "1 GET off",
    "1 CLIENT SETNAME named",
    "1 QUIT",
    "1 PING again",
};

static const char *const script_tail[] = {
    "0 SET last 1",         "0 MSET l1 1 l2 2 l3 $big",
    "0 MGET last l1 l2 l3", "0 FLUSHDB",
    "0 SET last 2",         "0 FLUSHALL",
    "0 SET last 3",         "0 GET last",
    "1 GET last",           "0 CLIENT KILL ID 0",
};

/* They end the server, wait for what never comes here, or change what every line after counts on;
 * the lines above run some of them with care. */
static const char *const not_called[] = {"shutdown", "monitor",   "client|reply", "client|pause",
                                         "multi",    "exec",      "config|set",   "quit",
                                         "debug",    "subscribe", "psubscribe",   "ssubscribe"};

struct script {
    char *lines[LINES_MAX];
    size_t count;
};

static void script_add(struct script *script, const char *format, ...) PRINTF_LIKE(2, 3);
static void script_add(struct script *script, const char *format, ...) {
    va_list args;
    va_start(args, format);
    BRINE_ASSERT(script->count < LINES_MAX, "the script has room");
    int len = vasprintf(&script->lines[script->count], format, args);
    BRINE_ASSERT(len >= 0, "the script has memory");
    script->count++;
    va_end(args);
}

/* A row with as many words as it needs at least, which mean little. */
static void script_add_row(struct script *script, const struct command *command) {
    char line[256];
    const char *bar = strchr(command->name, '|');
    size_t words = (size_t)abs(command->arity);
    int len = snprintf(line, sizeof line, "~0 %.*s", bar ? (int)(bar - command->name) : 99,
                       command->name);
    if (bar) len += snprintf(line + len, sizeof line - (size_t)len, " %s", bar + 1);
    for (size_t i = bar ? 2 : 1; i < words; i++)
        len += snprintf(line + len, sizeof line - (size_t)len, " %zu", i);
    script_add(script, "%s", line);
}

static void script_add_scripts(struct script *script) {
    struct dirent **names;
    int count = scandir("tests/corpus/scripts", &names, NULL, alphasort);
    BRINE_ASSERT(count > 0, "it is run from the top of the tree");
    for (int i = 0; i < count; i++) {
        if (strstr(names[i]->d_name, ".lua")) {
            script_add(script, "~0 EVAL $script:%s 1 k:s 5 5 5 5 5", names[i]->d_name);
            script_add(script, "~0 EVAL $script:%s 2 k:s k:t token 100", names[i]->d_name);
        }
        free(names[i]);
    }
    free(names);
}

static void script_make(struct script *script) {
    *script = (struct script){0};
    for (size_t i = 0; i < ARRAY_LEN(script_head); i++) script_add(script, "%s", script_head[i]);
    for (size_t i = 0; i < command_table_count(); i++) {
        bool is_called = command_table[i].handler != NULL;
        for (size_t j = 0; j < ARRAY_LEN(not_called); j++)
            is_called &= strcmp(command_table[i].name, not_called[j]) != 0;
        if (is_called) script_add_row(script, &command_table[i]);
    }
    script_add_scripts(script);
    for (size_t i = 0; i < ARRAY_LEN(script_tail); i++) script_add(script, "%s", script_tail[i]);
}

/* ---- an allocator that refuses once -----------------------------------------------------------*/

struct stingy {
    struct allocator allocator;
    size_t requests, refuse_at; /* SIZE_MAX: none */
    size_t taken_bytes;
    bool refused;
};

static void *stingy_resize(struct allocator *self, void *old, size_t old_bytes, size_t new_bytes) {
    struct stingy *stingy = CONTAINER_OF(self, struct stingy, allocator);
    if (new_bytes > old_bytes && stingy->requests++ == stingy->refuse_at) {
        stingy->refused = true;
        return NULL;
    }
    void *block = mem_resize(mem_system(), old, old_bytes, new_bytes);
    if (block || new_bytes == 0) stingy->taken_bytes += new_bytes - old_bytes;
    return block;
}

/* ---- a life -----------------------------------------------------------------------------------*/

struct life {
    struct stingy mem;
    struct one_worker one;
    struct services services;
    struct session sessions[CLIENTS];
    uint64_t next_id;
    struct buf reply; /* to the last line */
    bool closed;      /* by it */
};

static void must(enum brine_status status) {
    BRINE_ASSERT(status == BRINE_OK, "nothing is refused outside the script's lines");
}

static void life_connect(struct life *life, size_t client) {
    session_init(&life->sessions[client], &(struct session_options){.id = ++life->next_id,
                                                                    .mem = &life->mem.allocator,
                                                                    .authenticated = true,
                                                                    .peer = "10.0.0.1:1000",
                                                                    .local = "10.0.0.2:6379"});
}

static int64_t wall_us(void) {
    return NOW_MS * 1000;
}

static void life_init(struct life *life) {
    static struct auth_vocabulary vocabulary;
    if (vocabulary.count == 0) permission_vocabulary(&vocabulary);
    *life = (struct life){.mem = {.allocator.resize = stingy_resize, .refuse_at = SIZE_MAX}};
    struct allocator *mem = &life->mem.allocator;
    life->services = (struct services){.wall_us = wall_us};
    must(one_worker_open(&life->one, &(struct one_worker_options){
                                         .mem = mem,
                                         .store = {.shards = 4, .notes = STORE_NOTES_FULL},
                                         .vocabulary = &vocabulary,
                                         .worker.services = &life->services,
                                         .now_ms = NOW_MS,
                                     }));
    buf_init(&life->reply, mem_system(), SIZE_MAX);
    for (size_t i = 0; i < CLIENTS; i++) life_connect(life, i);
}

/* How many bytes did not come back. */
static size_t life_deinit(struct life *life) {
    for (size_t i = 0; i < CLIENTS; i++) session_deinit(&life->sessions[i]);
    one_worker_close(&life->one);
    buf_deinit(&life->reply);
    return life->mem.taken_bytes;
}

/* ---- a line -----------------------------------------------------------------------------------*/

static void add_file(struct buf *word, const char *name) {
    char path[256], text[16384];
    snprintf(path, sizeof path, "tests/corpus/scripts/%s", name);
    FILE *file = fopen(path, "rbe");
    BRINE_ASSERT(file != NULL, "the script is there");
    must(buf_append(word, bytes_view(text, fread(text, 1, sizeof text, file))));
    fclose(file);
}

static void add_word(struct buf *word, struct bytes text) {
    static char big[BIG_BYTES];
    char name[128] = {0};
    memset(big, 'b', sizeof big);
    if (bytes_is(text, "$big")) {
        must(buf_append(word, bytes_view(big, sizeof big)));
    } else if (bytes_is(text, "$pickle")) {
        must(buf_append(word, BYTES("\x80\x04}\x94(\x8c\x01n\x94K\x01\x8c\x01l\x94]\x94K\x02"
                                    "au.")));
    } else if (bytes_is(text, "$evil")) {
        must(buf_append(word, BYTES("cos\nsystem\n(S'id'\ntR.")));
    } else if (bytes_starts_with(text, BYTES("$script:"))) {
        bytes_copy_to(name, bytes_slice(text, strlen("$script:"), sizeof name - 1));
        add_file(word, name);
    } else if (!bytes_is(text, "\"\"")) {
        must(buf_append(word, text));
    }
}

/* The line as a request. */
static void encode(const char *line, struct buf *request) {
    struct buf word;
    size_t words = 1;
    buf_init(&word, mem_system(), SIZE_MAX);
    for (const char *at = line; *at; at++) words += *at == ' ';
    must(buf_printf(request, "*%zu\r\n", words));
    for (const char *at = line; words > 0; words--) {
        size_t len = strcspn(at, " ");
        buf_clear(&word);
        add_word(&word, bytes_view(at, len));
        must(buf_printf(request, "$%zu\r\n", word.len));
        must(buf_append(request, buf_view(&word)));
        must(buf_append(request, BYTES("\r\n")));
        at += len + 1;
    }
    buf_deinit(&word);
}

static void take_reply(struct life *life) {
    struct reply *reply = &life->one.worker.reply;
    size_t at = 0;
    for (size_t i = 0; i < reply->larges_count; i++) {
        size_t offset = reply->larges[i].offset;
        must(buf_append(&life->reply, bytes_slice(buf_view(&reply->out), at, offset - at)));
        must(buf_append(&life->reply, reply->larges[i].bytes));
        at = offset;
    }
    must(buf_append(&life->reply, bytes_slice(buf_view(&reply->out), at, reply->out.len)));
    reply_clear(reply);
}

static void cool_down(struct worker_state *worker) {
    reply_shrink(&worker->reply, 0);
    buf_shrink(&worker->access.old, 0);
    buf_shrink(&worker->access.new, 0);
    resp_args_shrink(&worker->args, 0);
    gate_desk_trim(&worker->access.desk, 0);
}

/* Says the line and keeps what came back; a client that was closed is connected again. */
static void say(struct life *life, const char *line) {
    struct buf request;
    struct dispatch_result result = {0};
    line += *line == '~';
    size_t client = (size_t)(*line - '0');
    struct session *session = &life->sessions[client];
    buf_init(&request, mem_system(), SIZE_MAX);
    encode(line + 2, &request);
    buf_clear(&life->reply);
    cool_down(&life->one.worker);
    dispatch_input(&life->one.worker, session, buf_view(&request), &result);
    BRINE_ASSERT(life->one.worker.access.hold.depth == 0, "no lock is left");
    take_reply(life);
    life->closed = result.close || result.drop;
    BRINE_ASSERT(life->closed || result.consumed == request.len, "the whole line was run");
    if (life->closed) {
        session_deinit(session);
        life_connect(life, client);
    }
    buf_deinit(&request);
}

struct digest {
    uint32_t db;
    uint64_t sum;
};

static void add_key(void *context, struct bytes name, const struct store_value *value) {
    struct digest *digest = context;
    struct hash_secret about = {hash_bytes(&(struct hash_secret){1, digest->db}, name),
                                (uint64_t)value->expire_at_ms};
    digest->sum += hash_bytes(&about, value->bytes);
}

/* Of all keys, in any order. */
static uint64_t digest_of(struct life *life) {
    struct store_hold hold = {0};
    struct digest digest = {0};
    for (; digest.db < store_databases(life->one.store); digest.db++) {
        struct store_scan scan = {
            .db = digest.db, .now_ms = NOW_MS, .visit = add_key, .ctx = &digest};
        uint64_t cursor = 0;
        do cursor = store_scan(life->one.store, &hold, &scan, cursor);
        while (cursor);
    }
    return digest.sum;
}

/* ---- lives ------------------------------------------------------------------------------------*/

struct reference {
    struct line {
        struct buf reply;
        uint64_t digest; /* of the keyspace behind it */
        size_t requests; /* for memory, up to its end */
        bool closed;
    } lines[LINES_MAX];
    size_t first_request, requests;
};

struct run {
    const struct script *script;
    struct reference reference;
    size_t lives, answered, refused, closed, unsure, failed;
};

/* A failure is said, and the lives go on. */
static void fail(struct run *run, size_t n, size_t line, const char *what, struct bytes reply) {
    printf("allocation %zu, line %zu: %.200s\n  %s: %.*s\n", n, line, run->script->lines[line],
           what, (int)MIN(reply.len, (size_t)300), (const char *)reply.data);
    run->failed++;
}

static void check_store(struct run *run, struct life *life, size_t n, size_t line) {
    struct store_hold hold = {0};
    struct store_check check = store_check(life->one.store, &hold);
    if (check.broken) fail(run, n, line, "the store is broken", bytes_of_cstr(check.broken));
}

static void live_reference(struct run *run) {
    struct life life;
    life_init(&life);
    run->reference.first_request = life.mem.requests;
    for (size_t i = 0; i < run->script->count; i++) {
        struct line *line = &run->reference.lines[i];
        say(&life, run->script->lines[i]);
        buf_init(&line->reply, mem_system(), SIZE_MAX);
        must(buf_append(&line->reply, buf_view(&life.reply)));
        line->closed = life.closed;
        line->requests = life.mem.requests;
        line->digest = digest_of(&life);
    }
    run->reference.requests = life.mem.requests;
    check_store(run, &life, 0, 0);
    size_t lost = life_deinit(&life);
    if (lost) fail(run, 0, 0, "memory was lost without any refusal", BYTES(""));
}

static bool contains(struct bytes text, const char *word) {
    return memmem(text.data, text.len, word, strlen(word)) != NULL;
}

/* LCS and unpacking have words of their own. */
static bool says_out_of_memory(struct bytes reply) {
    return bytes_starts_with(reply, BYTES("-OOM")) ||
           contains(reply, "an allocation was refused") || contains(reply, "Insufficient memory") ||
           (bytes_starts_with(reply, BYTES("-ERR")) && contains(reply, "out of memory"));
}

static bool is_as_reference(const struct life *life, const struct line *line, const char *text) {
    return life->closed == line->closed &&
           (*text == '~' || bytes_equal(buf_view(&life->reply), buf_view(&line->reply)));
}

/* MSET that finds no memory even to put an old value back forgets that key (keyspace D4). */
static bool may_forget(const char *text) {
    return strstr(text, "MSET") || strstr(text, "mset");
}

/* A client whose reads cannot be remembered is told at once that they are outdated. */
static bool is_followed_by_push(struct bytes reply, struct bytes expected) {
    struct bytes more = bytes_slice(reply, MIN(expected.len, reply.len), reply.len);
    return bytes_starts_with(reply, expected) &&
           bytes_starts_with(more, BYTES(">2\r\n$10\r\ninvalidate\r\n"));
}

/* Said no; true: the lines behind it can be held against the reference. */
static bool judge_refused(struct run *run, struct life *life, size_t n, size_t i, uint64_t before) {
    const struct line *line = &run->reference.lines[i];
    const char *text = run->script->lines[i];
    uint64_t now = digest_of(life);
    run->refused++;
    if (life->sessions[text[*text == '~'] - '0'].queued >= 0 || strstr(text, "EXEC")) return false;
    if (now != before && !may_forget(text))
        fail(run, n, i, "it is refused and changed something", buf_view(&life->reply));
    if (now != before) return false;
    say(life, text);
    if (!is_as_reference(life, line, text) || digest_of(life) != line->digest)
        fail(run, n, i, "it does not go the second time", buf_view(&life->reply));
    return true;
}

/* Of the line that met the refusal; true as above. */
static bool judge(struct run *run, struct life *life, size_t n, size_t i) {
    const struct line *line = &run->reference.lines[i];
    const char *text = run->script->lines[i];
    struct bytes reply = buf_view(&life->reply), expected = buf_view(&line->reply);
    uint64_t before = i ? run->reference.lines[i - 1].digest : 0, now = digest_of(life);
    if (!life->closed && says_out_of_memory(reply) && !says_out_of_memory(expected))
        return judge_refused(run, life, n, i, before);
    if (is_as_reference(life, line, text) || is_followed_by_push(reply, expected)) {
        run->answered++;
        if (now != line->digest) fail(run, n, i, "it answers as always and did otherwise", reply);
        return reply.len == expected.len;
    }
    if (life->closed) {
        run->closed++;
        if (now != before && now != line->digest && !strstr(text, "EXEC") && !may_forget(text))
            fail(run, n, i, "its connection is closed and it is half done", reply);
        return false;
    }
    run->unsure++;
    /* An inner reply of EXEC, or what PICKLE.INSPECT saw so far and why no more. */
    if (!contains(reply, "OOM ") && !contains(reply, "memory for verif"))
        fail(run, n, i, "it says something else", reply);
    return false;
}

/* The nth request of the script is refused. */
static void live_refused(struct run *run, size_t n) {
    struct life life;
    size_t line = 0, count = run->script->count;
    life_init(&life);
    life.mem.refuse_at = n;
    while (run->reference.lines[line].requests <= n) say(&life, run->script->lines[line++]);
    if (life.mem.refused) fail(run, n, line, "it is refused early", BYTES(""));
    say(&life, run->script->lines[line]);
    if (!life.mem.refused) fail(run, n, line, "it is not refused here", BYTES(""));
    bool is_same = judge(run, &life, n, line);
    check_store(run, &life, n, line);
    for (size_t i = line + 1; i < MIN(line + PLAYED_ON, count); i++) {
        say(&life, run->script->lines[i]);
        if (is_same && !is_as_reference(&life, &run->reference.lines[i], run->script->lines[i])) {
            printf("behind line %zu: %s\n", line, run->script->lines[line]);
            fail(run, n, i, "a later line answers something else", buf_view(&life.reply));
            break;
        }
    }
    for (size_t i = count - ARRAY_LEN(script_tail); i < count; i++)
        say(&life, run->script->lines[i]);
    check_store(run, &life, n, line);
    if (life_deinit(&life)) fail(run, n, line, "memory was lost", BYTES(""));
    run->lives++;
}

int main(int argc, char **argv) {
    static struct script script;
    static struct run run;
    const char *variant = getenv("BRINE_VARIANT");
    uint64_t every = variant && strcmp(variant, "release") != 0 ? 7 : 1;
    if (argc > 1 && (!number_parse_u64(bytes_of_cstr(argv[1]), &every) || every == 0)) return 2;
    script_make(&script);
    run.script = &script;
    live_reference(&run);
    BRINE_ASSERT(run.reference.requests < REQUESTS_MAX, "the script is of a reasonable length");
    for (size_t n = run.reference.first_request; n < run.reference.requests; n += every)
        live_refused(&run, n);
    printf("%zu lines with %zu requests for memory; %zu lives: %zu could do without, %zu were "
           "refused and then went, %zu were closed, %zu said so in another way\n",
           script.count, run.reference.requests - run.reference.first_request, run.lives,
           run.answered, run.refused, run.closed, run.unsure);
    for (size_t i = 0; i < script.count; i++) {
        buf_deinit(&run.reference.lines[i].reply);
        free(script.lines[i]);
    }
    printf("%zu passed, %zu failed\n", run.lives + 1 - MIN(run.failed, run.lives), run.failed);
    return run.failed ? 1 : 0;
}
