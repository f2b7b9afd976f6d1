/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A world on one thread: several clients, two workers, a store, no sockets and no clock. Everything
 * that happens is chosen by a seed: which client sends what, where the bytes are cut, how far time
 * jumps, which allocations fail, when expired keys are swept.  Each reply is compared byte for byte
 * with that of a reference model (support/model.h), and what is stored at the end with what the
 * model holds.
 *
 *     simulation [--seed N] [--steps M]     without a seed: a number of seeds
 *
 * A failing seed is printed and fails again.  What a refused allocation may do is narrow: the
 * command answers OOM and has changed nothing, or the connection is closed and the command was
 * done as a whole or not at all. */

#include "cmd/dispatch.h"
#include "tests/stress/support/model.h"

#include "base/assert.h"
#include "base/number.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    CLIENTS = 6,
    WORKERS = 2,
    PENDING_MAX = 400, /* commands of one client that are sent and not yet run */
    SEEDS = 24,
    STEPS = 1500,
    OUTPUT_PAUSE_BYTES = 16384,
};

/* ---- an allocator that refuses now and then ---------------------------------------------------*/

struct chaos {
    struct allocator allocator;
    struct random *random;
    uint64_t refuse_one_in; /* 0: never */
    size_t taken_bytes, refused;
};

static void *chaos_resize(struct allocator *self, void *old, size_t old_bytes, size_t new_bytes) {
    struct chaos *chaos = CONTAINER_OF(self, struct chaos, allocator);
    if (new_bytes > old_bytes && chaos->refuse_one_in &&
        random_below(chaos->random, chaos->refuse_one_in) == 0) {
        chaos->refused++;
        return NULL;
    }
    void *block = mem_resize(mem_system(), old, old_bytes, new_bytes);
    if (block || new_bytes == 0) chaos->taken_bytes += new_bytes - old_bytes;
    return block;
}

/* ---- the world --------------------------------------------------------------------------------*/

struct sent {
    size_t end;          /* offset into the client's bytes behind the command */
    size_t first, count; /* its arguments, in words */
};

/* MULTI and WATCH as the simulation knows them. */
struct deal {
    bool is_open, is_aborted;
    bool touched, maybe_touched; /* maybe: by a command that was refused half-way */
    bool unsure;                 /* a WATCH was refused: who knows which keys are watched */
    bool watches[MODEL_DATABASES][MODEL_KEYS], existed[MODEL_DATABASES][MODEL_KEYS];
    struct queued_words {
        struct buf text;
        size_t lens[MODEL_ARGS_MAX], count;
    } queue[PENDING_MAX];
    size_t queued;
};

struct client {
    struct session session;
    struct model_client model;
    struct deal deal;
    struct buf bytes;    /* sent and not consumed */
    size_t arrived;      /* of them, so far */
    struct buf text;     /* the arguments' bytes */
    struct bytes *words; /* into text, as offsets in data until used */
    size_t words_count;
    struct sent queue[PENDING_MAX];
    size_t queued;
};

struct world {
    uint64_t seed;
    struct random random;
    struct chaos chaos;
    struct config config;
    struct gate gate;
    struct store *store;
    struct keyspace keyspace;
    struct command_shared shared;
    struct worker_state workers[WORKERS];
    struct client clients[CLIENTS];
    struct model model;
    uint64_t next_id;
    int64_t now_ms;
    uint64_t commands, refusals, closed, executed, overtaken;
};

#define OUT_OF_MEMORY BYTES("-OOM the server is out of memory")

enum { WORDS_MAX = PENDING_MAX * MODEL_ARGS_MAX };

static void must(enum brine_status status) {
    BRINE_ASSERT(status == BRINE_OK, "the simulation itself has memory");
}

static void fail(const struct world *world, const char *what, struct bytes expected,
                 struct bytes actual) {
    printf("seed %" PRIu64 ": %s\n  expected %zu bytes: %.*s\n  actual %zu bytes: %.*s\n",
           world->seed, what, expected.len, (int)MIN(expected.len, (size_t)300),
           (const char *)expected.data, actual.len, (int)MIN(actual.len, (size_t)300),
           (const char *)actual.data);
    printf("again: simulation --seed %" PRIu64 "\n0 passed, 1 failed\n", world->seed);
    fflush(stdout);
    exit(1);
}

