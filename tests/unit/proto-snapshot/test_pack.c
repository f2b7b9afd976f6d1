/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "base/random.h"
#include "snapshot/pack.h"
#include "support/failing.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <zstd.h>

enum { ROOM = SNAPSHOT_PACKED_BYTES_MAX + 1 };

static uint8_t plain_bytes[ROOM], packed_bytes[ROOM];
static struct brine_error err;

static struct bytes noise(size_t len) {
    struct random random;
    random_init(&random, len + 1);
    for (size_t i = 0; i < len; i++) plain_bytes[i] = (uint8_t)random_below(&random, 256);
    return bytes_view(plain_bytes, len);
}
static struct bytes zeros(size_t len) {
    mem_clear(plain_bytes, sizeof plain_bytes);
    return bytes_view(plain_bytes, len);
}
/* Of few letters, so that it is packed to about a third. */
static struct bytes text(size_t len) {
    struct bytes bytes = noise(len);
    for (size_t i = 0; i < len; i++) plain_bytes[i] = (uint8_t)('a' + plain_bytes[i] % 6);
    return bytes;
}

static struct snapshot_head head_of(enum snapshot_codec codec, size_t stored, size_t plain) {
    return (struct snapshot_head){
        .type = SNAPSHOT_RECORDS, .codec = codec, .stored_bytes = stored, .plain_bytes = plain};
}

static enum brine_status unpack(struct allocator *mem, enum snapshot_codec codec,
                                struct bytes payload, size_t plain, struct buf *out) {
    struct snapshot_unpacker unpacker;
    struct snapshot_head head = head_of(codec, payload.len, plain);
    struct bytes found;
    snapshot_unpacker_init(&unpacker, mem);
    buf_clear(out);
    enum brine_status status = snapshot_unpack(&unpacker, &head, payload, &found, &err);
    if (status == BRINE_OK) status = buf_append(out, found);
    snapshot_unpacker_deinit(&unpacker);
    return status;
}

Test(pack, brings_back_what_it_packed_at_every_length_and_level) {
    static const size_t lengths[] = {300, 400, 4096, 16383, 16384, 16385, 65536, 131073, 262144};
    static const struct {
        enum snapshot_codec codec;
        int level;
    } rows[] = {{SNAPSHOT_LZ4, 3},  {SNAPSHOT_ZSTD, 1},  {SNAPSHOT_ZSTD, 3},
                {SNAPSHOT_ZSTD, 9}, {SNAPSHOT_ZSTD, 13}, {SNAPSHOT_ZSTD, 19}};
    struct buf out;
    buf_init(&out, mem_system(), ROOM);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        /* One for all lengths: what it took for the first must do for the rest. */
        struct snapshot_packer packer;
        snapshot_packer_init(&packer, mem_system(), rows[i].codec, rows[i].level);
        for (size_t j = 0; j < ARRAY_LEN(lengths); j++) {
            struct bytes plain = j % 2 ? zeros(lengths[j]) : text(lengths[j]);
            size_t packed = snapshot_pack(&packer, plain, packed_bytes);
            cr_expect(packed > 0 && packed < plain.len, "row %zu, %zu bytes: %zu", i, plain.len,
                      packed);
            cr_expect_eq(unpack(mem_system(), rows[i].codec, bytes_view(packed_bytes, packed),
                                plain.len, &out),
                         BRINE_OK);
            cr_expect(bytes_equal(buf_view(&out), plain), "row %zu, %zu bytes", i, plain.len);
        }
        snapshot_packer_deinit(&packer);
    }
    buf_deinit(&out);
}

Test(pack, leaves_plain_what_gets_no_smaller_or_is_too_long) {
    for (enum snapshot_codec codec = SNAPSHOT_PLAIN; codec <= SNAPSHOT_ZSTD; codec++) {
        struct snapshot_packer packer;
        snapshot_packer_init(&packer, mem_system(), codec, SNAPSHOT_LEVEL_MIN);
        cr_expect_eq(snapshot_pack(&packer, noise(50000), packed_bytes), 0);
        cr_expect_eq(snapshot_pack(&packer, zeros(0), packed_bytes), 0);
        cr_expect_eq(snapshot_pack(&packer, zeros(1), packed_bytes), 0);
        cr_expect_eq(snapshot_pack(&packer, zeros(ROOM), packed_bytes), 0);
        snapshot_packer_deinit(&packer);
    }
}

