/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "keyspace/room.h"
#include "world.h"

/* As ask_bytes, but the input is looked at first and another client's is run before it. */
static void ask_ahead(struct world *world, struct bytes input) {
    static const char others[] = "MGET other \"quo ted\" k\r\n*1\r\n$4\r\nPING\r\n*2\r\n$3\r\nG";
    struct worker_state *worker = &world->one.worker;
    struct dispatch_ahead ahead;
    struct dispatch_result result;
    struct session other;
    session_init(&other, &(struct session_options){
                             .id = 2, .mem = &world->mem.allocator, .authenticated = true});
    dispatch_ahead_init(&ahead, &world->mem.allocator);
    dispatch_look_ahead(worker, &world->session, input, &ahead);
    dispatch_input(worker, &other, bytes_of_cstr(others), &result);
    take_replies(world);
    dispatch_look_closer(worker, &ahead);
    dispatch_looked_at(worker, &world->session, input, &ahead, &world->result);
    take_replies(world);
    dispatch_ahead_deinit(&ahead);
    session_deinit(&other);
}

/* Feeds input as it arrives, cut where the caller says, and keeps what was not consumed, as net
 * does.  The replies of all calls, one behind the other. */
static void feed_with(struct world *world, struct bytes input, size_t piece, bool looks_ahead,
                      struct buf *replies) {
    struct buf query;
    buf_init(&query, mem_system(), SIZE_MAX);
    buf_init(replies, mem_system(), SIZE_MAX);
    for (size_t at = 0; at < input.len;) {
        struct bytes more = bytes_slice(input, at, piece);
        at += more.len;
        must(buf_append(&query, more));
        do {
            if (looks_ahead)
                ask_ahead(world, buf_view(&query));
            else
                ask_bytes(world, buf_view(&query));
            must(buf_append(replies, buf_view(&world->text)));
            buf_consume(&query, world->result.consumed);
        } while (world->result.paused);
    }
    cr_expect(query.len == 0, "%zu bytes were never consumed", query.len);
    buf_deinit(&query);
}

static void feed(struct world *world, struct bytes input, size_t piece, struct buf *replies) {
    feed_with(world, input, piece, false, replies);
}

static const char session_text[] =
    "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nv\r\nal\r\n"
    "GET k\r\n"
    "\r\n"
    "*0\r\n"
    "*2\r\n$3\r\nGeT\r\n$4\r\nnone\r\n"
    "SELECT 1\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\nSET k other\r\nSELECT 0\r\nGET k\r\n"
    "HELLO 3\r\nGET none\r\n"
    "NOSUCH a b\r\nGET\r\nCLIENT NOSUCH\r\n"
    "MSET a 1 b 2\r\nMGET a none b\r\n"
    "APPEND a 2\r\nINCR a\r\nDEL a b k\r\nPING\r\n";

Test(dispatch, input_may_be_cut_anywhere) {
    struct buf whole;
    struct world world;
    world_init(&world);
    feed(&world, bytes_of_cstr(session_text), SIZE_MAX, &whole);
    world_deinit(&world);
    cr_expect(whole.len > 300);
    for (size_t piece = 1; piece < sizeof session_text; piece++) {
        struct buf replies;
        world_init(&world);
        feed(&world, bytes_of_cstr(session_text), piece, &replies);
        cr_expect(bytes_equal(buf_view(&whole), buf_view(&replies)), "cut every %zu bytes", piece);
        buf_deinit(&replies);
        world_deinit(&world);
    }
    buf_deinit(&whole);
}

Test(dispatch, input_that_was_looked_ahead_at_is_answered_as_any_other) {
    struct buf whole;
    struct world world;
    world_init(&world);
    feed(&world, bytes_of_cstr(session_text), SIZE_MAX, &whole);
    world_deinit(&world);
    for (size_t piece = 1; piece < sizeof session_text; piece++) {
        struct buf replies;
        world_init(&world);
        feed_with(&world, bytes_of_cstr(session_text), piece, true, &replies);
        cr_expect(bytes_equal(buf_view(&whole), buf_view(&replies)), "cut every %zu bytes", piece);
        buf_deinit(&replies);
        world_deinit(&world);
    }
    buf_deinit(&whole);
}

