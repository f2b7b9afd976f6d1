/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* LCS: the longest common subsequence of two strings.  Source of answers: Redis 7.0 t_string.c
 * lcsCommand.
 *
 * A table of lengths for all prefixes is filled and walked back from its end.  It takes
 * O(len1 * len2) in time and memory, which is bounded as in Redis; a large one is run in the
 * background, so that no loop waits for it. */

#include "cmd/handlers.h"

#include "base/number.h"

enum { LCS_KEYS = 1, LCS_FIRST_OPTION = 3, CELLS_AT_ONCE = 1 << 20 };

struct lcs {
    struct taken_value taken[2];
    struct bytes a, b; /* theirs */
    uint32_t *cells;   /* (a.len + 1) rows of b.len + 1 */
    size_t cells_count;
    bool only_len, matches, with_len;
    int64_t min_len;
};

static uint32_t *cell(const struct lcs *lcs, size_t i, size_t j) {
    return &lcs->cells[i * (lcs->b.len + 1) + j];
}

static bool parse_options(struct command_call *call, struct lcs *lcs) {
    for (size_t i = LCS_FIRST_OPTION; i < call->args_count; i++) {
        bool more = i + 1 < call->args_count;
        if (call_is(call, i, "IDX")) {
            lcs->matches = true;
        } else if (call_is(call, i, "LEN")) {
            lcs->only_len = true;
        } else if (call_is(call, i, "WITHMATCHLEN")) {
            lcs->with_len = true;
        } else if (call_is(call, i, "MINMATCHLEN") && more) {
            if (!call_integer(call, ++i, &lcs->min_len)) return false;
            lcs->min_len = MAX(lcs->min_len, 0);
        } else {
            reply_error(call->reply, ERROR_SYNTAX);
            return false;
        }
    }
    if (!lcs->matches || !lcs->only_len) return true;
    reply_error(call->reply,
                BYTES("ERR If you want both the length and indexes, please just use IDX."));
    return false;
}

/* Both values, which are worked on without a lock. */
static bool read_strings(struct command_call *call, struct lcs *lcs) {
    struct store_key keys[2] = {call_key(call, LCS_KEYS), call_key(call, LCS_KEYS + 1)};
    struct bytes error = {0};
    call_take_values(call, keys, 2, lcs->taken);
    for (size_t i = 0; i < 2 && !error.data; i++) {
        if (lcs->taken[i].found && !lcs->taken[i].is_string)
            error = BYTES("ERR The specified keys must contain string values");
        else if (!lcs->taken[i].bytes.data)
            error = ERROR_NO_MEMORY;
    }
    lcs->a = lcs->taken[0].bytes;
    lcs->b = lcs->taken[1].bytes;
    if (error.data) reply_error(call->reply, error);
    return !error.data;
}

static bool make_table(struct command_call *call, struct lcs *lcs) {
    size_t bytes_max = (size_t)config_read(call->worker->config->limits.bulk_bytes);
    if (lcs->a.len >= UINT32_MAX - 1 || lcs->b.len >= UINT32_MAX - 1) {
        reply_error(call->reply, BYTES("ERR String too long for LCS"));
        return false;
    }
    lcs->cells_count = (lcs->a.len + 1) * (lcs->b.len + 1);
    if (lcs->cells_count > bytes_max / sizeof *lcs->cells) {
        reply_error(call->reply, BYTES("ERR Insufficient memory, transient memory for LCS exceeds "
                                       "proto-max-bulk-len"));
        return false;
    }
    lcs->cells = mem_alloc(call->worker->mem, lcs->cells_count * sizeof *lcs->cells);
    if (!lcs->cells)
        reply_error(call->reply, BYTES("ERR Insufficient memory, failed allocating "
                                       "transient memory for LCS"));
    return lcs->cells != NULL;
}

