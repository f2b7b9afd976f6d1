/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "server-snapshot/small_file.h"

static struct sim_disk sim;
static struct brine_error err;

static const char *const temporary = "dump.brine.tmp.77";

/* A disk with this version on it, safely, or with nothing. */
static void begin(uint32_t version) {
    sim_init(&sim);
    if (!version) return;
    cr_assert_eq(small_write(&sim.disk, version, 1, &err), BRINE_OK, "%s", err.text);
    cr_assert_eq(small_version(sim_read(&sim, "dump.brine")), version);
    sim.operations = 0;
}

Test(snapshot_file, keeps_generations_in_order) {
    begin(1);
    for (uint32_t version = 2; version < 7; version++) {
        cr_assert_eq(small_write(&sim.disk, version, 3, &err), BRINE_OK);
        cr_expect_eq(small_version(sim_read(&sim, "dump.brine")), version);
        cr_expect_eq(small_version(sim_read(&sim, "dump.brine.1")), version - 1);
        if (version > 2) cr_expect_eq(small_version(sim_read(&sim, "dump.brine.2")), version - 2);
        if (version > 3) cr_expect_eq(small_version(sim_read(&sim, "dump.brine.3")), version - 3);
        cr_expect_not(sim_find(sim.names, temporary));
        cr_expect_not(sim_find(sim.names, "dump.brine.4"));
    }
    sim_deinit(&sim);
}

Test(snapshot_file, without_generations_leaves_one_file) {
    begin(1);
    cr_assert_eq(small_write(&sim.disk, 2, 0, &err), BRINE_OK);
    cr_expect_eq(small_version(sim_read(&sim, "dump.brine")), 2);
    sim_deinit(&sim);
    begin(0);
    cr_assert_eq(small_write(&sim.disk, 1, 0, &err), BRINE_OK);
    cr_assert_eq(small_write(&sim.disk, 2, 0, &err), BRINE_OK);
    cr_expect_not(sim_find(sim.names, "dump.brine.1"));
    sim_deinit(&sim);
}

Test(snapshot_file, is_whole_when_every_write_is_short) {
    for (size_t most = 64; most < 800; most += 1 + most / 3) {
        begin(0);
        sim.write_max = most;
        cr_assert_eq(small_write(&sim.disk, 4, 1, &err), BRINE_OK);
        cr_expect_eq(small_version(sim_read(&sim, "dump.brine")), 4, "%zu bytes a write", most);
        sim_deinit(&sim);
    }
}

Test(snapshot_file, that_fails_anywhere_leaves_the_old_one_and_no_rest) {
    static const int codes[] = {EIO, ENOSPC, EDQUOT, EFBIG};
    bool done = false;
    for (size_t n = 0; !done; n++) {
        begin(1);
        sim.fail_at = n;
        sim.code = codes[n % ARRAY_LEN(codes)];
        enum brine_status status = small_write(&sim.disk, 2, 2, &err);
        done = sim.operations <= n;
        uint32_t version = small_version(sim_read(&sim, "dump.brine"));
        if (status == BRINE_OK) {
            /* What failed was a generation that could not be kept. */
            cr_expect_eq(version, 2, "operation %zu", n);
        } else {
            cr_expect(version == 1 || (version == 2 && strstr(err.text, "directory")),
                      "operation %zu: version %u: %s", n, version, err.text);
            cr_expect_eq(status, BRINE_IO);
            cr_expect(strstr(err.text, "dump.brine.tmp") && strstr(err.text, strerror(sim.code)),
                      "%s", err.text);
        }
        cr_expect_not(sim_find(sim.names, temporary), "operation %zu", n);
        sim.fail_at = SIZE_MAX;
        cr_expect_eq(small_write(&sim.disk, 3, 2, &err), BRINE_OK, "operation %zu: the next", n);
        cr_expect_eq(small_version(sim_read(&sim, "dump.brine")), 3);
        sim_deinit(&sim);
    }
}

static uint32_t generation(int number) {
    char name[32];
    snprintf(name, sizeof name, "dump.brine.%d", number);
    struct bytes file = sim_read(&sim, name);
    return file.data ? small_version(file) : 0;
}

Test(snapshot_file, that_fails_again_and_again_takes_no_generation_away) {
    bool done = false;
    for (size_t n = 0; !done; n++) {
        begin(1);
        for (uint32_t version = 2; version <= 4; version++)
            cr_assert_eq(small_write(&sim.disk, version, 3, &err), BRINE_OK);
        for (int again = 0; again < 3; again++) {
            sim.operations = 0;
            sim.fail_at = n;
            if (small_write(&sim.disk, 5, 3, &err) == BRINE_OK) break;
            if (small_version(sim_read(&sim, "dump.brine")) != 4) break;
            cr_expect(generation(1) == 3 && generation(2) == 2 && generation(3) == 1,
                      "operation %zu: %u, %u, %u", n, generation(1), generation(2), generation(3));
        }
        done = sim.operations <= n;
        sim_deinit(&sim);
    }
}

/* Power fails at operation n of writing version 2 over `before`, and what is there then is judged.
 * 0: neither the old file nor the new one. */
static bool survives(struct random *random, uint32_t before, size_t n, bool lying,
                     bool *acknowledged, uint32_t *version) {
    begin(before);
    sim.sync_does_nothing = lying;
    sim.fail_at = n;
    sim.fails_on = true;
    *acknowledged = small_write(&sim.disk, 2, 2, &err) == BRINE_OK;
    sim_crash(&sim, random);
    struct bytes file = sim_read(&sim, "dump.brine");
    *version = file.data ? small_version(file) : 0;
    if (!file.data) return before == 0 && !*acknowledged;
    return *acknowledged ? *version == 2 : *version && (*version == before || *version == 2);
}

Test(snapshot_file, is_the_old_or_the_new_one_after_10000_power_failures) {
    struct random random;
    random_init(&random, 1);
    size_t old = 0, new = 0, none = 0;
    for (size_t i = 0; i < 10000; i++) {
        uint32_t before = random_below(&random, 5) ? 1 : 0, version;
        /* Half of them around the end, where names change. */
        size_t n =
            random_below(&random, 2) ? random_below(&random, 40) : 24 + random_below(&random, 14);
        bool acknowledged;
        cr_assert(survives(&random, before, n, false, &acknowledged, &version),
                  "state %zu: power failed at operation %zu, acknowledged %d, version %u", i, n,
                  acknowledged, version);
        old += version == 1;
        new += version == 2;
        none += version == 0;
        sim_deinit(&sim);
    }
    cr_expect(old > 1000 && new > 1000 && none > 100, "all that can be was seen: %zu %zu %zu", old,
              new, none);
}

/* The model itself: were the file not synced before it is renamed, it would show. */
Test(snapshot_file, would_be_seen_to_break_on_a_disk_that_lies) {
    struct random random;
    random_init(&random, 2);
    size_t broken = 0;
    for (size_t i = 0; i < 500; i++) {
        bool acknowledged;
        uint32_t version;
        broken +=
            !survives(&random, 1, 28 + random_below(&random, 10), true, &acknowledged, &version);
        sim_deinit(&sim);
    }
    cr_expect_gt(broken, 20);
}
