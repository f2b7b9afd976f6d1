/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Source of the order and words of answers: Redis 7.0.15 acl.c, server.c processCommand, multi.c
 * execCommand. */

#include "cmd/permission.h"

#include "base/assert.h"
#include "base/number.h"
#include "cmd/handlers.h"

#include <stdio.h>

enum { PASSWORD_BYTES_MAX = 1024 };

/* ---- the vocabulary -------------------------------------------------------------------------- */

static uint32_t categories_of(const struct command *command) {
    uint32_t categories = 0;
    for (size_t i = 0; i < AUTH_CATEGORIES_COUNT; i++)
        if (command_is_in_category(command, (enum auth_category)i)) categories |= 1u << i;
    return categories;
}

void permission_vocabulary(struct auth_vocabulary *vocabulary) {
    _Static_assert((int)AUTH_ROWS_MAX == (int)COMMAND_ROWS_MAX, "a user has a bit for each row");
    vocabulary->count = command_table_count();
    for (size_t row = 0; row < vocabulary->count; row++) {
        const struct command *command = &command_table[row];
        vocabulary->commands[row] = (struct auth_command){
            .name = command->name,
            .categories = categories_of(command),
            .subcommands = (uint8_t)command_subcommands(command),
            .is_subcommand = command_is_subcommand(command),
            .is_always = command->flags & CMD_NO_AUTH,
        };
    }
}

/* ---- the configuration ----------------------------------------------------------------------- */

struct dry_run {
    struct auth_vocabulary vocabulary;
    struct auth auth;
};

enum brine_status permission_check_config(struct config *config, struct brine_error *err) {
    struct dry_run *run = mem_alloc(config->mem, sizeof *run);
    if (!run) return brine_fail(err, BRINE_NO_MEMORY, 0, "out of memory for users");
    permission_vocabulary(&run->vocabulary);
    enum brine_status status = auth_init(&run->auth, config->mem, &run->vocabulary);
    if (status != BRINE_OK) {
        brine_fail(err, status, 0, "out of memory for users");
    } else {
        status = auth_load(&run->auth, config, err);
        auth_deinit(&run->auth);
    }
    mem_free(config->mem, run, sizeof *run);
    return status;
}

/* CONFIG SET requirepass makes it the only password of "default".  Source: Redis config.c
 * updateRequirePass. */
static enum brine_status apply_password(void *context, struct config *config,
                                        enum config_option option UNUSED,
                                        struct brine_error *err UNUSED) {
    struct command_shared *shared = context;
    struct buf password;
    buf_init(&password, config->mem, PASSWORD_BYTES_MAX);
    enum brine_status status = config_copy_text(config, &config->auth.password, &password);
    if (status == BRINE_OK) status = auth_set_password(&shared->auth, buf_view(&password));
    buf_deinit(&password);
    if (status == BRINE_OK) return BRINE_OK;
    return brine_fail(err, status, 0, "out of memory");
}

enum brine_status permission_configure(struct command_shared *shared, struct config *config,
                                       struct brine_error *err) {
    TRY(auth_load(&shared->auth, config, err));
    config_on_change(config, CONFIG_OPTION_auth_password, apply_password, shared);
    return BRINE_OK;
}

/* ---- questions ------------------------------------------------------------------------------- */

static struct auth_range one(size_t position, uint8_t access) {
    return (struct auth_range){.first = position, .last = position, .step = 1, .access = access};
}

static void add_keys(struct auth_question *question, struct auth_range range) {
    BRINE_ASSERT(question->keys_count < AUTH_RANGES_MAX, "a command has few kinds of keys");
    if (range.first < question->args_count && range.last < question->args_count)
        question->keys[question->keys_count++] = range;
}

/* "access update": what Redis's words for a key's use mean to a user's patterns. */
static uint8_t access_of(const char *words) {
    uint8_t access = strstr(words, "access") ? AUTH_KEY_READ : 0;
    bool writes = strstr(words, "update") || strstr(words, "insert") || strstr(words, "delete");
    return (uint8_t)(access | (writes ? AUTH_KEY_WRITE : 0));
}

