/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Commands as data: the rows of commands.def, and what a handler is given.
 *
 *     void cmd_strlen(struct command_call *call) { ... reply_integer(call->reply, length); }
 *
 * A handler is three paragraphs: it reads its arguments, acts, and replies.  It sees its call and
 * nothing else, so a test can make one by hand.  It is called with the right number of arguments,
 * by an authenticated client (or has CMD_NO_AUTH), with no lock held, and it holds none when it
 * returns.
 *
 * Thread: a worker's.  The table is constant and for anyone. */
#ifndef BRINE_CMD_COMMAND_H
#define BRINE_CMD_COMMAND_H

#include "auth/vocabulary.h"
#include "keyspace/keyspace.h"
#include "session/reply.h"
#include "session/session.h"

struct worker_state;

/* ORDER command_flag: Redis's names and, for those that have one, its order in COMMAND INFO. */
#define COMMAND_FLAGS(F)                                                                           \
    /* name              word             what it says */                                          \
    F(WRITE, "write", "may change the keyspace")                                                   \
    F(READONLY, "readonly", "reads keys and changes nothing")                                      \
    F(DENYOOM, "denyoom", "refused while memory.max is exceeded")                                  \
    F(ADMIN, "admin", "for operators")                                                             \
    F(PUBSUB, "pubsub", "about channels")                                                          \
    F(NOSCRIPT, "noscript", "not from a script")                                                   \
    F(LOADING, "loading", "while data is loaded too")                                              \
    F(STALE, "stale", "on a stale replica too")                                                    \
    F(SKIP_MONITOR, "skip_monitor", "not shown to MONITOR")                                        \
    F(SKIP_SLOWLOG, "skip_slowlog", "never in the slow log")                                       \
    F(FAST, "fast", "O(1) or O(log n)")                                                            \
    F(NO_AUTH, "no_auth", "before AUTH too")                                                       \
    F(NO_ASYNC_LOADING, "no_async_loading", "not while data is loaded beside the old")             \
    F(NO_MANDATORY_KEYS, "no_mandatory_keys", "may name no key at all")                            \
    F(NO_MULTI, "no_multi", "cannot be queued")                                                    \
    F(MOVABLEKEYS, "movablekeys", "its keys are not where a range says")                           \
    F(ALLOW_BUSY, "allow_busy", "while a script runs too")

enum command_flag {
#define F(name, word, doc) CMD_BIT_##name,
    COMMAND_FLAGS(F)
#undef F
#define F(name, word, doc) CMD_##name = 1u << CMD_BIT_##name,
        COMMAND_FLAGS(F)
#undef F
    /* Not shown. */
    CMD_MAY_REPLICATE = 1u << 26, /* replicas might see it: CLIENT PAUSE WRITE holds it */
    CMD_NO_TOUCH = 1u << 27,      /* reading is no use that eviction should know of */
    CMD_PROTECTED = 1u << 28,     /* DEBUG and MODULE: for whom debug.commands lets */
    CMD_VALUE = 1u << 30, /* carries a value into the keyspace: the gate's test must know it */
    CMD_NONE = 0
};

struct command_call {
    const struct bytes *args; /* args[0] is the command's name, as it was sent */
    size_t args_count;
    const struct command *command;
    struct session *session;
    struct keyspace_access *access;
    struct reply *reply;
    struct store_key key; /* of the command's first key, hashed ahead; unset when it has none */
    int64_t now_ms;
    struct worker_state *worker; /* for the families that speak about the server itself */
    bool by_script;              /* EVAL calls it, no client */
};

typedef void command_handler(struct command_call *call);

/* Where keys stand: first and last as argument positions (last < 0 counts from the end), and which
 * use is made of them, as COMMAND INFO's key specification says. */