Test(dispatch, looking_ahead_at_more_than_a_batch_or_at_what_breaks_the_protocol_changes_nothing) {
    struct buf many;
    struct world world;
    buf_init(&many, mem_system(), SIZE_MAX);
    for (size_t i = 0; i < 3 * DISPATCH_BATCH; i++)
        must(buf_append(&many, BYTES("APPEND k x\r\n")));
    must(buf_append(&many, BYTES("GET k\r\n*1\r\n?3\r\n")));
    world_init(&world);
    ask_ahead(&world, buf_view(&many));
    cr_expect(world.result.close && world.result.consumed == many.len);
    const char *end = "-ERR Protocol error: expected '$', got '?'\r\n";
    cr_assert(world.text.len > strlen(end));
    cr_expect_str_eq((const char *)world.text.data + world.text.len - strlen(end), end);
    cr_expect(strstr((const char *)world.text.data, ":96\r\n$96\r\nxxx"));
    world_deinit(&world);
    buf_deinit(&many);
}

Test(dispatch, keys_behind_select_in_a_batch_are_those_of_the_new_database) {
    struct world world;
    world_init(&world);
    cr_expect_str_eq(ask(&world, "SET k zero\r\nSELECT 3\r\nSET k three\r\nGET k\r\nSELECT 0\r\n"
                                 "GET k\r\n"),
                     "+OK\r\n+OK\r\n+OK\r\n$5\r\nthree\r\n+OK\r\n$4\r\nzero\r\n");
    world_deinit(&world);
}

Test(dispatch, errors_are_in_redis_words_and_order) {
    static const struct {
        const char *input, *reply;
    } rows[] = {
        {"NOSUCH\r\n", "-ERR unknown command 'NOSUCH', with args beginning with: \r\n"},
        {"nosuch a \"b\\nc\"\r\n",
         "-ERR unknown command 'nosuch', with args beginning with: 'a' 'b c' \r\n"},
        {"GET\r\n", "-ERR wrong number of arguments for 'get' command\r\n"},
        {"get a b\r\n", "-ERR wrong number of arguments for 'get' command\r\n"},
        {"client\r\n", "-ERR wrong number of arguments for 'client' command\r\n"},
        {"client nosuch\r\n", "-ERR unknown subcommand 'nosuch'. Try CLIENT HELP.\r\n"},
        {"client id 1\r\n", "-ERR wrong number of arguments for 'client|id' command\r\n"},
        {"config|get a\r\n",
         "-ERR unknown command 'config|get', with args beginning with: 'a' \r\n"},
    };
    struct world world;
    world_init(&world);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        cr_expect_str_eq(ask(&world, rows[i].input), rows[i].reply);
    world_deinit(&world);
}

Test(dispatch, what_an_unknown_command_quotes_is_cut_at_128_bytes) {
    struct world world;
    char input[600], expected[600], text[201] = {0};
    world_init(&world);
    memset(text, 'x', 200);
    snprintf(input, sizeof input, "%s %s b\r\n", text, text);
    snprintf(expected, sizeof expected,
             "-ERR unknown command '%.128s', with args beginning with: '%.128s' \r\n", text, text);
    cr_expect_str_eq(ask(&world, input), expected);
    snprintf(input, sizeof input, "CLIENT %s\r\n", text);
    snprintf(expected, sizeof expected, "-ERR unknown subcommand '%.128s'. Try CLIENT HELP.\r\n",
             text);
    cr_expect_str_eq(ask(&world, input), expected);
    world_deinit(&world);
}

