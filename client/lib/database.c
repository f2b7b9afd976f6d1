/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A reply of "QUEUED" is the next command of a transaction, whatever it is, so the place of a
 * SELECT in EXEC's array is how many were queued before it. */
#include "client/lib/database.h"

#include "base/number.h"

enum { SELECT_DB = 1, SELECT_ARGS = 2, MARKS_BYTES_MAX = 64 << 20, CONSUMED_BYTES = 1 << 16 };

enum kind { KIND_NONE, KIND_SELECT, KIND_MULTI, KIND_EXEC, KIND_DISCARD, KIND_RESET };

struct database_mark {
    uint64_t number; /* of the command; among those of a transaction where it is queued */
    enum kind kind;
    int db; /* of SELECT */
};

void database_init(struct database *database, struct allocator *mem, int current) {
    *database = (struct database){.current = current};
    buf_init(&database->awaited, mem, MARKS_BYTES_MAX);
    buf_init(&database->queued, mem, MARKS_BYTES_MAX);
}

void database_deinit(struct database *database) {
    buf_deinit(&database->awaited);
    buf_deinit(&database->queued);
}

void database_end_transaction(struct database *database) {
    buf_clear(&database->queued);
    database->queued_count = 0;
}

void database_forget(struct database *database) {
    buf_clear(&database->awaited);
    database->awaited_at = 0;
    database->sent = database->answered = 0;
    database_end_transaction(database);
}

static enum kind kind_of(const struct brine_text *args, size_t count, int *db) {
    static const struct {
        const char *name;
        enum kind kind;
    } rows[] = {{"select", KIND_SELECT},
                {"multi", KIND_MULTI},
                {"exec", KIND_EXEC},
                {"discard", KIND_DISCARD},
                {"reset", KIND_RESET}};
    uint64_t number;
    struct bytes name = bytes_view(args[0].data, args[0].len);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (!bytes_equal_nocase(name, bytes_of_cstr(rows[i].name))) continue;
        if (rows[i].kind != KIND_SELECT) return count == 1 ? rows[i].kind : KIND_NONE;
        if (count != SELECT_ARGS) return KIND_NONE;
        struct bytes digits = bytes_view(args[SELECT_DB].data, args[SELECT_DB].len);
        if (!number_parse_u64(digits, &number) || number > INT32_MAX) return KIND_NONE;
        *db = (int)number;
        return KIND_SELECT;
    }
    return KIND_NONE;
}

static enum brine_status add_mark(struct buf *marks, struct database_mark mark) {
    return buf_append(marks, bytes_view(&mark, sizeof mark));
}

static struct database_mark mark_at(const struct buf *marks, size_t at) {
    struct database_mark mark;
    memcpy(&mark, marks->data + at, sizeof mark);
    return mark;
}

enum brine_status database_sent(struct database *database, const struct brine_text *args,
                                size_t count) {
    struct database_mark mark = {.number = database->sent};
    mark.kind = kind_of(args, count, &mark.db);
    if (mark.kind != KIND_NONE) TRY(add_mark(&database->awaited, mark));
    database->sent++;
    return BRINE_OK;
}

static bool is_status(const struct brine_reply *reply, const char *text) {
    return reply->type == BRINE_REPLY_STATUS && strcmp(reply->text, text) == 0;
}

/* What of the transaction was done, in its order. */
static void follow_exec(struct database *database, const struct brine_reply *reply) {
    for (size_t at = 0; at < database->queued.len; at += sizeof(struct database_mark)) {
        struct database_mark mark = mark_at(&database->queued, at);
        if (reply->type != BRINE_REPLY_ARRAY || mark.number >= reply->count) return;
        if (is_status(&reply->elements[mark.number], "OK")) database->current = mark.db;
    }
}

static void follow(struct database *database, struct database_mark mark,
                   const struct brine_reply *reply) {
    if (is_status(reply, "QUEUED")) {
        mark.number = database->queued_count++;
        /* Without memory the SELECT is not followed, and the next one is. */
        if (mark.kind == KIND_SELECT && add_mark(&database->queued, mark) != BRINE_OK) return;
        return;
    }
    switch (mark.kind) {
    case KIND_SELECT:
        if (is_status(reply, "OK")) database->current = mark.db;
        return;
    case KIND_RESET:
        if (is_status(reply, "RESET")) database->current = 0;
        database_end_transaction(database);
        return;
    case KIND_EXEC:
        follow_exec(database, reply);
        database_end_transaction(database);
        return;
    case KIND_MULTI:
        /* Inside another it is an error, and that one goes on. */
        if (is_status(reply, "OK")) database_end_transaction(database);
        return;
    case KIND_DISCARD:
        database_end_transaction(database);
        return;
    case KIND_NONE:
        return;
    }
}

void database_answered(struct database *database, const struct brine_reply *reply) {
    struct database_mark mark = {.kind = KIND_NONE};
    struct buf *awaited = &database->awaited;
    if (database->awaited_at < awaited->len) {
        struct database_mark next = mark_at(awaited, database->awaited_at);
        if (next.number == database->answered) {
            mark = next;
            database->awaited_at += sizeof next;
        }
    }
    if (database->awaited_at == awaited->len || database->awaited_at >= CONSUMED_BYTES) {
        buf_consume(awaited, database->awaited_at);
        database->awaited_at = 0;
    }
    database->answered++;
    follow(database, mark, reply);
}
