/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* An attacker who may use every write command tries to bring a forbidden pickle under a key that is
 * protected: in pieces, bit by bit, as two halves of an exclusive or, from a key that nobody
 * guards, from another database, inside transactions, as a payload of DUMP, by a script.
 *
 *     assembly_attack [--sequences N] [--seed N]
 *
 * A sequence interleaves a few *plans*.  A plan is a way to assemble one of `targets` under one
 * key: some preparation and a row of steps; all that random numbers choose (cuts, masks, order,
 * keys, databases, noise) comes from the seed.  After every step all values of protected keys that
 * changed are read back from the store and judged here, beside the gate: the framings are taken
 * off, each reading is verified by the library, and no target may stand there whatever anybody
 * thinks of it.
 *
 * The generator is put to the proof as well: with a gate that admits everything each plan whose
 * command exists must bring its target, whole, to where it is to stand. */

#include "cmd/dispatch.h"
#include "gate/keeper.h"

#include "base/assert.h"
#include "base/number.h"
#include "pickle/harmless.h"
#include "policy/dangerous.h"
#include "rdb/payload.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    SEQUENCES = 2000,
    PROOF_SEQUENCES = 1500, /* without a gate */
    DATABASES = 3,
    NAMES = 8,
    PLANS_MAX = 3, /* at once */
    STEPS_MAX = 64,
    WORDS_MAX = 12,
    TEXT_BYTES_MAX = 16384, /* all words of a plan's steps */
    TARGET_BYTES_MAX = 128,
};

/* ---- what is to be planted --------------------------------------------------------------------*/

static const struct bytes targets[] = {
    BYTES("cos\nsystem\n(S'id'\ntR."),
    BYTES("(S'id'\nios\nsystem\n."),
    BYTES("\x80\x02"
          "cbuiltins\neval\nX\x03\0\0\0"
          "1+1\x85R."),
    BYTES("\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x02id\x85R."),
    BYTES("\x80\x04\x95\x12\0\0\0\0\0\0\0\x8c\x0bshop.models\x8c\x04"
          "Cart\x93)\x81."),
    BYTES("}cos\nsystem\n(S'id'\ntRs."),
    BYTES("!\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x02id\x85R."),
    BYTES("{\"ct\": 1.5, \"v\": 2}|cos\nsystem\n(S'id'\ntR."),
    BYTES("x\x9cK\xce/\xe6*\xae,.I\xcd\xe5\xd2\x08V\xcfLQ\xe7*\x09\xd2\x03\0O\x13\x06\x93"),
};

/* ---- keys and their rules ---------------------------------------------------------------------*/

static const char rules[] = "[[rule]]\ndb = 1\nvalues = \"opaque\"\n"
                            "[[rule]]\nkeys = \"o:*\"\nvalues = \"opaque\"\n"
                            "[[rule]]\nkeys = \"p:*\"\nvalues = \"pickle\"\n"
                            "[[rule]]\nkeys = \"d:*\"\nvalues = \"auto\"\non_refusal = \"drop\"\n";

static const char names[NAMES][4] = {"o:0", "o:1", "p:0", "p:1", "a:0", "a:1", "d:0", "d:1"};

/* What the rules above mean, said a second time. */
static bool is_protected(size_t db, size_t name) {
    return db != 1 && names[name][0] != 'o';
}

/* ---- the world --------------------------------------------------------------------------------*/

struct step {
    size_t first, count; /* into the plan's words */
};

struct plan {
    struct bytes target;
    size_t db, name; /* where it is to stand */
    struct buf text;
    struct {
        size_t at, len;
    } words[STEPS_MAX * WORDS_MAX];
    size_t words_count;
    struct step steps[STEPS_MAX];
    size_t steps_count, next;
};

struct world {
    struct random random;
    struct config config;
    struct gate gate;
    struct gate_keeper *keeper;
    struct store *store;
    struct keyspace keyspace;
    struct command_shared shared;
    struct worker_state worker;
    struct session session;
    struct command_index index;
    struct plan plans[PLANS_MAX];
    struct buf input;
    struct buf seen[DATABASES][NAMES]; /* values that were found right */
    bool is_there[DATABASES][NAMES];
    /* the judge beside the gate */
    struct policy_compiled policy;
    struct pickle_scratch pickle;
    struct frame_scratch frame;
    bool holds_pickle;
    uint64_t commands, refusals; /* refusals: replies with the gate's words in them */
};

