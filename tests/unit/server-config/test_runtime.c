/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Expectations by Redis's names were asked of redis-server 7.0.15. */

#include "config/config.h"
#include "support/failing.h"

#include <criterion/criterion.h>
#include <stdio.h>

enum { ARGUMENTS_MAX = 10 };

static void config_begin(struct config *config) {
    cr_assert_eq(config_init(config, mem_system()), BRINE_OK);
}

static enum brine_status set(struct config *config, const char *const *words,
                             struct brine_error *err) {
    struct bytes args[ARGUMENTS_MAX];
    size_t count = 0;
    for (; words[count]; count++) args[count] = bytes_of_cstr(words[count]);
    err->text[0] = 0;
    return config_set(config, args, count / 2, err);
}

/* "name=value;name=value;" */
static void get(struct config *config, const char *const *patterns, struct buf *out) {
    struct bytes args[ARGUMENTS_MAX];
    size_t count = 0;
    for (; patterns[count]; count++) args[count] = bytes_of_cstr(patterns[count]);
    struct arena arena;
    arena_init(&arena, mem_system(), 1 << 20);
    struct config_pairs pairs;
    cr_assert_eq(config_get(config, args, count, &arena, &pairs), BRINE_OK);
    buf_init(out, mem_system(), 1 << 16);
    for (size_t i = 0; i < pairs.count; i++) {
        const struct config_pair *pair = &pairs.pairs[i];
        cr_assert_eq(buf_printf(out, "%.*s=%.*s;", (int)pair->name.len,
                                (const char *)pair->name.data, (int)pair->value.len,
                                (const char *)pair->value.data),
                     BRINE_OK);
    }
    cr_assert_eq(buf_append_byte(out, 0), BRINE_OK);
    arena_deinit(&arena);
}

static void expect_get(struct config *config, const char *pattern, const char *expected) {
    struct buf out;
    get(config, (const char *const[]){pattern, NULL}, &out);
    cr_expect_str_eq((const char *)out.data, expected);
    buf_deinit(&out);
}

Test(config_get, each_dialect_answers_in_its_own_form) {
    static const struct {
        const char *patterns[ARGUMENTS_MAX], *expected;
    } rows[] = {
        {{"maxmemory"}, "maxmemory=0;"},
        {{"memory.max"}, "memory.max=0;"},
        {{"MAXMEMORY"}, "MAXMEMORY=0;"},
        {{"nosuch"}, ""},
        {{"a[b"}, ""},
        {{"maxmemory-p*"}, "maxmemory-policy=brine;"},
        {{"MAXMEMORY-P*"}, "maxmemory-policy=brine;"},
        {{"maxmemory", "maxmemory", "MAXMEMORY", "maxmemor[y]"}, "maxmemory=0;"},
        {{"timeout", "tcp-keepalive"}, "timeout=0;tcp-keepalive=300;"},
        {{"server.tcp_keepalive"}, "server.tcp_keepalive=5m;"},
        {{"protected-mode", "server.protected_mode"},
         "protected-mode=yes;server.protected_mode=true;"},
        {{"proto-max-bulk-len", "limits.bulk_bytes"},
         "proto-max-bulk-len=536870912;limits.bulk_bytes=512mb;"},
        {{"client-query-buffer-limit"}, "client-query-buffer-limit=1073741824;"},
        {{"client-output-buffer-limit"},
         "client-output-buffer-limit=normal 1073741824 0 0 slave 268435456 67108864 60 pubsub "
         "33554432 8388608 60;"},
        {{"bind", "server.bind", "port"}, "bind=127.0.0.1;server.bind=127.0.0.1;port=6379;"},
        {{"unixsocket", "unixsocketperm"}, "unixsocket=;unixsocketperm=770;"},
        {{"save", "appendonly", "dbfilename", "dir"},
         "save=;appendonly=no;dbfilename=dump.brine;dir=.;"},
        {{"databases", "maxclients", "tcp-backlog", "requirepass"},
         "databases=16;maxclients=10000;tcp-backlog=511;requirepass=;"},
        {{"loglevel", "logfile"}, "loglevel=notice;logfile=;"},
        {{"hash-max-*"},
         "hash-max-listpack-entries=512;hash-max-ziplist-entries=512;hash-max-listpack-value=64;"
         "hash-max-ziplist-value=64;"},
        {{"lua-time-limit", "list-max-ziplist-size"},
         "lua-time-limit=5000;list-max-ziplist-size=-2;"},
        {{"gate.mod*"}, "gate.mode=enforce;"},
    };
    struct config config;
    config_begin(&config);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf out;
        get(&config, rows[i].patterns, &out);
        cr_expect_str_eq((const char *)out.data, rows[i].expected);
        buf_deinit(&out);
    }
    config_deinit(&config);
}

