/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Requests: the bytes of a connection cut into commands, each a run of views into those bytes.
 *
 *     resp_args_clear(&args);
 *     arena_reset(&scratch);
 *     size_t at = 0;
 *     while (at < query.len) {
 *         struct resp_command command;
 *         enum resp_result result = resp_decode(&decoder, &limits, bytes_slice(query, at,
 * query.len), &args, &scratch, &command, &err); if (result != RESP_COMMAND && result != RESP_EMPTY)
 * break; at += command.consumed;
 *         ... on RESP_COMMAND: args.items[command.first_arg .. + command.argc) ...
 *     }
 *
 * Both forms are understood: arrays of bulk strings, and inline lines with Redis's quoting.
 *
 * Input always starts at the first byte that no result has consumed.  RESP_NEED_MORE consumes
 * nothing and leaves nothing in args; the next call passes the same bytes, which may lie elsewhere
 * by then, and more behind them.  What was learned of the incomplete command is kept in the
 * decoder, so that the total cost is linear however the bytes are cut.
 *
 * Ownership: views point into `input`, or into `scratch` for inline arguments that had quotes.  The
 * scratch is an arena and not a buf because a later inline command of the same batch must not move
 * what an earlier one was given; both stay valid until the caller resets the arena.
 *
 * Memory: args and scratch grow only for a command that has arrived whole, so never with what is
 * claimed; an argument is 6 bytes on the wire at least, its view 16.
 *
 * Stricter than Redis 7, which skips two bytes unread: CR LF must stand behind each header and
 * bulk. A NUL byte ends an inline connection here; Redis waits for 64 KB more.
 *
 * Careful: while a client is unauthenticated run each command before decoding the next, since the
 * first may be the AUTH that lifts the limits.
 *
 * Cost: about 10 ns for GET.  Thread: one at a time for each decoder, args and scratch.
 * Source: Redis 7.0 networking.c processMultibulkBuffer, processInlineBuffer; sds.c sdssplitargs.
 */
#ifndef BRINE_RESP_COMMAND_H
#define BRINE_RESP_COMMAND_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/status.h"

enum {
    RESP_HEADER_BYTES_MAX = 64 * 1024,  /* Redis: PROTO_INLINE_MAX_SIZE */
    RESP_UNAUTHENTICATED_ARGS_MAX = 10, /* Redis's figures, not to be changed */
    RESP_UNAUTHENTICATED_BULK_MAX = 16 * 1024
};

/* What one command may be.  `unauthenticated` adds Redis's two small limits to the ordinary ones,
 * which stay as they are: what passes an ordinary limit is refused in the ordinary words. */
struct resp_limits {
    size_t bulk_bytes_max;   /* one argument; Redis: proto-max-bulk-len, 512 MB */
    size_t args_max;         /* in one command; Redis: INT_MAX */
    size_t inline_bytes_max; /* one inline line; Redis: RESP_HEADER_BYTES_MAX */
    bool unauthenticated;
};

/* The arguments of all commands of one batch, one behind the other.  The limit may change at any
 * time: it bounds growth, and what was taken before stays until resp_args_shrink.
 * Invariant: count <= cap. */
struct resp_args {
    struct bytes *items;
    size_t count, cap;
    size_t limit; /* items; never 0 */
    struct allocator *mem;
};

void resp_args_init(struct resp_args *args, struct allocator *mem, size_t limit);
void resp_args_deinit(struct resp_args *args);
/* Gives the room beyond max(count, keep) back to the allocator. */
void resp_args_shrink(struct resp_args *args, size_t keep);

static inline void resp_args_clear(struct resp_args *args) {
    args->count = 0;
}

/* What is known of an incomplete command.  All zero is valid and means nothing is known; a decoder
 * owns nothing and needs no teardown. */
struct resp_decoder {
    size_t offset;    /* of the first header not yet seen with what belongs to it */
    size_t scanned;   /* bytes behind offset that hold no end of line */
    size_t args_left; /* still to come, that at offset included; 0: the count is not known */
    size_t missing;   /* bytes of the present bulk and its CR LF still to come; 0: not known */
};

struct resp_command {
    size_t first_arg; /* index into args->items, which a later command may move */
    size_t argc;      /* 0 for RESP_EMPTY */
    size_t consumed;  /* bytes of input */
};

enum resp_result {
    RESP_COMMAND,   /* *out is a command of at least one argument */
    RESP_NEED_MORE, /* the input ends inside a command, or is empty */
    RESP_EMPTY,     /* an empty line or an array of no elements: skip out->consumed and go on */
    RESP_BROKEN,    /* err->text is what goes behind "-ERR "; reply, then close */
    RESP_NO_MEMORY  /* args or scratch cannot grow.  Nothing was consumed: when args holds earlier
                     * commands run them, clear, and try again; else reply and close */
};

/* Decodes the first command of input.  *out is written on RESP_COMMAND and RESP_EMPTY, *err (may be
 * NULL) on RESP_BROKEN and RESP_NO_MEMORY. */
enum resp_result resp_decode(struct resp_decoder *decoder, const struct resp_limits *limits,
                             struct bytes input, struct resp_args *args, struct arena *scratch,
                             struct resp_command *out, struct brine_error *err) MUST_USE;

/* After RESP_NEED_MORE: how many bytes the present bulk and its CR LF still lack, so that the
 * caller can size its buffer; 0 when not known.  A claim of the client, bounded by bulk_bytes_max:
 * commit memory to it only as bytes arrive. */
static inline size_t resp_bytes_missing(const struct resp_decoder *decoder) {
    return decoder->missing;
}

#endif