Test(dispatch, nothing_runs_before_a_password_but_what_may) {
    struct world world;
    struct bytes password[] = {BYTES("requirepass"), BYTES("secret")};
    world_init(&world);
    must(config_set(&world.one.config, password, 1, NULL));
    session_deinit(&world.session);
    world_connect(&world, 2, false);
    for (size_t row = 0; row < command_table_count(); row++) {
        const struct command *command = &command_table[row];
        char input[200], name[64];
        snprintf(name, sizeof name, "%s", command->name);
        if (strchr(name, '|')) *strchr(name, '|') = ' ';
        int len = snprintf(input, sizeof input, "%s", name);
        int args = command->arity < 0 ? -command->arity : command->arity;
        args -= command_is_subcommand(command) ? 2 : 1;
        for (int i = 0; i < args; i++)
            len += snprintf(input + len, sizeof input - (size_t)len, " 1");
        snprintf(input + len, sizeof input - (size_t)len, "\r\n");
        if (command->flags & CMD_NO_AUTH || command_subcommands(command)) continue;
        const char *refusal = strcmp(name, "exec") == 0
                                  ? "-EXECABORT Transaction discarded because of: NOAUTH "
                                    "Authentication required.\r\n"
                                  : "-NOAUTH Authentication required.\r\n";
        bool is_protected = command->flags & CMD_PROTECTED;
        const char *answer = ask(&world, input);
        if (is_protected)
            cr_expect(strstr(answer, "command not allowed. If the enable-"), "%s", input);
        else
            cr_expect_str_eq(answer, refusal, "%s", input);
    }
    cr_expect_str_eq(ask(&world, "NOSUCH\r\n"),
                     "-ERR unknown command 'NOSUCH', with args beginning with: \r\n");
    cr_expect_str_eq(ask(&world, "AUTH wrong\r\nPING\r\n"),
                     "-WRONGPASS invalid username-password pair or user is disabled.\r\n"
                     "-NOAUTH Authentication required.\r\n");
    cr_expect_str_eq(ask(&world, "AUTH secret\r\nPING\r\n"), "+OK\r\n+PONG\r\n");
    cr_expect_str_eq(ask(&world, "RESET\r\nPING\r\n"),
                     "+RESET\r\n-NOAUTH Authentication required.\r\n");
    cr_expect_str_eq(ask(&world, "QUIT\r\n"), "+OK\r\n");
    cr_expect(world.result.close);
    world_deinit(&world);
}

Test(dispatch, before_a_password_requests_are_small_and_after_it_in_the_same_read_are_not) {
    static const char big[] = "*11\r\n";
    struct world world;
    struct bytes password[] = {BYTES("requirepass"), BYTES("secret")};
    world_init(&world);
    must(config_set(&world.one.config, password, 1, NULL));
    session_deinit(&world.session);
    world_connect(&world, 2, false);
    cr_expect_str_eq(ask(&world, "AUTH secret\r\nMGET 1 2 3 4 5 6 7 8 9 10 11 12\r\n"),
                     "+OK\r\n*12\r\n$-1\r\n$-1\r\n$-1\r\n$-1\r\n$-1\r\n$-1\r\n$-1\r\n$-1\r\n$-1\r\n"
                     "$-1\r\n$-1\r\n$-1\r\n");
    session_deinit(&world.session);
    world_connect(&world, 3, false);
    cr_expect_str_eq(ask(&world, big), "-ERR Protocol error: unauthenticated multibulk length\r\n");
    cr_expect(world.result.close);
    world_deinit(&world);
}

Test(dispatch, other_protocols_are_dropped_without_a_word) {
    static const char *const inputs[] = {"POST / HTTP/1.1\r\n", "Host: a\r\n",
                                         "PING\r\npost x\r\n"};
    struct world world;
    for (size_t i = 0; i < ARRAY_LEN(inputs); i++) {
        world_init(&world);
        ask(&world, inputs[i]);
        cr_expect(world.result.drop, "%s", inputs[i]);
        world_deinit(&world);
    }
}

Test(dispatch, a_broken_request_gets_its_error_behind_what_came_before) {
    struct world world;
    world_init(&world);
    cr_expect_str_eq(ask(&world, "PING\r\n*1\r\n$x\r\nPING\r\n"),
                     "+PONG\r\n-ERR Protocol error: invalid bulk length\r\n");
    cr_expect(world.result.close);
    world_deinit(&world);
}

