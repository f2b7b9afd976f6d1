/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The sources of values at start: file, environment, flags; and what is said of a wrong one. */

#include "config/row.h"
#include "text/toml_write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SHOWN_BYTES_MAX = 64 };

/* ---- messages ---------------------------------------------------------------------------------
 */

/* A line that becomes an error.  What does not fit is left out; only memory can fail. */
struct message {
    struct buf line;
    enum brine_status status;
};

static void message_init(struct message *message, struct config *config) {
    *message = (struct message){.status = BRINE_OK};
    buf_init(&message->line, config->mem, BRINE_ERROR_TEXT_BYTES);
}

static void message_keep(struct message *message, enum brine_status status) {
    if (message->status == BRINE_OK && status != BRINE_TOO_BIG) message->status = status;
}

static enum brine_status message_fail(struct message *message, struct brine_error *err) {
    enum brine_status status = message->status;
    if (status == BRINE_OK)
        status = brine_fail(err, BRINE_INVALID, 0, "%.*s", (int)message->line.len,
                            (const char *)message->line.data);
    else
        status = brine_fail(err, status, 0, "out of memory");
    buf_deinit(&message->line);
    return status;
}

static void say_place(struct message *message, const char *path, uint32_t line, uint32_t column) {
    message_keep(message, buf_printf(&message->line, "%s:%u:%u: ", path, line, column));
}

static void say_expected(struct message *message, const struct option_row *row) {
    message_keep(message, buf_append(&message->line, BYTES("expected ")));
    message_keep(message, option_describe(row, &message->line));
    message_keep(message, buf_append(&message->line, BYTES(", found ")));
}

static void say_quoted(struct message *message, struct bytes text) {
    message_keep(message, toml_write_string(&message->line, bytes_slice(text, 0, SHOWN_BYTES_MAX)));
    if (text.len > SHOWN_BYTES_MAX) message_keep(message, buf_append(&message->line, BYTES("...")));
}

static void say_found_text(struct message *message, const struct option_row *row,
                           struct bytes text) {
    if (row->kind == KIND_SECRET)
        message_keep(message, buf_printf(&message->line, "a text of %zu bytes", text.len));
    else
        say_quoted(message, text);
}

static void say_found_toml(struct message *message, const struct option_row *row,
                           const struct toml_value *value) {
    bool is_shown =
        value->kind != TOML_ARRAY && value->kind != TOML_TABLE && row->kind != KIND_SECRET;
    if (value->kind == TOML_STRING)
        say_found_text(message, row, value->string);
    else if (is_shown)
        message_keep(message, toml_write_value(&message->line, value));
    else
        message_keep(message,
                     buf_append(&message->line, bytes_of_cstr(toml_kind_name(value->kind))));
}

/* ---- the file ---------------------------------------------------------------------------------
 */