Test(pack, without_memory_leaves_things_plain_and_unpacks_nothing) {
    struct failing_allocator failing;
    struct snapshot_packer packer;
    struct buf out;
    buf_init(&out, mem_system(), ROOM);
    failing_init(&failing, 0);
    snapshot_packer_init(&packer, &failing.allocator, SNAPSHOT_ZSTD, 3);
    cr_expect_eq(snapshot_pack(&packer, text(1000), packed_bytes), 0);
    snapshot_packer_deinit(&packer);
    snapshot_packer_init(&packer, mem_system(), SNAPSHOT_ZSTD, 3);
    size_t packed = snapshot_pack(&packer, text(1000), packed_bytes);
    snapshot_packer_deinit(&packer);
    for (size_t n = 0; n < 2; n++) {
        failing_init(&failing, n);
        cr_expect_eq(
            unpack(&failing.allocator, SNAPSHOT_ZSTD, bytes_view(packed_bytes, packed), 1000, &out),
            BRINE_NO_MEMORY, "allocation %zu", n);
    }
    buf_deinit(&out);
}

Test(pack, refuses_whatever_is_not_one_frame_of_that_length) {
    /* Of zstd: one of version 0.5, which has decoders that allocate by themselves; one that may be
     * skipped; one whose window is 2 GB; one of an unknown dictionary; nothing but a magic. */
    static const struct {
        const char *what;
        struct bytes payload;
    } rows[] = {
        {"version 0.5", BYTES("\x25\xb5\x2f\xfd\x00\x00\x00\xc0\x00\x00\x00")},
        {"version 0.7", BYTES("\x27\xb5\x2f\xfd\x24\x00\x00\x00\xc0\x00\x00")},
        {"skippable", BYTES("\x50\x2a\x4d\x18\x04\x00\x00\x00"
                            "abcd")},
        {"a window of 2 GB", BYTES("\x28\xb5\x2f\xfd\x00\xa8\x01\x00\x00")},
        {"a dictionary", BYTES("\x28\xb5\x2f\xfd\x21\x07\x01\x09\x00\x00x")},
        {"a magic", BYTES("\x28\xb5\x2f\xfd")},
        {"noise", BYTES("noise that is no frame")},
    };
    struct buf out;
    buf_init(&out, mem_system(), ROOM);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        for (enum snapshot_codec codec = SNAPSHOT_LZ4; codec <= SNAPSHOT_ZSTD; codec++)
            cr_expect_eq(unpack(mem_system(), codec, rows[i].payload, 5000, &out), BRINE_MALFORMED,
                         "%s", rows[i].what);
    size_t packed = ZSTD_compress(packed_bytes, ROOM, text(3000).data, 3000, 3);
    cr_assert_not(ZSTD_isError(packed));
    struct bytes frame = bytes_view(packed_bytes, packed);
    cr_expect_eq(unpack(mem_system(), SNAPSHOT_ZSTD, frame, 3000, &out), BRINE_OK);
    cr_expect_eq(unpack(mem_system(), SNAPSHOT_ZSTD, frame, 2999, &out), BRINE_MALFORMED);
    cr_expect_eq(unpack(mem_system(), SNAPSHOT_ZSTD, frame, 3001, &out), BRINE_MALFORMED);
    for (size_t len = 0; len < packed; len++)
        cr_expect_eq(unpack(mem_system(), SNAPSHOT_ZSTD, bytes_slice(frame, 0, len), 3000, &out),
                     BRINE_MALFORMED, "cut at %zu", len);
    size_t second = ZSTD_compress(packed_bytes + packed, ROOM - packed, "more", 4, 3);
    cr_expect_eq(
        unpack(mem_system(), SNAPSHOT_ZSTD, bytes_view(packed_bytes, packed + second), 3004, &out),
        BRINE_MALFORMED, "two frames");
    buf_deinit(&out);
}
