/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Passwords are kept and compared as their SHA-256, in lower-case hexadecimal as Redis writes it.
 * The hash is unsalted and fast, as Redis's is, so that rows can be moved between the two: it
 * protects a good password (ACL GENPASS) and not a word from a dictionary.
 *
 * Cost: some 0.3 us of hashing for a short password, whatever comes of it.  Any thread. */
#ifndef BRINE_AUTH_PASSWORD_H
#define BRINE_AUTH_PASSWORD_H

#include "base/bytes.h"
#include "base/status.h"

enum { AUTH_HASH_BYTES = 64, AUTH_SECRET_BITS_MAX = 4096 };

void auth_hash(struct bytes password, uint8_t hash[static AUTH_HASH_BYTES]);
/* 64 digits, lower case. */
bool auth_is_hash(struct bytes text);
/* In a time that does not depend on where they differ. */
bool auth_hash_equal(const uint8_t *a, const uint8_t *b);

/* (bits + 3) / 4 random hexadecimal digits, from the operating system.  bits from 1 to
 * AUTH_SECRET_BITS_MAX.  BRINE_IO: it gave none. */
enum brine_status auth_make_secret(size_t bits, char digits[static AUTH_SECRET_BITS_MAX / 4],
                                   size_t *digits_count) MUST_USE;

#endif
