/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* CONFIG by many threads at once.  Writers set a password and a limit together, always to a
 * matching pair, and some of their SETs are undone by a callback; readers read the numbers freely,
 * copy the password, and ask CONFIG GET.  What is claimed: a text is always one that was set whole,
 * an undone SET leaves none of its values, and in the end the pair still matches.  Run under TSan
 * as well. */

#include "base/buf.h"
#include "config/config.h"

#include <stdio.h>

enum { WRITERS = 2, READERS = 2, ROUNDS = 2000, VALUES = 8, TEXT_BYTES = 64 };

struct stress {
    struct config config;
    atomic_size_t passed, failed;
};

static void check(struct stress *stress, bool ok, const char *what) {
    atomic_fetch_add(ok ? &stress->passed : &stress->failed, 1);
    if (!ok) fprintf(stderr, "failed: %s\n", what);
}

/* The limit of args may not be odd. */
static enum brine_status refuse_odd(void *context, struct config *config,
                                    enum config_option option UNUSED, struct brine_error *err) {
    (void)context;
    if (config_read(config->limits.args) % 2 == 0) return BRINE_OK;
    return brine_fail(err, BRINE_INVALID, 0, "odd");
}

/* A password of one letter, as often as the letter stands in the alphabet. */
static size_t password_of(size_t value, char text[TEXT_BYTES]) {
    for (size_t i = 0; i <= value; i++) text[i] = (char)('a' + value);
    return value + 1;
}

static bool is_password(struct bytes text) {
    if (text.len == 0) return true;
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] != 'a' + text.len - 1) return false;
    return true;
}

static void *write_pairs(void *argument) {
    struct stress *stress = argument;
    for (size_t i = 0; i < ROUNDS; i++) {
        size_t value = i % VALUES;
        bool odd = i % 3 == 0;
        char password[TEXT_BYTES], number[TEXT_BYTES];
        size_t len = password_of(odd ? VALUES + value : value, password);
        snprintf(number, sizeof number, "%zu", 1024 + 2 * value + odd);
        struct bytes args[] = {BYTES("requirepass"), bytes_view(password, len),
                               BYTES("limits.args"), bytes_of_cstr(number)};
        struct brine_error err;
        bool set = config_set(&stress->config, args, 2, &err) == BRINE_OK;
        check(stress, set != odd, "only an odd limit is refused");
    }
    return NULL;
}

static void read_once(struct stress *stress, struct buf *copy, struct arena *arena) {
    struct config *config = &stress->config;
    check(stress, config_read(config->limits.args) >= 1024, "a limit is one that was set");
    buf_clear(copy);
    check(stress, config_copy_text(config, &config->auth.password, copy) == BRINE_OK, "copied");
    check(stress, is_password(buf_view(copy)), "a password is whole");
    (void)config_secret_equal(config, &config->auth.password, BYTES("aaaa"));
    struct bytes patterns[] = {BYTES("requirepass"), BYTES("limits.*")};
    struct config_pairs pairs;
    arena_reset(arena);
    check(stress, config_get(config, patterns, 2, arena, &pairs) == BRINE_OK, "CONFIG GET");
    check(stress, is_password(pairs.pairs[0].value), "a password of CONFIG GET is whole");
}

static void *read_values(void *argument) {
    struct stress *stress = argument;
    struct buf copy;
    struct arena arena;
    buf_init(&copy, mem_system(), TEXT_BYTES);
    arena_init(&arena, mem_system(), 1 << 20);
    for (size_t i = 0; i < ROUNDS; i++) read_once(stress, &copy, &arena);
    arena_deinit(&arena);
    buf_deinit(&copy);
    return NULL;
}

static void check_pair(struct stress *stress) {
    struct config *config = &stress->config;
    char password[TEXT_BYTES];
    size_t value = (size_t)(config_read(config->limits.args) - 1024) / 2;
    size_t len = password_of(value, password);
    check(stress, value < VALUES, "no odd limit is left");
    check(stress, config_secret_equal(config, &config->auth.password, bytes_view(password, len)),
          "password and limit are of one SET");
}

int main(void) {
    static struct stress stress;
    if (config_init(&stress.config, mem_system()) != BRINE_OK) return 1;
    config_on_change(&stress.config, CONFIG_OPTION_limits_args, refuse_odd, NULL);
    pthread_t threads[WRITERS + READERS];
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        if (pthread_create(&threads[i], NULL, i < WRITERS ? write_pairs : read_values, &stress))
            return 1;
    for (size_t i = 0; i < ARRAY_LEN(threads); i++) pthread_join(threads[i], NULL);
    check_pair(&stress);
    config_deinit(&stress.config);
    printf("%zu passed, %zu failed\n", atomic_load(&stress.passed), atomic_load(&stress.failed));
    return atomic_load(&stress.failed) > 0;
}
