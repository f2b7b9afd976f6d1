/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Must reach payload_open, rdb_read_string, payload_write_string.  The input stands without its
 * checksum, which is put behind it, for no fuzzer finds one.  Oracle: a text that was read is
 * written and read again as itself; a text is never longer than its limit; and the input, taken as
 * a text, comes back. */

#include "rdb/crc64.h"
#include "rdb/payload.h"

enum { TEXT_BYTES_MAX = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static bool comes_back(struct bytes text) {
    struct buf payload, scratch;
    struct reader value;
    struct bytes back;
    buf_init(&payload, mem_system(), SIZE_MAX);
    buf_init(&scratch, mem_system(), SIZE_MAX);
    bool same = payload_write_string(&payload, text) == BRINE_OK &&
                payload_open(buf_view(&payload), &value, NULL) == BRINE_OK &&
                read_u8(&value) == RDB_TYPE_STRING &&
                rdb_read_string(&value, SIZE_MAX, &scratch, &back, NULL) == BRINE_OK &&
                reader_at_end(&value) && bytes_equal(text, back);
    buf_deinit(&payload);
    buf_deinit(&scratch);
    return same;
}

static enum brine_status seal(struct buf *payload, struct bytes body) {
    TRY(buf_append(payload, body));
    uint64_t crc = rdb_crc64(0, body);
    for (int i = 0; i < 8; i++) TRY(buf_append_byte(payload, (uint8_t)(crc >> (8 * i))));
    return BRINE_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    struct buf payload, scratch;
    struct reader value;
    struct brine_error err;
    struct bytes text;
    if (!comes_back(bytes_view(data, len))) __builtin_trap();
    buf_init(&payload, mem_system(), SIZE_MAX);
    buf_init(&scratch, mem_system(), SIZE_MAX);
    if (seal(&payload, bytes_view(data, len)) == BRINE_OK &&
        payload_open(buf_view(&payload), &value, &err) == BRINE_OK) {
        (void)read_u8(&value);
        while (rdb_read_string(&value, TEXT_BYTES_MAX, &scratch, &text, &err) == BRINE_OK) {
            if (text.len > TEXT_BYTES_MAX || !comes_back(text)) __builtin_trap();
            if (reader_at_end(&value)) break;
        }
    }
    buf_deinit(&payload);
    buf_deinit(&scratch);
    return 0;
}
