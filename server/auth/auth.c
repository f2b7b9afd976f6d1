/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "auth/auth.h"

#include "base/assert.h"

#include <stdlib.h>

static const struct bytes default_name = {(const uint8_t *)"default", 7};

/* ---- life ------------------------------------------------------------------------------------ */

enum brine_status auth_init(struct auth *auth, struct allocator *mem,
                            const struct auth_vocabulary *vocabulary) {
    static const struct bytes rules[] = {
        {(const uint8_t *)"on", 2}, {(const uint8_t *)"nopass", 6}, {(const uint8_t *)"~*", 2},
        {(const uint8_t *)"&*", 2}, {(const uint8_t *)"+@all", 5},
    };
    *auth = (struct auth){.mem = mem, .vocabulary = vocabulary};
    int code = pthread_mutex_init(&auth->lock, NULL);
    BRINE_ASSERT(code == 0, "a plain mutex needs nothing that can be missing");
    struct brine_error err;
    enum brine_status status = auth_set_user(auth, default_name, rules, ARRAY_LEN(rules), &err);
    if (status != BRINE_OK) auth_deinit(auth);
    return status;
}

static void drop_users(struct auth *auth, struct auth_user **users, size_t count, size_t cap) {
    for (size_t i = 0; i < count; i++) auth_user_unref(users[i]);
    mem_free(auth->mem, users, cap * sizeof(struct auth_user *));
}

void auth_deinit(struct auth *auth) {
    drop_users(auth, auth->users, auth->users_count, auth->users_cap);
    auth_forget_denials(auth);
    mem_free(auth->mem, auth->denials.items, auth->denials.cap * sizeof(struct auth_denial *));
    pthread_mutex_destroy(&auth->lock);
}

/* ---- finding --------------------------------------------------------------------------------- */

