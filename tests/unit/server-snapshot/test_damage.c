/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Every kind of damage to a file that was whole, read strictly and salvaged. */

#include "server-snapshot/small_file.h"

enum { RECORDS = SMALL_BLOCKS * SMALL_RECORDS };

static struct sim_disk sim;
static uint8_t damaged[2 * SIM_BYTES];
static struct small_reading reading;
static struct bytes whole; /* version 1 */
static size_t heads[SMALL_BLOCKS + 2];

/* Where each block begins; the last one is the footer, and behind it the file's end. */
static void find_heads(void) {
    uint64_t at = SNAPSHOT_HEADER_BYTES;
    for (size_t i = 0; i <= SMALL_BLOCKS; i++) {
        struct reader stored = reader_over(bytes_slice(whole, (size_t)at + 24, 8));
        heads[i] = (size_t)at;
        at += SNAPSHOT_HEAD_BYTES + read_u64le(&stored);
    }
    heads[SMALL_BLOCKS + 1] = (size_t)at;
    cr_assert_eq(at, whole.len);
}

static void open_whole(void) {
    struct brine_error err;
    sim_init(&sim);
    cr_assert_eq(small_write(&sim.disk, 2, 1, &err), BRINE_OK);
    cr_assert_eq(small_write(&sim.disk, 1, 1, &err), BRINE_OK);
    whole = sim_read(&sim, "dump.brine");
    cr_assert(whole.len > 9 * 1024 && whole.len < SIM_BYTES, "%zu bytes", whole.len);
    find_heads();
    bytes_copy_to(damaged, whole);
}

/* False, and told, when a strict reader took it for whole or salvaging handed out what never was.
 */
static bool is_handled(struct bytes file, const char *what, size_t at) {
    small_read(file, false, &reading);
    bool detected = reading.status != BRINE_NOT_FOUND && reading.status != BRINE_OK;
    cr_expect(detected, "%s at %zu is found", what, at);
    cr_expect_not(reading.wrong, "%s at %zu: nothing wrong before it is found", what, at);
    small_read(file, true, &reading);
    cr_expect_not(reading.wrong, "%s at %zu: nothing wrong is salvaged", what, at);
    bool accounted = reading.status != BRINE_NOT_FOUND ||
                     (reading.damages > 0 && reading.records + reading.lost >= RECORDS &&
                      (reading.at_most || reading.records + reading.lost == RECORDS));
    cr_expect(accounted, "%s at %zu: %u records and %zu lost in %zu ranges", what, at,
              reading.records, (size_t)reading.lost, (size_t)reading.damages);
    return detected && accounted && !reading.wrong;
}

Test(damage, none_is_found_in_a_whole_file) {
    open_whole();
    for (int salvage = 0; salvage < 2; salvage++) {
        small_read(whole, salvage, &reading);
        cr_expect_eq(reading.status, BRINE_NOT_FOUND);
        cr_expect_eq(reading.records, RECORDS);
        cr_expect_eq(reading.damages, 0);
        cr_expect_not(reading.wrong);
    }
    sim_deinit(&sim);
}

