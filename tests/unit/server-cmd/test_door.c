/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* No write command gets a value past the gate.  Each row of the command table that may write has a
 * row here; a command without one fails the test, so that a new command brings its proof along. */

#include "world.h"

struct door {
    const char *name;
    const char *command; /* with an argument that would be stored, or changes what is stored */
};

/* The keyspace before each: s = "text", n = "5", t = "text" with a time to live; "none" is absent.
 */
static const char seed[] = "SET s text\r\nSET n 5\r\nSET t text PX 5000\r\n";

#define PAYLOAD "\"\\x00\\x03\\x61\\x62\\x63\\x0a\\x00\\xd9\\xac\\x30\\x3d\\x41\\x72\\xa2\\xe2\""

/* Known scripts that store what they are given. */
#define COMPARE_AND_SET                                                                            \
    "\"if redis.call('get',KEYS[1]) == ARGV[2] then if #ARGV == 4 then return redis.call('set', "  \
    "KEYS[1], ARGV[1], ARGV[3], ARGV[4]) else return redis.call('set', KEYS[1], ARGV[1]) end "     \
    "else return 0 end\""
#define SET_IF_ABSENT                                                                              \
    "\"local result = redis.call('SETNX', KEYS[1], ARGV[1]) if result == 1 and ARGV[2] ~= -1 "     \
    "then "                                                                                        \
    "redis.call('EXPIRE', KEYS[1], ARGV[2]) end return result\""

static const struct door carries_a_value[] = {
    {"set", "SET s evil\r\n"},
    {"set", "SET none evil\r\n"},
    {"set", "SET s evil GET\r\n"},
    {"set", "SET none evil NX\r\n"},
    {"set", "SET t evil XX KEEPTTL GET\r\n"},
    {"set", "SET t evil PX 1\r\n"},
    {"getset", "GETSET s evil\r\n"},
    {"getset", "GETSET none evil\r\n"},
    {"setex", "SETEX s 10 evil\r\n"},
    {"psetex", "PSETEX none 10 evil\r\n"},
    {"setnx", "SETNX none evil\r\n"},
    {"mset", "MSET s evil\r\n"},
    {"mset", "MSET none evil s evil t evil n evil\r\n"},
    {"append", "APPEND s evil\r\n"},
    {"append", "APPEND none evil\r\n"},
    {"incr", "INCR n\r\n"},
    {"incr", "INCR none\r\n"},
    {"decr", "DECR n\r\n"},
    {"incrby", "INCRBY n 10\r\n"},
    {"decrby", "DECRBY none 10\r\n"},
    {"msetnx", "MSETNX none evil\r\n"},
    {"setrange", "SETRANGE s 1 evil\r\n"},
    {"setrange", "SETRANGE none 0 evil\r\n"},
    {"rename", "RENAME s none\r\n"},
    {"rename", "RENAME s t\r\n"},
    {"renamenx", "RENAMENX s none\r\n"},
    {"copy", "COPY s none\r\n"},
    {"copy", "COPY s t REPLACE\r\n"},
    {"copy", "COPY s s DB 2\r\n"},
    {"move", "MOVE s 3\r\n"},
    {"restore", "RESTORE none 0 " PAYLOAD "\r\n"},
    {"restore", "RESTORE s 5000 " PAYLOAD " REPLACE\r\n"},
    {"eval", "EVAL " COMPARE_AND_SET " 1 s evil text\r\n"},
    {"eval", "EVAL " COMPARE_AND_SET " 1 s evil text PX 5000\r\n"},
    {"eval", "EVAL " SET_IF_ABSENT " 1 none evil 100\r\n"},
    {"bitop", "BITOP OR none s t\r\n"},
    {"bitop", "BITOP NOT s s\r\n"},
    {"incrbyfloat", "INCRBYFLOAT n 1.5\r\n"},
    {"setbit", "SETBIT s 1 0\r\n"},
    {"setbit", "SETBIT none 100 1\r\n"},
    {"bitfield", "BITFIELD s SET u8 0 1\r\n"},
    {"bitfield", "BITFIELD none GET u8 0 INCRBY i5 3 1\r\n"},
};

/* What writes, but can only take away or change a time. */
static const char *const carries_none[] = {
    "getdel",          "getex",          "del",      "unlink",        "expire",
    "pexpire",         "persist",        "expireat", "pexpireat",     "flushdb",
    "flushall",        "pickle.forget",  "sort",     "function|load", "function|restore",
    "function|delete", "function|flush", "swapdb"};

struct stub {
    struct world *world;
    size_t questions;
    bool refuses;
    const char *forbidden; /* NULL: all values */
};

static enum gate_verdict stub_judge(void *context, struct gate_desk *desk UNUSED,
                                    const struct gate_question *question, struct gate_answer *why) {
    struct stub *stub = context;
    stub->questions++;
    cr_expect(stub->world->one.worker.access.hold.depth == 0, "asked while a lock is held");
    if (!stub->refuses) return GATE_ADMIT;
    if (stub->forbidden && !bytes_equal(question->value, bytes_of_cstr(stub->forbidden)))
        return GATE_ADMIT;
    return gate_refuse(why, 7, "db %u key '%.*s' is refused", question->db, (int)question->key.len,
                       (const char *)question->key.data);
}

static void add_entry(void *context, struct bytes name, const struct store_value *value) {
    struct buf *all = context;
    must(buf_printf(all, "%.*s=%.*s@%lld ", (int)name.len, (const char *)name.data,
                    (int)value->bytes.len, (const char *)value->bytes.data,
                    (long long)value->expire_at_ms));
}

