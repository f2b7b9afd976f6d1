/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* CONFIG REWRITE: the file is read again, and only what CONFIG SET changed is edited in its text,
 * value by value, so that comments, order and the hand of its author stay.  What is not in the file
 * yet is added behind the last line of its section, or in a new section at the end.
 *
 * Careful: values that came from the environment or a flag are not written: they are not the
 * file's, and a password given by the environment must not land on a disk.
 *
 * The new text is read back before it replaces the old, and it replaces it as a whole: a temporary
 * file in the same folder, synced, renamed over the old one, and the folder synced. */

#include "config/row.h"
#include "text/toml_write.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* text[offset .. offset + old_len) becomes added[from .. from + len). */
struct edit {
    size_t offset, old_len;
    size_t from, len;
};

struct rewrite {
    struct config *config;
    struct brine_error *err;
    struct buf text;  /* of the file */
    struct buf added; /* what edits put in */
    struct buf result;
    struct arena arena;
    const struct toml_value *root;
    struct edit edits[CONFIG_OPTIONS];
    size_t edits_count;
    const char
        *begun; /* the section that was begun, or whose inline table was: no more than once */
};

static enum brine_status fail(struct rewrite *rewrite, enum brine_status status, const char *why) {
    return brine_fail(rewrite->err, status, 0, "Rewriting config file: %.400s", why);
}

static enum brine_status fail_errno(struct rewrite *rewrite) {
    return fail(rewrite, BRINE_IO, strerror(errno));
}

static enum brine_status fail_if_not(struct rewrite *rewrite, enum brine_status status) {
    return status == BRINE_OK ? BRINE_OK : fail(rewrite, status, brine_status_meaning(status));
}

/* ---- edits ------------------------------------------------------------------------------------
 */

static bool was_set(const struct config *config, const struct option_row *row) {
    return config->origins[option_index(row)].source == CONFIG_FROM_SET;
}

static bool is_at(const struct rewrite *rewrite, const struct toml_value *value, uint8_t byte) {
    return rewrite->text.data[value->offset] == byte;
}

static size_t value_end(const struct toml_value *value) {
    return value->offset + value->source_len;
}

/* Behind the end of the line that holds the offset; the text ends in a line feed. */
static size_t next_line(const struct rewrite *rewrite, size_t offset) {
    while (offset < rewrite->text.len && rewrite->text.data[offset] != '\n') offset++;
    return MIN(offset + 1, rewrite->text.len);
}

static enum brine_status add_setting(struct rewrite *rewrite, const struct option_row *row,
                                     const struct option_value *value, const char *before,
                                     const char *after) {
    TRY(buf_printf(&rewrite->added, "%s%s = ", before, row->key));
    TRY(option_format_toml(row, value, &rewrite->added));
    return buf_append(&rewrite->added, bytes_of_cstr(after));
}

/* The option is new to the file: its place and text depend on how its section is written there. */
static enum brine_status insert(struct rewrite *rewrite, const struct option_row *row,
                                const struct option_value *value, size_t *offset) {
    const struct toml_value *section = toml_find(rewrite->root, bytes_of_cstr(row->section));
    bool begun = rewrite->begun && strcmp(rewrite->begun, row->section) == 0;
    rewrite->begun = row->section;
    *offset = rewrite->text.len;
    if (!section) {
        bool first = rewrite->text.len == 0 && rewrite->edits_count == 0;
        if (!begun) TRY(buf_printf(&rewrite->added, "%s[%s]\n", first ? "" : "\n", row->section));
        return add_setting(rewrite, row, value, "", "\n");
    }
    const struct toml_value *last = section->items.last;
    if (is_at(rewrite, section, '{')) {
        *offset = last ? value_end(last) : section->offset + 1;
        return add_setting(rewrite, row, value, last || begun ? ", " : "", "");
    }
    if (is_at(rewrite, section, '[')) {
        *offset = next_line(rewrite, value_end(last ? last : section));
        return add_setting(rewrite, row, value, "", "\n");
    }
    *offset = next_line(rewrite, value_end(last)); /* server.port = 1: dotted keys at the top */
    TRY(buf_printf(&rewrite->added, "%s.", row->section));
    return add_setting(rewrite, row, value, "", "\n");
}

