/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "tests/stress/support/model.h"

#include "base/assert.h"
#include "base/number.h"

#include <inttypes.h>
#include <stdio.h>

struct run {
    struct model *model;
    struct model_client *client;
    const struct bytes *args;
    size_t count;
    int64_t now_ms;
    struct buf *reply;
};

static const char *const key_names[MODEL_KEYS] = {"key:0", "key:1", "key:2",  "key:3",
                                                  "key:4", "key:5", "key:6",  "key:7",
                                                  "key:8", "key:9", "key:10", "key:11"};

static void must(enum brine_status status) {
    BRINE_ASSERT(status == BRINE_OK, "the model has memory");
}

struct bytes model_key_name(uint32_t key) {
    return bytes_of_cstr(key_names[key]);
}

void model_init(struct model *model) {
    *model = (struct model){0};
    for (size_t db = 0; db < MODEL_DATABASES; db++)
        for (size_t key = 0; key < MODEL_KEYS; key++)
            buf_init(&model->entries[db][key].value, mem_system(), SIZE_MAX);
}

static void drop_undo(struct model *model) {
    for (size_t i = 0; i < model->undo_count; i++) buf_deinit(&model->undo[i].old.value);
    model->undo_count = 0;
}

void model_deinit(struct model *model) {
    drop_undo(model);
    for (size_t db = 0; db < MODEL_DATABASES; db++)
        for (size_t key = 0; key < MODEL_KEYS; key++) buf_deinit(&model->entries[db][key].value);
}

void model_undo(struct model *model) {
    while (model->undo_count) {
        struct model_undo *undo = &model->undo[--model->undo_count];
        buf_deinit(&model->entries[undo->db][undo->key].value);
        model->entries[undo->db][undo->key] = undo->old;
    }
}

const struct model_entry *model_find(const struct model *model, uint32_t db, uint32_t key,
                                     int64_t now_ms) {
    const struct model_entry *entry = &model->entries[db][key];
    if (!entry->present || (entry->expire_at_ms && now_ms > entry->expire_at_ms)) return NULL;
    return entry;
}

/* ---- pieces -----------------------------------------------------------------------------------*/

static uint32_t key_of(const struct run *run, size_t position) {
    for (uint32_t key = 0; key < MODEL_KEYS; key++)
        if (bytes_equal(run->args[position], model_key_name(key))) return key;
    BRINE_ASSERT(false, "the simulation uses the model's keys");
    return 0;
}

static const struct model_entry *find(const struct run *run, size_t position) {
    return model_find(run->model, run->client->db, key_of(run, position), run->now_ms);
}

/* The entry to change, its old state remembered once a command. */
static struct model_entry *change(struct run *run, uint32_t key) {
    struct model *model = run->model;
    uint32_t db = run->client->db;
    struct model_entry *entry = &model->entries[db][key];
    for (size_t i = 0; i < model->undo_count; i++)
        if (model->undo[i].db == db && model->undo[i].key == key) return entry;
    model->undo[model->undo_count++] = (struct model_undo){db, key, *entry};
    struct bytes old = buf_view(&entry->value);
    buf_init(&entry->value, mem_system(), SIZE_MAX);
    must(buf_append(&entry->value, old));
    return entry;
}

static void put(struct run *run, size_t position, struct bytes value, int64_t expire_at_ms) {
    struct model_entry *entry = change(run, key_of(run, position));
    buf_clear(&entry->value);
    must(buf_append(&entry->value, value));
    entry->present = true;
    entry->expire_at_ms = expire_at_ms;
}

static void drop(struct run *run, uint32_t key) {
    change(run, key)->present = false;
}

static bool arg_is(const struct run *run, size_t position, const char *word) {
    return position < run->count && bytes_is(run->args[position], word);
}

