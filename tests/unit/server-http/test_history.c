/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "http/history.h"
#include "support/failing.h"

#include <criterion/criterion.h>

/* What samples are taken of, without a server. */
struct scene {
    struct gate gate;
    struct store *store;
    struct keyspace keyspace;
    struct metrics metrics;
    struct metrics_set set;
    struct http_sources sources;
    struct http_history history;
};

static void begin(struct scene *scene) {
    *scene = (struct scene){0};
    gate_init_off(&scene->gate);
    scene->store = store_create(&(struct store_options){.mem = mem_system(), .secret = {1, 2}});
    cr_assert(scene->store);
    keyspace_init(&scene->keyspace,
                  &(struct keyspace_options){.store = scene->store, .gate = &scene->gate});
    size_t rows = command_table_count();
    cr_assert_eq(metrics_init(&scene->metrics, mem_system(), rows), BRINE_OK);
    cr_assert_eq(metrics_set_init(&scene->set, mem_system(), 1, rows), BRINE_OK);
    metrics_set_add(&scene->set, &scene->metrics);
    scene->sources =
        (struct http_sources){.keyspace = &scene->keyspace, .metrics_set = &scene->set};
    cr_assert_eq(http_history_init(&scene->history, mem_system()), BRINE_OK);
}

static void end(struct scene *scene) {
    http_history_deinit(&scene->history);
    metrics_set_deinit(&scene->set);
    metrics_deinit(&scene->metrics);
    keyspace_deinit(&scene->keyspace);
    store_destroy(scene->store);
}

static void sample(struct scene *scene, int64_t mono_ms) {
    http_history_sample(&scene->history, &scene->sources, 1000000 + mono_ms, mono_ms);
}

Test(history, a_sample_holds_what_happened_since_the_one_before) {
    struct scene scene;
    begin(&scene);
    metrics_add(&scene.metrics, METRIC_commands_processed_total, 100);
    metrics_record_latency(&scene.metrics, 0, 1000000);
    sample(&scene, 1);
    cr_expect_eq(scene.history.taken, 0, "the first only notes where the counters stand");
    metrics_add(&scene.metrics, METRIC_commands_processed_total, 7);
    metrics_add(&scene.metrics, METRIC_keyspace_hits, 3);
    metrics_add(&scene.metrics, METRIC_gate_refused, 1);
    metrics_add(&scene.metrics, METRIC_gate_dropped, 1);
    for (int i = 0; i < 100; i++) metrics_record_latency(&scene.metrics, 1, 2000);
    sample(&scene, 5001);
    const struct http_sample *taken = &scene.history.samples[0];
    cr_expect_eq(scene.history.taken, 1);
    cr_expect_eq(taken->commands, 7);
    cr_expect_eq(taken->hits, 3);
    cr_expect_eq(taken->refused, 2);
    cr_expect_eq(taken->took_ms, 5000);
    cr_expect_eq(taken->at_ms, 1005001);
    cr_expect(taken->p50_ns >= 2000 && taken->p999_ns < 2200,
              "the call of 1 ms was before: %llu, %llu", (unsigned long long)taken->p50_ns,
              (unsigned long long)taken->p999_ns);
    sample(&scene, 10001);
    cr_expect_eq(scene.history.samples[1].commands, 0);
    cr_expect_eq(scene.history.samples[1].p999_ns, 0);
    end(&scene);
}

Test(history, a_reset_of_the_counters_makes_no_sample_absurd) {
    struct scene scene;
    begin(&scene);
    metrics_add(&scene.metrics, METRIC_commands_processed_total, 1000);
    metrics_record_latency(&scene.metrics, 0, 500);
    sample(&scene, 1);
    metrics_set_reset(&scene.set);
    metrics_add(&scene.metrics, METRIC_commands_processed_total, 5);
    metrics_record_latency(&scene.metrics, 0, 500);
    sample(&scene, 5001);
    cr_expect_eq(scene.history.samples[0].commands, 5);
    cr_expect_leq(scene.history.samples[0].p999_ns, 600);
    end(&scene);
}

Test(history, the_ring_shows_the_newest_and_no_number_twice) {
    struct scene scene;
    struct buf out;
    struct json json;
    begin(&scene);
    buf_init(&out, mem_system(), 1 << 20);
    for (int64_t i = 0; i <= HTTP_SAMPLES + 10; i++) {
        metrics_add(&scene.metrics, METRIC_commands_processed_total, (uint64_t)i);
        sample(&scene, 1 + i * HTTP_SAMPLE_MS);
    }
    cr_expect_eq(scene.history.taken, HTTP_SAMPLES + 10);
    json_init(&json, &out);
    http_history_write(&scene.history, HTTP_SAMPLES + 8, &json);
    cr_assert_eq(json_finish(&json), BRINE_OK);
    cr_assert_eq(buf_append_byte(&out, 0), BRINE_OK);
    const char *text = (const char *)out.data;
    cr_expect(strstr(text, "\"next\":730,"), "%s", text);
    cr_expect(strstr(text, ",5000,729,") && strstr(text, ",5000,730,"), "%s", text);
    cr_expect_not(strstr(text, ",5000,728,"), "%s", text);
    buf_clear(&out);
    json_init(&json, &out);
    http_history_write(&scene.history, 0, &json);
    cr_assert_eq(json_finish(&json), BRINE_OK);
    cr_assert_eq(buf_append_byte(&out, 0), BRINE_OK);
    text = (const char *)out.data;
    cr_expect(strstr(text, ",5000,11,") && !strstr(text, ",5000,10,"), "the oldest that is left");
    buf_deinit(&out);
    end(&scene);
}

Test(history, without_memory_there_is_none_and_nothing_is_kept) {
    for (size_t allowed = 0; allowed < 4; allowed++) {
        struct failing_allocator mem;
        struct http_history history;
        failing_init(&mem, allowed);
        enum brine_status status = http_history_init(&history, &mem.allocator);
        cr_expect_eq(status, allowed < 3 ? BRINE_NO_MEMORY : BRINE_OK, "allocation %zu", allowed);
        if (status == BRINE_OK) http_history_deinit(&history);
        cr_expect_eq(mem.taken_bytes, 0);
    }
}
