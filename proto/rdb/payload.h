/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What DUMP answers and RESTORE takes:
 *
 *     type u8, value, version u16le, CRC-64 of all before it u64le
 *
 *     status = payload_write_string(&out, text);
 *     status = payload_open(payload, &value, err);                 // version and CRC are right
 *     status = rdb_read_string(&value, bytes_max, &scratch, &text, err);
 *
 * The version is the sender's RDB version: Redis 7.0 writes 10, 7.2 and Valkey 8 write 11, 7.4 and
 * 8.0 write 12, Valkey 9 writes 80.  Strings are the same in all of them, so payloads of newer
 * servers are read too, which Redis itself refuses; a migration needs that.
 * A CRC of zero must be right like any other; only in files it means that there is none.
 *
 * Errors: MALFORMED.  Any thread.  Cost: reads all bytes once.
 * Source: Redis 7.0 cluster.c createDumpPayload, verifyDumpPayload. */
#ifndef BRINE_RDB_PAYLOAD_H
#define BRINE_RDB_PAYLOAD_H

#include "rdb/value.h"

enum {
    PAYLOAD_VERSION_WRITTEN = 10,
    PAYLOAD_VERSION_MAX = 99, /* beyond what anyone writes so far */
    PAYLOAD_FOOTER_BYTES = 10,
};

/* Appends. */
enum brine_status payload_write_string(struct buf *out, struct bytes text) MUST_USE;
/* One that holds no value, as FUNCTION DUMP answers where there are no functions. */
enum brine_status payload_write_nothing(struct buf *out) MUST_USE;

/* *value reads from the type's byte to the footer. */
enum brine_status payload_open(struct bytes payload, struct reader *value,
                               struct brine_error *err) MUST_USE;

#endif