static void fill_table(struct lcs *lcs) {
    for (size_t i = 0; i <= lcs->a.len; i++) {
        for (size_t j = 0; j <= lcs->b.len; j++) {
            if (i == 0 || j == 0)
                *cell(lcs, i, j) = 0;
            else if (lcs->a.data[i - 1] == lcs->b.data[j - 1])
                *cell(lcs, i, j) = *cell(lcs, i - 1, j - 1) + 1;
            else
                *cell(lcs, i, j) = MAX(*cell(lcs, i - 1, j), *cell(lcs, i, j - 1));
        }
    }
}

/* One step back towards the beginning: true when both end in a common byte, which is passed. */
static bool step_back(const struct lcs *lcs, size_t *i, size_t *j) {
    if (lcs->a.data[*i - 1] == lcs->b.data[*j - 1]) {
        --*i;
        --*j;
        return true;
    }
    if (*cell(lcs, *i - 1, *j) > *cell(lcs, *i, *j - 1))
        --*i;
    else
        --*j;
    return false;
}

static void reply_subsequence(struct command_call *call, const struct lcs *lcs) {
    size_t i = lcs->a.len, j = lcs->b.len, left = *cell(lcs, i, j), len = left;
    uint8_t *text = arena_alloc(&call->worker->scratch, len + 1);
    if (!text) {
        reply_error(call->reply, ERROR_NO_MEMORY);
        return;
    }
    while (left > 0 && i > 0 && j > 0)
        if (step_back(lcs, &i, &j)) text[--left] = lcs->a.data[i];
    reply_bulk(call->reply, bytes_view(text, len));
}

static void reply_range(struct command_call *call, size_t first, size_t len) {
    reply_array(call->reply, 2);
    reply_integer(call->reply, (int64_t)first);
    reply_integer(call->reply, (int64_t)(first + len - 1));
}

/* A run of common bytes from i in one and j in the other. */
static bool reply_match(struct command_call *call, const struct lcs *lcs, size_t i, size_t j,
                        size_t len) {
    if ((int64_t)len < lcs->min_len) return false;
    reply_array(call->reply, lcs->with_len ? 3 : 2);
    reply_range(call, i, len);
    reply_range(call, j, len);
    if (lcs->with_len) reply_integer(call->reply, (int64_t)len);
    return true;
}

static void reply_matches(struct command_call *call, const struct lcs *lcs) {
    size_t i = lcs->a.len, j = lcs->b.len, run = 0, count = 0;
    reply_map(call->reply, 2);
    reply_bulk(call->reply, BYTES("matches"));
    size_t position = resp_array_open(&call->reply->writer);
    while (i > 0 && j > 0) {
        size_t run_i = i, run_j = j;
        if (step_back(lcs, &i, &j)) {
            run++;
        } else if (run > 0) {
            count += reply_match(call, lcs, run_i, run_j, run);
            run = 0;
        }
    }
    if (run > 0) count += reply_match(call, lcs, i, j, run);
    resp_array_close(&call->reply->writer, position, count);
    reply_bulk(call->reply, BYTES("len"));
    reply_integer(call->reply, *cell(lcs, lcs->a.len, lcs->b.len));
}

/* LCS key1 key2 [LEN] [IDX] [MINMATCHLEN len] [WITHMATCHLEN] */
void cmd_lcs(struct command_call *call) {
    struct lcs lcs = {0};
    if (!read_strings(call, &lcs) || !parse_options(call, &lcs) || !make_table(call, &lcs))
        goto done;
    if (call->access->may_defer && lcs.cells_count > CELLS_AT_ONCE) {
        call->access->deferred = true;
    } else {
        fill_table(&lcs);
        if (lcs.matches)
            reply_matches(call, &lcs);
        else if (lcs.only_len)
            reply_integer(call->reply, *cell(&lcs, lcs.a.len, lcs.b.len));
        else
            reply_subsequence(call, &lcs);
    }
    mem_free(call->worker->mem, lcs.cells, lcs.cells_count * sizeof *lcs.cells);
done:
    for (size_t i = 0; i < 2; i++) taken_value_drop(&lcs.taken[i]);
}