Test(config_get, a_star_gives_every_name_once) {
    struct config config;
    config_begin(&config);
    struct arena arena;
    arena_init(&arena, mem_system(), 1 << 20);
    struct config_pairs pairs;
    struct bytes star[] = {BYTES("*"), BYTES("maxmemory"), BYTES("**")};
    cr_assert_eq(config_get(&config, star, 3, &arena, &pairs), BRINE_OK);
    cr_expect_gt(pairs.count, 80);
    for (size_t i = 0; i < pairs.count; i++)
        for (size_t j = 0; j < i; j++)
            cr_expect_not(bytes_equal(pairs.pairs[i].name, pairs.pairs[j].name), "%s twice",
                          (const char *)pairs.pairs[i].name.data);
    arena_deinit(&arena);
    config_deinit(&config);
}

#define FAILED(name, why) "CONFIG SET failed (possibly related to argument '" name "') - " why

Test(config_set, every_refusal_is_in_redis_s_words) {
    static const struct {
        const char *words[ARGUMENTS_MAX], *error;
    } rows[] = {
        {{"nosuch", "1"}, "Unknown option or number of arguments for CONFIG SET - 'nosuch'"},
        {{"a'b", "1"}, "Unknown option or number of arguments for CONFIG SET - 'a'b'"},
        {{"maxmemory", "1", "nosuch", "2"},
         "Unknown option or number of arguments for CONFIG SET - 'nosuch'"},
        {{"databases", "3"}, FAILED("databases", "can't set immutable config")},
        {{"unixsocketperm", "777"}, FAILED("unixsocketperm", "can't set immutable config")},
        {{"daemonize", "yes"}, FAILED("daemonize", "can't set immutable config")},
        {{"dir", "/tmp"}, FAILED("dir", "can't set protected config")},
        {{"dbfilename", "x"}, FAILED("dbfilename", "can't set protected config")},
        {{"maxmemory", "5", "dir", "/x"}, FAILED("dir", "can't set protected config")},
        {{"dir", "/x", "nosuch", "2"}, FAILED("dir", "can't set protected config")},
        {{"nosuch", "2", "dir", "/x"},
         "Unknown option or number of arguments for CONFIG SET - 'nosuch'"},
        {{"maxmemory", "1", "MAXMEMORY", "2"}, FAILED("MAXMEMORY", "duplicate parameter")},
        {{"maxmemory", "1", "memory.max", "2"}, FAILED("memory.max", "duplicate parameter")},
        {{"hz", "1", "hz", "2"}, FAILED("hz", "duplicate parameter")},
        {{"maxmemory", "abc"}, FAILED("maxmemory", "argument must be a memory value")},
        {{"maxmemory", "-1"}, FAILED("maxmemory", "argument must be a memory value")},
        {{"maxmemory", "1.5mb"}, FAILED("maxmemory", "argument must be a memory value")},
        {{"maxmemory", " 1"}, FAILED("maxmemory", "argument must be a memory value")},
        {{"maxmemory", "10x"}, FAILED("maxmemory", "argument must be a memory value")},
        {{"maxmemory", "16385p"}, FAILED("maxmemory", "argument must be a memory value")},
        {{"timeout", "abc"}, FAILED("timeout", "argument couldn't be parsed into an integer")},
        {{"timeout", "01"}, FAILED("timeout", "argument couldn't be parsed into an integer")},
        {{"timeout", "5s"}, FAILED("timeout", "argument couldn't be parsed into an integer")},
        {{"timeout", "-1"},
         FAILED("timeout", "argument must be between 0 and 2147483647 inclusive")},
        {{"timeout", "99999999999"},
         FAILED("timeout", "argument must be between 0 and 2147483647 inclusive")},
        {{"maxclients", "0"},
         FAILED("maxclients", "argument must be between 1 and 4294967295 inclusive")},
        {{"proto-max-bulk-len", "1"},
         FAILED("proto-max-bulk-len",
                "argument must be between 1048576 and 9223372036854775807 inclusive")},
        {{"client-query-buffer-limit", "9999999999999999999"},
         FAILED("client-query-buffer-limit",
                "argument must be between 1048576 and 9223372036854775807 inclusive")},
        {{"loglevel", "foo"},
         FAILED("loglevel",
                "argument(s) must be one of the following: debug, verbose, notice, warning")},
        {{"protected-mode", "maybe"}, FAILED("protected-mode", "argument must be 'yes' or 'no'")},
        {{"protected-mode", "true"}, FAILED("protected-mode", "argument must be 'yes' or 'no'")},
        {{"appendonly", "maybe"}, FAILED("appendonly", "argument must be 'yes' or 'no'")},
        {{"hash-max-listpack-entries", "-1"},
         FAILED("hash-max-listpack-entries",
                "argument must be between 0 and 9223372036854775807 inclusive")},
        {{"hash-max-ziplist-entries", "abc"},
         FAILED("hash-max-ziplist-entries", "argument couldn't be parsed into an integer")},
        {{"hash-max-listpack-value", "99999999999999999999"},
         FAILED("hash-max-listpack-value",
                "argument must be between 0 and 9223372036854775807 inclusive")},
        {{"list-max-listpack-size", "99999999999"},
         FAILED("list-max-listpack-size",
                "argument must be between -2147483648 and 2147483647 inclusive")},
        {{"zset-max-listpack-entries", "9999999999999999999"},
         FAILED("zset-max-listpack-entries", "argument couldn't be parsed into an integer")},
        {{"maxmemory-samples", "0"},
         FAILED("maxmemory-samples", "argument must be between 1 and 2147483647 inclusive")},
        {{"maxmemory", "bad", "timeout", "bad"},
         FAILED("maxmemory", "argument must be a memory value")},
        {{"client-output-buffer-limit", "normal 1mb 2mb"},
         FAILED("client-output-buffer-limit",
                "Wrong number of arguments in buffer limit configuration.")},
        {{"client-output-buffer-limit", "foo 1mb 2mb 60"},
         FAILED("client-output-buffer-limit",
                "Invalid client class specified in buffer limit configuration.")},
        {{"client-output-buffer-limit", "master 1mb 1 60"},
         FAILED("client-output-buffer-limit",
                "Invalid client class specified in buffer limit configuration.")},
        {{"client-output-buffer-limit", "normal 1mb x 60"},
         FAILED("client-output-buffer-limit",
                "Error in hard, soft or soft_seconds setting in buffer limit configuration.")},
        {{"client-output-buffer-limit", "pubsub 1mb 1mb -1"},
         FAILED("client-output-buffer-limit",
                "Error in hard, soft or soft_seconds setting in buffer limit configuration.")},
        {{"maxmemory-clients", "101%"},
         FAILED("maxmemory-clients", "percentage argument must be less or equal to 100")},
        {{"maxmemory-clients", "-1%"},
         FAILED("maxmemory-clients", "argument must be a memory or percent value")},
        {{"maxmemory-clients", "%"},
         FAILED("maxmemory-clients", "argument must be a memory or percent value")},
        {{"maxmemory-clients", "1.5%"},
         FAILED("maxmemory-clients", "argument must be a memory or percent value")},
        {{"maxmemory-clients", "5%%"},
         FAILED("maxmemory-clients", "argument must be a memory or percent value")},
        {{"maxmemory-clients", "-1"},
         FAILED("maxmemory-clients", "argument must be a memory or percent value")},
        /* brine's own: what it cannot keep it does not promise */
        {{"appendonly", "yes"},
         FAILED("appendonly", "brine has no append-only file: only 'no' is supported")},
        {{"save", "900 1"},
         FAILED("save",
                "snapshot.every and snapshot.after_changes say when: only '' is supported")},
        {{"notify-keyspace-events", "KEq"},
         FAILED("notify-keyspace-events", "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")},
        {{"client-output-buffer-limit", "normal 4mb 2mb 60"},
         FAILED("client-output-buffer-limit",
                "brine has no soft limits for normal clients; their soft limit and seconds are 0")},
        {{"client-output-buffer-limit", "normal 5 0 0"},
         FAILED("client-output-buffer-limit",
                "the hard limit of normal clients is 0 or at least 1048576 bytes")},
        {{"limits.output_bytes", "2mb", "client-output-buffer-limit", "normal 4mb 0 0"},
         FAILED("client-output-buffer-limit", "duplicate parameter")},
        {{"maxmemory", "99999999999999999999"},
         FAILED("maxmemory", "argument must be between 0 and 9223372036854775807 inclusive")},
        {{"maxmemory", ""}, FAILED("maxmemory", "argument must be a memory value")},
        {{"maxmemory-policy", "lru"},
         FAILED("maxmemory-policy",
                "argument(s) must be one of the following: brine, volatile-lru, volatile-lfu, "
                "volatile-random, volatile-ttl, allkeys-lru, allkeys-lfu, allkeys-random, "
                "noeviction")},
        /* by brine's names, brine's words */
        {{"memory.max", "x"},
         FAILED("memory.max", "expected bytes, such as 65536, \"64kb\" or \"2gb\", from 0 on")},
        {{"server.idle_timeout", "x"},
         FAILED("server.idle_timeout", "expected a time, such as \"100ms\", \"30s\" or \"5m\" (a "
                                       "plain number is seconds), from 0 to 2147483647s")},
        {{"limits.clients_bytes", "x"},
         FAILED("limits.clients_bytes", "expected bytes, such as 65536 or \"64mb\", or a "
                                        "percentage, such as \"5%\"")},
        {{"acl-pubsub-default", "allchannels"},
         FAILED("acl-pubsub-default", "new users hear no channel until a rule names it: only "
                                      "'resetchannels' is supported")},
        {{"server.port", "1"}, FAILED("server.port", "can't set immutable config")},
    };
    struct config config;
    config_begin(&config);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct brine_error err;
        cr_expect_eq(set(&config, rows[i].words, &err), BRINE_INVALID, "%s %s", rows[i].words[0],
                     rows[i].words[1]);
        cr_expect_str_eq(err.text, rows[i].error, "gave   %s\nwanted %s", err.text, rows[i].error);
    }
    cr_expect_eq(config_read(config.memory.max), 0);
    cr_expect_eq(config_read(config.limits.output_bytes), 1 << 30);
    for (size_t i = 0; i < CONFIG_OPTIONS; i++)
        cr_expect_eq(config.origins[i].source, CONFIG_FROM_DEFAULT, "option %zu was changed", i);
    config_deinit(&config);
}