/* SET reads only with GET.  Source: Redis db.c setGetKeys. */
static uint8_t access_of_set(const struct attempt *attempt) {
    for (size_t i = 3; i < attempt->args_count; i++)
        if (bytes_is(attempt->args[i], "GET")) return AUTH_KEY_READ | AUTH_KEY_WRITE;
    return AUTH_KEY_WRITE;
}

/* BITFIELD writes unless all it does is GET.  Source: Redis db.c bitfieldGetKeys, which looks at
 * words where subcommands may stand and takes "overflow type" and "get type offset" for two steps.
 */
static uint8_t access_of_bitfield(const struct attempt *attempt) {
    bool reads_only = true;
    for (size_t i = 2; i < attempt->args_count; i++) {
        size_t left = attempt->args_count - i - 1;
        bool is_get = left >= 2 && bytes_is(attempt->args[i], "get");
        bool writes = left >= 3 &&
                      (bytes_is(attempt->args[i], "set") || bytes_is(attempt->args[i], "incrby"));
        bool is_overflow = left >= 1 && bytes_is(attempt->args[i], "overflow");
        if (writes || (!is_get && !is_overflow)) {
            reads_only = false;
            break;
        }
        i += is_get ? 2 : 1;
    }
    return reads_only ? AUTH_KEY_READ : AUTH_KEY_READ | AUTH_KEY_WRITE;
}

/* EVAL script numkeys key ...: a number that is none, or too large, is the command's to refuse. */
static void add_counted_keys(const struct attempt *attempt, struct auth_question *question,
                             uint8_t access) {
    enum { COUNT = 2, FIRST = 3 };
    int64_t count;
    if (attempt->args_count <= COUNT || !number_parse_i64(attempt->args[COUNT], &count)) return;
    if (count <= 0 || (uint64_t)count > attempt->args_count - FIRST) return;
    add_keys(question, (struct auth_range){
                           .first = FIRST,
                           .last = FIRST + (size_t)count - 1,
                           .step = 1,
                           .access = access,
                       });
}

/* SORT key ... STORE target: the last STORE counts.  Source: Redis db.c sortGetKeys. */
static void add_sort_keys(const struct attempt *attempt, struct auth_question *question) {
    size_t target = 0;
    add_keys(question, one(1, AUTH_KEY_READ));
    for (size_t i = 2; i < attempt->args_count; i++) {
        if (bytes_is(attempt->args[i], "limit"))
            i += 2;
        else if (bytes_is(attempt->args[i], "get") || bytes_is(attempt->args[i], "by"))
            i += 1;
        else if (bytes_is(attempt->args[i], "store") && i + 1 < attempt->args_count)
            target = ++i;
    }
    if (target) add_keys(question, one(target, AUTH_KEY_WRITE));
}

/* Commands whose keys are not all used alike, or do not stand where a range says. */
enum key_layout { LAYOUT_MOVE, LAYOUT_COPY, LAYOUT_BITOP, LAYOUT_COUNTED, LAYOUT_SORT };
static const struct {
    const char *name;
    enum key_layout layout;
    uint8_t access;
} layouts[] = {
    {"rename", LAYOUT_MOVE, 0},
    {"renamenx", LAYOUT_MOVE, 0},
    {"copy", LAYOUT_COPY, 0},
    {"bitop", LAYOUT_BITOP, 0},
    {"eval", LAYOUT_COUNTED, AUTH_KEY_READ | AUTH_KEY_WRITE},
    {"evalsha", LAYOUT_COUNTED, AUTH_KEY_READ | AUTH_KEY_WRITE},
    {"eval_ro", LAYOUT_COUNTED, AUTH_KEY_READ},
    {"evalsha_ro", LAYOUT_COUNTED, AUTH_KEY_READ},
    {"sort", LAYOUT_SORT, 0},
};