/* All that is stored, as text. */
static void picture(struct world *world, struct buf *all) {
    struct keyspace_scan scan = {.visit = add_entry, .context = all};
    uint64_t cursor = 0;
    buf_init(all, mem_system(), SIZE_MAX);
    do cursor = keyspace_scan(&world->one.worker.access, &scan, cursor);
    while (cursor);
}

static bool is_listed(const char *name, bool with_value) {
    if (with_value) {
        for (size_t i = 0; i < ARRAY_LEN(carries_a_value); i++)
            if (strcmp(carries_a_value[i].name, name) == 0) return true;
    } else {
        for (size_t i = 0; i < ARRAY_LEN(carries_none); i++)
            if (strcmp(carries_none[i], name) == 0) return true;
    }
    return false;
}

static bool is_one_of(const char *name, const char *const *names, size_t count) {
    size_t i = 0;
    while (i < count && strcmp(name, names[i]) != 0) i++;
    return i < count;
}

Test(door, every_write_command_of_the_table_has_a_row_here) {
    for (size_t row = 0; row < command_table_count(); row++) {
        const struct command *command = &command_table[row];
        bool value = command->flags & CMD_VALUE;
        if (!(command->flags & CMD_WRITE)) {
            cr_expect(!value, "%s stores a value and is no write", command->name);
            continue;
        }
        cr_expect(is_listed(command->name, value), "%s has no row in test_door.c", command->name);
        cr_expect(!is_listed(command->name, !value), "%s: CMD_VALUE and its row differ",
                  command->name);
        /* What moves a value takes no more than it gives, and Redis allows it. */
        bool moves = is_one_of(command->name, (const char *[]){"rename", "renamenx", "move"}, 3);
        if (value && !moves)
            cr_expect(command->flags & CMD_DENYOOM, "%s takes memory and is not denied it",
                      command->name);
    }
}

Test(door, what_is_refused_changes_nothing) {
    for (size_t i = 0; i < ARRAY_LEN(carries_a_value); i++) {
        const struct door *door = &carries_a_value[i];
        struct world world;
        struct stub stub = {.world = &world};
        struct buf before, after;
        world_init_judge(&world, stub_judge, &stub);
        ask(&world, seed);
        picture(&world, &before);
        stub.refuses = true;
        stub.questions = 0;
        const char *reply = ask(&world, door->command);
        picture(&world, &after);
        cr_expect(strncmp(reply, "-PICKLEDENIED offset 7: db ", 27) == 0, "%s answered %s",
                  door->command, reply);
        cr_expect(stub.questions > 0, "%s: the gate was not asked", door->command);
        cr_expect(bytes_equal(buf_view(&before), buf_view(&after)), "%s: %.*s became %.*s",
                  door->command, (int)before.len, (const char *)before.data, (int)after.len,
                  (const char *)after.data);
        buf_deinit(&before);
        buf_deinit(&after);
        world_deinit(&world);
    }
}

Test(door, what_is_admitted_is_stored_after_one_question_a_value) {
    for (size_t i = 0; i < ARRAY_LEN(carries_a_value); i++) {
        const struct door *door = &carries_a_value[i];
        struct world world;
        struct stub stub = {.world = &world};
        world_init_judge(&world, stub_judge, &stub);
        ask(&world, seed);
        stub.questions = 0;
        const char *reply = ask(&world, door->command);
        size_t values = strstr(door->command, "none evil s evil") ? 4 : 1;
        cr_expect(reply[0] != '-', "%s answered %s", door->command, reply);
        cr_expect(stub.questions == values, "%s asked %zu times", door->command, stub.questions);
        world_deinit(&world);
    }
}

Test(door, what_is_put_together_is_judged_as_a_whole) {
    struct world world;
    struct stub stub = {.world = &world, .refuses = true, .forbidden = "evil"};
    world_init_judge(&world, stub_judge, &stub);
    cr_expect_str_eq(ask(&world, "SET k ev\r\n"), "+OK\r\n");
    cr_expect(strncmp(ask(&world, "APPEND k il\r\n"), "-PICKLEDENIED", 13) == 0);
    cr_expect_str_eq(ask(&world, "GET k\r\n"), "$2\r\nev\r\n");
    cr_expect_str_eq(ask(&world, "APPEND k ils\r\n"), ":5\r\n");
    stub.forbidden = "10";
    cr_expect_str_eq(ask(&world, "SET n 9\r\n"), "+OK\r\n");
    cr_expect(strncmp(ask(&world, "INCR n\r\n"), "-PICKLEDENIED", 13) == 0);
    cr_expect_str_eq(ask(&world, "INCRBY n 2\r\n"), ":11\r\n");
    world_deinit(&world);
}

Test(door, a_refusal_is_counted_and_its_line_holds_no_control_byte) {
    struct world world;
    struct stub stub = {.world = &world, .refuses = true};
    world_init_judge(&world, stub_judge, &stub);
    const char *reply = ask(&world, "SET \"k\\r\\n+OK\" v\r\n");
    cr_expect_str_eq(reply, "-PICKLEDENIED offset 7: db 0 key 'k??+OK' is refused\r\n");
    cr_expect(metrics_set_sum(&world.one.metrics_set, METRIC_gate_refused) == 1);
    cr_expect(strstr(ask(&world, "INFO errorstats\r\n"), "errorstat_PICKLEDENIED:count=1"));
    world_deinit(&world);
}