static void say(struct run *run, const char *text) {
    must(buf_append(run->reply, bytes_of_cstr(text)));
}
static void say_integer(struct run *run, int64_t value) {
    must(buf_printf(run->reply, ":%" PRId64 "\r\n", value));
}
static void say_bulk(struct run *run, struct bytes value) {
    must(buf_printf(run->reply, "$%zu\r\n", value.len));
    must(buf_append(run->reply, value));
    say(run, "\r\n");
}
static void say_null(struct run *run) {
    say(run, run->client->resp == 3 ? "_\r\n" : "$-1\r\n");
}
static void say_value(struct run *run, const struct model_entry *entry) {
    if (entry)
        say_bulk(run, buf_view(&entry->value));
    else
        say_null(run);
}

static bool integer_at(struct run *run, size_t position, int64_t *value) {
    if (number_parse_i64(run->args[position], value)) return true;
    say(run, "-ERR value is not an integer or out of range\r\n");
    return false;
}

/* A time to live in the words of SET; false: replied. */
static bool moment_of(struct run *run, size_t position, const char *word, const char *command,
                      int64_t *moment) {
    int64_t time;
    if (!integer_at(run, position, &time)) return false;
    bool seconds = word[0] == 'E' || word[0] == 'e', at = strlen(word) > 2;
    __int128 wide = (__int128)time * (seconds ? 1000 : 1) + (at ? 0 : run->now_ms);
    if (time <= 0 || wide > INT64_MAX) {
        must(buf_printf(run->reply, "-ERR invalid expire time in '%s' command\r\n", command));
        return false;
    }
    *moment = (int64_t)wide;
    return true;
}

/* ---- commands ---------------------------------------------------------------------------------*/

static void run_set(struct run *run) {
    bool nx = false, xx = false, get = false, keep = false;
    const char *unit = NULL;
    static const char *const units[] = {"EX", "PX", "EXAT", "PXAT"};
    size_t time_at = 0;
    for (size_t i = 3; i < run->count; i++) {
        nx |= arg_is(run, i, "NX");
        xx |= arg_is(run, i, "XX");
        get |= arg_is(run, i, "GET");
        keep |= arg_is(run, i, "KEEPTTL");
        for (size_t u = 0; u < ARRAY_LEN(units); u++)
            if (arg_is(run, i, units[u])) unit = units[u], time_at = i + 1;
    }
    if ((nx && xx) || (keep && unit)) {
        say(run, "-ERR syntax error\r\n");
        return;
    }
    int64_t moment = 0;
    if (unit && !moment_of(run, time_at, unit, "set", &moment)) return;
    const struct model_entry *old = find(run, 1);
    if (get) say_value(run, old);
    bool done = !((nx && old) || (xx && !old));
    if (!get && done) say(run, "+OK\r\n");
    if (!get && !done) say_null(run);
    if (keep && old) moment = old->expire_at_ms;
    if (done) put(run, 1, run->args[2], moment);
}

static void run_setnx(struct run *run) {
    bool absent = !find(run, 1);
    if (absent) put(run, 1, run->args[2], 0);
    say_integer(run, absent);
}

static void run_psetex(struct run *run) {
    int64_t moment;
    if (!moment_of(run, 2, "PX", "psetex", &moment)) return;
    put(run, 1, run->args[3], moment);
    say(run, "+OK\r\n");
}

static void run_get(struct run *run) {
    say_value(run, find(run, 1));
}

static void run_getset(struct run *run) {
    say_value(run, find(run, 1));
    put(run, 1, run->args[2], 0);
}

static void run_getdel(struct run *run) {
    const struct model_entry *entry = find(run, 1);
    say_value(run, entry);
    if (entry) drop(run, key_of(run, 1));
}