Test(damage, of_every_single_bit_is_found_and_costs_one_block, .timeout = 300) {
    open_whole();
    size_t handled = 0;
    for (size_t bit = 0; bit < whole.len * 8; bit++) {
        damaged[bit / 8] ^= (uint8_t)(1u << bit % 8);
        handled += is_handled(bytes_view(damaged, whole.len), "a flipped bit", bit);
        cr_expect(reading.status == BRINE_NOT_FOUND && reading.records >= RECORDS - SMALL_RECORDS,
                  "bit %zu costs %zu records", bit, (size_t)(RECORDS - reading.records));
        damaged[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    cr_expect_eq(handled, whole.len * 8);
    sim_deinit(&sim);
}

/* A client chooses what lies in a block: bytes that look like heads lead nobody astray. */
Test(damage, of_payloads_full_of_magics_costs_no_block_beside) {
    static const char magic[] = SNAPSHOT_BLOCK_MAGIC;
    open_whole();
    for (size_t head_too = 0; head_too < 2; head_too++) {
        for (size_t i = 0; i < SMALL_BLOCKS; i += 2)
            for (size_t at = heads[i] + (head_too ? 0 : SNAPSHOT_HEAD_BYTES); at < heads[i + 1];
                 at++)
                damaged[at] = (uint8_t)magic[at % (sizeof magic - 1)];
        small_read(bytes_view(damaged, whole.len), true, &reading);
        cr_expect_not(reading.wrong);
        cr_expect(reading.status == BRINE_NOT_FOUND && reading.records == RECORDS / 2 &&
                      reading.lost == RECORDS / 2,
                  "%u are salvaged, %zu lost", reading.records, (size_t)reading.lost);
    }
    sim_deinit(&sim);
}

Test(damage, by_cutting_the_file_anywhere_is_found) {
    open_whole();
    for (size_t len = 0; len < whole.len; len++) {
        is_handled(bytes_view(damaged, len), "the end", len);
        if (len < SNAPSHOT_HEADER_BYTES) continue;
        size_t intact = 0;
        while (heads[intact + 1] <= len && intact < SMALL_BLOCKS) intact++;
        cr_expect_eq(reading.records, intact * SMALL_RECORDS, "cut at %zu", len);
    }
    sim_deinit(&sim);
}

Test(damage, by_zeros_ones_and_noise_is_found) {
    struct random random;
    random_init(&random, 3);
    open_whole();
    for (size_t i = 0; i < 3000; i++) {
        size_t from = random_below(&random, whole.len);
        size_t len = 1 + random_below(&random, i % 5 ? 40 : whole.len - from);
        len = MIN(len, whole.len - from);
        if (i % 7 == 0) len = whole.len - from; /* the tail, as crashed file systems leave it */
        for (size_t at = from; at < from + len; at++)
            damaged[at] = i % 3 == 0 ? 0 : i % 3 == 1 ? 0xff : (uint8_t)random_u64(&random);
        if (memcmp(damaged, whole.data, whole.len) != 0)
            is_handled(bytes_view(damaged, whole.len), "a run of bytes", from);
        bytes_copy_to(damaged, whole);
    }
    sim_deinit(&sim);
}

static size_t append(size_t len, struct bytes bytes) {
    bytes_copy_to(damaged + len, bytes);
    return len + bytes.len;
}
static struct bytes block_of(struct bytes file, size_t block) {
    return bytes_slice(file, heads[block], heads[block + 1] - heads[block]);
}

Test(damage, by_blocks_out_of_place_is_found) {
    open_whole();
    struct bytes other = sim_read(&sim, "dump.brine.1");
    cr_assert_eq(other.len, whole.len);
    for (size_t i = 0; i < SMALL_BLOCKS; i++) {
        struct bytes before = bytes_slice(whole, 0, heads[i]);
        struct bytes behind = bytes_slice(whole, heads[i + 1], whole.len);
        /* Twice. */
        size_t len = append(
            append(append(append(0, before), block_of(whole, i)), block_of(whole, i)), behind);
        is_handled(bytes_view(damaged, len), "a block twice", i);
        cr_expect_eq(reading.records, RECORDS);
        /* Missing. */
        is_handled(bytes_view(damaged, append(append(0, before), behind)), "a missing block", i);
        cr_expect_eq(reading.records, RECORDS - SMALL_RECORDS);
        /* From another file. */
        len = append(append(append(0, before), block_of(other, i)), behind);
        is_handled(bytes_view(damaged, len), "a foreign block", i);
        cr_expect_eq(reading.records, RECORDS - SMALL_RECORDS);
        /* Exchanged with the next one. */
        if (i + 1 == SMALL_BLOCKS) continue;
        len = append(append(append(append(0, before), block_of(whole, i + 1)), block_of(whole, i)),
                     bytes_slice(whole, heads[i + 2], whole.len));
        is_handled(bytes_view(damaged, len), "exchanged blocks", i);
    }
    sim_deinit(&sim);
}

Test(damage, by_bytes_behind_the_footer_is_found) {
    open_whole();
    size_t len = append(whole.len, BYTES("x"));
    is_handled(bytes_view(damaged, len), "a byte behind the footer", whole.len);
    cr_expect_eq(reading.records, RECORDS);
    len = append(whole.len, whole);
    is_handled(bytes_view(damaged, len), "the file twice", whole.len);
    cr_expect_eq(reading.records, RECORDS);
    sim_deinit(&sim);
}

/* A value that looks like a block of its own is not taken for one, for it cannot know the id. */
Test(damage, does_not_make_a_value_into_a_block) {
    struct brine_error err;
    struct snapshot_file file;
    sim_init(&sim);
    uint8_t fake[SNAPSHOT_HEAD_BYTES + 64], plain[512];
    struct snapshot_record record = {.key = BYTES("evil"), .value = BYTES("payload")};
    size_t len = snapshot_write_record_head(&record, fake + SNAPSHOT_HEAD_BYTES);
    bytes_copy_to(fake + SNAPSHOT_HEAD_BYTES + len, BYTES("evilpayload"));
    len += 11;
    struct snapshot_head head = {.type = SNAPSHOT_RECORDS,
                                 .sequence = 1,
                                 .stored_bytes = len,
                                 .plain_bytes = len,
                                 .records = 1,
                                 .payload_hash =
                                     snapshot_hash_of(bytes_view(fake + SNAPSHOT_HEAD_BYTES, len))};
    static const uint8_t guessed[SNAPSHOT_ID_BYTES] = {0};
    snapshot_write_head(&head, guessed, fake);
    struct snapshot_file_options options = {
        .disk = &sim.disk,
        .name = "dump.brine",
        .header = {.version = 1, .databases = 16, .id = {9, 9, 9}, .entries = RECORDS + 1}};
    cr_assert_eq(snapshot_file_create(&file, &options, &err), BRINE_OK);
    record = (struct snapshot_record){.key = BYTES("k"),
                                      .value = bytes_view(fake, SNAPSHOT_HEAD_BYTES + len)};
    size_t plain_len = snapshot_write_record_head(&record, plain);
    bytes_copy_to(plain + plain_len, record.key);
    bytes_copy_to(plain + plain_len + 1, record.value);
    plain_len += 1 + record.value.len;
    struct snapshot_file_block block = {.type = SNAPSHOT_RECORDS,
                                        .plain_bytes = plain_len,
                                        .records = 1,
                                        .parts = {bytes_view(plain, plain_len)},
                                        .payload_hash =
                                            snapshot_hash_of(bytes_view(plain, plain_len))};
    cr_assert_eq(snapshot_file_add(&file, &block, &err), BRINE_OK);
    for (uint32_t i = 0; i < SMALL_BLOCKS; i++)
        cr_assert_eq(small_add(&file, 1, i, &err), BRINE_OK);
    cr_assert_eq(snapshot_file_finish(&file, &err), BRINE_OK);
    struct bytes written = sim_read(&sim, "dump.brine");
    bytes_copy_to(damaged, written);
    damaged[SNAPSHOT_HEADER_BYTES + 9] ^= 1; /* in the head of the block that holds the value */
    small_read(bytes_view(damaged, written.len), true, &reading);
    cr_expect_eq(reading.status, BRINE_NOT_FOUND);
    cr_expect_not(reading.wrong);
    cr_expect_eq(reading.records, RECORDS);
    cr_expect_eq(reading.lost, 1);
    sim_deinit(&sim);
}

/* Lengths are compared with what there is before anything is allocated. */
Test(damage, of_lengths_allocates_nothing) {
    open_whole();
    static const uint64_t lengths[] = {UINT64_MAX, UINT64_MAX - 63, INT64_MAX, 1ULL << 40, 1 << 20};
    struct brine_error err;
    static const uint8_t id[SNAPSHOT_ID_BYTES] = {1, 2, 3, 1};
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        struct snapshot_head head;
        uint8_t *at = damaged + heads[3];
        cr_assert_eq(snapshot_read_head(bytes_view(at, SNAPSHOT_HEAD_BYTES), id, &head, &err),
                     BRINE_OK);
        head.codec = SNAPSHOT_PLAIN;
        head.stored_bytes = head.plain_bytes = lengths[i];
        snapshot_write_head(&head, id, at);
        is_handled(bytes_view(damaged, whole.len), "a length", i);
        bytes_copy_to(damaged, whole);
    }
    sim_deinit(&sim);
}