static bool add_by_layout(const struct attempt *attempt, struct auth_question *question) {
    size_t i = 0;
    while (i < ARRAY_LEN(layouts) && strcmp(attempt->command->name, layouts[i].name) != 0) i++;
    if (i == ARRAY_LEN(layouts)) return false;
    switch (layouts[i].layout) {
    case LAYOUT_MOVE:
        add_keys(question, one(1, AUTH_KEY_READ | AUTH_KEY_WRITE));
        add_keys(question, one(2, AUTH_KEY_WRITE));
        break;
    case LAYOUT_COPY:
        add_keys(question, one(1, AUTH_KEY_READ));
        add_keys(question, one(2, AUTH_KEY_WRITE));
        break;
    case LAYOUT_BITOP:
        add_keys(question, one(2, AUTH_KEY_WRITE));
        add_keys(question, (struct auth_range){.first = 3,
                                               .last = attempt->args_count - 1,
                                               .step = 1,
                                               .access = AUTH_KEY_READ});
        break;
    case LAYOUT_COUNTED:
        add_counted_keys(attempt, question, layouts[i].access);
        break;
    case LAYOUT_SORT:
        add_sort_keys(attempt, question);
        break;
    }
    return true;
}

static void add_row_keys(const struct attempt *attempt, struct auth_question *question) {
    const struct command *command = attempt->command;
    size_t first, last, step;
    if (command->keys.use == KEYS_NOT) return;
    if (!command_key_positions(command, attempt->args, attempt->args_count, &first, &last, &step))
        return;
    uint8_t access = access_of(command->keys.access);
    if (command->handler == cmd_set) access = access_of_set(attempt);
    if (command->handler == cmd_bitfield) access = access_of_bitfield(attempt);
    add_keys(question,
             (struct auth_range){.first = first, .last = last, .step = step, .access = access});
}

static void add_channels(const struct attempt *attempt, struct auth_question *question) {
    command_handler *handler = attempt->command->handler;
    bool publishes = handler == cmd_publish || handler == cmd_spublish;
    bool listens =
        handler == cmd_subscribe || handler == cmd_psubscribe || handler == cmd_ssubscribe;
    if (!publishes && !listens) return;
    question->channels[question->channels_count++] = (struct auth_range){
        .first = 1,
        .last = publishes ? 1 : attempt->args_count - 1,
        .step = 1,
        .is_pattern = handler == cmd_psubscribe,
    };
}

void permission_question(const struct attempt *attempt, struct auth_question *question) {
    *question = (struct auth_question){
        .row = command_row(attempt->command),
        .args = attempt->args,
        .args_count = attempt->args_count,
    };
    if (!add_by_layout(attempt, question)) add_row_keys(attempt, question);
    add_channels(attempt, question);
}

/* ---- denials --------------------------------------------------------------------------------- */

static void note(struct worker_state *worker, struct session *session,
                 const struct auth_denial *denial) {
    struct auth_denial whole = *denial;
    struct buf *line = &worker->collected;
    buf_clear(line);
    if (client_describe(session, worker->mono_ms, line) == BRINE_OK && line->len > 0)
        whole.client = bytes_view(line->data, line->len - 1);
    whole.context = session->queued >= 0 ? AUTH_CONTEXT_MULTI : AUTH_CONTEXT_TOPLEVEL;
    whole.at_ms = worker->now_ms;
    if (!denial->user_name.data) whole.user_name = session_user_name(session);
    auth_note_denial(&worker->shared->auth, &whole,
                     (size_t)config_read(worker->config->auth.log_max));
    buf_clear(line);
}

static void note_attempt(struct worker_state *worker, struct session *session,
                         const struct attempt *attempt, enum auth_verdict verdict,
                         size_t position) {
    struct auth_denial denial = {.reason = AUTH_REASON_COMMAND,
                                 .object = bytes_of_cstr(attempt->command->name)};
    if (verdict == AUTH_DENIED_KEY) denial.reason = AUTH_REASON_KEY;
    if (verdict == AUTH_DENIED_CHANNEL) denial.reason = AUTH_REASON_CHANNEL;
    if (verdict != AUTH_DENIED_COMMAND) denial.object = attempt->args[position];
    note(worker, session, &denial);
}

/* Takes the newer state of the session's user.  False: there is none. */
static bool renew(struct worker_state *worker, struct session *session) {
    if (auth_user_fate(session->user) == AUTH_STALE) {
        struct auth_user *newer = auth_renew(&worker->shared->auth, session->user);
        if (!newer) return false;
        auth_user_unref(session->user);
        session->user = newer;
    }
    return auth_user_fate(session->user) != AUTH_GONE;
}