Test(config_set, what_is_set_is_answered) {
    static const struct {
        const char *words[ARGUMENTS_MAX], *pattern, *expected;
    } rows[] = {
        {{"maxmemory", "1MB"}, "maxmemory", "maxmemory=1048576;"},
        {{"maxmemory", "10k", "timeout", "5"}, "memory.max", "memory.max=10000;"},
        {{"memory.max", "64kb"}, "maxmemory", "maxmemory=65536;"},
        {{"maxmemory-clients", "10%"}, "limits.clients_bytes", "limits.clients_bytes=10%;"},
        {{"limits.clients_bytes", "100%"}, "maxmemory-clients", "maxmemory-clients=100%;"},
        {{"maxmemory-clients", "0%"}, "maxmemory-clients", "maxmemory-clients=0;"},
        {{"maxmemory-clients", "2mb"}, "limits.clients_bytes", "limits.clients_bytes=2mb;"},
        {{"server.idle_timeout", "1500ms"}, "timeout", "timeout=2;"},
        {{"timeout", "0"}, "server.idle_timeout", "server.idle_timeout=0;"},
        {{"loglevel", "WARNING"}, "log.level", "log.level=warning;"},
        {{"protected-mode", "NO"}, "server.protected_mode", "server.protected_mode=false;"},
        {{"server.protected_mode", "true"}, "protected-mode", "protected-mode=yes;"},
        {{"requirepass", "foo"}, "requirepass", "requirepass=foo;"},
        {{"requirepass", ""}, "requirepass", "requirepass=;"},
        {{"hash-max-ziplist-entries", "5"},
         "hash-max-listpack-entries",
         "hash-max-listpack-entries=5;"},
        {{"hash-max-listpack-value", "1kb"},
         "hash-max-ziplist-value",
         "hash-max-ziplist-value=1024;"},
        {{"list-max-listpack-size", "5", "list-max-ziplist-size", "6"},
         "list-max-listpack-size",
         "list-max-listpack-size=6;"},
        {{"save", ""}, "save", "save=;"},
        {{"appendonly", "NO"}, "appendonly", "appendonly=no;"},
        {{"appendfsync", "ALWAYS"}, "appendfsync", "appendfsync=always;"},
        {{"client-output-buffer-limit", "replica 1 2 3 pubsub 0 0 0"},
         "client-output-buffer-limit",
         "client-output-buffer-limit=normal 1073741824 0 0 slave 1 2 3 pubsub 0 0 0;"},
        {{"client-output-buffer-limit", "normal 2mb 0 0"},
         "limits.output_bytes",
         "limits.output_bytes=2mb;"},
        {{"client-output-buffer-limit", "normal 0 0 0"},
         "client-output-buffer-limit",
         "client-output-buffer-limit=normal 0 0 0 slave 1 2 3 pubsub 0 0 0;"},
        {{"limits.output_bytes", "3mb"},
         "client-output-buffer-limit",
         "client-output-buffer-limit=normal 3145728 0 0 slave 1 2 3 pubsub 0 0 0;"},
        {{"client-output-buffer-limit", ""}, "limits.output_bytes", "limits.output_bytes=3mb;"},
    };
    struct config config;
    config_begin(&config);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct brine_error err;
        cr_expect_eq(set(&config, rows[i].words, &err), BRINE_OK, "%s %s: %s", rows[i].words[0],
                     rows[i].words[1], err.text);
        expect_get(&config, rows[i].pattern, rows[i].expected);
    }
    cr_expect_eq(config.origins[CONFIG_OPTION_memory_max].source, CONFIG_FROM_SET);
    config_deinit(&config);
}