static bool chance(struct world *world, uint64_t one_in) {
    return random_below(&world->random, one_in) == 0;
}

static void set_time(struct world *world, int64_t now_ms) {
    world->now_ms = now_ms;
    for (size_t i = 0; i < WORKERS; i++) worker_state_set_time(&world->workers[i], now_ms, now_ms);
}

static void end_deal(struct deal *deal) {
    for (size_t i = 0; i < deal->queued; i++) buf_deinit(&deal->queue[i].text);
    *deal = (struct deal){0};
}

static void connect_client(struct world *world, struct client *client) {
    end_deal(&client->deal);
    session_init(&client->session, &(struct session_options){.id = ++world->next_id,
                                                             .mem = &world->chaos.allocator,
                                                             .now_ms = world->now_ms,
                                                             .mono_ms = world->now_ms,
                                                             .authenticated = true,
                                                             .peer = "simulated:1"});
    client->model = (struct model_client){.db = 0, .resp = 2};
    buf_clear(&client->bytes);
    buf_clear(&client->text);
    client->arrived = client->queued = client->words_count = 0;
}

static void world_init(struct world *world, uint64_t seed) {
    *world = (struct world){.seed = seed};
    random_init(&world->random, seed);
    world->chaos = (struct chaos){.allocator.resize = chaos_resize, .random = &world->random};
    struct allocator *mem = &world->chaos.allocator;
    must(config_init(&world->config, mem_system()));
    struct bytes pause[] = {BYTES("limits.output_pause_bytes"), BYTES("16384")};
    must(config_set(&world->config, pause, 1, NULL));
    gate_init_off(&world->gate);
    world->store = store_create(&(struct store_options){
        .mem = mem, .secret = {seed, ~seed}, .shards = 1u << random_below(&world->random, 5)});
    BRINE_ASSERT(world->store, "nothing is refused yet");
    keyspace_init(&world->keyspace,
                  &(struct keyspace_options){.store = world->store, .gate = &world->gate});
    must(command_shared_init(&world->shared,
                             &(struct command_shared_options){.mem = mem_system(), .workers = 1}));
    for (size_t i = 0; i < WORKERS; i++)
        worker_state_init(&world->workers[i], &(struct worker_options){.mem = mem,
                                                                       .config = &world->config,
                                                                       .keyspace = &world->keyspace,
                                                                       .shared = &world->shared});
    set_time(world, 1000000);
    model_init(&world->model);
    for (size_t i = 0; i < CLIENTS; i++) {
        struct client *client = &world->clients[i];
        buf_init(&client->bytes, mem_system(), SIZE_MAX);
        buf_init(&client->text, mem_system(), SIZE_MAX);
        client->words = mem_alloc(mem_system(), WORDS_MAX * sizeof *client->words);
        connect_client(world, client);
    }
}

static void world_deinit(struct world *world) {
    for (size_t i = 0; i < CLIENTS; i++) {
        struct client *client = &world->clients[i];
        session_deinit(&client->session);
        end_deal(&client->deal);
        buf_deinit(&client->bytes);
        buf_deinit(&client->text);
        mem_free(mem_system(), client->words, WORDS_MAX * sizeof *client->words);
    }
    for (size_t i = 0; i < WORKERS; i++) worker_state_deinit(&world->workers[i]);
    command_shared_deinit(&world->shared);
    keyspace_deinit(&world->keyspace);
    store_destroy(world->store);
    model_deinit(&world->model);
    config_deinit(&world->config);
    if (world->chaos.taken_bytes) fail(world, "memory was not given back", BYTES(""), BYTES(""));
}

/* ---- what clients send ------------------------------------------------------------------------*/

/* A word of the command that is being made; data holds an offset until it is sent. */
static void add_word(struct client *client, struct bytes word) {
    client->words[client->words_count++] =
        (struct bytes){(const uint8_t *)client->text.len, word.len};
    must(buf_append(&client->text, word));
}

static struct bytes word_at(const struct client *client, size_t index) {
    struct bytes word = client->words[index];
    return bytes_view(client->text.data + (size_t)word.data, word.len);
}

