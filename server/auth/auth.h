/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* struct auth: all users of a server, and what was denied lately.
 *
 *     TRY(auth_init(&auth, &options));              one user, "default", who may do all
 *     TRY(auth_load(&auth, config, &err));          [[user]] rows, auth.password
 *     user = auth_login(&auth, name, password);     a reference, or NULL
 *     if (UNLIKELY(auth_user_fate(user) != AUTH_FREE)) ...      before each command
 *
 * A session holds a reference to a state of its user and asks for its fate before each command,
 * which for one who may do all is one load.  A state that is stale is renewed by auth_renew.
 *
 * Words: the server is *open* while the user "default" is on and needs no password: a new client is
 * then let in as "default" without AUTH.
 * Thread: any; the list is under a lock, which AUTH and ACL take and commands do not.
 * Bounds: AUTH_USERS_MAX users, AUTH_DENIALS_MAX denials.
 * Source: Redis 7.0 acl.c. */
#ifndef BRINE_AUTH_H
#define BRINE_AUTH_H

#include "auth/user.h"
#include "config/config.h"

#include <pthread.h>

enum { AUTH_USERS_MAX = 10000, AUTH_DENIALS_MAX = 10000 };

/* ---- what was denied: ACL LOG ------------------------------------------------------------------
 */

/* ORDER as Redis's words for them. */
enum auth_reason {
    AUTH_REASON_COMMAND,
    AUTH_REASON_KEY,
    AUTH_REASON_CHANNEL,
    AUTH_REASON_PASSWORD
};
enum auth_context { AUTH_CONTEXT_TOPLEVEL, AUTH_CONTEXT_MULTI, AUTH_CONTEXT_LUA };
extern const char *const auth_reason_words[];
extern const char *const auth_context_words[];

enum { AUTH_DENIAL_TEXT_BYTES_MAX = 1024, AUTH_DENIAL_GROUPED_MS = 60000 };

struct auth_denial {
    enum auth_reason reason;
    enum auth_context context;
    struct bytes object;    /* the command, key or channel */
    struct bytes user_name; /* who was denied, or whom a password was tried for */
    struct bytes client;    /* a line as CLIENT LIST shows it */
    int64_t at_ms;          /* wall clock, of the newest */
    uint64_t count;
};

struct auth_denials { /* newest first */
    struct auth_denial **items;
    size_t count, cap;
};

/* ---- all users --------------------------------------------------------------------------------
 */

struct auth {
    struct allocator *mem;
    const struct auth_vocabulary *vocabulary;
    pthread_mutex_t lock;
    struct auth_user **users; /* by name; one reference each */
    size_t users_count, users_cap;
    uint64_t ids_given;
    struct auth_denials denials;
    _Atomic bool is_open;
};

enum brine_status auth_init(struct auth *auth, struct allocator *mem,
                            const struct auth_vocabulary *vocabulary) MUST_USE;
void auth_deinit(struct auth *auth);

static inline bool auth_is_open(const struct auth *auth) {
    return atomic_load_explicit(&auth->is_open, memory_order_acquire);
}

/* A reference to the present state; NULL: there is no such user. */
struct auth_user *auth_find(struct auth *auth, struct bytes name);
/* The present state of the same user, or NULL when it was deleted. */
struct auth_user *auth_renew(struct auth *auth, const struct auth_user *user);
/* A reference when the user is on and the password is right.  Takes as long for any name. */
struct auth_user *auth_login(struct auth *auth, struct bytes name, struct bytes password);

/* Shows each user in the order of names, under the lock; false ends it. */
typedef bool auth_visit_fn(void *context, const struct auth_user *user);
void auth_visit(struct auth *auth, auth_visit_fn *visit, void *context);

/* ---- change -----------------------------------------------------------------------------------
 */

/* ACL SETUSER: makes the user, or changes it, or does nothing at all.  err->text is what Redis says
 * behind "ERR ". */
enum brine_status auth_set_user(struct auth *auth, struct bytes name, const struct bytes *rules,
                                size_t count, struct brine_error *err) MUST_USE;
/* False: there is none.  "default" cannot be deleted. */
bool auth_delete_user(struct auth *auth, struct bytes name);
/* requirepass: the only password of "default"; empty: it needs none. */
enum brine_status auth_set_password(struct auth *auth, struct bytes password) MUST_USE;

/* Reads the [[user]] rows of the file that the config names, and auth.password: at the start, and
 * for ACL LOAD.  Users that are not named are deleted; one that is as it was stays untouched.
 * All or nothing; err->text begins with the place in the file. */
enum brine_status auth_load(struct auth *auth, struct config *config,
                            struct brine_error *err) MUST_USE;

/* For auth_load: takes the array and the users in it, in any order of names, "default" among them.
 * One that equals the user in force leaves it alone; any other of an old name is a new user, whose
 * connections end, but for "default", which is changed. */
void auth_replace_users(struct auth *auth, struct auth_user **users, size_t count, size_t cap);

/* ---- denials ----------------------------------------------------------------------------------
 */

/* Texts are cut to AUTH_DENIAL_TEXT_BYTES_MAX.  Without memory it is not noted. */
void auth_note_denial(struct auth *auth, const struct auth_denial *denial, size_t keep);
void auth_forget_denials(struct auth *auth);
/* The newest `count`, shown under the lock after `begin` was told how many there are. */
typedef void auth_denials_begin_fn(void *context, size_t count);
typedef void auth_denials_show_fn(void *context, const struct auth_denial *denial);
void auth_show_denials(struct auth *auth, size_t count, auth_denials_begin_fn *begin,
                       auth_denials_show_fn *show, void *context);

#endif
