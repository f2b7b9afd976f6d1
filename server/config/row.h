/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The rows of options.def and redis_names.def as data, and how their values are read and written.
 * Private to server/config.  Everything here is const or works on what it is given; any thread.
 *
 * Words: an *option* is a row of options.def, with a field in `struct config`.  A *name* is a row
 * of redis_names.def: one of Redis's parameters that brine has no option for.  Both are
 * option_rows. */
#ifndef BRINE_CONFIG_ROW_H
#define BRINE_CONFIG_ROW_H

#include "base/arena.h"
#include "config/config.h"
#include "text/toml.h"

enum option_kind {
    KIND_BOOL,
    KIND_INT,
    KIND_POWER,
    KIND_SIZE,
    KIND_SHARE, /* a size, or percent of memory.max: a negative number */
    KIND_DURATION,
    KIND_MODE,
    KIND_ENUM,
    KIND_EVENTS,
    KIND_STRING,
    KIND_SECRET,
    KIND_LIST,
    KIND_BUFFER_LIMITS /* of names only */
};

enum option_when {
    WHEN_RUNTIME,
    WHEN_STARTUP,
    WHEN_PROTECTED,
    WHEN_REMEMBERED, /* of names only, from here on: CONFIG SET is answered, nothing heeds it */
    WHEN_FIXED,      /* CONFIG SET may give its default only */
};

struct option_row {
    const char *section, *key; /* of an option */
    const char *name;          /* "server.port"; of a name, Redis's */
    const char *redis;         /* Redis's name for an option, or a name's older alias; or "" */
    enum option_kind kind;
    enum option_when when;
    const char *default_text;
    int64_t min, max;
    const char *words; /* "debug|verbose|", or NULL */
    const char *doc;
    size_t offset; /* of an option's field in struct config */
};

extern const struct option_row config_rows[CONFIG_OPTIONS]; /* ORDER config_option */

enum config_name {
#define REDIS_NAME(id, ...) CONFIG_NAME_##id,
#include "config/redis_names.def"
    CONFIG_NAMES
};
extern const struct option_row config_names[CONFIG_NAMES]; /* ORDER config_name */

struct config_section {
    const char *name, *doc;
};
extern const struct config_section config_sections[];
extern const size_t config_sections_count;

/* [[rule]] and [policy.*] of the file are not options: gate/ reads them; [[user]]: auth/. */
enum { CONFIG_FOREIGN_SECTIONS = 3 };
extern const char *const config_foreign_sections[CONFIG_FOREIGN_SECTIONS];

/* ---- values -----------------------------------------------------------------------------------
 */

enum { CONFIG_LIST_MAX = 32, CONFIG_VALUE_TEXT_BYTES = 64 };

/* A value on its way: text and items are views. */
struct option_value {
    int64_t number;    /* BOOL, INT, SIZE, SHARE, DURATION, MODE, ENUM, EVENTS */
    struct bytes text; /* STRING, SECRET */
    struct bytes items[CONFIG_LIST_MAX];
    size_t items_count; /* LIST */
};

/* Whether text is read and written as brine does (true, 64mb, 5m) or Redis (yes, bytes, seconds).
 */
enum option_dialect { DIALECT_BRINE, DIALECT_REDIS };

enum option_fault {
    FAULT_NONE,
    FAULT_SHAPE,   /* no such value at all */
    FAULT_RANGE,   /* a value, but not one of those allowed */
    FAULT_PERCENT, /* a share of more than the whole */
};

enum option_fault option_parse(const struct option_row *row, struct bytes text,
                               enum option_dialect dialect, struct option_value *value) MUST_USE;
enum option_fault option_from_toml(const struct option_row *row, const struct toml_value *toml,
                                   struct option_value *value) MUST_USE;
bool option_value_equal(const struct option_value *a, const struct option_value *b);

/* "a whole number from 0 to 65535": for messages after "expected". */
enum brine_status option_describe(const struct option_row *row, struct buf *out) MUST_USE;
/* Redis's line for a fault. */
enum brine_status option_fault_redis(const struct option_row *row, enum option_fault fault,
                                     struct buf *out) MUST_USE;

enum brine_status option_format(const struct option_row *row, enum option_dialect dialect,
                                const struct option_value *value, struct buf *out) MUST_USE;
/* As it stands behind `=` in the file. */
enum brine_status option_format_toml(const struct option_row *row, const struct option_value *value,
                                     struct buf *out) MUST_USE;

/* ---- look-ups ---------------------------------------------------------------------------------
 */

/* NULL when there is none. */
const struct option_row *option_find(struct bytes section, struct bytes key);
static inline enum config_option option_index(const struct option_row *row) {
    return (enum config_option)(row - config_rows);
}

/* BRINE_SERVER_PORT */
enum brine_status option_environment_name(const struct option_row *row, struct buf *out) MUST_USE;

/* The option whose name is nearest to a mistyped "section.key", or NULL when none is near. */
const struct option_row *option_nearest(struct bytes name);
const char *section_nearest(struct bytes name);

/* ---- struct config's side, config.c -----------------------------------------------------------
 */

/* The present value; its text and items are views into config (text_lock is held, or no other
 * thread exists). */
void config_value(const struct config *config, const struct option_row *row,
                  struct option_value *value);
/* Copies what is owned. */
enum brine_status config_store(struct config *config, const struct option_row *row,
                               const struct option_value *value,
                               struct config_origin origin) MUST_USE;
/* The default as a value; it lives as long as the program. */
void option_default(const struct option_row *row, struct option_value *value);

/* A copy that ends in NUL; "" needs no memory.  data is NULL when refused. */
struct bytes config_own_text(struct config *config, struct bytes text);
void config_disown_text(struct config *config, struct bytes text);

/* ---- the sources, load.c ----------------------------------------------------------------------
 */

enum { CONFIG_ARENA_BYTES_MAX = 64 << 20 };

/* "--section.key=value" */
enum brine_status config_load_flag(struct config *config, struct bytes argument,
                                   struct brine_error *err) MUST_USE;

/* What of the file is no option is refused; every option's value is checked, and stored when
 * `store`. */
enum brine_status config_walk_toml(struct config *config, const char *path,
                                   const struct toml_value *root, bool store,
                                   struct brine_error *err) MUST_USE;

#endif