static void add_key(struct world *world, struct client *client) {
    add_word(client, model_key_name((uint32_t)random_below(&world->random, MODEL_KEYS)));
}

static void add_number(struct client *client, int64_t value) {
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%" PRId64, value);
    add_word(client, bytes_view(digits, (size_t)len));
}

static void add_value(struct world *world, struct client *client) {
    static uint8_t bytes[80000];
    size_t len = random_below(&world->random, 40);
    if (chance(world, 4)) {
        add_number(client, (int64_t)random_u64(&world->random) >> random_below(&world->random, 64));
        return;
    }
    if (chance(world, 10)) len = random_below(&world->random, 3000);
    if (chance(world, 40)) len = 16000 + random_below(&world->random, 64000);
    uint8_t first = (uint8_t)random_u64(&world->random);
    for (size_t i = 0; i < len; i++) bytes[i] = (uint8_t)(first + i * 7);
    add_word(client, bytes_view(bytes, len));
}

static void add_time(struct world *world, struct client *client) {
    int64_t time = (int64_t)random_below(&world->random, 5000) - 100;
    if (chance(world, 20)) time = (int64_t)random_u64(&world->random);
    add_number(client, time);
}

static void add_choice(struct world *world, struct client *client, const char *words) {
    size_t count = 1;
    for (const char *at = words; *at; at++) count += *at == ' ';
    for (size_t skip = random_below(&world->random, count); skip > 0; skip--)
        words = strchr(words, ' ') + 1;
    add_word(client, bytes_view(words, strcspn(words, " ")));
}

/* One letter a word: k key, v value, t time, n small number, o offset, d database, ? what follows
 * only sometimes, + what follows once or more often, words in <> one of them. */
static const struct {
    const char *name, *shape;
} shapes[] = {
    {"SET", "kv"},
    {"SET", "kv"},
    {"SET", "kv?<NX XX>?<GET>"},
    {"SET", "kv?<NX XX>?<get>?<KEEPTTL>"},
    {"SET", "kv<EX PX EXAT PXAT>t?<GET>"},
    {"set", "kv<GET>?<nx>"},
    {"GET", "k"},
    {"GET", "k"},
    {"get", "k"},
    {"SETNX", "kv"},
    {"PSETEX", "ktv"},
    {"GETSET", "kv"},
    {"GETDEL", "k"},
    {"GETEX", "k?<PERSIST>"},
    {"GETEX", "k<EX PX PXAT>t"},
    {"MGET", "+k"},
    {"MSET", "+kv"},
    {"MSET", "+kv"},
    {"DEL", "+k"},
    {"UNLINK", "k"},
    {"EXISTS", "+k"},
    {"TYPE", "k"},
    {"STRLEN", "k"},
    {"APPEND", "kv"},
    {"APPEND", "kv"},
    {"INCR", "k"},
    {"INCRBY", "kn"},
    {"INCRBY", "kv"},
    {"PEXPIRE", "kt?<NX XX GT LT>"},
    {"PTTL", "k"},
    {"PERSIST", "k"},
    {"SELECT", "d"},
    {"PING", ""},
    {"ECHO", "v"},
    {"NOSUCH", ""},
    {"FLUSHDB", ""},
    {"MSETNX", "+kv"},
    {"GETRANGE", "knn"},
    {"SETRANGE", "kov"},
    {"SETBIT", "ko<0 1>"},
    {"BITCOUNT", "k"},
    {"BITOP", "<XOR xor>kk?k"},
    {"RENAME", "kk"},
    {"RENAMENX", "kk"},
    {"COPY", "kk?<REPLACE>"},
    {"TOUCH", "+k"},
    {"PEXPIRETIME", "k"},
    {"MULTI", ""},
    {"MULTI", ""},
    {"EXEC", ""},
    {"EXEC", ""},
    {"EXEC", ""},
    {"DISCARD", ""},
    {"WATCH", "+k"},
    {"WATCH", "k"},
    {"UNWATCH", ""},
};