enum brine_status config_read_file(const char *path, struct buf *text, struct brine_error *err) {
    /* A pipe would keep who reads it waiting for a writer. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat kind;
    if (fd >= 0 && (fstat(fd, &kind) || S_ISFIFO(kind.st_mode))) {
        close(fd);
        return brine_fail(err, BRINE_IO, 0, "%s: cannot read: it is a pipe", path);
    }
    FILE *file = fd >= 0 ? fdopen(fd, "rb") : NULL;
    if (!file) return brine_fail(err, BRINE_IO, 0, "%s: cannot open: %s", path, strerror(errno));
    enum brine_status status = BRINE_OK;
    for (;;) {
        status = buf_reserve(text, 4096);
        if (status != BRINE_OK) break;
        size_t read = fread(text->data + text->len, 1, text->cap - text->len, file);
        if (read == 0) break;
        text->len += read;
    }
    if (status == BRINE_TOO_BIG)
        status = brine_fail(err, status, 0, "%s: longer than %zu bytes", path, text->limit);
    else if (status != BRINE_OK)
        status = brine_fail(err, status, 0, "%s: out of memory", path);
    else if (ferror(file))
        status = brine_fail(err, BRINE_IO, 0, "%s: cannot read: %s", path, strerror(errno));
    fclose(file);
    return status;
}

static enum brine_status refuse_unknown_key(struct config *config, const char *path,
                                            const struct toml_value *section,
                                            const struct toml_value *item,
                                            struct brine_error *err) {
    struct message message;
    message_init(&message, config);
    say_place(&message, path, item->key_line, item->key_column);
    message_keep(&message, buf_append(&message.line, BYTES("unknown option ")));
    size_t from = message.line.len;
    if (section->parent) {
        message_keep(&message, toml_write_key(&message.line, section->key));
        message_keep(&message, buf_append_byte(&message.line, '.'));
    }
    message_keep(&message, toml_write_key(&message.line, item->key));
    const struct option_row *nearest =
        option_nearest(bytes_slice(buf_view(&message.line), from, SIZE_MAX));
    if (nearest)
        message_keep(&message, buf_printf(&message.line, "; did you mean %s?", nearest->name));
    return message_fail(&message, err);
}

static enum brine_status refuse_toml_value(struct config *config, const char *path,
                                           const struct option_row *row,
                                           const struct toml_value *value,
                                           struct brine_error *err) {
    struct message message;
    message_init(&message, config);
    say_place(&message, path, value->line, value->column);
    message_keep(&message, buf_printf(&message.line, "%s: ", row->name));
    say_expected(&message, row);
    say_found_toml(&message, row, value);
    return message_fail(&message, err);
}

static enum brine_status refuse_unknown_section(const char *path, const struct toml_value *section,
                                                struct brine_error *err) {
    const char *nearest = section_nearest(section->key);
    return brine_fail(err, BRINE_INVALID, section->offset, "%s:%u:%u: unknown section [%.*s]%s%s%s",
                      path, section->key_line, section->key_column,
                      (int)MIN(section->key.len, (size_t)SHOWN_BYTES_MAX),
                      (const char *)section->key.data, nearest ? "; did you mean [" : "",
                      nearest ? nearest : "", nearest ? "]?" : "");
}

static bool is_section(struct bytes name) {
    for (size_t i = 0; i < config_sections_count; i++)
        if (bytes_equal(name, bytes_of_cstr(config_sections[i].name))) return true;
    return false;
}

static bool is_foreign(struct bytes name) {
    for (size_t i = 0; i < CONFIG_FOREIGN_SECTIONS; i++)
        if (bytes_equal(name, bytes_of_cstr(config_foreign_sections[i]))) return true;
    return false;
}

static enum brine_status walk_section(struct config *config, const char *path,
                                      const struct toml_value *section, bool store,
                                      struct brine_error *err) {
    for (const struct toml_value *item = toml_first(section); item; item = item->next) {
        const struct option_row *row = option_find(section->key, item->key);
        if (!row) return refuse_unknown_key(config, path, section, item, err);
        struct option_value value;
        if (option_from_toml(row, item, &value) != FAULT_NONE)
            return refuse_toml_value(config, path, row, item, err);
        struct config_origin origin = {CONFIG_FROM_FILE, item->line};
        if (store && config_store(config, row, &value, origin) != BRINE_OK)
            return brine_fail(err, BRINE_NO_MEMORY, 0, "%s: out of memory", path);
    }
    return BRINE_OK;
}

enum brine_status config_walk_toml(struct config *config, const char *path,
                                   const struct toml_value *root, bool store,
                                   struct brine_error *err) {
    for (const struct toml_value *section = toml_first(root); section; section = section->next) {
        bool is_table = section->kind == TOML_TABLE || section->kind == TOML_ARRAY;
        if (is_table && is_foreign(section->key)) continue;
        if (!is_section(section->key))
            return is_table ? refuse_unknown_section(path, section, err)
                            : refuse_unknown_key(config, path, root, section, err);
        if (section->kind != TOML_TABLE)
            return brine_fail(err, BRINE_INVALID, section->offset,
                              "%s:%u:%u: expected the table [%s], found %s", path, section->line,
                              section->column, (const char *)section->key.data,
                              toml_kind_name(section->kind));
        TRY(walk_section(config, path, section, store, err));
    }
    return BRINE_OK;
}

enum brine_status config_load_toml(struct config *config, const char *path, struct bytes text,
                                   struct brine_error *err) {
    struct arena arena;
    arena_init(&arena, config->mem, CONFIG_ARENA_BYTES_MAX);
    const struct toml_value *root;
    struct brine_error wrong;
    enum brine_status status = toml_parse(&arena, text, (struct toml_limits){0}, &root, &wrong);
    if (status == BRINE_OK)
        status = config_walk_toml(config, path, root, true, err);
    else
        status = brine_fail(err, status, wrong.offset, "%s:%.400s", path, wrong.text);
    arena_deinit(&arena);
    return status;
}

enum brine_status config_load_file(struct config *config, const char *path,
                                   struct brine_error *err) {
    struct buf text;
    buf_init(&text, config->mem, CONFIG_FILE_BYTES_MAX);
    enum brine_status status = config_read_file(path, &text, err);
    if (status == BRINE_OK) status = config_load_toml(config, path, buf_view(&text), err);
    buf_deinit(&text);
    if (status != BRINE_OK) return status;
    struct bytes copy = config_own_text(config, bytes_of_cstr(path));
    if (!copy.data) return brine_fail(err, BRINE_NO_MEMORY, 0, "%s: out of memory", path);
    config_disown_text(config, config->file_path);
    config->file_path = copy;
    return BRINE_OK;
}

/* ---- environment and flags --------------------------------------------------------------------
 */

static enum brine_status load_text(struct config *config, const struct option_row *row,
                                   struct bytes label, struct bytes text, enum config_source source,
                                   struct brine_error *err) {
    struct option_value value;
    if (option_parse(row, text, DIALECT_BRINE, &value) == FAULT_NONE) {
        if (config_store(config, row, &value, (struct config_origin){source, 0}) == BRINE_OK)
            return BRINE_OK;
        return brine_fail(err, BRINE_NO_MEMORY, 0, "out of memory");
    }
    struct message message;
    message_init(&message, config);
    message_keep(&message, buf_append(&message.line, label));
    message_keep(&message, buf_append(&message.line, BYTES(": ")));
    say_expected(&message, row);
    say_found_text(&message, row, text);
    return message_fail(&message, err);
}

/* Variables with our prefix that are no options: the tests' own, and the hostile build's. */
static bool is_left_alone(struct bytes name) {
    return bytes_starts_with(name, BYTES("BRINE_TEST_")) ||
           bytes_equal(name, BYTES("BRINE_HOSTILE"));
}

/* SERVER_PORT as server.port: an option's name has its one dot where the section ends. */
static const struct option_row *nearest_variable(struct bytes name) {
    uint8_t lower[SHOWN_BYTES_MAX];
    if (name.len > sizeof lower) return NULL;
    bool dotted = false;
    for (size_t i = 0; i < name.len; i++) {
        bool is_dot = !dotted && name.data[i] == '_';
        lower[i] = is_dot ? '.' : byte_lower(name.data[i]);
        dotted = dotted || is_dot;
    }
    return option_nearest(bytes_view(lower, name.len));
}

static enum brine_status refuse_unknown_variable(struct config *config, struct bytes name,
                                                 struct brine_error *err) {
    struct message message;
    message_init(&message, config);
    message_keep(&message, buf_append(&message.line, bytes_slice(name, 0, SHOWN_BYTES_MAX)));
    message_keep(&message, buf_append(&message.line, BYTES(": unknown variable")));
    const struct option_row *nearest =
        nearest_variable(bytes_slice(name, sizeof "BRINE_" - 1, SIZE_MAX));
    if (nearest) {
        message_keep(&message, buf_append(&message.line, BYTES("; did you mean ")));
        message_keep(&message, option_environment_name(nearest, &message.line));
        message_keep(&message, buf_append_byte(&message.line, '?'));
    }
    return message_fail(&message, err);
}

static enum brine_status find_variable(struct config *config, struct bytes name,
                                       const struct option_row **row) {
    struct buf candidate;
    buf_init(&candidate, config->mem, BRINE_ERROR_TEXT_BYTES);
    enum brine_status status = BRINE_OK;
    *row = NULL;
    for (size_t i = 0; i < CONFIG_OPTIONS && status == BRINE_OK && !*row; i++) {
        buf_clear(&candidate);
        status = option_environment_name(&config_rows[i], &candidate);
        if (status == BRINE_OK && bytes_equal(buf_view(&candidate), name)) *row = &config_rows[i];
    }
    buf_deinit(&candidate);
    return status;
}

static enum brine_status load_variable(struct config *config, const char *variable,
                                       struct brine_error *err) {
    const char *equals = strchr(variable, '=');
    if (!equals) return BRINE_OK;
    struct bytes name = bytes_view(variable, (size_t)(equals - variable));
    if (!bytes_starts_with(name, BYTES("BRINE_")) || is_left_alone(name)) return BRINE_OK;
    const struct option_row *row;
    if (find_variable(config, name, &row) != BRINE_OK)
        return brine_fail(err, BRINE_NO_MEMORY, 0, "out of memory");
    if (!row) return refuse_unknown_variable(config, name, err);
    return load_text(config, row, name, bytes_of_cstr(equals + 1), CONFIG_FROM_ENVIRONMENT, err);
}

enum brine_status config_load_environment(struct config *config, const char *const *environment,
                                          struct brine_error *err) {
    for (; environment && *environment; environment++)
        TRY(load_variable(config, *environment, err));
    return BRINE_OK;
}

enum brine_status config_load_flag(struct config *config, struct bytes argument,
                                   struct brine_error *err) {
    struct bytes name = bytes_slice(argument, sizeof "--" - 1, SIZE_MAX);
    size_t equals = 0;
    while (equals < name.len && name.data[equals] != '=') equals++;
    bool has_value = equals < name.len;
    struct bytes value = bytes_slice(name, equals + 1, SIZE_MAX);
    name.len = equals;
    for (size_t i = 0; i < CONFIG_OPTIONS; i++) {
        const struct option_row *row = &config_rows[i];
        if (!bytes_equal(name, bytes_of_cstr(row->name))) continue;
        if (!has_value)
            return brine_fail(err, BRINE_INVALID, 0, "--%s: expected --%s=VALUE", row->name,
                              row->name);
        if (config->origins[i].source == CONFIG_FROM_FLAG)
            return brine_fail(err, BRINE_INVALID, 0, "--%s: given twice", row->name);
        struct bytes label = bytes_slice(argument, 0, sizeof "--" - 1 + name.len);
        return load_text(config, row, label, value, CONFIG_FROM_FLAG, err);
    }
    const struct option_row *nearest = option_nearest(name);
    return brine_fail(err, BRINE_INVALID, 0, "--%.*s: unknown option%s%s%s",
                      (int)MIN(name.len, (size_t)SHOWN_BYTES_MAX), (const char *)name.data,
                      nearest ? "; did you mean --" : "", nearest ? nearest->name : "",
                      nearest ? "?" : "");
}
