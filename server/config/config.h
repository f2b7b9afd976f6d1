/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The options of brine-server: what they are stands in options.def, where each came from and how
 * they change stands here.
 *
 *     if (config_read(config->limits.bulk_bytes) < len) ...          any number, flag or enum
 *     listen_at(config->server.unix_socket);                         STARTUP text: a struct bytes
 *     TRY(config_copy_text(config, &config->auth.password, &copy));  RUNTIME text: copied
 *
 * An option's value is the strongest of: its default, the file, the environment
 * (BRINE_SERVER_PORT), a flag (--server.port=).  Nothing is ignored: an unknown key, flag or
 * BRINE_* variable is refused, with the nearest known name.  BRINE_TEST_* and BRINE_HOSTILE are not
 * options and are left alone.
 *
 * Threads: numbers are read by any thread at any time, relaxed; STARTUP values never change after
 * config_start.  config_get, config_set, config_rewrite and config_copy_text may be called by any
 * thread; they take the config's own locks for a short time.  The other functions belong to the
 * start, before threads exist.
 * Memory: from the allocator given to config_init, given back by config_deinit. */
#ifndef BRINE_CONFIG_H
#define BRINE_CONFIG_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/status.h"
#include "config/fields.h"

#include <pthread.h>

enum config_option {
#define OPTION(section, key, ...) CONFIG_OPTION_##section##_##key,
#include "config/options.def"
    CONFIG_OPTIONS
};

enum config_source {
    CONFIG_FROM_DEFAULT,
    CONFIG_FROM_FILE,
    CONFIG_FROM_ENVIRONMENT,
    CONFIG_FROM_FLAG,
    CONFIG_FROM_SET, /* CONFIG SET */
};

struct config_origin {
    enum config_source source;
    uint32_t line; /* of the file */
};

struct config;

/* Told that an option was given a new value, which config_read already answers, by the thread that
 * ran CONFIG SET.  A failure with one line of text undoes the whole CONFIG SET; every callback that
 * had succeeded is then called once more with the old value back in place, and may not fail. */
typedef enum brine_status config_apply_fn(void *context, struct config *config,
                                          enum config_option option, struct brine_error *err);

/* What else of a configuration must be right, beyond the rows of options.def: rules, policies. */
typedef enum brine_status config_check_fn(struct config *config, struct brine_error *err);

struct config_apply {
    config_apply_fn *apply; /* NULL: nothing to do */
    void *context;
};

/* Of client-output-buffer-limit: normal, slave, pubsub; hard, soft, seconds. */
struct config_buffer_limits {
    int64_t of[3][3];
};

enum { CONFIG_REMEMBERED_MAX = 128 }; /* values of Redis's names that have no option */

struct config {
/* config->section.key, one field a row */
#define CONFIG_SECTION(section, doc)                              struct {
#define OPTION(section, key, kind, default_, min, max, when, ...) CONFIG_FIELD_##kind##_##when key;
#define CONFIG_SECTION_END(section)                                                                \
    }                                                                                              \
    section;
#include "config/options.def"

    /* The module's own from here on. */
    struct allocator *mem;
    pthread_mutex_t set_lock;  /* one CONFIG SET or REWRITE at a time; taken before text_lock */
    pthread_mutex_t text_lock; /* RUNTIME texts and the remembered values */
    struct config_origin origins[CONFIG_OPTIONS];
    struct config_apply applies[CONFIG_OPTIONS];
    struct bytes remembered[CONFIG_REMEMBERED_MAX]; /* NULL: still the row's default */
    struct config_buffer_limits buffer_limits;
    struct bytes file_path; /* empty: started without a file */
    config_check_fn *check; /* the owner's, set before config_start; NULL: nothing else */
};

/* The whole of a file, bounded: what start-up reads, for those who read parts of it themselves. */
enum { CONFIG_FILE_BYTES_MAX = 4 << 20 };
enum brine_status config_read_file(const char *path, struct buf *text,
                                   struct brine_error *err) MUST_USE;
/* "1mb", "65536": as a SIZE option is written.  False: it is none. */
bool config_parse_size(struct bytes text, int64_t *bytes) MUST_USE;

/* The present value of a number, flag or enum: config_read(config->server.port). */
#define config_read(field) atomic_load_explicit(&(field), memory_order_relaxed)

/* ---- life -------------------------------------------------------------------------------------
 */

/* Every option has its default afterwards.  Fails only for memory; config_deinit is then not due.
 */
enum brine_status config_init(struct config *config, struct allocator *mem) MUST_USE;
void config_deinit(struct config *config);

enum config_action {
    CONFIG_RUN,    /* start the server */
    CONFIG_DONE,   /* print `out`, exit 0: --help, --version, --check-config, --print-config */
    CONFIG_REFUSE, /* print `out` to standard error, exit CONFIG_EXIT_REFUSED */
};
enum { CONFIG_EXIT_REFUSED = 78 }; /* EX_CONFIG of sysexits.h */

/* Reads the command line, the file it names and the environment into an initialised config.
 * `environment` is environ's shape and may be NULL.  What is to be printed is appended to out. */
enum config_action config_start(struct config *config, int argc, const char *const *argv,
                                const char *const *environment, const char *version,
                                struct buf *out) MUST_USE;

/* One source at a time, for tests and embedders; errors carry the whole line to print.  A call that
 * fails may have set some of its options. */
enum brine_status config_load_toml(struct config *config, const char *path, struct bytes text,
                                   struct brine_error *err) MUST_USE;
enum brine_status config_load_file(struct config *config, const char *path,
                                   struct brine_error *err) MUST_USE;
enum brine_status config_load_environment(struct config *config, const char *const *environment,
                                          struct brine_error *err) MUST_USE;

/* ---- at run time ------------------------------------------------------------------------------
 */

/* Appends the text to out (not cleared before). */
enum brine_status config_copy_text(struct config *config, const struct config_text *field,
                                   struct buf *out) MUST_USE;
bool config_text_is_empty(struct config *config, const struct config_text *field);
/* Compares in a time that depends on the lengths alone. */
bool config_secret_equal(struct config *config, const struct config_text *field,
                         struct bytes candidate);

/* At most one callback an option; set up before threads exist. */
void config_on_change(struct config *config, enum config_option option, config_apply_fn *apply,
                      void *context);

struct config_pair {
    struct bytes name, value;
};
struct config_pairs {
    struct config_pair *pairs;
    size_t count;
};

/* CONFIG GET pattern ...: brine's names (memory.max) and Redis's (maxmemory), each once, secrets as
 * Redis gives them.  Names and values live in the arena. */
enum brine_status config_get(struct config *config, const struct bytes *patterns, size_t count,
                             struct arena *arena, struct config_pairs *pairs) MUST_USE;

/* CONFIG SET name value ...: `args` are 2 * pairs_count views.  All or nothing.  err->text is
 * Redis's error without the leading "ERR ". */
enum brine_status config_set(struct config *config, const struct bytes *args, size_t pairs_count,
                             struct brine_error *err) MUST_USE;

/* CONFIG REWRITE: writes what differs from the file into it, keeping its comments and order, by
 * replacing the file as a whole.  err->text as for config_set. */
enum brine_status config_rewrite(struct config *config, struct brine_error *err) MUST_USE;

/* ---- as text ----------------------------------------------------------------------------------
 */

/* The effective configuration as TOML, each line with where its value came from. */
enum brine_status config_print(struct config *config, struct buf *out) MUST_USE;
/* config.example.toml: every option with its doc and default, commented out. */
enum brine_status config_print_example(struct buf *out) MUST_USE;

#endif