static int compare_names(struct bytes a, struct bytes b) {
    int order = memcmp(a.data, b.data, MIN(a.len, b.len));
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* Where the user is, or would be.  With the lock held. */
static size_t find_position(const struct auth *auth, struct bytes name, bool *found) {
    size_t low = 0, high = auth->users_count;
    *found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_names(auth->users[middle]->name, name);
        if (order == 0) *found = true;
        if (order == 0) return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct auth_user *auth_find(struct auth *auth, struct bytes name) {
    bool found;
    pthread_mutex_lock(&auth->lock);
    size_t position = find_position(auth, name, &found);
    struct auth_user *user = found ? auth_user_ref(auth->users[position]) : NULL;
    pthread_mutex_unlock(&auth->lock);
    return user;
}

struct auth_user *auth_renew(struct auth *auth, const struct auth_user *user) {
    struct auth_user *present = auth_find(auth, user->name);
    if (!present || present->id == user->id) return present;
    auth_user_unref(present);
    return NULL;
}

struct auth_user *auth_login(struct auth *auth, struct bytes name, struct bytes password) {
    struct auth_user *user = auth_find(auth, name);
    if (auth_user_accepts(user, password)) return user;
    auth_user_unref(user);
    return NULL;
}

void auth_visit(struct auth *auth, auth_visit_fn *visit, void *context) {
    pthread_mutex_lock(&auth->lock);
    for (size_t i = 0; i < auth->users_count; i++)
        if (!visit(context, auth->users[i])) break;
    pthread_mutex_unlock(&auth->lock);
}

/* ---- change ---------------------------------------------------------------------------------- */

static void set_fate(struct auth_user *user, enum auth_fate fate) {
    atomic_store_explicit(&user->fate, fate, memory_order_release);
}

static void note_default(struct auth *auth, const struct auth_user *user) {
    if (!bytes_equal(user->name, default_name)) return;
    atomic_store_explicit(&auth->is_open, user->is_on && user->no_password, memory_order_release);
}

/* Takes the user into the list, in place of the one that is there.  With the lock held. */
static enum brine_status put_user(struct auth *auth, size_t position, struct auth_user *user) {
    struct auth_user *old = position < auth->users_count ? auth->users[position] : NULL;
    if (old && !bytes_equal(old->name, user->name)) old = NULL;
    if (!old && auth->users_count == auth->users_cap) {
        size_t cap = auth->users_cap ? 2 * auth->users_cap : 4;
        struct auth_user **users = mem_resize(auth->mem, auth->users,
                                              auth->users_cap * sizeof *users, cap * sizeof *users);
        if (!users) return BRINE_NO_MEMORY;
        auth->users = users;
        auth->users_cap = cap;
    }
    if (!old) {
        memmove(auth->users + position + 1, auth->users + position,
                (auth->users_count - position) * sizeof *auth->users);
        auth->users_count++;
        user->id = ++auth->ids_given;
    }
    set_fate(user, auth_user_may_all(user) ? AUTH_FREE : AUTH_BOUND);
    auth->users[position] = user;
    note_default(auth, user);
    if (old) set_fate(old, AUTH_STALE);
    auth_user_unref(old);
    return BRINE_OK;
}

static enum brine_status no_memory(struct brine_error *err) {
    return brine_fail(err, BRINE_NO_MEMORY, 0, "out of memory for users");
}

enum brine_status auth_set_user(struct auth *auth, struct bytes name, const struct bytes *rules,
                                size_t count, struct brine_error *err) {
    bool found;
    enum brine_status status = BRINE_OK;
    pthread_mutex_lock(&auth->lock);
    size_t position = find_position(auth, name, &found);
    struct auth_user *user = found ? auth_user_copy(auth->users[position])
                                   : auth_user_create(auth->vocabulary, auth->mem, name);
    if (!user)
        status = no_memory(err);
    else if (!found && auth->users_count == AUTH_USERS_MAX)
        status = brine_fail(err, BRINE_TOO_BIG, 0, "there are %d users already", AUTH_USERS_MAX);
    else
        status = auth_user_apply_all(user, rules, count, err);
    if (user && status == BRINE_OK && put_user(auth, position, user) != BRINE_OK)
        status = no_memory(err);
    pthread_mutex_unlock(&auth->lock);
    if (status != BRINE_OK) auth_user_unref(user);
    return status;
}

bool auth_delete_user(struct auth *auth, struct bytes name) {
    bool found;
    struct auth_user *user = NULL;
    BRINE_ASSERT(!bytes_equal(name, default_name), "the user default stays");
    pthread_mutex_lock(&auth->lock);
    size_t position = find_position(auth, name, &found);
    if (found) {
        user = auth->users[position];
        auth->users_count--;
        memmove(auth->users + position, auth->users + position + 1,
                (auth->users_count - position) * sizeof *auth->users);
        set_fate(user, AUTH_GONE);
    }
    pthread_mutex_unlock(&auth->lock);
    auth_user_unref(user);
    return found;
}

enum brine_status auth_set_password(struct auth *auth, struct bytes password) {
    uint8_t rule[1 + AUTH_HASH_BYTES] = "#";
    struct bytes rules[2] = {BYTES("resetpass"), BYTES("nopass")};
    struct brine_error err;
    auth_hash(password, rule + 1);
    if (password.len) rules[1] = bytes_view(rule, sizeof rule);
    return auth_set_user(auth, default_name, rules, ARRAY_LEN(rules), &err);
}

static int compare_users(const void *a, const void *b) {
    return compare_names((*(struct auth_user *const *)a)->name,
                         (*(struct auth_user *const *)b)->name);
}

/* The user in force becomes the one that is given, or stays.  With the lock held. */
static struct auth_user *settle_user(struct auth *auth, struct auth_user *user) {
    bool found;
    size_t position = find_position(auth, user->name, &found);
    struct auth_user *old = found ? auth->users[position] : NULL;
    if (old && auth_user_equal(old, user)) {
        auth_user_unref(user);
        return auth_user_ref(old);
    }
    bool is_default = old && bytes_equal(user->name, default_name);
    user->id = is_default ? old->id : ++auth->ids_given;
    set_fate(user, auth_user_may_all(user) ? AUTH_FREE : AUTH_BOUND);
    note_default(auth, user);
    if (is_default) set_fate(old, AUTH_STALE);
    return user;
}

static bool is_listed(struct auth_user *const *users, size_t count, const struct auth_user *user) {
    for (size_t i = 0; i < count; i++)
        if (users[i]->id == user->id) return true;
    return false;
}

void auth_replace_users(struct auth *auth, struct auth_user **users, size_t count, size_t cap) {
    pthread_mutex_lock(&auth->lock);
    for (size_t i = 0; i < count; i++) users[i] = settle_user(auth, users[i]);
    qsort(users, count, sizeof *users, compare_users);
    for (size_t i = 0; i < auth->users_count; i++)
        if (!is_listed(users, count, auth->users[i])) set_fate(auth->users[i], AUTH_GONE);
    drop_users(auth, auth->users, auth->users_count, auth->users_cap);
    auth->users = users;
    auth->users_count = count;
    auth->users_cap = cap;
    pthread_mutex_unlock(&auth->lock);
}

/* ---- what was denied ------------------------------------------------------------------------- */

/* ORDER auth_reason, auth_context */
const char *const auth_reason_words[] = {"command", "key", "channel", "auth"};
const char *const auth_context_words[] = {"toplevel", "multi", "lua"};

static struct bytes cut(struct bytes text) {
    return bytes_slice(text, 0, MIN(text.len, (size_t)AUTH_DENIAL_TEXT_BYTES_MAX));
}

static size_t denial_bytes(const struct auth_denial *denial) {
    return sizeof *denial + denial->object.len + denial->user_name.len + denial->client.len;
}

static void destroy_denial(struct auth *auth, struct auth_denial *denial) {
    mem_free(auth->mem, denial, denial_bytes(denial));
}

/* One allocation: the struct, and its texts behind it. */
static struct auth_denial *copy_denial(struct auth *auth, const struct auth_denial *denial) {
    struct auth_denial plain = *denial;
    plain.object = cut(denial->object);
    plain.user_name = cut(denial->user_name);
    plain.client = cut(denial->client);
    struct auth_denial *copy = mem_alloc(auth->mem, denial_bytes(&plain));
    if (!copy) return NULL;
    uint8_t *at = (uint8_t *)(copy + 1);
    *copy = plain;
    struct bytes *texts[] = {&copy->object, &copy->user_name, &copy->client};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        bytes_copy_to(at, *texts[i]);
        *texts[i] = bytes_view(at, texts[i]->len);
        at += texts[i]->len;
    }
    return copy;
}

/* Redis looks among the ten newest for one like it. */
static size_t find_like(const struct auth_denials *denials, const struct auth_denial *denial) {
    enum { LOOKED_AT = 10 };
    for (size_t i = 0; i < MIN(denials->count, (size_t)LOOKED_AT); i++) {
        const struct auth_denial *each = denials->items[i];
        if (each->reason == denial->reason && each->context == denial->context &&
            denial->at_ms - each->at_ms <= AUTH_DENIAL_GROUPED_MS &&
            bytes_equal(each->object, denial->object) &&
            bytes_equal(each->user_name, denial->user_name))
            return i;
    }
    return denials->count;
}

static void remove_denial(struct auth *auth, size_t position) {
    struct auth_denials *denials = &auth->denials;
    destroy_denial(auth, denials->items[position]);
    denials->count--;
    memmove(denials->items + position, denials->items + position + 1,
            (denials->count - position) * sizeof *denials->items);
}

/* False: no memory. */
static bool make_place(struct auth *auth) {
    struct auth_denials *denials = &auth->denials;
    if (denials->count < denials->cap) return true;
    size_t cap = denials->cap ? 2 * denials->cap : 16;
    struct auth_denial **items =
        mem_resize(auth->mem, denials->items, denials->cap * sizeof *items, cap * sizeof *items);
    if (!items) return false;
    denials->items = items;
    denials->cap = cap;
    return true;
}

void auth_note_denial(struct auth *auth, const struct auth_denial *denial, size_t keep) {
    struct auth_denial *copy = copy_denial(auth, denial);
    if (!copy) return;
    struct auth_denials *denials = &auth->denials;
    pthread_mutex_lock(&auth->lock);
    size_t like = find_like(denials, copy);
    copy->count = 1;
    if (like < denials->count) {
        copy->count += denials->items[like]->count;
        remove_denial(auth, like);
    }
    keep = MIN(keep, (size_t)AUTH_DENIALS_MAX);
    while (denials->count > 0 && denials->count >= keep) remove_denial(auth, denials->count - 1);
    bool placed = keep > 0 && make_place(auth);
    if (placed) {
        memmove(denials->items + 1, denials->items, denials->count * sizeof(struct auth_denial *));
        denials->items[0] = copy;
        denials->count++;
    }
    pthread_mutex_unlock(&auth->lock);
    if (!placed) destroy_denial(auth, copy);
}

void auth_forget_denials(struct auth *auth) {
    pthread_mutex_lock(&auth->lock);
    while (auth->denials.count > 0) remove_denial(auth, auth->denials.count - 1);
    pthread_mutex_unlock(&auth->lock);
}

void auth_show_denials(struct auth *auth, size_t count, auth_denials_begin_fn *begin,
                       auth_denials_show_fn *show, void *context) {
    pthread_mutex_lock(&auth->lock);
    count = MIN(count, auth->denials.count);
    begin(context, count);
    for (size_t i = 0; i < count; i++) show(context, auth->denials.items[i]);
    pthread_mutex_unlock(&auth->lock);
}
