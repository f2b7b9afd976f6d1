/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A node is one allocation, its texts behind it, each with its length in front:
 *
 *     node | len u16, bytes | len u16, bytes | ...     peer, name, arguments
 *
 * Lengths fit, for an argument is cut at SLOWLOG_ARG_BYTES_MAX and what says so is short; the peer
 * and the name are cut at TEXT_BYTES_MAX. */

#include "observe/slowlog.h"

#include "base/assert.h"

#include <stdio.h>

enum { TEXT_BYTES_MAX = 1024, CUT_BYTES_MAX = 48 };

struct slowlog_node {
    struct slowlog_node *older, *newer;
    int64_t id, at_s, duration_us;
    size_t args_count; /* kept, with the one that tells of the others */
    size_t texts_bytes;
    uint8_t texts[];
};

/* "... (12 more bytes)", "... (3 more arguments)" */
struct cut {
    char text[CUT_BYTES_MAX];
    size_t len;
};
static struct cut cut_words(size_t count, const char *what) {
    struct cut cut;
    cut.len = (size_t)snprintf(cut.text, sizeof cut.text, "... (%zu more %s)", count, what);
    return cut;
}

static size_t text_bytes(struct bytes text, size_t most) {
    size_t kept = MIN(text.len, most);
    if (most == SLOWLOG_ARG_BYTES_MAX && kept < text.len)
        kept += cut_words(text.len - kept, "bytes").len;
    return sizeof(uint16_t) + kept;
}

static uint8_t *put_bytes(uint8_t *at, const void *data, size_t len) {
    bytes_copy_to(at, bytes_view(data, len));
    return at + len;
}

static uint8_t *put_text(uint8_t *at, struct bytes text, size_t most) {
    size_t kept = MIN(text.len, most);
    uint16_t len = (uint16_t)(text_bytes(text, most) - sizeof len);
    at = put_bytes(at, &len, sizeof len);
    at = put_bytes(at, text.data, kept);
    if (len == kept) return at;
    struct cut cut = cut_words(text.len - kept, "bytes");
    return put_bytes(at, cut.text, cut.len);
}

static struct bytes take_text(const uint8_t **at) {
    uint16_t len;
    bytes_copy_to(&len, bytes_view(*at, sizeof len));
    struct bytes text = bytes_view(*at + sizeof len, len);
    *at = text.data + len;
    return text;
}

static struct slowlog_node *node_create(struct allocator *mem,
                                        const struct slowlog_record *record) {
    size_t kept = slowlog_args_kept(record->args_count);
    bool cut_args = kept < record->args_count;
    struct cut more = cut_words(record->args_count - kept, "arguments");
    size_t bytes =
        text_bytes(record->peer, TEXT_BYTES_MAX) + text_bytes(record->client_name, TEXT_BYTES_MAX);
    for (size_t i = 0; i < kept; i++) bytes += text_bytes(record->args[i], SLOWLOG_ARG_BYTES_MAX);
    if (cut_args) bytes += sizeof(uint16_t) + more.len;

    struct slowlog_node *node = mem_alloc(mem, sizeof *node + bytes);
    if (!node) return NULL;
    *node = (struct slowlog_node){.at_s = record->at_s,
                                  .duration_us = record->duration_us,
                                  .args_count = kept + cut_args,
                                  .texts_bytes = bytes};
    uint8_t *at = put_text(node->texts, record->peer, TEXT_BYTES_MAX);
    at = put_text(at, record->client_name, TEXT_BYTES_MAX);
    for (size_t i = 0; i < kept; i++) at = put_text(at, record->args[i], SLOWLOG_ARG_BYTES_MAX);
    if (cut_args) at = put_text(at, bytes_view(more.text, more.len), TEXT_BYTES_MAX);
    BRINE_ASSERT(at == node->texts + bytes, "a slow log's record is as long as it was measured");
    return node;
}

void slowlog_init(struct slowlog *log, struct allocator *mem) {
    *log = (struct slowlog){.mem = mem};
    int code = pthread_mutex_init(&log->lock, NULL);
    BRINE_ASSERT(code == 0, "a plain mutex needs nothing that can be missing");
}

void slowlog_deinit(struct slowlog *log) {
    slowlog_trim(log, 0);
    pthread_mutex_destroy(&log->lock);
}

static void trim(struct slowlog *log, size_t keep) {
    struct slowlog_node *node;
    while (log->count > keep && (node = log->oldest) != NULL) {
        log->oldest = node->newer;
        if (log->oldest)
            log->oldest->older = NULL;
        else
            log->newest = NULL;
        log->count--;
        mem_free(log->mem, node, sizeof *node + node->texts_bytes);
    }
}

void slowlog_add(struct slowlog *log, const struct slowlog_record *record, size_t keep) {
    struct slowlog_node *node = node_create(log->mem, record);
    pthread_mutex_lock(&log->lock);
    if (node) {
        node->id = log->next_id++;
        node->older = log->newest;
        if (log->newest)
            log->newest->newer = node;
        else
            log->oldest = node;
        log->newest = node;
        log->count++;
    }
    trim(log, keep);
    pthread_mutex_unlock(&log->lock);
}

void slowlog_trim(struct slowlog *log, size_t keep) {
    pthread_mutex_lock(&log->lock);
    trim(log, keep);
    pthread_mutex_unlock(&log->lock);
}

size_t slowlog_count(struct slowlog *log) {
    pthread_mutex_lock(&log->lock);
    size_t count = log->count;
    pthread_mutex_unlock(&log->lock);
    return count;
}

void slowlog_visit(struct slowlog *log, size_t most, void (*begin)(void *context, size_t count),
                   slowlog_visit_fn *visit, void *context) {
    pthread_mutex_lock(&log->lock);
    size_t shown = MIN(most, log->count);
    if (begin) begin(context, shown);
    const struct slowlog_node *node = log->newest;
    for (size_t i = 0; i < shown; i++, node = node->older) {
        struct slowlog_entry entry = {.id = node->id,
                                      .at_s = node->at_s,
                                      .duration_us = node->duration_us,
                                      .args_count = node->args_count};
        const uint8_t *at = node->texts;
        entry.peer = take_text(&at);
        entry.client_name = take_text(&at);
        for (size_t arg = 0; arg < node->args_count; arg++) entry.args[arg] = take_text(&at);
        visit(context, &entry);
    }
    pthread_mutex_unlock(&log->lock);
}
