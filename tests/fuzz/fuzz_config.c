/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Must reach config_load_toml, config_set, config_get, config_print.  The input is a file and,
 * behind a NUL, the arguments of a CONFIG SET with a NUL between each.  Oracle: a file that loads
 * is printed to a text that loads to the same values; a SET that fails changes nothing; what SET
 * was given, GET gives back in a form that SET takes again without a change. */

#include "config/config.h"

enum { TEXT_BYTES_MAX = 1 << 20, WORDS_MAX = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool condition) {
    if (!condition) __builtin_trap();
}

static void print(struct config *config, struct buf *out) {
    buf_init(out, mem_system(), TEXT_BYTES_MAX);
    for (size_t i = 0; i < CONFIG_OPTIONS; i++) config->origins[i].source = CONFIG_FROM_DEFAULT;
    must(config_print(config, out) == BRINE_OK);
}

static void reload(struct config *config) {
    struct config again;
    struct brine_error err;
    struct buf printed, printed_again;
    bool has_secret = !config_text_is_empty(config, &config->auth.password);
    print(config, &printed);
    must(config_init(&again, mem_system()) == BRINE_OK);
    must(config_load_toml(&again, "printed", buf_view(&printed), &err) == BRINE_OK);
    print(&again, &printed_again);
    must(has_secret || bytes_equal(buf_view(&printed), buf_view(&printed_again)));
    buf_deinit(&printed);
    buf_deinit(&printed_again);
    config_deinit(&again);
}

static struct bytes get(struct config *config, struct bytes name, struct arena *arena) {
    uint8_t quoted[256];
    size_t len = 0;
    for (size_t i = 0; i < name.len && len + 2 < sizeof quoted; i++) quoted[len++] = name.data[i];
    struct bytes pattern = bytes_view(quoted, len);
    struct config_pairs pairs;
    must(config_get(config, &pattern, 1, arena, &pairs) == BRINE_OK);
    return pairs.count == 1 ? pairs.pairs[0].value : bytes_view(NULL, 0);
}

static void set(struct config *config, const struct bytes *words, size_t pairs_count) {
    struct brine_error err;
    struct buf before, after;
    struct arena arena;
    arena_init(&arena, mem_system(), TEXT_BYTES_MAX);
    print(config, &before);
    if (config_set(config, words, pairs_count, &err) != BRINE_OK) {
        print(config, &after);
        must(bytes_equal(buf_view(&before), buf_view(&after)));
        buf_deinit(&after);
    } else {
        for (size_t i = 0; i < pairs_count; i++) {
            struct bytes name = words[2 * i], value = get(config, name, &arena);
            struct bytes pair[] = {name, value};
            must(value.data && config_set(config, pair, 1, &err) == BRINE_OK);
            must(bytes_equal(value, get(config, name, &arena)));
        }
    }
    buf_deinit(&before);
    arena_deinit(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    struct config config;
    struct brine_error err;
    must(config_init(&config, mem_system()) == BRINE_OK);
    size_t text_len = 0, count = 0;
    while (text_len < len && data[text_len]) text_len++;
    if (config_load_toml(&config, "fuzz", bytes_view(data, text_len), &err) == BRINE_OK)
        reload(&config);
    struct bytes words[WORDS_MAX];
    for (size_t at = text_len + 1; at < len && count < WORDS_MAX; count++) {
        size_t end = at;
        while (end < len && data[end]) end++;
        words[count] = bytes_view(data + at, end - at);
        at = end + 1;
    }
    if (count >= 2) set(&config, words, count / 2);
    config_deinit(&config);
    return 0;
}