Test(dispatch, a_long_reply_pauses_and_goes_on_where_it_was) {
    static char value[3000];
    struct world world;
    struct bytes pause[] = {BYTES("limits.output_pause_bytes"), BYTES("16384")};
    struct buf input;
    world_init(&world);
    must(config_set(&world.one.config, pause, 1, NULL));
    memset(value, 'x', sizeof value);
    buf_init(&input, mem_system(), SIZE_MAX);
    must(buf_printf(&input, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$%zu\r\n", sizeof value));
    must(buf_append(&input, bytes_view(value, sizeof value)));
    must(buf_append(&input, BYTES("\r\n")));
    ask_bytes(&world, buf_view(&input));
    buf_clear(&input);
    for (int i = 0; i < 100; i++) must(buf_append(&input, BYTES("GET k\r\n")));
    must(buf_append(&input, BYTES("PI")));
    size_t replies = 0, calls = 0;
    do {
        ask_bytes(&world, buf_view(&input));
        cr_expect(world.text.len < 16384 + 4000, "%zu bytes in one piece", world.text.len);
        replies += world.text.len;
        calls++;
        buf_consume(&input, world.result.consumed);
    } while (world.result.paused);
    cr_expect(replies == 100 * (sizeof value + 9), "%zu bytes", replies);
    cr_expect(calls > 10 && input.len == 2, "%zu calls, %zu bytes left", calls, input.len);
    must(buf_append(&input, BYTES("NG\r\n")));
    cr_expect_str_eq(ask_bytes(&world, buf_view(&input)), "+PONG\r\n");
    buf_deinit(&input);
    world_deinit(&world);
}

Test(dispatch, a_reply_beyond_the_limit_closes_behind_what_came_before) {
    static char value[1 << 20];
    struct world world;
    struct bytes limit[] = {BYTES("limits.output_bytes"), BYTES("1048576")};
    struct store_key key;
    world_init(&world);
    must(config_set(&world.one.config, limit, 1, NULL));
    memset(value, 'x', sizeof value);
    key = keyspace_key(&world.one.worker.access, 0, BYTES("k"));
    cr_assert(keyspace_set_string(&world.one.worker.access, &key, bytes_view(value, sizeof value),
                                  &(struct keyspace_set_options){0}) == KEYSPACE_DONE);
    ask(&world, "GET k\r\n");
    cr_expect(world.text.len > sizeof value && !world.result.close,
              "one value is sent however long it is");
    ask(&world, "MGET k k k\r\n");
    cr_expect(world.text.len > 3 * sizeof value && !world.result.close,
              "and several, for they are sent from where they lie");
    key = keyspace_key(&world.one.worker.access, 0, BYTES("c"));
    cr_assert(keyspace_set_string(&world.one.worker.access, &key, bytes_view(value, 10000),
                                  &(struct keyspace_set_options){0}) == KEYSPACE_DONE);
    struct buf mget;
    buf_init(&mget, mem_system(), 10000);
    must(buf_append(&mget, BYTES("PING\r\nMGET")));
    for (int i = 0; i < 200; i++) must(buf_append(&mget, BYTES(" c")));
    must(buf_append(&mget, BYTES("\r\nPING\r\n")));
    cr_expect_str_eq(ask_bytes(&world, buf_view(&mget)), "+PONG\r\n");
    cr_expect(world.result.close, "copies are bounded");
    buf_deinit(&mget);
    world_deinit(&world);
}

Test(dispatch, memory_that_is_full_refuses_what_takes_memory) {
    struct world world;
    world_init(&world);
    ask(&world, "SET k v\r\n");
    room_set(&world.one.keyspace,
             &(struct keyspace_memory){.bytes_max = 1, .policy = {STORE_POLICY_NOEVICTION, 10, 1}});
    for (size_t row = 0; row < command_table_count(); row++) {
        const struct command *command = &command_table[row];
        char input[100];
        if (!(command->flags & CMD_DENYOOM) || command_is_subcommand(command)) continue;
        int len = snprintf(input, sizeof input, "%s", command->name);
        int args = command->arity < 0 ? -command->arity : command->arity;
        for (int i = 1; i < args; i++)
            len += snprintf(input + len, sizeof input - (size_t)len, " 1");
        snprintf(input + len, sizeof input - (size_t)len, "\r\n");
        cr_expect_str_eq(ask(&world, input),
                         "-OOM command not allowed when used memory > 'maxmemory'.\r\n", "%s",
                         input);
    }
    cr_expect_str_eq(ask(&world, "GET k\r\nDEL k\r\n"), "$1\r\nv\r\n:1\r\n");
    world_deinit(&world);
}

Test(dispatch, commands_are_counted_by_row) {
    struct world world;
    world_init(&world);
    ask(&world, "SET k v\r\nGET k\r\nGET k\r\nINCR k\r\nGET\r\nCLIENT ID\r\nCLIENT KILL\r\n");
    const char *info = ask(&world, "INFO commandstats errorstats stats\r\n");
    static const char *const lines[] = {
        "cmdstat_set:calls=1,usec=0,usec_per_call=0.00,rejected_calls=0,failed_calls=0\r\n",
        "cmdstat_get:calls=2,usec=0,usec_per_call=0.00,rejected_calls=1,failed_calls=0\r\n",
        "cmdstat_incr:calls=1,usec=0,usec_per_call=0.00,rejected_calls=0,failed_calls=1\r\n",
        "cmdstat_client|id:calls=1,",
        "cmdstat_client|kill:calls=0,usec=0,usec_per_call=0.00,rejected_calls=1,",
        "errorstat_ERR:count=3\r\n",
        "total_error_replies:3\r\n",
        "keyspace_hits:2\r\n",
    };
    for (size_t i = 0; i < ARRAY_LEN(lines); i++)
        cr_expect(strstr(info, lines[i]), "no %s in %s", lines[i], info);
    ask(&world, "CONFIG RESETSTAT\r\n");
    info = ask(&world, "INFO commandstats errorstats stats\r\n");
    cr_expect(!strstr(info, "cmdstat_get") && !strstr(info, "errorstat_"), "%s", info);
    world_deinit(&world);
}

Test(dispatch, every_refused_allocation_is_an_answer) {
    for (size_t fail_at = 0; fail_at < 400; fail_at++) {
        struct world world;
        world_init(&world);
        world.mem.fail_at = world.mem.requests + fail_at;
        ask(&world, "MSET a 1 b 2 c 3\r\nAPPEND a 22\r\nSET a x GET\r\nMGET a b c\r\nKEYS *\r\n"
                    "CLIENT SETNAME me\r\nCLIENT LIST\r\nINFO\r\nCOMMAND DOCS\r\nCONFIG GET *\r\n");
        cr_expect(world.one.worker.access.hold.depth == 0);
        bool refused = world.mem.refused;
        world.mem.fail_at = SIZE_MAX;
        if (world.result.close) {
            session_deinit(&world.session);
            world_connect(&world, 2, true);
        }
        cr_expect_str_eq(ask(&world, "SET again yes\r\nGET again\r\n"), "+OK\r\n$3\r\nyes\r\n",
                         "after the refusal of allocation %zu", fail_at);
        world_deinit(&world);
        if (!refused) return;
    }
    cr_assert_fail("more allocations than anybody expected");
}

Test(dispatch, replies_that_are_off_are_no_messages) {
    struct world world;
    world_init(&world);
    cr_expect_str_eq(ask(&world, "CLIENT REPLY OFF\r\nPING\r\nSUBSCRIBE a\r\nGET\r\nSUBSCRIBE\r\n"),
                     "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n");
    cr_expect_str_eq(ask(&world, "UNSUBSCRIBE a\r\nPING\r\nCLIENT REPLY ON\r\n"),
                     "*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n+OK\r\n");
    world_deinit(&world);
}