static void add_words(struct world *world, struct client *client, const char *shape) {
    const char *again = NULL;
    bool skip = false;
    for (const char *at = shape; *at || again; at++) {
        if (!*at) { /* the end of what is repeated */
            if (chance(world, 3)) return;
            at = again;
        }
        if (*at == '+') again = ++at;
        if (*at == '?') {
            skip = !chance(world, 3);
            at++;
        }
        const char *end = *at == '<' ? strchr(at, '>') : at;
        if (!skip && *at == 'k') add_key(world, client);
        if (!skip && *at == 'v') add_value(world, client);
        if (!skip && *at == 't') add_time(world, client);
        if (!skip && *at == 'n')
            add_number(client, (int64_t)random_below(&world->random, 100) - 50);
        if (!skip && *at == 'o') add_number(client, (int64_t)random_below(&world->random, 300));
        if (!skip && *at == 'd')
            add_number(client, (int64_t)random_below(&world->random, MODEL_DATABASES));
        if (!skip && *at == '<') {
            char words[64] = {0};
            bytes_copy_to(words, bytes_view(at + 1, (size_t)(end - at) - 1));
            add_choice(world, client, words);
        }
        skip = false;
        at = end;
    }
}

static void send_command(struct world *world, struct client *client) {
    if (client->queued == PENDING_MAX || client->words_count > WORDS_MAX - MODEL_ARGS_MAX) return;
    size_t shape = random_below(&world->random, ARRAY_LEN(shapes));
    if (bytes_is(BYTES("FLUSHDB"), shapes[shape].name) && !chance(world, 20)) shape = 0;
    struct sent *sent = &client->queue[client->queued++];
    sent->first = client->words_count;
    add_word(client, bytes_of_cstr(shapes[shape].name));
    /* MGET and its like: at most so many words as the model has room for. */
    const char *form = shapes[shape].shape;
    do {
        client->words_count = sent->first + 1;
        add_words(world, client, form);
    } while (client->words_count - sent->first > MODEL_ARGS_MAX);
    sent->count = client->words_count - sent->first;
    if (sent->count == 1 && chance(world, 3)) {
        must(buf_append(&client->bytes, word_at(client, sent->first)));
        must(buf_append(&client->bytes, chance(world, 2) ? BYTES("\r\n") : BYTES("\n")));
    } else {
        must(buf_printf(&client->bytes, "*%zu\r\n", sent->count));
        for (size_t i = 0; i < sent->count; i++) {
            struct bytes word = word_at(client, sent->first + i);
            must(buf_printf(&client->bytes, "$%zu\r\n", word.len));
            must(buf_append(&client->bytes, word));
            must(buf_append(&client->bytes, BYTES("\r\n")));
        }
    }
    sent->end = client->bytes.len;
}

/* ---- what comes back --------------------------------------------------------------------------*/

/* What net would send: the references resolved. */
static void flatten(struct reply *reply, struct buf *out) {
    size_t at = 0;
    for (size_t i = 0; i < reply->larges_count; i++) {
        struct reply_large *large = &reply->larges[i];
        must(buf_append(out, bytes_slice(buf_view(&reply->out), at, large->offset - at)));
        must(buf_append(out, large->bytes));
        at = large->offset;
    }
    must(buf_append(out, bytes_slice(buf_view(&reply->out), at, reply->out.len)));
}

static bool entry_is_stored(struct world *world, uint32_t db, uint32_t key,
                            const struct model_entry *expected) {
    struct keyspace_access *access = &world->workers[0].access;
    struct store_key name = keyspace_key(access, db, model_key_name(key));
    struct store_value value;
    bool found = keyspace_enter(access, &name, &value);
    bool over =
        !expected->present || (expected->expire_at_ms && world->now_ms > expected->expire_at_ms);
    bool same = over ? !found
                     : found && bytes_equal(value.bytes, buf_view(&expected->value)) &&
                           value.expire_at_ms == expected->expire_at_ms;
    keyspace_leave(access);
    return same;
}

/* The connection broke in a command: it must have been done as a whole or not at all. */
static void settle_broken(struct world *world) {
    struct model *model = &world->model;
    bool after = true, before = true;
    for (size_t i = 0; i < model->undo_count; i++) {
        struct model_undo *undo = &model->undo[i];
        after &= entry_is_stored(world, undo->db, undo->key, &model->entries[undo->db][undo->key]);
        before &= entry_is_stored(world, undo->db, undo->key, &undo->old);
    }
    if (!after && !before) fail(world, "a broken command is half done", BYTES(""), BYTES(""));
    if (!after) model_undo(model);
}

