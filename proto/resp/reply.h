/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Replies as a client reads them: a pull parser over every type of RESP2 and RESP3, one event a
 * call, without recursion and without memory of its own.
 *
 *     struct resp_reply_reader reader;
 *     resp_reply_init(&reader, (struct resp_reply_limits){0});
 *     while ((status = resp_reply_next(&reader, input, &event, &err)) == BRINE_OK) {
 *         ... event.kind, event.text, event.depth ...
 *         input = bytes_slice(input, event.consumed, input.len);
 *         if (event.ends_reply) break;
 *     }
 *
 * An aggregate is one event that says how many elements follow; each of them is then an event (or
 * several) one level deeper.  A leaf is one event with its value.  An attribute is an aggregate
 * that belongs to what follows it: it is no element of what it stands in and ends no reply.
 *
 * Input starts at the first byte that no event consumed.  BRINE_NEED_MORE consumes nothing; pass
 * the same bytes, wherever they lie by then, and more.  The total cost is linear however they are
 * cut.
 *
 * BRINE_MALFORMED and BRINE_TOO_BIG are final: the stream cannot be read on.  Strict: CR LF and
 * nothing else ends a line, counts and integers have one spelling, a push stands only between
 * replies, streamed types ("*?") are refused by name.  One thread at a time. */
#ifndef BRINE_RESP_REPLY_H
#define BRINE_RESP_REPLY_H

#include "base/bytes.h"
#include "base/status.h"

enum { RESP_REPLY_DEPTH_MAX = 64 };

/*    name         marker  shape      what it is */
/* clang-format off */
#define RESP_REPLY_KINDS(X)                                                                        \
    X(SIMPLE,      '+',    LINE,      "a short line of text")                                      \
    X(ERROR,       '-',    LINE,      "an error as a line: its code, a space, words")              \
    X(INTEGER,     ':',    LINE,      "a signed 64-bit integer")                                   \
    X(NULL,        '_',    LINE,      "nothing; also RESP2's $-1 and *-1")                         \
    X(BOOLEAN,     '#',    LINE,      "t or f")                                                    \
    X(DOUBLE,      ',',    LINE,      "a floating point number, inf, -inf or nan")                 \
    X(BIG_NUMBER,  '(',    LINE,      "an integer of any length, as digits")                       \
    X(BULK,        '$',    BULK,      "bytes of a stated length")                                  \
    X(BULK_ERROR,  '!',    BULK,      "an error of a stated length")                               \
    X(VERBATIM,    '=',    BULK,      "text with a format of three letters")                       \
    X(ARRAY,       '*',    AGGREGATE, "elements in order")                                         \
    X(MAP,         '%',    AGGREGATE, "keys, each followed by its value")                          \
    X(SET,         '~',    AGGREGATE, "elements without order")                                    \
    X(PUSH,        '>',    AGGREGATE, "elements that answer no request")                           \
    X(ATTRIBUTE,   '|',    AGGREGATE, "keys and values about the reply that follows")
/* clang-format on */

enum resp_reply_kind {
#define X(name, marker, shape, doc) RESP_KIND_##name,
    RESP_REPLY_KINDS(X)
#undef X
};

/* 0 means the default. */
struct resp_reply_limits {
    size_t bulk_bytes_max; /* default 512 MB */
    size_t line_bytes_max; /* default 64 KB */
    size_t elements_max;   /* in one aggregate, keys and values counted each; default 2^31 - 1 */
    size_t depth_max;      /* of aggregates; default and most RESP_REPLY_DEPTH_MAX */
};

struct resp_reply_event {
    enum resp_reply_kind kind;
    uint8_t marker;      /* the first byte on the wire; tells the three nulls apart */
    bool ends_reply;     /* a whole reply has been read */
    size_t depth;        /* 0 at the top */
    size_t consumed;     /* bytes of input; the caller drops them */
    size_t elements;     /* of an aggregate: events of its own level to come; a map of n has 2 n */
    struct bytes text;   /* of a leaf: its value as written, without verbatim's "txt:" */
    struct bytes format; /* of VERBATIM: three letters */
    int64_t integer;     /* of INTEGER; 1 or 0 of BOOLEAN */
    double number;       /* of DOUBLE */
};

/* A level of the stack: an aggregate that is not complete. */
struct resp_reply_level {
    size_t left; /* elements to come; never 0 */
    bool is_attribute;
};

struct resp_reply_reader {
    struct resp_reply_limits limits;
    size_t scanned; /* bytes of input known to hold no end of line */
    size_t missing; /* bytes that the present bulk lacks; 0: not known */
    size_t depth;   /* levels in use */
    struct resp_reply_level levels[RESP_REPLY_DEPTH_MAX];
};

void resp_reply_init(struct resp_reply_reader *reader, struct resp_reply_limits limits);

/* *event is valid on BRINE_OK alone, *err (may be NULL) on all others but BRINE_NEED_MORE. */
enum brine_status resp_reply_next(struct resp_reply_reader *reader, struct bytes input,
                                  struct resp_reply_event *event, struct brine_error *err) MUST_USE;

/* After BRINE_NEED_MORE: how many bytes the present bulk still lacks; 0 when not known. */
static inline size_t resp_reply_bytes_missing(const struct resp_reply_reader *reader) {
    return reader->missing;
}

/* "BULK" and "bytes of a stated length". */
const char *resp_reply_kind_name(enum resp_reply_kind kind);
const char *resp_reply_kind_doc(enum resp_reply_kind kind);

#endif
