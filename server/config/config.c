/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The values themselves: fields by offset, and who owns their bytes.  A field's bytes are one
 * allocation with a NUL behind; the empty text is a literal that needs none, so that defaults cost
 * nothing and data is never NULL. */

#include "config/config.h"

#include "base/assert.h"
#include "config/row.h"

static const uint8_t empty_text[1];

/* ---- life -------------------------------------------------------------------------------------
 */

enum brine_status config_init(struct config *config, struct allocator *mem) {
    *config = (struct config){.mem = mem, .file_path = {empty_text, 0}};
    if (pthread_mutex_init(&config->set_lock, NULL) != 0) return BRINE_NO_MEMORY;
    if (pthread_mutex_init(&config->text_lock, NULL) != 0) {
        pthread_mutex_destroy(&config->set_lock);
        return BRINE_NO_MEMORY;
    }
    config->buffer_limits = (struct config_buffer_limits){
        {{0, 0, 0}, {256 << 20, 64 << 20, 60}, {32 << 20, 8 << 20, 60}}}; /* Redis's defaults */
    for (size_t i = 0; i < CONFIG_OPTIONS; i++) {
        struct option_value value;
        option_default(&config_rows[i], &value);
        struct config_origin origin = {.source = CONFIG_FROM_DEFAULT};
        if (config_store(config, &config_rows[i], &value, origin) == BRINE_OK) continue;
        config_deinit(config);
        return BRINE_NO_MEMORY;
    }
    return BRINE_OK;
}

void option_default(const struct option_row *row, struct option_value *value) {
    enum option_fault fault =
        option_parse(row, bytes_of_cstr(row->default_text), DIALECT_BRINE, value);
    BRINE_ASSERT(fault == FAULT_NONE, "an option's default is one of its values");
}

/* ---- fields -----------------------------------------------------------------------------------
 */

static void *field_of(const struct config *config, const struct option_row *row) {
    return (uint8_t *)(uintptr_t)config + row->offset;
}

static bool is_text(const struct option_row *row) {
    return row->kind == KIND_STRING || row->kind == KIND_SECRET;
}

void config_value(const struct config *config, const struct option_row *row,
                  struct option_value *value) {
    *value = (struct option_value){0};
    if (is_text(row)) {
        value->text = *(const struct bytes *)field_of(config, row);
    } else if (row->kind == KIND_LIST) {
        const struct config_list *list = field_of(config, row);
        for (size_t i = 0; i < list->count; i++) value->items[i] = list->items[i];
        value->items_count = list->count;
    } else if (row->kind == KIND_BOOL) {
        value->number = config_read(*(_Atomic bool *)field_of(config, row));
    } else {
        value->number = config_read(*(_Atomic int64_t *)field_of(config, row));
    }
}

struct bytes config_own_text(struct config *config, struct bytes text) {
    if (text.len == 0) return bytes_view(empty_text, 0);
    uint8_t *copy = mem_alloc(config->mem, text.len + 1);
    if (!copy) return bytes_view(NULL, 0);
    bytes_copy_to(copy, text);
    copy[text.len] = 0;
    return bytes_view(copy, text.len);
}

void config_disown_text(struct config *config, struct bytes text) {
    if (text.len > 0) mem_free(config->mem, (void *)(uintptr_t)text.data, text.len + 1);
}

static void free_list(struct config *config, struct config_list list) {
    for (size_t i = 0; i < list.count; i++) config_disown_text(config, list.items[i]);
    mem_free(config->mem, (void *)(uintptr_t)list.items, list.count * sizeof *list.items);
}

static enum brine_status copy_list(struct config *config, const struct option_value *value,
                                   struct config_list *list) {
    *list = (struct config_list){0};
    if (value->items_count == 0) return BRINE_OK;
    struct bytes *items = mem_alloc_zeroed(config->mem, value->items_count * sizeof *items);
    if (!items) return BRINE_NO_MEMORY;
    *list = (struct config_list){items, value->items_count};
    for (size_t i = 0; i < value->items_count; i++) {
        items[i] = config_own_text(config, value->items[i]);
        if (items[i].data) continue;
        free_list(config, *list);
        return BRINE_NO_MEMORY;
    }
    return BRINE_OK;
}

enum brine_status config_store(struct config *config, const struct option_row *row,
                               const struct option_value *value, struct config_origin origin) {
    void *field = field_of(config, row);
    if (is_text(row)) {
        struct bytes copy = config_own_text(config, value->text);
        if (!copy.data) return BRINE_NO_MEMORY;
        struct bytes *text = field;
        pthread_mutex_lock(&config->text_lock);
        struct bytes old = *text;
        *text = copy;
        pthread_mutex_unlock(&config->text_lock);
        config_disown_text(config, old);
    } else if (row->kind == KIND_LIST) {
        struct config_list copy, *list = field;
        TRY(copy_list(config, value, &copy));
        free_list(config, *list);
        *list = copy;
    } else if (row->kind == KIND_BOOL) {
        atomic_store_explicit((_Atomic bool *)field, value->number != 0, memory_order_relaxed);
    } else {
        atomic_store_explicit((_Atomic int64_t *)field, value->number, memory_order_relaxed);
    }
    config->origins[option_index(row)] = origin;
    return BRINE_OK;
}

void config_deinit(struct config *config) {
    for (size_t i = 0; i < CONFIG_OPTIONS; i++) {
        const struct option_row *row = &config_rows[i];
        if (is_text(row)) config_disown_text(config, *(struct bytes *)field_of(config, row));
        if (row->kind == KIND_LIST) free_list(config, *(struct config_list *)field_of(config, row));
    }
    for (size_t i = 0; i < CONFIG_NAMES; i++) config_disown_text(config, config->remembered[i]);
    config_disown_text(config, config->file_path);
    pthread_mutex_destroy(&config->text_lock);
    pthread_mutex_destroy(&config->set_lock);
}

/* ---- texts that may change --------------------------------------------------------------------
 */

enum brine_status config_copy_text(struct config *config, const struct config_text *field,
                                   struct buf *out) {
    pthread_mutex_lock(&config->text_lock);
    enum brine_status status = buf_append(out, field->value_);
    pthread_mutex_unlock(&config->text_lock);
    return status;
}

bool config_text_is_empty(struct config *config, const struct config_text *field) {
    pthread_mutex_lock(&config->text_lock);
    bool is_empty = field->value_.len == 0;
    pthread_mutex_unlock(&config->text_lock);
    return is_empty;
}

bool config_secret_equal(struct config *config, const struct config_text *field,
                         struct bytes candidate) {
    pthread_mutex_lock(&config->text_lock);
    struct bytes secret = field->value_;
    uint8_t differing = secret.len != candidate.len;
    for (size_t i = 0; i < candidate.len; i++)
        differing |= candidate.data[i] ^ secret.data[secret.len ? i % secret.len : 0];
    pthread_mutex_unlock(&config->text_lock);
    return differing == 0;
}

void config_on_change(struct config *config, enum config_option option, config_apply_fn *apply,
                      void *context) {
    config->applies[option] = (struct config_apply){apply, context};
}