static void must(enum brine_status status) {
    BRINE_ASSERT(status == BRINE_OK, "the test itself has what it needs");
}

static void load_rules(struct world *world) {
    char path[] = "/tmp/brine-assembly-XXXXXX";
    struct brine_error err = {0};
    int fd = mkstemp(path);
    BRINE_ASSERT(fd >= 0 && write(fd, rules, sizeof rules - 1) == (ssize_t)sizeof rules - 1,
                 "a file of rules can be written");
    close(fd);
    must(config_load_file(&world->config, path, &err));
    struct gate_keeper_options options = {.mem = mem_system(), .config = &world->config};
    enum brine_status status = gate_keeper_create(&options, &world->keeper, &err);
    if (status != BRINE_OK) fprintf(stderr, "%s\n", err.text);
    must(status);
    unlink(path);
}

static void world_init(struct world *world, uint64_t seed, bool has_gate) {
    struct policy_book *book;
    struct brine_error err;
    struct bytes stdlib = BYTES("stdlib");
    struct allocator *mem = mem_system();
    *world = (struct world){0};
    random_init(&world->random, seed);
    must(config_init(&world->config, mem));
    load_rules(world);
    if (has_gate)
        gate_init_keeper(&world->gate, world->keeper);
    else
        gate_init_off(&world->gate);
    world->store = store_create(&(struct store_options){.mem = mem, .secret = {seed, 1}});
    BRINE_ASSERT(world->store, "there is memory for a store");
    keyspace_init(&world->keyspace,
                  &(struct keyspace_options){.store = world->store, .gate = &world->gate});
    BRINE_ASSERT(command_shared_init(&world->shared,
                                     &(struct command_shared_options){.mem = mem, .workers = 1}) ==
                     BRINE_OK,
                 "there is memory for users");
    worker_state_init(&world->worker, &(struct worker_options){.mem = mem,
                                                               .config = &world->config,
                                                               .keyspace = &world->keyspace,
                                                               .shared = &world->shared});
    worker_state_set_time(&world->worker, 1000000, 1000000);
    session_init(&world->session,
                 &(struct session_options){.id = 1, .mem = mem, .authenticated = true});
    command_index_init(&world->index);
    buf_init(&world->input, mem, SIZE_MAX);
    for (size_t i = 0; i < PLANS_MAX; i++) buf_init(&world->plans[i].text, mem, TEXT_BYTES_MAX);
    for (size_t i = 0; i < DATABASES * NAMES; i++)
        buf_init(&world->seen[i / NAMES][i % NAMES], mem, SIZE_MAX);
    pickle_scratch_init(&world->pickle, mem, 1 << 28);
    frame_scratch_init(&world->frame, mem, 1 << 28);
    must(policy_book_create(mem, true, &book, &err));
    must(policy_compile(book, &stdlib, 1, &world->policy, &err));
    policy_book_destroy(book);
}

static void world_deinit(struct world *world) {
    session_deinit(&world->session);
    worker_state_deinit(&world->worker);
    command_shared_deinit(&world->shared);
    keyspace_deinit(&world->keyspace);
    store_destroy(world->store);
    gate_keeper_destroy(world->keeper);
    config_deinit(&world->config);
    buf_deinit(&world->input);
    for (size_t i = 0; i < PLANS_MAX; i++) buf_deinit(&world->plans[i].text);
    for (size_t i = 0; i < DATABASES * NAMES; i++) buf_deinit(&world->seen[i / NAMES][i % NAMES]);
    policy_compiled_deinit(&world->policy);
    pickle_scratch_deinit(&world->pickle);
    frame_scratch_deinit(&world->frame);
}

static size_t below(struct world *world, size_t limit) {
    return (size_t)random_below(&world->random, limit);
}

/* ---- the judge beside the gate ----------------------------------------------------------------*/

