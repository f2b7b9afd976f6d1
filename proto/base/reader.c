/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "base/reader.h"

enum brine_status reader_error(const struct reader *r, struct brine_error *err) {
    return brine_fail(err, BRINE_MALFORMED, r->failed_offset,
                      "the bytes end or break at offset %zu of %zu", r->failed_offset, r->len);
}
