/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "auth/password.h"

#include "base/assert.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <sys/random.h>

static const char hex[] = "0123456789abcdef";

void auth_hash(struct bytes password, uint8_t hash[static AUTH_HASH_BYTES]) {
    uint8_t digest[SHA256_DIGEST_LENGTH];
    static const uint8_t nothing[1];
    SHA256(password.len ? password.data : nothing, password.len, digest);
    for (size_t i = 0; i < sizeof digest; i++) {
        hash[2 * i] = (uint8_t)hex[digest[i] >> 4];
        hash[2 * i + 1] = (uint8_t)hex[digest[i] & 15];
    }
}

bool auth_is_hash(struct bytes text) {
    if (text.len != AUTH_HASH_BYTES) return false;
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] == 0 || !strchr(hex, text.data[i])) return false;
    return true;
}

bool auth_hash_equal(const uint8_t *a, const uint8_t *b) {
    return CRYPTO_memcmp(a, b, AUTH_HASH_BYTES) == 0;
}

enum brine_status auth_make_secret(size_t bits, char digits[static AUTH_SECRET_BITS_MAX / 4],
                                   size_t *digits_count) {
    uint8_t random[AUTH_SECRET_BITS_MAX / 8];
    BRINE_ASSERT(bits > 0 && bits <= AUTH_SECRET_BITS_MAX, "a secret has some bits and an end");
    *digits_count = (bits + 3) / 4;
    size_t bytes = (*digits_count + 1) / 2, have = 0;
    while (have < bytes) {
        ssize_t got = getrandom(random + have, MIN(bytes - have, (size_t)256), 0);
        if (got <= 0) return BRINE_IO;
        have += (size_t)got;
    }
    for (size_t i = 0; i < *digits_count; i++)
        digits[i] = hex[i % 2 ? random[i / 2] & 15 : random[i / 2] >> 4];
    OPENSSL_cleanse(random, sizeof random);
    return BRINE_OK;
}