static const struct toml_value *find_item(const struct rewrite *rewrite,
                                          const struct option_row *row) {
    const struct toml_value *section = toml_find(rewrite->root, bytes_of_cstr(row->section));
    return toml_find(section, bytes_of_cstr(row->key));
}

/* Whether the file, or else the default, gives the option the value it has now. */
static bool says(const struct rewrite *rewrite, const struct option_row *row,
                 const struct option_value *value) {
    const struct toml_value *item = find_item(rewrite, row);
    struct option_value said;
    if (!item)
        option_default(row, &said);
    else if (option_from_toml(row, item, &said) != FAULT_NONE)
        return false;
    return option_value_equal(value, &said);
}

static enum brine_status edit_option(struct rewrite *rewrite, const struct option_row *row) {
    struct option_value value;
    config_value(rewrite->config, row, &value);
    if (says(rewrite, row, &value)) return BRINE_OK;
    const struct toml_value *item = find_item(rewrite, row);
    struct edit edit = {.from = rewrite->added.len};
    if (item) {
        edit.offset = item->offset;
        edit.old_len = item->source_len;
        TRY(option_format_toml(row, &value, &rewrite->added));
    } else {
        TRY(insert(rewrite, row, &value, &edit.offset));
    }
    edit.len = rewrite->added.len - edit.from;
    rewrite->edits[rewrite->edits_count++] = edit;
    return BRINE_OK;
}

/* By offset; those at one offset keep their order. */
static void sort_edits(struct rewrite *rewrite) {
    for (size_t i = 1; i < rewrite->edits_count; i++) {
        struct edit edit = rewrite->edits[i];
        size_t at = i;
        for (; at > 0 && rewrite->edits[at - 1].offset > edit.offset; at--)
            rewrite->edits[at] = rewrite->edits[at - 1];
        rewrite->edits[at] = edit;
    }
}

static enum brine_status splice_edits(struct rewrite *rewrite) {
    struct bytes text = buf_view(&rewrite->text), added = buf_view(&rewrite->added);
    size_t done = 0;
    for (size_t i = 0; i < rewrite->edits_count; i++) {
        const struct edit *edit = &rewrite->edits[i];
        TRY(buf_append(&rewrite->result, bytes_slice(text, done, edit->offset - done)));
        TRY(buf_append(&rewrite->result, bytes_slice(added, edit->from, edit->len)));
        done = edit->offset + edit->old_len;
    }
    return buf_append(&rewrite->result, bytes_slice(text, done, SIZE_MAX));
}

/* ---- reading ----------------------------------------------------------------------------------
 */

/* Parses text, which must be a configuration as start-up would take it. */
static enum brine_status parse(struct rewrite *rewrite, struct bytes text) {
    struct brine_error wrong = {0};
    const char *path = (const char *)rewrite->config->file_path.data;
    enum brine_status status =
        toml_parse(&rewrite->arena, text, (struct toml_limits){0}, &rewrite->root, &wrong);
    if (status == BRINE_OK)
        status = config_walk_toml(rewrite->config, path, rewrite->root, false, &wrong);
    return status == BRINE_OK ? BRINE_OK : fail(rewrite, status, wrong.text);
}

static enum brine_status read_old(struct rewrite *rewrite) {
    struct brine_error wrong = {0};
    const char *path = (const char *)rewrite->config->file_path.data;
    enum brine_status status = config_read_file(path, &rewrite->text, &wrong);
    if (status != BRINE_OK) return fail(rewrite, status, wrong.text);
    size_t len = rewrite->text.len;
    if (len > 0 && rewrite->text.data[len - 1] != '\n')
        TRY(fail_if_not(rewrite, buf_append_byte(&rewrite->text, '\n')));
    return parse(rewrite, buf_view(&rewrite->text));
}