static enum brine_status judge_reading(void *context, const struct frame_reading *reading) {
    struct world *world = context;
    struct pickle_report report;
    struct pickle_harm harm;
    struct bytes bytes = reading->bytes;
    if (reading->integer) {
        world->holds_pickle = true;
        return BRINE_OK;
    }
    enum brine_status status = pickle_verify(bytes, &world->policy.policy, &PICKLE_LIMITS_DEFAULT,
                                             &world->pickle, &report);
    if (report.reason == PICKLE_TRAILING && reading->trailing_ignored)
        status = pickle_verify(bytes_slice(bytes, 0, report.offset), &world->policy.policy,
                               &PICKLE_LIMITS_DEFAULT, &world->pickle, &report);
    if (status == BRINE_OK) {
        world->holds_pickle = true;
        return BRINE_OK;
    }
    if (pickle_is_harmless(bytes, &PICKLE_LIMITS_DEFAULT, &world->pickle, &harm)) return BRINE_OK;
    if (harm.stops) return BRINE_DENIED;
    /* What ends without a STOP may cost its reader memory, and may be cut within a harmless name.
     */
    unsigned kinds = harm.kinds & ~(unsigned)(PICKLE_HARM_MEMORY | PICKLE_HARM_TIME);
    bool named = harm.name.len > 0 && policy_is_dangerous(harm.module, harm.name);
    return kinds == 0 || (kinds == PICKLE_HARM_IMPORT_AT_END && !named) ? BRINE_OK : BRINE_DENIED;
}

static bool is_right(struct world *world, size_t name, struct bytes value) {
    struct brine_error err;
    for (size_t i = 0; i < ARRAY_LEN(targets); i++)
        if (bytes_starts_with(value, targets[i])) return false;
    world->holds_pickle = false;
    if (frame_walk(value, &FRAME_OPTIONS_DEFAULT, &world->frame, judge_reading, world, &err) !=
        BRINE_OK)
        return false;
    return world->holds_pickle || names[name][0] != 'p';
}

/* False: a value of a protected key is wrong.  Only what has changed is judged. */
static bool check_key(struct world *world, size_t db, size_t name) {
    struct keyspace_access *access = &world->worker.access;
    struct store_key key = keyspace_key(access, (uint32_t)db, bytes_of_cstr(names[name]));
    struct buf *seen = &world->seen[db][name];
    struct store_value value;
    bool found = keyspace_enter(access, &key, &value);
    bool same = found && world->is_there[db][name] && bytes_equal(buf_view(seen), value.bytes);
    if (found && !same) {
        buf_clear(seen);
        must(buf_append(seen, value.bytes));
    }
    world->is_there[db][name] = found;
    keyspace_leave(access);
    return !found || same || is_right(world, name, buf_view(seen));
}

static bool check_keys(struct world *world) {
    bool right = true;
    for (size_t db = 0; db < DATABASES; db++)
        for (size_t name = 0; name < NAMES; name++)
            if (is_protected(db, name) && !check_key(world, db, name)) right = false;
    return right;
}

/* ---- plans: making their steps ----------------------------------------------------------------*/

static void add_word(struct plan *plan, struct bytes word) {
    BRINE_ASSERT(plan->words_count < ARRAY_LEN(plan->words), "a plan has room for its words");
    plan->words[plan->words_count].at = plan->text.len;
    plan->words[plan->words_count++].len = word.len;
    must(buf_append(&plan->text, word));
    plan->steps[plan->steps_count - 1].count++;
}

static void add_number(struct plan *plan, size_t number) {
    uint8_t digits[NUMBER_I64_TEXT_BYTES];
    add_word(plan, bytes_view(digits, number_format_u64(digits, number)));
}

/* Words that are literals; what varies is added behind. */
static void begin_step(struct plan *plan, const char *words) {
    BRINE_ASSERT(plan->steps_count < STEPS_MAX, "a plan has room for its steps");
    plan->steps[plan->steps_count++] = (struct step){.first = plan->words_count};
    for (const char *at = words; *at;) {
        size_t len = strcspn(at, " ");
        if (len > 0) add_word(plan, bytes_view(at, len));
        at += len + (at[len] == ' ');
    }
}

static void key(struct plan *plan) {
    add_word(plan, bytes_of_cstr(names[plan->name]));
}

