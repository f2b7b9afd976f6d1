/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The CRC that RDB files and DUMP payloads end with: 64 bits, Jones' polynomial, reflected, begun
 * with 0 and not inverted.  It finds damage, not malice.
 *
 *     uint64_t crc = rdb_crc64(rdb_crc64(0, head), body);      // of both, one behind the other
 *
 * Any thread.  Cost: about 2 ns a byte.
 * Source: Redis crc64.c; "123456789" gives e9c6d914c4b8d9ca. */
#ifndef BRINE_RDB_CRC64_H
#define BRINE_RDB_CRC64_H

#include "base/bytes.h"

uint64_t rdb_crc64(uint64_t crc, struct bytes bytes);

#endif
