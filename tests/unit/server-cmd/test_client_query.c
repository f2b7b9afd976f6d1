/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Questions about clients of several workers, the way net asks them: catch the query, let each
 * worker's sessions be visited, finish. */

#include "world.h"

enum { OTHERS = 4 };

struct crowd {
    struct world world;
    struct services services;
    struct client_query *query; /* on its way */
    struct session others[OTHERS];
    bool closed[OTHERS];
};

static struct crowd crowd;

static void catch_query(struct worker_state *worker, struct session *session,
                        struct client_query *query) {
    (void)worker;
    cr_expect(session->waiting && !crowd.query);
    crowd.query = query;
}

static void crowd_init(void) {
    static const char *const peers[OTHERS] = {"10.0.0.9:1", "10.0.0.9:2", "10.0.0.9:3",
                                              "/run/s.sock:0"};
    crowd = (struct crowd){.services.clients_query = catch_query};
    world_init(&crowd.world);
    crowd.world.one.worker.services = &crowd.services;
    for (size_t i = 0; i < OTHERS; i++)
        session_init(&crowd.others[i], &(struct session_options){.id = 5 - i,
                                                                 .mem = mem_system(),
                                                                 .authenticated = true,
                                                                 .peer = peers[i],
                                                                 .local = "10.0.0.2:6379"});
}

static void crowd_deinit(void) {
    for (size_t i = 0; i < OTHERS; i++) session_deinit(&crowd.others[i]);
    world_deinit(&crowd.world);
}

/* The asker is on the first worker with the first other, the rest on a second. */
static const char *crowd_ask(const char *input) {
    struct world *world = &crowd.world;
    struct client_query_part parts[2] = {0};
    const char *direct = ask(world, input);
    if (!crowd.query) return direct;
    cr_expect(direct[0] == 0 && world->session.waiting, "'%s' came before its time", direct);
    for (size_t i = 0; i < 2; i++)
        buf_init(&parts[i].text, mem_system(), CLIENT_QUERY_TEXT_BYTES_MAX);
    cr_expect(!client_query_visit(crowd.query, &world->one.worker, &world->session, &parts[0]));
    for (size_t i = 0; i < OTHERS; i++)
        crowd.closed[i] =
            client_query_visit(crowd.query, &world->one.worker, &crowd.others[i], &parts[i > 0]);
    client_query_finish(&world->one.worker, &world->session, crowd.query, parts, 2);
    crowd.query = NULL;
    world->session.waiting = false;
    for (size_t i = 0; i < 2; i++) buf_deinit(&parts[i].text);
    buf_clear(&world->text);
    must(buf_append(&world->text, buf_view(&world->one.worker.reply.out)));
    must(buf_append_byte(&world->text, 0));
    reply_clear(&world->one.worker.reply);
    return (const char *)world->text.data;
}

static size_t count_closed(void) {
    size_t count = 0;
    for (size_t i = 0; i < OTHERS; i++) count += crowd.closed[i];
    return count;
}

Test(client_query, a_list_is_ordered_by_age_over_all_workers) {
    crowd_init();
    const char *list = crowd_ask("CLIENT LIST\r\n"), *at = list;
    for (int id = 1; id <= 5; id++) {
        char start[32];
        snprintf(start, sizeof start, "id=%d addr=", id);
        at = strstr(at, start);
        cr_assert(at, "%s is not behind the one before in %s", start, list);
    }
    cr_expect(strstr(list, "id=2 addr=/run/s.sock:0") && strstr(list, " flags=U "));
    cr_expect(count_closed() == 0);
    const char *some = crowd_ask("CLIENT LIST ID 3 99 1\r\n");
    cr_expect(strstr(some, "id=1 ") && strstr(some, "id=3 ") && !strstr(some, "id=2 "), "%s", some);
    cr_expect_str_eq(crowd_ask("CLIENT LIST TYPE replica\r\n"), "$0\r\n\r\n");
    crowd_deinit();
}

Test(client_query, filters_of_kill_must_all_fit) {
    static const struct {
        const char *input, *reply;
        size_t closed;
        bool asker;
    } rows[] = {
        {"CLIENT KILL ID 4\r\n", ":1\r\n", 1, false},
        {"CLIENT KILL ID 4 ADDR 10.0.0.9:1\r\n", ":0\r\n", 0, false},
        {"CLIENT KILL ID 4 ID 5\r\n", ":1\r\n", 1, false},
        {"CLIENT KILL ADDR 10.0.0.9:1 LADDR 10.0.0.2:6379 USER default TYPE normal\r\n", ":1\r\n",
         1, false},
        {"CLIENT KILL TYPE pubsub\r\n", ":0\r\n", 0, false},
        {"CLIENT KILL 10.0.0.9:3\r\n", "+OK\r\n", 1, false},
        {"CLIENT KILL 10.0.0.9:4\r\n", "-ERR No such client\r\n", 0, false},
        {"CLIENT KILL LADDR 10.0.0.2:6379\r\n", ":4\r\n", 4, false},
        {"CLIENT KILL LADDR 10.0.0.2:6379 SKIPME no\r\n", ":5\r\n", 4, true},
        {"CLIENT KILL 10.0.0.1:1000\r\n", "+OK\r\n", 0, true},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        crowd_init();
        cr_expect_str_eq(crowd_ask(rows[i].input), rows[i].reply, "%s", rows[i].input);
        cr_expect(count_closed() == rows[i].closed, "%s closed %zu", rows[i].input, count_closed());
        cr_expect(crowd.world.session.close_after_reply == rows[i].asker, "%s", rows[i].input);
        crowd_deinit();
    }
}

Test(client_query, what_is_wrong_is_said_without_asking_anybody) {
    static const struct {
        const char *input, *reply;
    } rows[] = {
        {"CLIENT LIST foo\r\n", "-ERR syntax error\r\n"},
        {"CLIENT LIST ID\r\n", "-ERR syntax error\r\n"},
        {"CLIENT LIST ID x\r\n", "-ERR Invalid client ID\r\n"},
        {"CLIENT LIST TYPE foo\r\n", "-ERR Unknown client type 'foo'\r\n"},
        {"CLIENT KILL ID 0\r\n", "-ERR client-id should be greater than 0\r\n"},
        {"CLIENT KILL ID 1 ADDR\r\n", "-ERR syntax error\r\n"},
        {"CLIENT KILL SKIPME maybe\r\n", "-ERR syntax error\r\n"},
        {"CLIENT KILL USER nobody\r\n", "-ERR No such user 'nobody'\r\n"},
    };
    crowd_init();
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        cr_expect_str_eq(ask(&crowd.world, rows[i].input), rows[i].reply, "%s", rows[i].input);
    cr_expect(!crowd.query);
    crowd_deinit();
}

Test(client_query, input_behind_the_question_waits) {
    crowd_init();
    struct world *world = &crowd.world;
    cr_expect_str_eq(ask(world, "PING\r\nCLIENT LIST\r\nPING\r\n"), "+PONG\r\n");
    cr_expect(world->session.waiting && world->result.consumed == 19 && !world->result.paused);
    client_query_destroy(crowd.query);
    crowd_deinit();
}