/* A broken EXEC: its commands were done or refused one by one, and nobody was told which. */
static void adopt_store(struct world *world) {
    struct keyspace_access *access = &world->workers[0].access;
    for (uint32_t db = 0; db < MODEL_DATABASES; db++)
        for (uint32_t key = 0; key < MODEL_KEYS; key++) {
            struct model_entry *entry = &world->model.entries[db][key];
            struct store_key name = keyspace_key(access, db, model_key_name(key));
            struct store_value value;
            entry->present = keyspace_enter(access, &name, &value);
            buf_clear(&entry->value);
            if (entry->present) must(buf_append(&entry->value, value.bytes));
            entry->expire_at_ms = entry->present ? value.expire_at_ms : 0;
            keyspace_leave(access);
        }
}

static bool is_alive(const struct world *world, const struct model_entry *entry) {
    return entry->present && !(entry->expire_at_ms && world->now_ms > entry->expire_at_ms);
}

/* What the last command of the model changed concerns whoever watches it. */
static void touch_watchers(struct world *world, bool surely) {
    for (size_t i = 0; i < world->model.undo_count; i++) {
        struct model_undo *undo = &world->model.undo[i];
        const struct model_entry *entry = &world->model.entries[undo->db][undo->key];
        bool was = is_alive(world, &undo->old), is = is_alive(world, entry);
        /* SET of the same value or of one that is over touches, PERSIST of what has no time does
         * not: that stays open. */
        bool changed = was != is ||
                       (is && (entry->expire_at_ms != undo->old.expire_at_ms ||
                               !bytes_equal(buf_view(&entry->value), buf_view(&undo->old.value))));
        for (size_t j = 0; j < CLIENTS; j++) {
            struct deal *deal = &world->clients[j].deal;
            if (!deal->watches[undo->db][undo->key]) continue;
            deal->touched |= surely && changed;
            deal->maybe_touched |= !surely || entry->present || undo->old.present;
        }
    }
}

static size_t line_len(struct bytes text) {
    const uint8_t *end = memchr(text.data, '\n', text.len);
    return end ? (size_t)(end - text.data) + 1 : text.len;
}

/* Runs a command of the model and holds it against what was replied; returns how many bytes that
 * is. */
static size_t check_reply(struct world *world, struct client *client, const struct bytes *args,
                          size_t count, struct bytes actual, bool closed) {
    struct buf expected;
    buf_init(&expected, mem_system(), SIZE_MAX);
    model_run(&world->model, &client->model, args, count, world->now_ms, &expected);
    world->commands++;
    size_t used = expected.len;
    bool same = bytes_starts_with(actual, buf_view(&expected));
    touch_watchers(world, same);
    if (!same) {
        bool refused = world->chaos.refused > 0;
        if (refused && bytes_starts_with(actual, OUT_OF_MEMORY)) {
            used = line_len(actual);
            model_undo(&world->model);
            world->refusals++;
        } else if (refused && closed && actual.len == 0) {
            used = 0;
            settle_broken(world);
        } else {
            printf("command: %.*s of %zu\n", (int)args[0].len, (const char *)args[0].data, count);
            fail(world, "a reply differs", buf_view(&expected), actual);
        }
    }
    buf_deinit(&expected);
    return used;
}

/* A reply that no model is needed for, or a refusal. */
enum told { TOLD_EXPECTED, TOLD_REFUSED, TOLD_NOTHING };
static enum told check_text(struct world *world, struct bytes expected, struct bytes actual,
                            bool closed, size_t *used) {
    world->commands++;
    *used = expected.len;
    if (bytes_starts_with(actual, expected)) return TOLD_EXPECTED;
    bool refused = world->chaos.refused > 0;
    *used = 0;
    if (refused && closed && actual.len == 0) return TOLD_NOTHING;
    if (!refused || !bytes_starts_with(actual, OUT_OF_MEMORY))
        fail(world, "a reply of a transaction differs", expected, actual);
    *used = line_len(actual);
    world->refusals++;
    return TOLD_REFUSED;
}