static void select_db(struct plan *plan, size_t db) {
    begin_step(plan, "SELECT");
    add_number(plan, db);
}

/* SET of any name, in the database that is selected. */
static void set(struct plan *plan, const char *name, struct bytes value) {
    begin_step(plan, "SET");
    add_word(plan, bytes_of_cstr(name));
    add_word(plan, value);
}

static void plan_set(struct world *world, struct plan *plan) {
    static const char *const forms[] = {"SET", "GETSET", "MSET", "MSETNX", "SETNX"};
    static const char *const timed[] = {"SETEX", "PSETEX"};
    size_t form = below(world, ARRAY_LEN(forms) + ARRAY_LEN(timed));
    if (form >= 3) {
        begin_step(plan, "DEL");
        key(plan);
    }
    bool is_timed = form >= ARRAY_LEN(forms);
    begin_step(plan, is_timed ? timed[form - ARRAY_LEN(forms)] : forms[form]);
    key(plan);
    if (is_timed) add_number(plan, 1000000);
    add_word(plan, plan->target);
}

static void plan_append(struct world *world, struct plan *plan) {
    struct bytes target = plan->target;
    begin_step(plan, "DEL");
    key(plan);
    for (size_t at = 0; at < target.len;) {
        struct bytes piece = bytes_slice(target, at, 1 + below(world, target.len));
        begin_step(plan, "APPEND");
        key(plan);
        add_word(plan, piece);
        at += piece.len;
    }
}

/* What stands there at first: text, zeros, an honest pickle, or the target with a few wrong bytes.
 */
static void begin_with_something(struct world *world, struct plan *plan, uint8_t *value) {
    memset(value, below(world, 2) ? 'a' : 0, plan->target.len);
    if (below(world, 2)) {
        bytes_copy_to(value, plan->target);
        for (size_t i = 0; i < 3; i++) value[below(world, plan->target.len)] ^= 0x55;
    }
    set(plan, names[plan->name], bytes_view(value, plan->target.len));
}

static void plan_setrange(struct world *world, struct plan *plan) {
    uint8_t value[TARGET_BYTES_MAX];
    size_t len = plan->target.len, half = below(world, len);
    if (below(world, 2)) begin_with_something(world, plan, value);
    bool back_first = below(world, 2);
    for (size_t i = 0; i < 2; i++) {
        bool back = back_first == (i == 0);
        begin_step(plan, "SETRANGE");
        key(plan);
        add_number(plan, back ? half : 0);
        add_word(plan,
                 back ? bytes_slice(plan->target, half, len) : bytes_slice(plan->target, 0, half));
    }
}

/* The target with up to eight bits turned, which are then set right in any order. */
static void plan_setbit(struct world *world, struct plan *plan) {
    uint8_t value[TARGET_BYTES_MAX];
    size_t wrong[8], count = 1 + below(world, ARRAY_LEN(wrong));
    bytes_copy_to(value, plan->target);
    for (size_t i = 0; i < count; i++) {
        wrong[i] = below(world, plan->target.len * 8);
        value[wrong[i] / 8] ^= (uint8_t)(0x80 >> wrong[i] % 8);
    }
    set(plan, names[plan->name], bytes_view(value, plan->target.len));
    for (size_t i = 0; i < count; i++) {
        bool bit = plan->target.data[wrong[i] / 8] & (0x80 >> wrong[i] % 8);
        begin_step(plan, "SETBIT");
        key(plan);
        add_number(plan, wrong[i]);
        add_number(plan, bit);
    }
}

static void plan_bitfield(struct world *world, struct plan *plan) {
    uint8_t value[TARGET_BYTES_MAX];
    size_t wrong[4];
    bytes_copy_to(value, plan->target);
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        wrong[i] = below(world, plan->target.len);
        value[wrong[i]] = (uint8_t)below(world, 256);
    }
    set(plan, names[plan->name], bytes_view(value, plan->target.len));
    begin_step(plan, "BITFIELD");
    key(plan);
    for (size_t i = 0; i < 2; i++) {
        add_word(plan, BYTES("SET"));
        add_word(plan, BYTES("u8"));
        add_number(plan, wrong[i] * 8);
        add_number(plan, plan->target.data[wrong[i]]);
    }
    for (size_t i = 2; i < ARRAY_LEN(wrong); i++) {
        begin_step(plan, "BITFIELD");
        key(plan);
        add_word(plan, BYTES("SET"));
        add_word(plan, BYTES("u8"));
        add_number(plan, wrong[i] * 8);
        add_number(plan, plan->target.data[wrong[i]]);
    }
}

