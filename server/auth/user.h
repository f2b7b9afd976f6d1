/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* struct auth_user: one state of one user: whether it is on, its passwords, and selectors, each a
 * set of commands, key patterns and channel patterns.  A user may do what one of its selectors
 * allows.
 *
 *     struct auth_user *user = auth_user_create(vocabulary, mem, BYTES("worker"));
 *     TRY(auth_user_apply_all(user, rules, count, &err));     "on", "~jobs:*", "+@read" ...
 *     verdict = auth_user_check(user, &question, &position);
 *
 * A state that others can see is constant: a change makes a new one from auth_user_copy, and the
 * old one says by its `fate` that it is over.  So a thread that holds a reference checks commands
 * without a lock.
 * Words: a *rule* is one word of Redis's ACL language; a *modifier* is what SETUSER calls it.
 * Ownership: everything lies in the user's own arena; references are counted.
 * Thread: any, once it is constant.  Bounds: AUTH_USER_BYTES_MAX.
 * Cost: auth_user_check is O(patterns) of the keys it looks at; nothing for one who may do all.
 * Source of the language: Redis 7.0 acl.c; command rules are shown as they were given, in their
 * order, as Redis does from 7.2 on. */
#ifndef BRINE_AUTH_USER_H
#define BRINE_AUTH_USER_H

#include "auth/password.h"
#include "auth/vocabulary.h"
#include "base/arena.h"
#include "base/buf.h"

#include <stdatomic.h>

enum { AUTH_USER_BYTES_MAX = 4 << 20, AUTH_USER_NAME_BYTES_MAX = 1024 };

enum auth_fate {
    AUTH_FREE,  /* in force, and may do everything: nothing is to be asked */
    AUTH_BOUND, /* in force */
    AUTH_STALE, /* there is a newer state of the same user */
    AUTH_GONE,  /* the user was deleted: its connections end */
};

/* What a key is used for. */
enum { AUTH_KEY_READ = 1, AUTH_KEY_WRITE = 2 };

struct auth_text { /* of a list in the user's arena */
    struct auth_text *next;
    struct bytes text;
    size_t row;     /* of a first argument: the command */
    uint8_t access; /* of a key pattern: AUTH_KEY_* */
};

struct auth_texts {
    struct auth_text *first, *last;
};

struct auth_selector {
    struct auth_selector *next;
    bool all_commands, all_keys, all_channels;
    bool begins_at_all; /* the rules shown follow "+@all", not "-@all" */
    uint64_t commands[AUTH_ROWS_MAX / 64];
    struct auth_texts first_args; /* "+select|0" */
    struct auth_texts keys, channels;
    struct auth_texts rules; /* "+get" "-@write": what ACL LIST shows behind the first one */
};

struct auth_user {
    _Atomic uint32_t refs;
    _Atomic uint32_t fate; /* enum auth_fate */
    uint64_t id;           /* of all states of one user; a name that comes again gets a new one */
    const struct auth_vocabulary *vocabulary;
    struct allocator *mem;
    struct arena arena;
    struct bytes name;
    bool is_on, no_password;
    bool sanitizes, skips_sanitizing; /* RESTORE's payloads: remembered, for brine always checks */
    struct auth_texts hashes;
    struct auth_selector root; /* the others follow by next */
};

/* A new user as Redis makes them: off, may do nothing.  NULL: no memory. */
struct auth_user *auth_user_create(const struct auth_vocabulary *vocabulary, struct allocator *mem,
                                   struct bytes name);
/* The same id; one reference. */
struct auth_user *auth_user_copy(const struct auth_user *user);
struct auth_user *auth_user_ref(struct auth_user *user);
/* NULL is fine. */
void auth_user_unref(struct auth_user *user);

/* One rule.  BRINE_INVALID: err->text is why, in Redis's words; the user is not to be used then. */
enum brine_status auth_user_apply(struct auth_user *user, struct bytes rule,
                                  struct brine_error *err) MUST_USE;
/* Several, where a selector in parentheses may be spread over words.  err->text is the whole of
 * what ACL SETUSER says behind "ERR ". */
enum brine_status auth_user_apply_all(struct auth_user *user, const struct bytes *rules,
                                      size_t count, struct brine_error *err) MUST_USE;

static inline enum auth_fate auth_user_fate(const struct auth_user *user) {
    return (enum auth_fate)atomic_load_explicit(&user->fate, memory_order_acquire);
}
/* May run any command on any key and channel. */
bool auth_user_may_all(const struct auth_user *user);
/* The same in all that rules can say. */
bool auth_user_equal(const struct auth_user *a, const struct auth_user *b);
/* Whether it is on and this is a password of it; takes as long when user is NULL. */
bool auth_user_accepts(const struct auth_user *user, struct bytes password);

/* ---- questions --------------------------------------------------------------------------------
 */

/* ORDER of how much an error tells: when no selector allows, the largest one is the answer. */
enum auth_verdict { AUTH_ALLOWED, AUTH_DENIED_COMMAND, AUTH_DENIED_KEY, AUTH_DENIED_CHANNEL };

/* Arguments first to last, step apart. */
struct auth_range {
    size_t first, last, step;
    uint8_t access;  /* of keys: AUTH_KEY_* */
    bool is_pattern; /* of channels: PSUBSCRIBE's */
};

enum { AUTH_RANGES_MAX = 4 };
struct auth_question {
    size_t row;
    const struct bytes *args;
    size_t args_count;
    struct auth_range keys[AUTH_RANGES_MAX], channels[1];
    size_t keys_count, channels_count;
};

/* *position: of the argument that was denied. */
enum auth_verdict auth_user_check(const struct auth_user *user,
                                  const struct auth_question *question, size_t *position);
/* Whether it may listen to this channel, or by this pattern. */
bool auth_user_may_listen(const struct auth_user *user, struct bytes name, bool is_pattern);

/* ---- as text ----------------------------------------------------------------------------------
 */

/* "user worker on #... ~jobs:* resetchannels -@all +@read": a line of ACL LIST. */
enum brine_status auth_user_describe(const struct auth_user *user, struct buf *out) MUST_USE;
/* "~a %R~b", "&ch", "-@all +get": as ACL GETUSER shows them. */
enum brine_status auth_describe_keys(const struct auth_selector *selector,
                                     struct buf *out) MUST_USE;
enum brine_status auth_describe_channels(const struct auth_selector *selector,
                                         struct buf *out) MUST_USE;
enum brine_status auth_describe_commands(const struct auth_selector *selector,
                                         struct buf *out) MUST_USE;

#endif
