/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Known scripts as C: what a Lua script says by redis.call, one function a program.
 *
 *     void script_compare_and_delete(struct script_run *run) {
 *         if (!script_same(CALL(run, 0, TEXT("get"), KEY(run, 1)), ARG(run, 1))) {
 *             script_return(run, NUMBER(0));
 *             return;
 *         }
 *         script_return(run, CALL(run, 1, TEXT("del"), KEY(run, 1)));
 *     }
 *
 * A call runs the command's own handler on the keys that the run has locked, so what is written
 * passes the keyspace's door, and answers and errors are the command's.
 *
 * Words: a *call site* and an *operator site* are places in the text, counted from 0; an error
 * names their line (script/normal.h).
 * Errors are sticky: after one, calls do nothing and give nil, and what is returned is ignored; the
 * reply is the error with Redis's tail " script: SHA-1, on @user_script:LINE.".
 * Ownership: values are the run's; those of arguments are borrowed from the command.
 * Thread: the worker's.
 * Source: Redis 7.0 script.c, script_lua.c, eval.c; Lua 5.1 for what values are. */
#ifndef BRINE_CMD_SCRIPT_RUN_H
#define BRINE_CMD_SCRIPT_RUN_H

#include "cmd/handlers.h"
#include "script/cache.h"

enum script_kind {
    SCRIPT_NIL,
    SCRIPT_FALSE, /* what a null reply becomes */
    SCRIPT_NUMBER,
    SCRIPT_STRING,
    SCRIPT_STATUS, /* a table {ok = text} */
    SCRIPT_LIST,   /* text: the elements as bulk strings, one behind the other */
};

struct script_value {
    enum script_kind kind;
    double number;
    struct bytes text;
};

struct script_run;
typedef void script_program_fn(struct script_run *run);

struct script_program {
    const char *name;       /* for people */
    const char *digest;     /* of its normal form, in hex */
    script_program_fn *run; /* NULL: it needs what this version does not hold: */
    const char *needs;      /* "lists" */
    uint8_t value_arg;      /* the argument that becomes the first key's value as it is; 0: none */
    bool walks;             /* over all keys, without locks */
};
/* NULL: beyond the last. */
const struct script_program *script_program_at(size_t index);

enum { SCRIPT_PINNED_MAX = 4, SCRIPT_ERROR_BYTES = 1024 };

struct script_run {
    struct command_call *call; /* of EVAL */
    const struct script_entry *entry;
    const struct bytes *keys, *args;
    size_t keys_count, args_count;
    bool read_only, out_of_memory, has_read, has_written, failed;
    struct arena memory;
    struct blob *pinned[SCRIPT_PINNED_MAX];
    size_t pinned_count;
    char error[SCRIPT_ERROR_BYTES];
};

struct script_options {
    const struct bytes *keys, *args;
    size_t keys_count, args_count;
    bool read_only;
};
/* Runs the program that the entry names, and replies. */
void script_run(struct command_call *call, const struct script_entry *entry,
                const struct script_options *options);

/* ---- for programs ---------------------------------------------------------------------------- */

static inline struct script_value script_text(struct bytes text) {
    return (struct script_value){.kind = SCRIPT_STRING, .text = text};
}
static inline struct script_value script_number(double number) {
    return (struct script_value){.kind = SCRIPT_NUMBER, .number = number};
}
static inline struct script_value script_element(const struct bytes *list, size_t count,
                                                 size_t index) {
    if (index == 0 || index > count) return (struct script_value){.kind = SCRIPT_NIL};
    return script_text(list[index - 1]);
}
#define TEXT(literal) script_text(BYTES(literal))
#define NUMBER(n)     script_number(n)
#define NIL           ((struct script_value){.kind = SCRIPT_NIL})
#define FALSE         ((struct script_value){.kind = SCRIPT_FALSE})
#define KEY(run, n)   script_element((run)->keys, (run)->keys_count, (n))
#define ARG(run, n)   script_element((run)->args, (run)->args_count, (n))

/* redis.call */
struct script_value script_call(struct script_run *run, size_t site,
                                const struct script_value *values, size_t count);
#define CALL(run, site, ...)                                                                       \
    script_call((run), (site), (struct script_value[]){__VA_ARGS__},                               \
                sizeof((struct script_value[]){__VA_ARGS__}) / sizeof(struct script_value))

static inline bool script_is_true(struct script_value value) {
    return value.kind != SCRIPT_NIL && value.kind != SCRIPT_FALSE;
}
/* a == b */
bool script_same(struct script_value a, struct script_value b);
/* tonumber(value): nil for what is none. */
struct script_value script_to_number(struct script_value value);
/* value as an operand of arithmetic; `what` is how Lua names it: "field '?'", or "" for what has no
 * name. */
double script_operand(struct script_run *run, size_t site, struct script_value value,
                      const char *what);
/* string.len(value) */
double script_length(struct script_run *run, size_t site, struct script_value value);
/* a < b; b > a is asked as a < b too. */
bool script_less(struct script_run *run, size_t site, struct script_value a, struct script_value b);

/* The next element of a list that a command answered; false: there is none. */
bool script_next(struct script_value *list, struct bytes *element);

void script_return(struct script_run *run, struct script_value value);
void script_return_list(struct script_run *run, const struct script_value *values, size_t count);
/* return redis.error_reply(text): no error that stops, and without a tail. */
void script_return_error(struct script_run *run, const char *text);
/* The run ends here with -OOM. */
void script_fail_memory(struct script_run *run);

/* The programs, out of the rows. */
#define SCRIPT(name, digest, function, ...) script_program_fn function;
#define SCRIPT_NEEDS(name, digest, needs)
#include "cmd/scripts.def"
#undef SCRIPT
#undef SCRIPT_NEEDS

#endif