/* ALLOWED, or what was denied, noted.  The connection of a user that is gone ends. */
static enum auth_verdict ask(struct worker_state *worker, struct session *session,
                             const struct attempt *attempt) {
    struct auth_question question;
    size_t position;
    if (!renew(worker, session)) {
        session->close_after_reply = true;
        return AUTH_DENIED_COMMAND;
    }
    if (auth_user_fate(session->user) == AUTH_FREE) return AUTH_ALLOWED;
    permission_question(attempt, &question);
    enum auth_verdict verdict = auth_user_check(session->user, &question, &position);
    if (verdict != AUTH_ALLOWED) note_attempt(worker, session, attempt, verdict, position);
    return verdict;
}

bool permission_denies(struct worker_state *worker, struct session *session,
                       const struct attempt *attempt) {
    enum auth_verdict verdict = ask(worker, session, attempt);
    /* A user that is gone gets no reply: in Redis its connection had ended before. */
    if (auth_user_fate(session->user) == AUTH_GONE || session->close_after_reply) return true;
    switch (verdict) {
    case AUTH_ALLOWED:
        return false;
    case AUTH_DENIED_COMMAND:
        reply_errorf(&worker->reply, "NOPERM this user has no permissions to run the '%s' command",
                     attempt->command->name);
        return true;
    case AUTH_DENIED_KEY:
        reply_error(&worker->reply, BYTES("NOPERM this user has no permissions to access one of "
                                          "the keys used as arguments"));
        return true;
    case AUTH_DENIED_CHANNEL:
        reply_error(&worker->reply, BYTES("NOPERM this user has no permissions to access one of "
                                          "the channels used as arguments"));
        return true;
    }
    return true;
}

bool permission_denies_queued(struct worker_state *worker, struct session *session,
                              const struct attempt *attempt) {
    /* ORDER auth_verdict */
    static const char *const reasons[] = {
        "", "no permission to execute the command or subcommand",
        "no permission to touch the specified keys",
        "no permission to access one of the channels used as arguments to the command"};
    enum auth_verdict verdict = ask(worker, session, attempt);
    if (verdict == AUTH_ALLOWED) return false;
    reply_errorf(&worker->reply,
                 "NOPERM ACLs rules changed between the moment the transaction was accumulated and "
                 "the EXEC call. This command is no longer allowed for the following reason: %s",
                 reasons[verdict]);
    return true;
}

/* ---- listeners ------------------------------------------------------------------------------- */

bool permission_recheck(struct command_shared *shared, const struct session *session) {
    if (!session->user) return false;
    enum auth_fate fate = auth_user_fate(session->user);
    if (fate != AUTH_STALE) return fate == AUTH_GONE;
    struct auth_user *newer = auth_renew(&shared->auth, session->user);
    bool lost = !newer;
    const struct subscriber *subscriber = session->subscriber;
    for (size_t i = 0; subscriber && i < subscriber->slots_count && !lost; i++) {
        const struct subscription *subscription = subscriber->slots[i];
        if (!subscription) continue;
        const struct topic *topic = subscription->topic;
        lost = !auth_user_may_listen(newer, topic->name, topic->kind == PUBSUB_PATTERN);
    }
    auth_user_unref(newer);
    return lost;
}

/* ---- AUTH ------------------------------------------------------------------------------------ */

bool permission_login(struct command_call *call, struct bytes name, struct bytes password) {
    struct session *session = call->session;
    struct auth_user *user = auth_login(&call->worker->shared->auth, name, password);
    if (user) {
        auth_user_unref(session->user);
        session->user = user;
        session->authenticated = true;
        return true;
    }
    metrics_add(call->access->metrics, METRIC_auth_failures, 1);
    note(call->worker, session,
         &(struct auth_denial){
             .reason = AUTH_REASON_PASSWORD, .object = call->args[0], .user_name = name});
    reply_error(call->reply,
                BYTES("WRONGPASS invalid username-password pair or user is disabled."));
    return false;
}

struct auth_user *permission_newcomer(struct command_shared *shared, bool *authenticated) {
    *authenticated = auth_is_open(&shared->auth);
    return auth_find(&shared->auth, BYTES("default"));
}

void permission_logout(struct command_call *call) {
    struct session *session = call->session;
    auth_user_unref(session->user);
    session->user = permission_newcomer(call->worker->shared, &session->authenticated);
}
