/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The normal form of a Lua text: what two texts of the same program have in common.
 *
 *     status = script_normalise(text, &normal, err);        // normal.digest names the program
 *
 * The normal form is the sequence of Lua 5.1's tokens, each with its length and kind, so that white
 * space, comments, and how a string is quoted or escaped make no difference.  Three more things do
 * not, for they change nothing that a program does:
 *   - the case of a command's name, where a string follows `redis.call(` or `redis.pcall(`;
 *   - a `;` that ends a statement, but where it keeps `(` from being an argument list, or stands
 *     behind `return`, another `;` or at the start;
 *   - the pattern in `redis.call('keys', 'pattern'`, which becomes a *hole*: a parameter of the
 *     program.  One is allowed.
 * Nothing is renamed, reordered or evaluated.  So texts with the same digest are the same program
 * but for the hole, unless SHA-1 is broken in a way that it is not (a second text for a given
 * digest); and should one be found, what runs is the known program all the same.
 *
 * What Lua would not read as tokens, and what no known program has (long strings, bytes that are
 * not ASCII outside of strings and comments, a text that begins with `#` or is compiled), has no
 * normal form.
 *
 * Words: a *site* is a place that an error of Lua names by its line: the n-th call of redis.call,
 * the n-th operator, or length of a string, that may fail.
 * Cost: O(text), no memory.  Any thread.
 * Source: Lua 5.1 llex.c. */
#ifndef BRINE_SCRIPT_NORMAL_H
#define BRINE_SCRIPT_NORMAL_H

#include "base/bytes.h"
#include "base/status.h"

enum {
    SCRIPT_DIGEST_BYTES = 20,
    SCRIPT_SITES_MAX = 12, /* later ones have no line: 0 */
    SCRIPT_HOLE_BYTES_MAX = 256,
    SCRIPT_TEXT_BYTES_MAX = 64 * 1024, /* of what is looked at */
};

struct script_digest {
    uint8_t bytes[SCRIPT_DIGEST_BYTES];
};

struct script_normal {
    struct script_digest digest;
    uint16_t call_lines[SCRIPT_SITES_MAX];
    uint16_t operator_lines[SCRIPT_SITES_MAX];
    uint16_t hole_len;
    bool has_hole;
    uint8_t hole[SCRIPT_HOLE_BYTES_MAX];
};

/* MALFORMED: it has no normal form; TOO_BIG: a bound is exceeded. */
enum brine_status script_normalise(struct bytes text, struct script_normal *normal,
                                   struct brine_error *err) MUST_USE;

/* SHA-1 of the text itself, by which EVALSHA names it. */
struct script_digest script_digest_of(struct bytes text);
/* From 40 hex digits in any case; false: they are none. */
bool script_digest_parse(struct bytes hex, struct script_digest *digest) MUST_USE;
enum { SCRIPT_DIGEST_TEXT_BYTES = 2 * SCRIPT_DIGEST_BYTES + 1 };
/* NUL-terminated; returns text. */
const char *script_digest_text(const struct script_digest *digest,
                               char text[static SCRIPT_DIGEST_TEXT_BYTES]);

static inline bool script_digest_equal(const struct script_digest *a,
                                       const struct script_digest *b) {
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

#endif
