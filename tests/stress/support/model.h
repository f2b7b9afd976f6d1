/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A reference model of the string commands: what they answer and leave behind, written as plainly
 * as possible over a handful of keys, so that a simulation can hold the server against it.
 *
 *     model_run(&model, &client, args, count, now_ms, &reply);   // expected bytes, changes applied
 *     ... if the server refused for lack of memory: model_undo(&model) ...
 *
 * It shares nothing with the server but proto/base.  Memory comes from mem_system(); it does not
 * run out. */
#ifndef BRINE_TEST_MODEL_H
#define BRINE_TEST_MODEL_H

#include "base/buf.h"
#include "base/bytes.h"

enum { MODEL_DATABASES = 2, MODEL_KEYS = 12, MODEL_ARGS_MAX = 40 };

struct model_entry {
    bool present;
    struct buf value;
    int64_t expire_at_ms; /* 0: lives on */
};

struct model_client {
    uint32_t db;
    int resp;
};

struct model_undo {
    uint32_t db, key;
    struct model_entry old;
};

struct model {
    struct model_entry entries[MODEL_DATABASES][MODEL_KEYS];
    struct model_undo undo[MODEL_DATABASES * MODEL_KEYS]; /* what the last command changed */
    size_t undo_count;
};

void model_init(struct model *model);
void model_deinit(struct model *model);

/* "key:0" to "key:11" */
struct bytes model_key_name(uint32_t key);

/* Appends the reply that is due. */
void model_run(struct model *model, struct model_client *client, const struct bytes *args,
               size_t count, int64_t now_ms, struct buf *reply);
/* Takes back what the last model_run changed. */
void model_undo(struct model *model);

/* NULL: absent or over. */
const struct model_entry *model_find(const struct model *model, uint32_t db, uint32_t key,
                                     int64_t now_ms);

#endif