/* Two values that are nothing by themselves, under keys that nobody guards. */
static void plan_bitop(struct world *world, struct plan *plan) {
    static const char *const operations[] = {"BITOP XOR", "BITOP OR", "BITOP AND", "BITOP NOT"};
    size_t operation = below(world, ARRAY_LEN(operations));
    uint8_t one[TARGET_BYTES_MAX], two[TARGET_BYTES_MAX];
    for (size_t i = 0; i < plan->target.len; i++) {
        uint8_t mask = (uint8_t)below(world, 256), byte = plan->target.data[i];
        const uint8_t parts[][2] = {{mask, mask ^ byte},
                                    {mask & byte, (uint8_t)~mask & byte},
                                    {mask | byte, (uint8_t)~mask | byte},
                                    {(uint8_t)~byte, 0}};
        one[i] = parts[operation][0];
        two[i] = parts[operation][1];
    }
    set(plan, "o:0", bytes_view(one, plan->target.len));
    if (operation < 3) set(plan, "o:1", bytes_view(two, plan->target.len));
    begin_step(plan, operations[operation]);
    key(plan);
    add_word(plan, BYTES("o:0"));
    if (operation < 3) add_word(plan, BYTES("o:1"));
}

/* From a key that nobody guards, of this database or of the one that nobody guards at all. */
static void plan_copy(struct world *world, struct plan *plan) {
    bool elsewhere = below(world, 2);
    if (elsewhere) select_db(plan, 1);
    set(plan, elsewhere ? names[plan->name] : "o:0", plan->target);
    begin_step(plan, "COPY");
    add_word(plan, bytes_of_cstr(elsewhere ? names[plan->name] : "o:0"));
    key(plan);
    if (elsewhere) {
        add_word(plan, BYTES("DB"));
        add_number(plan, plan->db);
    }
    add_word(plan, BYTES("REPLACE"));
}

static void plan_rename(struct world *world, struct plan *plan) {
    bool only_new = below(world, 2);
    if (only_new) {
        begin_step(plan, "DEL");
        key(plan);
    }
    set(plan, "o:0", plan->target);
    begin_step(plan, only_new ? "RENAMENX o:0" : "RENAME o:0");
    key(plan);
}

static void plan_move(struct world *world, struct plan *plan) {
    (void)world;
    begin_step(plan, "DEL");
    key(plan);
    select_db(plan, 1);
    set(plan, names[plan->name], plan->target);
    begin_step(plan, "MOVE");
    key(plan);
    add_number(plan, plan->db);
}

static void plan_swapdb(struct world *world, struct plan *plan) {
    (void)world;
    select_db(plan, 1);
    set(plan, names[plan->name], plan->target);
    begin_step(plan, "SWAPDB 1");
    add_number(plan, plan->db);
}

/* As DUMP would give it, where nobody looks. */
static void plan_restore(struct world *world, struct plan *plan) {
    struct buf payload;
    buf_init(&payload, mem_system(), 1 << 20);
    must(payload_write_string(&payload, plan->target));
    begin_step(plan, "RESTORE");
    key(plan);
    add_number(plan, below(world, 2) * 100000);
    add_word(plan, buf_view(&payload));
    add_word(plan, BYTES("REPLACE"));
    buf_deinit(&payload);
}

/* A script that is known sets what its argument says: aiocache's. */
static void plan_script(struct world *world, struct plan *plan) {
    static const char *const script =
        "if redis.call('get',KEYS[1]) == ARGV[2] then"
        "  if #ARGV == 4 then"
        "   return redis.call('set', KEYS[1], ARGV[1], ARGV[3], ARGV[4])"
        "  else"
        "   return redis.call('set', KEYS[1], ARGV[1])"
        "  end"
        " else return 0 end";
    set(plan, names[plan->name], BYTES("1"));
    begin_step(plan, "EVAL");
    add_word(plan, bytes_of_cstr(script));
    add_number(plan, 1);
    key(plan);
    add_word(plan, plan->target);
    add_number(plan, 1);
    if (below(world, 2)) {
        add_word(plan, BYTES("PX"));
        add_number(plan, 100000);
    }
}