static void queue_words(struct deal *deal, const struct bytes *args, size_t count) {
    struct queued_words *queued = &deal->queue[deal->queued++];
    buf_init(&queued->text, mem_system(), SIZE_MAX);
    queued->count = count;
    for (size_t i = 0; i < count; i++) {
        queued->lens[i] = args[i].len;
        must(buf_append(&queued->text, args[i]));
    }
}

static bool watched_key_is_over(const struct world *world, const struct deal *deal) {
    for (uint32_t db = 0; db < MODEL_DATABASES; db++)
        for (uint32_t key = 0; key < MODEL_KEYS; key++)
            if (deal->existed[db][key] && !model_find(&world->model, db, key, world->now_ms))
                return true;
    return false;
}

static size_t check_exec(struct world *world, struct client *client, struct bytes actual,
                         bool closed) {
    struct deal *deal = &client->deal;
    size_t used = 0, at;
    char head[32];
    int len = snprintf(head, sizeof head, "*%zu\r\n", deal->queued);
    bool surely = !deal->unsure && (deal->touched || watched_key_is_over(world, deal));
    bool maybe = deal->unsure || deal->maybe_touched;
    if (surely || (maybe && bytes_starts_with(actual, BYTES("*-1\r\n")))) {
        (void)check_text(world, BYTES("*-1\r\n"), actual, closed, &used);
        world->overtaken++;
        return used;
    }
    enum told told = check_text(world, bytes_view(head, (size_t)len), actual, closed, &used);
    if (told == TOLD_REFUSED && !closed)
        fail(world, "EXEC is refused", bytes_view(head, (size_t)len), actual);
    if (told == TOLD_NOTHING) {
        adopt_store(world);
        for (size_t i = 0; i < CLIENTS; i++) world->clients[i].deal.maybe_touched = true;
    }
    if (told != TOLD_EXPECTED) return used;
    world->executed += deal->queued > 0;
    for (size_t i = 0; i < deal->queued; i++) {
        struct bytes args[MODEL_ARGS_MAX];
        struct queued_words *queued = &deal->queue[i];
        at = 0;
        for (size_t j = 0; j < queued->count; j++) {
            args[j] = bytes_slice(buf_view(&queued->text), at, queued->lens[j]);
            at += queued->lens[j];
        }
        used += check_reply(world, client, args, queued->count,
                            bytes_slice(actual, used, actual.len), false);
    }
    return used;
}

static void watch_keys(struct world *world, struct client *client, const struct bytes *args,
                       size_t count) {
    for (size_t i = 1; i < count; i++)
        for (uint32_t key = 0; key < MODEL_KEYS; key++) {
            uint32_t db = client->model.db;
            struct deal *deal = &client->deal;
            if (!bytes_equal(args[i], model_key_name(key)) || deal->watches[db][key]) continue;
            const struct model_entry *entry = &world->model.entries[db][key];
            deal->watches[db][key] = true;
            deal->existed[db][key] = model_find(&world->model, db, key, world->now_ms) != NULL;
            if (entry->present && !deal->existed[db][key]) deal->maybe_touched = true;
        }
}