static void run_getex(struct run *run) {
    const struct model_entry *entry = find(run, 1);
    int64_t moment = 0;
    if (!entry) {
        say_null(run);
        return;
    }
    bool persist = arg_is(run, 2, "PERSIST");
    if (run->count > 2 && !persist) {
        const char *unit = arg_is(run, 2, "EX") ? "EX" : arg_is(run, 2, "PX") ? "PX" : "PXAT";
        if (!moment_of(run, 3, unit, "getex", &moment)) return;
    }
    say_value(run, entry);
    if (run->count == 2) return;
    if (moment && moment <= run->now_ms)
        drop(run, key_of(run, 1));
    else
        change(run, key_of(run, 1))->expire_at_ms = moment;
}

static void run_mget(struct run *run) {
    must(buf_printf(run->reply, "*%zu\r\n", run->count - 1));
    for (size_t i = 1; i < run->count; i++) say_value(run, find(run, i));
}

static void run_mset(struct run *run) {
    for (size_t i = 1; i + 1 < run->count; i += 2) put(run, i, run->args[i + 1], 0);
    say(run, "+OK\r\n");
}

static void run_del(struct run *run) {
    int64_t dropped = 0;
    for (size_t i = 1; i < run->count; i++) {
        if (!find(run, i)) continue;
        drop(run, key_of(run, i));
        dropped++;
    }
    say_integer(run, dropped);
}

static void run_exists(struct run *run) {
    int64_t found = 0;
    for (size_t i = 1; i < run->count; i++) found += find(run, i) != NULL;
    say_integer(run, found);
}

static void run_type(struct run *run) {
    say(run, find(run, 1) ? "+string\r\n" : "+none\r\n");
}

static void run_strlen(struct run *run) {
    const struct model_entry *entry = find(run, 1);
    say_integer(run, entry ? (int64_t)entry->value.len : 0);
}

static void run_append(struct run *run) {
    const struct model_entry *entry = find(run, 1);
    if (!entry) {
        put(run, 1, run->args[2], 0);
        say_integer(run, (int64_t)run->args[2].len);
        return;
    }
    struct model_entry *changed = change(run, key_of(run, 1));
    must(buf_append(&changed->value, run->args[2]));
    say_integer(run, (int64_t)changed->value.len);
}

static void add(struct run *run, int64_t by) {
    const struct model_entry *entry = find(run, 1);
    int64_t value = 0, expire_at_ms = entry ? entry->expire_at_ms : 0;
    if (entry && !number_parse_i64(buf_view(&entry->value), &value)) {
        say(run, "-ERR value is not an integer or out of range\r\n");
        return;
    }
    if (add_overflows(value, by, &value)) {
        say(run, "-ERR increment or decrement would overflow\r\n");
        return;
    }
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%" PRId64, value);
    put(run, 1, bytes_view(digits, (size_t)len), expire_at_ms);
    say_integer(run, value);
}

static void run_incr(struct run *run) {
    add(run, 1);
}
static void run_incrby(struct run *run) {
    int64_t by;
    if (integer_at(run, 2, &by)) add(run, by);
}

static void run_msetnx(struct run *run) {
    for (size_t i = 1; i + 1 < run->count; i += 2) {
        if (!find(run, i)) continue;
        say(run, ":0\r\n");
        return;
    }
    for (size_t i = 1; i + 1 < run->count; i += 2) put(run, i, run->args[i + 1], 0);
    say(run, ":1\r\n");
}

static void run_getrange(struct run *run) {
    int64_t first, last;
    if (!integer_at(run, 2, &first) || !integer_at(run, 3, &last)) return;
    const struct model_entry *entry = find(run, 1);
    int64_t len = entry ? (int64_t)entry->value.len : 0;
    bool crossed = first < 0 && last < 0 && first > last;
    if (first < 0) first = MAX(first + len, 0);
    if (last < 0) last = MAX(last + len, 0);
    last = MIN(last, len - 1);
    if (crossed || first > last || len == 0)
        say_bulk(run, BYTES(""));
    else
        say_bulk(run,
                 bytes_slice(buf_view(&entry->value), (size_t)first, (size_t)(last - first + 1)));
}

