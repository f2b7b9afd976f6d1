/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Values as Python's repr() writes them, appended to a buffer.  Any thread. */
#ifndef BRINE_PICKLE_REPR_H
#define BRINE_PICKLE_REPR_H

#include "base/buf.h"

/* How the bytes of a str are to be read. */
enum repr_text {
    REPR_UTF8,    /* lone surrogates are characters */
    REPR_LATIN1,  /* a byte is a character */
    REPR_STRING,  /* escapes of an 8-bit string literal, the rest latin-1 */
    REPR_UNICODE, /* raw-unicode-escape */
};

/* 'a', quotes chosen as Python does.  BRINE_MALFORMED when the text cannot be decoded. */
enum brine_status repr_str(struct buf *out, struct bytes text, enum repr_text how) MUST_USE;
/* b'a' */
enum brine_status repr_bytes(struct buf *out, struct bytes bytes) MUST_USE;
/* 1.5, 1e+16, inf, nan */
enum brine_status repr_float(struct buf *out, double value) MUST_USE;
/* Two's complement, little-endian.  Cost: O(bytes squared): the caller bounds them. */
enum brine_status repr_long(struct buf *out, struct bytes bytes) MUST_USE;

/* The character at text[*at], which moves behind it; false when it cannot be decoded. */
bool repr_character(struct bytes text, enum repr_text how, size_t *at, uint32_t *point) MUST_USE;

#endif