static enum brine_status read_back(struct rewrite *rewrite) {
    TRY(parse(rewrite, buf_view(&rewrite->result)));
    for (size_t i = 0; i < CONFIG_OPTIONS; i++) {
        struct option_value value;
        config_value(rewrite->config, &config_rows[i], &value);
        if (was_set(rewrite->config, &config_rows[i]) && !says(rewrite, &config_rows[i], &value))
            return fail(rewrite, BRINE_INVALID, "the new text does not say what was set");
    }
    return BRINE_OK;
}

/* ---- writing ----------------------------------------------------------------------------------
 */

static bool write_whole(int fd, struct bytes text) {
    while (text.len > 0) {
        ssize_t wrote = write(fd, text.data, text.len);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) return false;
        text = bytes_slice(text, (size_t)wrote, SIZE_MAX);
    }
    return true;
}

/* The new name of a file is safe when its folder is. */
static bool sync_folder(char *path) {
    char *slash = strrchr(path, '/');
    *slash = 0;
    int fd = open(path[0] ? path : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *slash = '/';
    if (fd < 0) return false;
    bool synced = fsync(fd) == 0;
    close(fd);
    return synced;
}

static enum brine_status replace_file(struct rewrite *rewrite) {
    char path[PATH_MAX], temporary[PATH_MAX + 24];
    if (!realpath((const char *)rewrite->config->file_path.data, path)) return fail_errno(rewrite);
    snprintf(temporary, sizeof temporary, "%s.tmp.%d", path, (int)getpid());
    struct stat old;
    if (stat(path, &old) != 0) return fail_errno(rewrite);
    unlink(temporary); /* of a process that died in here and had our number */
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) return fail_errno(rewrite);
    bool written = fchmod(fd, old.st_mode & 07777) == 0 &&
                   write_whole(fd, buf_view(&rewrite->result)) && fsync(fd) == 0;
    enum brine_status status = written ? BRINE_OK : fail_errno(rewrite);
    if (close(fd) != 0 && status == BRINE_OK) status = fail_errno(rewrite);
    if (status == BRINE_OK && rename(temporary, path) != 0) status = fail_errno(rewrite);
    if (status != BRINE_OK) {
        unlink(temporary);
        return status;
    }
    return sync_folder(path) ? BRINE_OK : fail_errno(rewrite);
}

/* With set_lock held, so that no option changes meanwhile. */
static enum brine_status rewrite_file(struct rewrite *rewrite) {
    TRY(read_old(rewrite));
    for (size_t i = 0; i < CONFIG_OPTIONS; i++)
        if (was_set(rewrite->config, &config_rows[i]))
            TRY(fail_if_not(rewrite, edit_option(rewrite, &config_rows[i])));
    if (rewrite->edits_count == 0) return BRINE_OK;
    sort_edits(rewrite);
    TRY(fail_if_not(rewrite, splice_edits(rewrite)));
    TRY(read_back(rewrite));
    return replace_file(rewrite);
}

enum brine_status config_rewrite(struct config *config, struct brine_error *err) {
    if (config->file_path.len == 0)
        return brine_fail(err, BRINE_INVALID, 0, "The server is running without a config file");
    struct rewrite *rewrite = mem_alloc_zeroed(config->mem, sizeof *rewrite);
    if (!rewrite)
        return brine_fail(err, BRINE_NO_MEMORY, 0, "Rewriting config file: out of memory");
    rewrite->config = config;
    rewrite->err = err;
    buf_init(&rewrite->text, config->mem, CONFIG_FILE_BYTES_MAX);
    buf_init(&rewrite->added, config->mem, CONFIG_FILE_BYTES_MAX);
    buf_init(&rewrite->result, config->mem, CONFIG_FILE_BYTES_MAX);
    arena_init(&rewrite->arena, config->mem, CONFIG_ARENA_BYTES_MAX);
    pthread_mutex_lock(&config->set_lock);
    enum brine_status status = rewrite_file(rewrite);
    pthread_mutex_unlock(&config->set_lock);
    arena_deinit(&rewrite->arena);
    buf_deinit(&rewrite->result);
    buf_deinit(&rewrite->added);
    buf_deinit(&rewrite->text);
    mem_free(config->mem, rewrite, sizeof *rewrite);
    return status;
}