/* The value, as long as `len` at least, for changing in place. */
static struct buf *lengthen(struct run *run, size_t len) {
    if (!find(run, 1)) put(run, 1, BYTES(""), 0);
    struct buf *value = &change(run, key_of(run, 1))->value;
    while (value->len < len) must(buf_append(value, bytes_view("", 1)));
    return value;
}

/* The offset is small and not negative. */
static void run_setrange(struct run *run) {
    int64_t at;
    if (!integer_at(run, 2, &at)) return;
    struct bytes part = run->args[3];
    const struct model_entry *entry = find(run, 1);
    if (part.len == 0) {
        say_integer(run, entry ? (int64_t)entry->value.len : 0);
        return;
    }
    struct buf *value = lengthen(run, (size_t)at + part.len);
    bytes_copy_to(value->data + at, part);
    say_integer(run, (int64_t)value->len);
}

static void run_setbit(struct run *run) {
    int64_t at;
    if (!integer_at(run, 2, &at)) return;
    struct buf *value = lengthen(run, (size_t)at / 8 + 1);
    uint8_t *byte = &value->data[at / 8], bit = (uint8_t)(0x80 >> at % 8);
    say_integer(run, (*byte & bit) != 0);
    *byte = arg_is(run, 3, "1") ? *byte | bit : *byte & (uint8_t)~bit;
}

static void run_bitcount(struct run *run) {
    const struct model_entry *entry = find(run, 1);
    int64_t count = 0;
    for (size_t i = 0; entry && i < entry->value.len; i++)
        for (unsigned byte = entry->value.data[i]; byte; byte &= byte - 1) count++;
    say_integer(run, count);
}

/* BITOP XOR */
static void run_bitop(struct run *run) {
    uint8_t made[2] = {0};
    struct buf sum;
    buf_init(&sum, mem_system(), SIZE_MAX);
    for (size_t i = 3; i < run->count; i++) {
        const struct model_entry *entry = find(run, i);
        for (size_t j = 0; entry && j < entry->value.len; j++) {
            if (j == sum.len) must(buf_append(&sum, bytes_view(made, 1)));
            sum.data[j] ^= entry->value.data[j];
        }
    }
    if (sum.len)
        put(run, 2, buf_view(&sum), 0);
    else if (find(run, 2))
        drop(run, key_of(run, 2));
    say_integer(run, (int64_t)sum.len);
    buf_deinit(&sum);
}

/* A value and its time from one key to another. */
static void carry(struct run *run, size_t from, size_t to) {
    const struct model_entry *entry = find(run, from);
    struct buf copy;
    buf_init(&copy, mem_system(), SIZE_MAX);
    must(buf_append(&copy, buf_view(&entry->value)));
    put(run, to, buf_view(&copy), entry->expire_at_ms);
    buf_deinit(&copy);
}

static void run_rename(struct run *run) {
    bool only_new = arg_is(run, 0, "RENAMENX"), same = key_of(run, 1) == key_of(run, 2);
    if (!find(run, 1)) {
        say(run, "-ERR no such key\r\n");
    } else if (only_new && find(run, 2)) {
        say(run, ":0\r\n");
    } else {
        if (!same) {
            carry(run, 1, 2);
            drop(run, key_of(run, 1));
        }
        say(run, only_new ? ":1\r\n" : "+OK\r\n");
    }
}

static void run_copy(struct run *run) {
    if (key_of(run, 1) == key_of(run, 2)) {
        say(run, "-ERR source and destination objects are the same\r\n");
        return;
    }
    bool done = find(run, 1) && (arg_is(run, 3, "REPLACE") || !find(run, 2));
    if (done) carry(run, 1, 2);
    say_integer(run, done);
}

static void run_pexpiretime(struct run *run) {
    const struct model_entry *entry = find(run, 1);
    say_integer(run, !entry ? -2 : entry->expire_at_ms ? entry->expire_at_ms : -1);
}

