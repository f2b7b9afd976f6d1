/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What rules can speak of: categories, and commands by name.  The commands themselves live above
 * (cmd's table); whoever owns them fills a vocabulary once and keeps it as long as users exist.
 *
 * Words: a *row* is a command's place in the vocabulary, its bit in what a user may run.  The rows
 * of a container's subcommands follow the container's.
 * Thread: constant once made; anyone. */
#ifndef BRINE_AUTH_VOCABULARY_H
#define BRINE_AUTH_VOCABULARY_H

#include "base/bytes.h"

/* ORDER as Redis lists them (acl.c ACLCommandCategories); `pickle` is ours, and the last. */
#define AUTH_CATEGORIES(C)                                                                         \
    C(KEYSPACE, "keyspace")                                                                        \
    C(READ, "read")                                                                                \
    C(WRITE, "write")                                                                              \
    C(SET, "set")                                                                                  \
    C(SORTEDSET, "sortedset")                                                                      \
    C(LIST, "list")                                                                                \
    C(HASH, "hash")                                                                                \
    C(STRING, "string")                                                                            \
    C(BITMAP, "bitmap")                                                                            \
    C(HYPERLOGLOG, "hyperloglog")                                                                  \
    C(GEO, "geo")                                                                                  \
    C(STREAM, "stream")                                                                            \
    C(PUBSUB, "pubsub")                                                                            \
    C(ADMIN, "admin")                                                                              \
    C(FAST, "fast")                                                                                \
    C(SLOW, "slow")                                                                                \
    C(BLOCKING, "blocking")                                                                        \
    C(DANGEROUS, "dangerous")                                                                      \
    C(CONNECTION, "connection")                                                                    \
    C(TRANSACTION, "transaction")                                                                  \
    C(SCRIPTING, "scripting")                                                                      \
    C(PICKLE, "pickle")

enum auth_category {
#define C(id, word) AUTH_CATEGORY_##id,
    AUTH_CATEGORIES(C)
#undef C
        AUTH_CATEGORIES_COUNT
};

/* ORDER auth_category */
extern const char *const auth_category_words[AUTH_CATEGORIES_COUNT];
/* AUTH_CATEGORIES_COUNT: there is none of that name.  In any case of letters. */
enum auth_category auth_category_find(struct bytes word);

enum { AUTH_ROWS_MAX = 512 };

struct auth_command {
    const char *name;    /* lower case; of a subcommand "client|kill" */
    uint32_t categories; /* bit 1 << enum auth_category */
    uint8_t subcommands; /* how many rows behind it are its own; 0 for a subcommand */
    bool is_subcommand;
    bool is_always; /* AUTH, HELLO, QUIT, RESET: everybody may */
};

struct auth_vocabulary {
    size_t count;
    struct auth_command commands[AUTH_ROWS_MAX];
};

/* "get" or "client|kill", in any case of letters; AUTH_ROWS_MAX: there is none. */
size_t auth_vocabulary_find(const struct auth_vocabulary *vocabulary, struct bytes name);

#endif