/* What a refused or an honest value leaves behind must not help either. */
static void plan_noise(struct world *world, struct plan *plan) {
    static const char *const words[] = {"DEL",     "GETDEL", "PERSIST", "INCR",
                                        "APPEND",  "EXPIRE", "GETEX",   "FLUSHDB",
                                        "DISCARD", "INCRBY", "SET",     "INCRBYFLOAT"};
    size_t word = below(world, ARRAY_LEN(words));
    begin_step(plan, words[word]);
    if (word == 7 || word == 8) return;
    key(plan);
    if (word == 4) add_word(plan, BYTES("."));
    if (word == 5) add_number(plan, 1000);
    if (word == 9 || word == 11) add_number(plan, below(world, 1000));
    if (word == 10) add_word(plan, BYTES("\x80\x04}."));
}

typedef void plan_fn(struct world *world, struct plan *plan);

/* In the order of their being proven; noise plants nothing. */
static const struct {
    const char *command;
    plan_fn *make;
} kinds[] = {
    {"set", plan_set},       {"append", plan_append},     {"setrange", plan_setrange},
    {"setbit", plan_setbit}, {"bitfield", plan_bitfield}, {"bitop", plan_bitop},
    {"copy", plan_copy},     {"rename", plan_rename},     {"move", plan_move},
    {"swapdb", plan_swapdb}, {"restore", plan_restore},   {"eval", plan_script},
    {"del", plan_noise},
};
enum { KINDS = ARRAY_LEN(kinds), KIND_NOISE = KINDS - 1 };

static bool exists(const struct world *world, size_t kind) {
    return command_find(&world->index, bytes_of_cstr(kinds[kind].command)) != NULL;
}

static void make_plan(struct world *world, struct plan *plan, size_t kind) {
    buf_clear(&plan->text);
    plan->words_count = plan->steps_count = plan->next = 0;
    plan->target = targets[below(world, ARRAY_LEN(targets))];
    plan->db = below(world, 2) * 2;
    plan->name = 2 + below(world, NAMES - 2);
    bool transaction = below(world, 4) == 0 && kind != KIND_NOISE;
    select_db(plan, plan->db);
    if (transaction) begin_step(plan, "MULTI");
    kinds[kind].make(world, plan);
    if (transaction) begin_step(plan, "EXEC");
}

/* ---- running ----------------------------------------------------------------------------------*/

static void send_step(struct world *world, struct plan *plan) {
    const struct step *step = &plan->steps[plan->next++];
    struct dispatch_result result;
    buf_clear(&world->input);
    must(buf_printf(&world->input, "*%zu\r\n", step->count));
    for (size_t i = step->first; i < step->first + step->count; i++) {
        must(buf_printf(&world->input, "$%zu\r\n", plan->words[i].len));
        must(buf_append(&world->input,
                        bytes_view(plan->text.data + plan->words[i].at, plan->words[i].len)));
        must(buf_append(&world->input, BYTES("\r\n")));
    }
    dispatch_input(&world->worker, &world->session, buf_view(&world->input), &result);
    BRINE_ASSERT(result.consumed == world->input.len, "a step is a whole command");
    struct buf *reply = &world->worker.reply.out;
    world->refusals += memmem(reply->data, reply->len, "-PICKLE", 7) != NULL;
    reply_clear(&world->worker.reply);
    world->commands++;
}

static void print_last(const struct world *world, const struct plan *plan, size_t kind) {
    printf("planted by %s, database %zu, key %s: %.*s\n", kinds[kind].command, plan->db,
           names[plan->name], (int)world->input.len, (const char *)world->input.data);
}

/* One sequence of the given plans, their steps mixed, each plan's in their order.  False: something
 * wrong stands under a protected key. */