static void run_pexpire(struct run *run) {
    int64_t time;
    if (!integer_at(run, 2, &time)) return;
    const struct model_entry *entry = find(run, 1);
    __int128 wide = (__int128)time + run->now_ms;
    if (wide > INT64_MAX || wide < INT64_MIN) {
        say(run, "-ERR invalid expire time in 'pexpire' command\r\n");
        return;
    }
    int64_t when = (int64_t)wide, now = entry ? entry->expire_at_ms : 0;
    if (!entry || (arg_is(run, 3, "NX") && now) || (arg_is(run, 3, "XX") && !now) ||
        (arg_is(run, 3, "GT") && (!now || when <= now)) ||
        (arg_is(run, 3, "LT") && now && when >= now)) {
        say(run, ":0\r\n");
        return;
    }
    if (when <= run->now_ms)
        drop(run, key_of(run, 1));
    else
        change(run, key_of(run, 1))->expire_at_ms = when;
    say(run, ":1\r\n");
}

static void run_pttl(struct run *run) {
    const struct model_entry *entry = find(run, 1);
    say_integer(run, !entry ? -2 : entry->expire_at_ms ? entry->expire_at_ms - run->now_ms : -1);
}

static void run_persist(struct run *run) {
    const struct model_entry *entry = find(run, 1);
    bool has = entry && entry->expire_at_ms;
    if (has) change(run, key_of(run, 1))->expire_at_ms = 0;
    say_integer(run, has);
}

static void run_flushdb(struct run *run) {
    for (uint32_t key = 0; key < MODEL_KEYS; key++) drop(run, key);
    say(run, "+OK\r\n");
}

static void run_select(struct run *run) {
    run->client->db = (uint32_t)(run->args[1].data[0] - '0');
    say(run, "+OK\r\n");
}

static void run_ping(struct run *run) {
    say(run, "+PONG\r\n");
}

static void run_echo(struct run *run) {
    say_bulk(run, run->args[1]);
}

static const struct {
    const char *name;
    void (*run)(struct run *run);
} commands[] = {
    {"SET", run_set},
    {"GET", run_get},
    {"SETNX", run_setnx},
    {"PSETEX", run_psetex},
    {"GETSET", run_getset},
    {"GETDEL", run_getdel},
    {"GETEX", run_getex},
    {"MGET", run_mget},
    {"MSET", run_mset},
    {"DEL", run_del},
    {"UNLINK", run_del},
    {"EXISTS", run_exists},
    {"TYPE", run_type},
    {"STRLEN", run_strlen},
    {"APPEND", run_append},
    {"INCR", run_incr},
    {"INCRBY", run_incrby},
    {"PEXPIRE", run_pexpire},
    {"PTTL", run_pttl},
    {"PERSIST", run_persist},
    {"FLUSHDB", run_flushdb},
    {"SELECT", run_select},
    {"PING", run_ping},
    {"ECHO", run_echo},
    {"MSETNX", run_msetnx},
    {"GETRANGE", run_getrange},
    {"SETRANGE", run_setrange},
    {"SETBIT", run_setbit},
    {"BITCOUNT", run_bitcount},
    {"BITOP", run_bitop},
    {"RENAME", run_rename},
    {"RENAMENX", run_rename},
    {"COPY", run_copy},
    {"TOUCH", run_exists},
    {"PEXPIRETIME", run_pexpiretime},
};

void model_run(struct model *model, struct model_client *client, const struct bytes *args,
               size_t count, int64_t now_ms, struct buf *reply) {
    struct run run = {model, client, args, count, now_ms, reply};
    drop_undo(model);
    if (bytes_is(args[0], "UNWATCH")) { /* within EXEC: nothing is watched */
        say(&run, "+OK\r\n");
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (!bytes_is(args[0], commands[i].name)) continue;
        commands[i].run(&run);
        return;
    }
    say(&run, "-ERR unknown command '");
    must(buf_append(reply, args[0]));
    say(&run, "', with args beginning with: \r\n");
}