enum command_key_use {
    KEYS_NONE,
    KEYS_RO,
    KEYS_RW,
    KEYS_OW,
    KEYS_RM,
    KEYS_NOT
}; /* ORDER key_use */
struct command_keys {
    int8_t first, last, step;
    uint8_t use;        /* enum command_key_use */
    const char *access; /* Redis's words: access, update, insert, delete; blank-separated */
    const char *notes;  /* NULL: none */
    /* Where the number of keys stands, which follow it (EVAL); first, last and step are then 0. */
    int8_t count_at;
    /* Notes of keys that stand where no rule tells: read, and written.  NULL: there are none. */
    const char *unknown_read, *unknown_written;
    /* Where what is done with the first key is not done with the others (RENAME): these.  The row's
     * own first, last and step are of all.  NULL: there is no difference. */
    const struct command_keys *others;
};

struct command {
    const char *name; /* lower case; of a subcommand "client|kill" */
    int16_t arity;    /* negative: at least that many */
    uint32_t flags;   /* of enum command_flag */
    struct command_keys keys;
    command_handler *handler;
    const char *group;
    const char *since;      /* of Redis, where the command is Redis's */
    const char *complexity; /* "" */
    const char *categories; /* blank-separated, without '@' */
    const char *tips;       /* blank-separated */
    const char *arguments;  /* syntax; see commands.def */
    const char *summary;
};

extern const struct command command_table[];
/* Rows, subcommands included: an index into the table is what metrics are counted under. */
size_t command_table_count(void);
static inline size_t command_row(const struct command *command) {
    return (size_t)(command - command_table);
}

/* Finds commands by name: open addressing over the rows that are no subcommands.  Built once,
 * constant then. */
enum { COMMAND_INDEX_SLOTS = 1024, COMMAND_ROWS_MAX = 512, COMMAND_NAME_BYTES_MAX = 32 };
struct command_index {
    uint16_t rows[COMMAND_INDEX_SLOTS];    /* row + 1; 0: free */
    uint8_t subcommands[COMMAND_ROWS_MAX]; /* by row: how many rows behind it are its own */
};
void command_index_init(struct command_index *index);

/* In any case; NULL: unknown.  Cost: about 10 ns. */
const struct command *command_find(const struct command_index *index, struct bytes name);
/* What was looked up last, as it was spelled: up to eight bytes, 0 for what is no such name.  All
 * zero is nothing. */
struct command_recent {
    uint64_t spelling;
    const struct command *command;
};
static inline uint64_t command_spelling(struct bytes name) {
    uint64_t spelling = 0;
    if (name.len > sizeof spelling) return 0;
    for (size_t i = 0; i < name.len; i++) spelling = spelling << 8 | name.data[i];
    return spelling;
}

/* The row that a command's first words name: of a container its subcommand's.  NULL: unknown.
 * The second looks at `recent` first, which is what a pipeline mostly wants, and renews it. */
const struct command *command_find_args(const struct command_index *index, const struct bytes *args,
                                        size_t args_count);
const struct command *command_find_recent(const struct command_index *index,
                                          const struct bytes *args, size_t args_count,
                                          struct command_recent *recent);
/* By what stands behind the '|'; NULL: the container has none of that name. */
const struct command *command_find_subcommand(const struct command *container, struct bytes name);
static inline bool command_is_subcommand(const struct command *command) {
    return strchr(command->name, '|') != NULL;
}
/* How many rows behind the container's are its subcommands. */
size_t command_subcommands(const struct command *container);

/* Whether so many arguments, the name among them, are as the row says. */
static inline bool command_arity_fits(const struct command *command, size_t args_count) {
    return command->arity > 0 ? args_count == (size_t)command->arity
                              : args_count >= (size_t)-command->arity;
}

/* Some categories follow from flags, the others stand in the row. */
bool command_is_in_category(const struct command *command, enum auth_category category);

/* Which arguments are keys: *first to *last in steps of *step.  False: none, or too few arguments;
 * for those of SORT's STORE see command_info.c. */
bool command_key_positions(const struct command *command, const struct bytes *args,
                           size_t args_count, size_t *first, size_t *last, size_t *step);

#endif