static bool run_sequence(struct world *world, const size_t *plan_kinds, size_t count) {
    bool right = true;
    size_t left = 0;
    for (size_t i = 0; i < count; i++) {
        make_plan(world, &world->plans[i], plan_kinds[i]);
        left += world->plans[i].steps_count;
    }
    for (size_t chosen = 0; left > 0 && right; left--) {
        /* Mostly the same plan goes on, so that most are carried out undisturbed. */
        if (below(world, 6) == 0) chosen = below(world, count);
        while (world->plans[chosen].next == world->plans[chosen].steps_count)
            chosen = (chosen + 1) % count;
        send_step(world, &world->plans[chosen]);
        right = check_keys(world);
        if (!right && world->gate.keeper)
            print_last(world, &world->plans[chosen], plan_kinds[chosen]);
    }
    return right;
}

/* Everything away, so that what was planted once does not count again. */
static void clean(struct world *world) {
    for (uint32_t db = 0; db < DATABASES; db++) keyspace_flush_db(&world->worker.access, db);
    memset(world->is_there, 0, sizeof world->is_there);
    session_reset(&world->session, true);
}

static void choose_kinds(struct world *world, size_t *plan_kinds, size_t *count) {
    *count = 1 + below(world, PLANS_MAX);
    for (size_t i = 0; i < *count; i++) {
        do {
            plan_kinds[i] = below(world, KINDS);
        } while (!exists(world, plan_kinds[i]));
    }
}

static size_t attack(uint64_t seed, uint64_t sequences) {
    struct world *world = mem_alloc(mem_system(), sizeof *world);
    size_t planted = 0;
    world_init(world, seed, true);
    for (uint64_t i = 0; i < sequences; i++) {
        size_t plan_kinds[PLANS_MAX], count;
        choose_kinds(world, plan_kinds, &count);
        if (!run_sequence(world, plan_kinds, count)) planted++;
        if (i % 16 == 15) clean(world);
    }
    printf("%" PRIu64 " sequences, %" PRIu64 " commands, %" PRIu64 " refused, %zu planted\n",
           sequences, world->commands, world->refusals, planted);
    world_deinit(world);
    mem_free(mem_system(), world, sizeof *world);
    return planted;
}

/* True when a plan that nobody stops ends with its target under its key, whole. */
static bool plants(struct world *world, size_t kind) {
    struct plan *plan = &world->plans[0];
    make_plan(world, plan, kind);
    while (plan->next < plan->steps_count) send_step(world, plan);
    bool right = check_keys(world);
    return !right && bytes_equal(buf_view(&world->seen[plan->db][plan->name]), plan->target);
}

/* How many kinds of plans plant something when nobody stops them; the others are *idle. */
static size_t prove_generator(uint64_t seed, size_t *idle) {
    struct world *world = mem_alloc(mem_system(), sizeof *world);
    size_t planted[KINDS] = {0}, proven = 0;
    *idle = 0;
    world_init(world, seed, false);
    for (size_t i = 0; i < PROOF_SEQUENCES; i++) {
        size_t kind = i % KIND_NOISE;
        if (!exists(world, kind)) continue;
        planted[kind] += plants(world, kind);
        clean(world);
    }
    for (size_t kind = 0; kind < KIND_NOISE; kind++) {
        if (!exists(world, kind)) continue;
        proven += planted[kind] > 0;
        *idle += planted[kind] == 0;
        printf("without a gate %s plants %zu times\n", kinds[kind].command, planted[kind]);
    }
    world_deinit(world);
    mem_free(mem_system(), world, sizeof *world);
    return proven;
}

static void take_number(int argc, char **argv, const char *flag, uint64_t *value) {
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], flag) == 0 && !number_parse_u64(bytes_of_cstr(argv[i + 1]), value))
            exit(2);
}

int main(int argc, char **argv) {
    uint64_t seed = 1, sequences = SEQUENCES;
    take_number(argc, argv, "--seed", &seed);
    take_number(argc, argv, "--sequences", &sequences);
    size_t idle, proven = prove_generator(seed, &idle), planted = attack(seed, sequences);
    printf("%" PRIu64 " passed, %zu failed\n", sequences - planted + proven, planted + idle);
    return planted + idle ? 1 : 0;
}