/* What MULTI and its family say outside of MULTI, and what ends it.  False: another command. */
static bool check_transaction(struct world *world, struct client *client, const struct bytes *args,
                              size_t count, struct bytes actual, bool closed, size_t *used) {
    struct deal *deal = &client->deal;
    if (bytes_is(args[0], "MULTI")) {
        struct bytes text =
            deal->is_open ? BYTES("-ERR MULTI calls can not be nested\r\n") : BYTES("+OK\r\n");
        if (check_text(world, text, actual, closed, used) == TOLD_EXPECTED) deal->is_open = true;
    } else if (bytes_is(args[0], "WATCH")) {
        struct bytes text =
            deal->is_open ? BYTES("-ERR WATCH inside MULTI is not allowed\r\n") : BYTES("+OK\r\n");
        enum told told = check_text(world, text, actual, closed, used);
        if (!deal->is_open) watch_keys(world, client, args, count);
        deal->unsure |= told != TOLD_EXPECTED;
    } else if (bytes_is(args[0], "EXEC") && deal->is_open && !deal->is_aborted) {
        *used = check_exec(world, client, actual, closed);
        end_deal(deal);
    } else if (bytes_is(args[0], "EXEC") || bytes_is(args[0], "DISCARD")) {
        bool is_exec = bytes_is(args[0], "EXEC");
        struct bytes text =
            !deal->is_open ? is_exec ? BYTES("-ERR EXEC without MULTI\r\n")
                                     : BYTES("-ERR DISCARD without MULTI\r\n")
            : is_exec ? BYTES("-EXECABORT Transaction discarded because of previous errors.\r\n")
                      : BYTES("+OK\r\n");
        (void)check_text(world, text, actual, closed, used);
        if (deal->is_open) end_deal(deal);
    } else if (deal->is_open && bytes_is(args[0], "NOSUCH")) {
        deal->is_aborted = true;
        return false;
    } else if (deal->is_open) {
        enum told told = check_text(world, BYTES("+QUEUED\r\n"), actual, closed, used);
        if (told == TOLD_EXPECTED && !deal->is_aborted)
            queue_words(deal, args, count);
        else
            deal->is_aborted = true;
    } else if (bytes_is(args[0], "UNWATCH")) {
        (void)check_text(world, BYTES("+OK\r\n"), actual, closed, used);
        end_deal(deal);
    } else {
        return false;
    }
    return true;
}

/* Holds one command against its part of the replies; returns how many bytes that is. */
static size_t check_command(struct world *world, struct client *client, const struct sent *sent,
                            struct bytes actual, bool closed) {
    struct bytes args[MODEL_ARGS_MAX];
    size_t used;
    for (size_t i = 0; i < sent->count; i++) args[i] = word_at(client, sent->first + i);
    if (check_transaction(world, client, args, sent->count, actual, closed, &used)) return used;
    return check_reply(world, client, args, sent->count, actual, closed);
}

/* Drops what was consumed from the client's queue. */
static void forget_consumed(struct client *client, size_t consumed, size_t ran) {
    buf_consume(&client->bytes, consumed);
    client->arrived -= consumed;
    client->queued -= ran;
    memmove(client->queue, client->queue + ran, client->queued * sizeof *client->queue);
    for (size_t i = 0; i < client->queued; i++) client->queue[i].end -= consumed;
    if (client->queued == 0) {
        client->words_count = 0;
        buf_clear(&client->text);
    }
}

/* MSET that finds no memory even to put an old value back forgets that key (keyspace D4), which the
 * model cannot tell: it gets all it asks for. */
static bool says_mset(const struct client *client) {
    for (size_t i = 0; i < client->queued; i++)
        if (bytes_starts_with(word_at(client, client->queue[i].first), BYTES("MSET"))) return true;
    for (size_t i = 0; i < client->deal.queued; i++)
        if (bytes_starts_with(buf_view(&client->deal.queue[i].text), BYTES("MSET"))) return true;
    return false;
}

/* Hands the arrived bytes to a worker, from a block of exactly their size, so that a view that
 * outlives the call is found by a sanitizer. */
static void deliver(struct world *world, struct client *client, bool chaos) {
    struct worker_state *worker = &world->workers[client->session.id % WORKERS];
    struct dispatch_result result = {.paused = true};
    chaos = chaos && !says_mset(client);
    while (result.paused && !result.close) {
        uint8_t *block = mem_alloc(mem_system(), MAX(client->arrived, 1));
        bytes_copy_to(block, bytes_slice(buf_view(&client->bytes), 0, client->arrived));
        if (chaos) { /* what was kept from better times would hide refusals */
            reply_shrink(&worker->reply, 0);
            buf_shrink(&worker->access.old, 0);
            buf_shrink(&worker->access.new, 0);
            resp_args_shrink(&worker->args, 0);
        }
        world->chaos.refused = 0;
        world->chaos.refuse_one_in = chaos ? 1 + random_below(&world->random, 12) : 0;
        dispatch_input(worker, &client->session, bytes_view(block, client->arrived), &result);
        world->chaos.refuse_one_in = 0;
        mem_free(mem_system(), block, MAX(client->arrived, 1));

        struct buf out;
        buf_init(&out, mem_system(), SIZE_MAX);
        flatten(&worker->reply, &out);
        size_t ran = 0, at = 0;
        for (; ran < client->queued && client->queue[ran].end <= result.consumed; ran++)
            at += check_command(world, client, &client->queue[ran],
                                bytes_slice(buf_view(&out), at, out.len), result.close);
        if (at != out.len && !(result.close && world->chaos.refused))
            fail(world, "more was replied than asked", BYTES(""),
                 bytes_slice(buf_view(&out), at, out.len));
        buf_deinit(&out);
        reply_clear(&worker->reply);
        if (!result.close) forget_consumed(client, result.consumed, ran);
    }
    if (result.close) {
        if (!world->chaos.refused) fail(world, "closed for no reason", BYTES(""), BYTES(""));
        world->closed++;
        session_deinit(&client->session);
        connect_client(world, client);
    }
}

