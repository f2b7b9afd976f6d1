/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A digest that people can compute too: `head -c 1048576 value | sha256sum | head -c 32`. */

#include "observe/audit.h"

#include <openssl/sha.h>
#include <stdio.h>

void audit_record_digest(struct audit_record *record, struct bytes value,
                         struct audit_digest *digest) {
    uint8_t sum[SHA256_DIGEST_LENGTH];
    struct bytes part = bytes_slice(value, 0, AUDIT_DIGEST_BYTES_MAX);
    enum { SHOWN_BYTES = (sizeof digest->text - 1) / 2 };
    SHA256(part.len ? part.data : (const uint8_t *)"", part.len, sum);
    for (size_t i = 0; i < SHOWN_BYTES; i++) snprintf(digest->text + 2 * i, 3, "%02x", sum[i]);
    digest->bytes = part.len;
    record->digest = bytes_of_cstr(digest->text);
    record->digest_bytes = part.len < value.len ? (int64_t)part.len : -1;
}