/* ---- callbacks ---- */

struct applied {
    char log[256];
    int64_t refuse_maxclients_above;
};

static enum brine_status log_apply(void *context, struct config *config, enum config_option option,
                                   struct brine_error *err) {
    struct applied *applied = context;
    int64_t clients = config_read(config->server.max_clients);
    size_t len = strlen(applied->log);
    const char *what = option == CONFIG_OPTION_memory_max ? "memory" : "clients";
    int64_t value = option == CONFIG_OPTION_memory_max ? config_read(config->memory.max) : clients;
    snprintf(applied->log + len, sizeof applied->log - len, "%s=%lld;", what, (long long)value);
    if (option == CONFIG_OPTION_server_max_clients && clients > applied->refuse_maxclients_above)
        return brine_fail(err, BRINE_INVALID, 0, "The operating system is not able to");
    return BRINE_OK;
}

Test(config_set, a_callback_that_fails_undoes_everything) {
    struct config config;
    config_begin(&config);
    struct applied applied = {.refuse_maxclients_above = 20000};
    config_on_change(&config, CONFIG_OPTION_memory_max, log_apply, &applied);
    config_on_change(&config, CONFIG_OPTION_server_max_clients, log_apply, &applied);
    struct brine_error err;
    const char *const good[] = {"maxmemory", "7", "maxclients", "20000", NULL};
    cr_expect_eq(set(&config, good, &err), BRINE_OK, "%s", err.text);
    cr_expect_str_eq(applied.log, "memory=7;clients=20000;");
    applied.log[0] = 0;
    const char *const bad[] = {"requirepass", "x",  "maxmemory", "8", "maxclients",
                               "20001",       "hz", "100",       NULL};
    cr_expect_eq(set(&config, bad, &err), BRINE_INVALID);
    cr_expect_str_eq(err.text, FAILED("maxclients", "The operating system is not able to"));
    cr_expect_str_eq(applied.log, "memory=8;clients=20001;memory=7;");
    cr_expect_eq(config_read(config.memory.max), 7);
    cr_expect_eq(config_read(config.server.max_clients), 20000);
    cr_expect_eq(config.origins[CONFIG_OPTION_auth_password].source, CONFIG_FROM_DEFAULT);
    cr_expect(config_text_is_empty(&config, &config.auth.password));
    expect_get(&config, "hz", "hz=10;");
    config_deinit(&config);
}

Test(config_set, any_allocation_may_fail_and_changes_nothing) {
    for (size_t n = 0;; n++) {
        struct failing_allocator mem;
        failing_init(&mem, SIZE_MAX);
        struct config config;
        cr_assert_eq(config_init(&config, &mem.allocator), BRINE_OK);
        mem.fail_at = mem.requests + n;
        struct brine_error err;
        const char *const words[] = {"requirepass", "secret", "hz", "77", "maxmemory", "5", NULL};
        enum brine_status status = set(&config, words, &err);
        if (mem.refused) {
            cr_expect_eq(status, BRINE_NO_MEMORY, "allocation %zu", n);
            cr_expect_str_eq(err.text, "CONFIG SET failed - out of memory");
            cr_expect_eq(config_read(config.memory.max), 0);
            cr_expect(config_text_is_empty(&config, &config.auth.password));
        } else {
            cr_expect_eq(status, BRINE_OK, "%s", err.text);
            cr_expect_eq(config_read(config.memory.max), 5);
        }
        bool done = !mem.refused;
        config_deinit(&config);
        cr_expect_eq(mem.taken_bytes, 0);
        if (done) break;
        cr_assert_lt(n, 100);
    }
}