/* ---- a life -----------------------------------------------------------------------------------*/

static void step(struct world *world) {
    struct client *client = &world->clients[random_below(&world->random, CLIENTS)];
    if (chance(world, 3))
        set_time(world, world->now_ms + (int64_t)random_below(&world->random, 40));
    if (chance(world, 50))
        set_time(world, world->now_ms + (int64_t)random_below(&world->random, 6000));
    if (chance(world, 10))
        (void)keyspace_upkeep(&world->workers[0].access,
                              random_below(&world->random, store_shards(world->store)));
    for (size_t more = random_below(&world->random, chance(world, 10) ? 60 : 6); more > 0; more--)
        send_command(world, client);
    size_t left = client->bytes.len - client->arrived;
    size_t arrives = chance(world, 2) ? left : random_below(&world->random, left + 1);
    uint64_t few = random_below(&world->random, 8);
    if (chance(world, 4)) arrives = MIN(left, few);
    client->arrived += arrives;
    deliver(world, client, chance(world, 6));
}

static void check_store(struct world *world) {
    uint64_t living = 0;
    for (uint32_t db = 0; db < MODEL_DATABASES; db++)
        for (uint32_t key = 0; key < MODEL_KEYS; key++) {
            if (!entry_is_stored(world, db, key, &world->model.entries[db][key]))
                fail(world, "the store differs from the model", model_key_name(key), BYTES(""));
            living += model_find(&world->model, db, key, world->now_ms) != NULL;
        }
    for (size_t shard = 0; shard < store_shards(world->store); shard++)
        while (keyspace_upkeep(&world->workers[0].access, shard)) {}
    if (store_counts(world->store).keys != living)
        fail(world, "the store counts other keys than the model", BYTES(""), BYTES(""));
}

static uint64_t live(uint64_t seed, uint64_t steps) {
    struct world *world = mem_alloc(mem_system(), sizeof *world);
    world_init(world, seed);
    for (uint64_t i = 0; i < steps; i++) {
        step(world);
        if (i % 100 == 99) check_store(world);
    }
    check_store(world);
    uint64_t commands = world->commands;
    printf("seed %" PRIu64 ": %" PRIu64 " commands, %" PRIu64 " refused for memory, %" PRIu64
           " connections broken, %" PRIu64 " transactions run, %" PRIu64 " overtaken\n",
           seed, commands, world->refusals, world->closed, world->executed, world->overtaken);
    world_deinit(world);
    mem_free(mem_system(), world, sizeof *world);
    return commands;
}

static bool take_number(int argc, char **argv, const char *flag, uint64_t *value) {
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], flag) == 0) return number_parse_u64(bytes_of_cstr(argv[i + 1]), value);
    return false;
}

int main(int argc, char **argv) {
    uint64_t seed, steps = STEPS, passed = 0;
    (void)take_number(argc, argv, "--steps", &steps);
    if (take_number(argc, argv, "--seed", &seed)) {
        live(seed, steps);
        passed = 1;
    } else {
        for (seed = 1; seed <= SEEDS; seed++, passed++) live(seed, steps);
    }
    printf("%" PRIu64 " passed, 0 failed\n", passed);
    return 0;
}
