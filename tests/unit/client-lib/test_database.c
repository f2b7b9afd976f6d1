/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "client/lib/database.h"

#include "base/mem.h"

#include <criterion/criterion.h>
#include <stdio.h>

enum { COMMANDS_MAX = 12, WORDS_MAX = 3, ELEMENTS_MAX = 4 };

struct exchange {
    const char *command; /* words with a blank between them */
    const char *reply;   /* "+OK", "-ERR", "_", or elements: "*+OK,+OK" */
};

struct answer {
    struct brine_reply reply, elements[ELEMENTS_MAX];
    char text[64];
};

static void send(struct database *database, const char *command) {
    struct brine_text words[WORDS_MAX];
    size_t count = 0;
    for (const char *at = command; *at && count < WORDS_MAX;) {
        size_t len = strcspn(at, " ");
        words[count++] = (struct brine_text){at, len};
        at += len + (at[len] == ' ');
    }
    cr_assert_eq(database_sent(database, words, count), BRINE_OK);
}

static struct brine_reply simple(const char *text) {
    enum brine_reply_type type = text[0] == '+'   ? BRINE_REPLY_STATUS
                                 : text[0] == '-' ? BRINE_REPLY_ERROR
                                                  : BRINE_REPLY_NIL;
    return (struct brine_reply){.type = type, .text = text + 1, .len = strlen(text + 1)};
}

static void answer(struct database *database, const char *text) {
    struct answer answer = {0};
    if (text[0] != '*') {
        answer.reply = simple(text);
    } else {
        snprintf(answer.text, sizeof answer.text, "%s", text + 1);
        answer.reply = (struct brine_reply){.type = BRINE_REPLY_ARRAY, .text = ""};
        answer.reply.elements = answer.elements;
        char *rest = answer.text;
        for (char *word; (word = strsep(&rest, ",")) && *word;)
            answer.elements[answer.reply.count++] = simple(word);
    }
    database_answered(database, &answer.reply);
}

static const struct {
    struct exchange exchanges[COMMANDS_MAX];
    int after;
} rows[] = {
    {{{"get a", "_"}}, 0},
    {{{"SELECT 7", "+OK"}}, 7},
    {{{"select 7", "-ERR DB index is out of range"}}, 0},
    {{{"select 7", "+OK"}, {"select 99", "-ERR DB index is out of range"}}, 7},
    {{{"select 7", "+OK"}, {"reset", "+RESET"}}, 0},
    {{{"select x", "+OK"}, {"select", "-ERR"}, {"select 1 2", "+OK"}}, 0},
    /* what is no SELECT may say OK and QUEUED */
    {{{"set a b", "+OK"}, {"get a", "+QUEUED"}, {"select 2", "+OK"}, {"set a b", "+OK"}}, 2},
    {{{"multi", "+OK"}, {"select 3", "+QUEUED"}}, 0},
    {{{"multi", "+OK"}, {"select 3", "+QUEUED"}, {"exec", "*+OK"}}, 3},
    {{{"multi", "+OK"}, {"get a", "+QUEUED"}, {"select 3", "+QUEUED"}, {"exec", "*_,+OK"}}, 3},
    {{{"multi", "+OK"}, {"set a b", "+QUEUED"}, {"select 99", "+QUEUED"}, {"exec", "*+OK,-ERR"}},
     0},
    {{{"multi", "+OK"}, {"select 3", "+QUEUED"}, {"select 4", "+QUEUED"}, {"exec", "*+OK,+OK"}}, 4},
    {{{"multi", "+OK"}, {"select 3", "+QUEUED"}, {"select 99", "+QUEUED"}, {"exec", "*+OK,-ERR"}},
     3},
    {{{"multi", "+OK"}, {"select 3", "+QUEUED"}, {"discard", "+OK"}, {"exec", "-ERR"}}, 0},
    {{{"multi", "+OK"}, {"select 3", "+QUEUED"}, {"exec", "_"}}, 0},
    {{{"multi", "+OK"}, {"select 3", "+QUEUED"}, {"nosuch", "-ERR"}, {"exec", "-EXECABORT"}}, 0},
    /* a MULTI inside another changes nothing; an error is not queued */
    {{{"multi", "+OK"},
      {"get a", "+QUEUED"},
      {"multi", "-ERR"},
      {"select 3", "+QUEUED"},
      {"exec", "*_,+OK"}},
     3},
    {{{"multi", "+OK"},
      {"select 3", "+QUEUED"},
      {"exec", "*+OK"},
      {"multi", "+OK"},
      {"get a", "+QUEUED"},
      {"select 5", "+QUEUED"},
      {"exec", "*_,+OK"}},
     5},
    {{{"multi", "+OK"}, {"select 3", "+QUEUED"}, {"reset", "+RESET"}, {"exec", "*+OK"}}, 0},
    /* a server that says less than was queued */
    {{{"multi", "+OK"}, {"get a", "+QUEUED"}, {"select 3", "+QUEUED"}, {"exec", "*_"}}, 0},
};

static int run(size_t row, bool pipelined) {
    struct database database;
    database_init(&database, mem_system(), 0);
    const struct exchange *exchanges = rows[row].exchanges;
    for (size_t i = 0; i < COMMANDS_MAX && exchanges[i].command; i++) {
        send(&database, exchanges[i].command);
        if (!pipelined) answer(&database, exchanges[i].reply);
    }
    for (size_t i = 0; pipelined && i < COMMANDS_MAX && exchanges[i].command; i++)
        answer(&database, exchanges[i].reply);
    int current = database.current;
    database_deinit(&database);
    return current;
}

Test(database, it_is_that_of_what_was_done_one_by_one_and_in_a_pipeline) {
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cr_expect_eq(run(i, false), rows[i].after, "row %zu", i);
        cr_expect_eq(run(i, true), rows[i].after, "row %zu in a pipeline", i);
    }
}

Test(database, what_a_lost_connection_owed_is_forgotten_and_the_database_is_not) {
    struct database database;
    database_init(&database, mem_system(), 2);
    send(&database, "multi");
    answer(&database, "+OK");
    send(&database, "select 5");
    answer(&database, "+QUEUED");
    send(&database, "select 6");
    database_forget(&database);
    cr_expect_eq(database.current, 2);
    send(&database, "get a");
    answer(&database, "+OK");
    cr_expect_eq(database.current, 2, "the OK is of another command");
    send(&database, "exec");
    answer(&database, "*+OK");
    cr_expect_eq(database.current, 2, "the transaction went with the connection");
    database_deinit(&database);
}

Test(database, a_pipeline_without_end_takes_no_memory_for_what_is_answered) {
    struct database database;
    database_init(&database, mem_system(), 0);
    send(&database, "select 1");
    for (int i = 0; i < 200000; i++) {
        send(&database, i % 2 ? "select 1" : "select 2");
        answer(&database, "+OK");
    }
    cr_expect_lt(database.awaited.cap, (size_t)1 << 20);
    database_deinit(&database);
}
