/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "session/transaction.h"

enum { FIRST_ROOM = 16 };

struct transaction *transaction_create(struct keyspace *keyspace, struct allocator *mem,
                                       size_t bytes_max) {
    struct transaction *transaction = mem_alloc(mem, sizeof *transaction);
    if (!transaction) return NULL;
    *transaction = (struct transaction){.keyspace = keyspace, .mem = mem, .bytes_max = bytes_max};
    arena_init(&transaction->queue_memory, mem, bytes_max);
    arena_init(&transaction->watch_memory, mem, bytes_max);
    return transaction;
}

void transaction_destroy(struct transaction *transaction) {
    if (!transaction) return;
    transaction_unwatch(transaction);
    struct allocator *mem = transaction->mem;
    mem_free(mem, transaction->queue, transaction->queue_cap * sizeof *transaction->queue);
    mem_free(mem, transaction->judged, transaction->judged_cap * sizeof *transaction->judged);
    arena_deinit(&transaction->queue_memory);
    arena_deinit(&transaction->watch_memory);
    mem_free(mem, transaction, sizeof *transaction);
}

size_t transaction_bytes(const struct transaction *transaction) {
    return sizeof *transaction + transaction->queue_memory.taken_bytes +
           transaction->watch_memory.taken_bytes +
           transaction->queue_cap * sizeof *transaction->queue +
           transaction->judged_cap * sizeof *transaction->judged;
}

const struct bytes *transaction_copy_args(struct transaction *transaction, const struct bytes *args,
                                          size_t args_count) {
    struct bytes *copies = arena_alloc(&transaction->queue_memory, args_count * sizeof *copies);
    for (size_t i = 0; copies && i < args_count; i++) {
        copies[i] = arena_copy(&transaction->queue_memory, args[i]);
        if (!copies[i].data) return NULL;
    }
    return copies;
}

void transaction_back_to(struct transaction *transaction, struct transaction_mark mark) {
    arena_back_to(&transaction->queue_memory, mark.memory);
    transaction->judged_count = mark.judged_count;
}

/* Room for one more item of `bytes` each in a vector. */
static void *grow(const struct transaction *transaction, void *items, size_t bytes, size_t *cap) {
    size_t wanted = *cap ? *cap * 2 : FIRST_ROOM, taken = transaction_bytes(transaction);
    if ((wanted - *cap) * bytes > transaction->bytes_max - MIN(taken, transaction->bytes_max))
        return NULL;
    void *grown = mem_resize(transaction->mem, items, *cap * bytes, wanted * bytes);
    if (grown) *cap = wanted;
    return grown;
}

enum brine_status transaction_queue(struct transaction *transaction, const struct queued *queued) {
    if (transaction->queue_count == transaction->queue_cap) {
        struct queued *grown = grow(transaction, transaction->queue, sizeof *transaction->queue,
                                    &transaction->queue_cap);
        if (!grown) return BRINE_NO_MEMORY;
        transaction->queue = grown;
    }
    transaction->queue[transaction->queue_count++] = *queued;
    return BRINE_OK;
}

enum brine_status transaction_note_judged(struct transaction *transaction,
                                          const struct keyspace_judged *judged) {
    if (transaction->judged_count == transaction->judged_cap) {
        struct keyspace_judged *grown = grow(transaction, transaction->judged,
                                             sizeof *transaction->judged, &transaction->judged_cap);
        if (!grown) return BRINE_NO_MEMORY;
        transaction->judged = grown;
    }
    transaction->judged[transaction->judged_count++] = *judged;
    return BRINE_OK;
}

enum brine_status transaction_watch(struct transaction *transaction, struct keyspace_access *access,
                                    const struct store_key *key) {
    if (watch_has(&transaction->keyspace->watches, key, &transaction->watcher)) return BRINE_OK;
    struct watch *watch = arena_alloc(&transaction->watch_memory, sizeof *watch);
    struct bytes name = arena_copy(&transaction->watch_memory, key->name);
    if (!watch || !name.data) return BRINE_NO_MEMORY;
    *watch = (struct watch){
        .key = *key, .watcher = &transaction->watcher, .next_of_watcher = transaction->watches};
    watch->key.name = name;
    transaction->watches = watch;
    keyspace_watch(access, watch);
    return BRINE_OK;
}

void transaction_unwatch(struct transaction *transaction) {
    for (struct watch *watch = transaction->watches; watch; watch = watch->next_of_watcher)
        keyspace_unwatch(transaction->keyspace, watch);
    transaction->watches = NULL;
    atomic_store(&transaction->watcher.touched, false);
    arena_reset(&transaction->watch_memory);
}
