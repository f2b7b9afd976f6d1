/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Reads JSON as a stream of tokens, for those who look for something in it and build no tree:
 *
 *     struct json_scan scan = json_scan_over(text);
 *     while (json_scan_next(&scan, &token))
 *         if (token.kind == JSON_TOKEN_STRING) ...
 *
 * Generous on purpose: all that Python's json.loads takes is taken, with the same tokens (NaN,
 * Infinity, any depth, keys twice), and some that it refuses (control characters in strings,
 * unknown escapes, brackets of another kind).  So what a reader finds in a text, this finds too.
 *
 * Tokens are views of the text.  Allocates nothing, does not recurse.  Cost: O(bytes).
 * Source: Lib/json/decoder.py, Lib/json/scanner.py, Modules/_json.c of CPython 3.11. */
#ifndef BRINE_JSON_SCAN_H
#define BRINE_JSON_SCAN_H

#include "base/buf.h"
#include "base/bytes.h"

enum json_token_kind {
    JSON_TOKEN_OPEN, /* { or [ */
    JSON_TOKEN_CLOSE,
    JSON_TOKEN_COLON,
    JSON_TOKEN_COMMA,
    JSON_TOKEN_STRING, /* text is what is between the quotes, escapes as they are written */
    JSON_TOKEN_PLAIN,  /* a number, true, false, null, NaN, Infinity */
};

struct json_token {
    enum json_token_kind kind;
    struct bytes text;
};

struct json_scan {
    struct bytes text;
    size_t at;
    size_t depth;
    bool wants_value; /* a value must come next */
    bool opened;      /* ... or the end of what was opened just now */
    bool failed;      /* what comes at `at` is no JSON */
};

static inline struct json_scan json_scan_over(struct bytes text) {
    return (struct json_scan){.text = text, .wants_value = true};
}

/* False at the end and at the first thing that is no JSON. */
bool json_scan_next(struct json_scan *scan, struct json_token *token);

/* True when the whole text is one JSON value. */
bool json_is_whole(struct bytes text);

/* True when a string token, its escapes decoded, is this ASCII text. */
bool json_string_is(struct bytes raw, struct bytes text);

/* Appends a string token's text to out: escapes decoded, and each malformed piece of UTF-8 as
 * U+FFFD just as bytes.decode(errors='replace') has it.  A surrogate without its other half, which
 * has no UTF-8, becomes U+FFFD too. */
enum brine_status json_string_decode(struct bytes raw, struct buf *out) MUST_USE;
/* True when that would change nothing. */
bool json_string_is_verbatim(struct bytes raw);

#endif
