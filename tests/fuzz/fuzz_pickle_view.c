/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Must reach: pickle_view, view_tree_read, view_json.
 * Oracles: both forms read the stream alike; what fits a narrow buffer is the beginning of the
 * whole; the JSON is one line without control characters. */

#include "pickle/view.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds) {
    if (!holds) __builtin_trap();
}

static void check_json(struct bytes json) {
    for (size_t i = 0; i < json.len; i++) demand(json.data[i] >= 0x20);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct buf text, narrow, json;
    struct brine_error err = {0};
    struct bytes input = bytes_view(data, size);
    struct pickle_view_options options = {.items_max = 20, .text_max = 40, .depth_max = 8};
    buf_init(&text, mem_system(), 1 << 22);
    buf_init(&narrow, mem_system(), 64);
    buf_init(&json, mem_system(), 1 << 22);
    enum brine_status status = pickle_view(input, options, &text, &err);
    enum brine_status bounded = pickle_view(input, options, &narrow, &err);
    options.json = true;
    enum brine_status as_json = pickle_view(input, options, &json, &err);
    demand(err.offset <= size);
    demand(bounded == status || bounded == BRINE_TOO_BIG);
    demand(bytes_starts_with(buf_view(&text), buf_view(&narrow)));
    if (status != BRINE_TOO_BIG && as_json != BRINE_TOO_BIG) demand(as_json == status);
    check_json(buf_view(&json));
    buf_deinit(&text);
    buf_deinit(&narrow);
    buf_deinit(&json);
    return 0;
}
