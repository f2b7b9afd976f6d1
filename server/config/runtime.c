/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* CONFIG GET and CONFIG SET.
 *
 * A SET runs in four steps, so that it is all or nothing:
 *   1. every name is looked up, in Redis's order of complaints;
 *   2. every value is read and checked;
 *   3. every value is put in place, the old ones kept aside;
 *   4. the callbacks run; when one fails, the old values return, and the callbacks that had
 *      succeeded run once more with them.
 * Whatever needs memory has it before step 3 is visible: a pending text is copied in step 2 and
 * swapped in step 3.  set_lock is held throughout, so callbacks never meet another SET; they may
 * read any option, for text_lock is held only while a text is swapped.
 * Source: Redis 7.0.15 config.c, configGetCommand and configSetCommand. */

#include "base/assert.h"
#include "base/glob.h"
#include "base/number.h"
#include "config/row.h"

#include <stdio.h>

enum { PENDING_MAX = CONFIG_OPTIONS + 2 * CONFIG_NAMES, LIMIT_CLASSES = 3 };

/* What a name of CONFIG GET or SET means. */
struct target {
    const struct option_row *row; /* NULL: no such name */
    bool is_option;               /* else one of config_names */
    enum option_dialect dialect;
};

/* Every name there is, one after the other: an option by its own name and by Redis's, a name and
 * its alias.  False behind the last. */
static bool name_at(size_t index, const char **name, struct target *target) {
    const size_t options = 2 * (size_t)CONFIG_OPTIONS;
    if (index >= options + 2 * (size_t)CONFIG_NAMES) return false;
    bool second = index & 1, is_option = index < options;
    size_t row = is_option ? index / 2 : (index - options) / 2;
    target->is_option = is_option;
    target->row = is_option ? &config_rows[row] : &config_names[row];
    target->dialect = is_option && !second ? DIALECT_BRINE : DIALECT_REDIS;
    *name = second ? target->row->redis : target->row->name;
    return true;
}

/* Cost: a pass over all names, some 150. */
static size_t find_name(struct bytes wanted, struct target *target) {
    const char *name;
    for (size_t i = 0; name_at(i, &name, target); i++)
        if (name[0] && bytes_equal_nocase(wanted, bytes_of_cstr(name))) return i;
    target->row = NULL;
    return SIZE_MAX;
}

/* ---- CONFIG GET -------------------------------------------------------------------------------
 */

static const char *const limit_classes[LIMIT_CLASSES] = {"normal", "slave", "pubsub"};

static enum brine_status format_buffer_limits(const struct config_buffer_limits *limits,
                                              struct buf *out) {
    for (size_t i = 0; i < LIMIT_CLASSES; i++)
        TRY(buf_printf(out, "%s%s %lld %lld %lld", i > 0 ? " " : "", limit_classes[i],
                       (long long)limits->of[i][0], (long long)limits->of[i][1],
                       (long long)limits->of[i][2]));
    return BRINE_OK;
}

/* With text_lock held. */
static enum brine_status format_present(struct config *config, const struct target *target,
                                        struct buf *out) {
    struct option_value value;
    if (target->is_option) {
        config_value(config, target->row, &value);
        return option_format(target->row, target->dialect, &value, out);
    }
    if (target->row->kind == KIND_BUFFER_LIMITS) {
        struct config_buffer_limits limits = config->buffer_limits;
        int64_t hard = config_read(config->limits.output_bytes);
        limits.of[0][0] = hard == INT64_MAX ? 0 : hard;
        return format_buffer_limits(&limits, out);
    }
    struct bytes kept = config->remembered[target->row - config_names];
    return buf_append(out, kept.data ? kept : bytes_of_cstr(target->row->default_text));
}

/* The value of the index-th name into the next pair. */
static enum brine_status add_pair(struct config *config, const struct target *target,
                                  struct bytes name, struct arena *arena,
                                  struct config_pairs *pairs) {
    struct buf value;
    buf_init(&value, config->mem, CONFIG_FILE_BYTES_MAX);
    pthread_mutex_lock(&config->text_lock);
    enum brine_status status = format_present(config, target, &value);
    pthread_mutex_unlock(&config->text_lock);
    if (status == BRINE_OK) {
        struct config_pair pair = {arena_copy(arena, name), arena_copy(arena, buf_view(&value))};
        if (!pair.name.data || !pair.value.data)
            status = BRINE_NO_MEMORY;
        else
            pairs->pairs[pairs->count++] = pair;
    }
    buf_deinit(&value);
    return status;
}

static bool is_glob(struct bytes pattern) {
    for (size_t i = 0; i < pattern.len; i++)
        if (strchr("[*?", pattern.data[i]) && pattern.data[i]) return true;
    return false;
}

enum { NAMES_MAX = 2 * CONFIG_OPTIONS + 2 * CONFIG_NAMES };

static enum brine_status get_matching(struct config *config, struct bytes pattern, bool *given,
                                      struct arena *arena, struct config_pairs *pairs) {
    struct target target;
    if (!is_glob(pattern)) { /* the answer repeats the name as it was asked for, as Redis does */
        size_t index = find_name(pattern, &target);
        if (!target.row || given[index]) return BRINE_OK;
        given[index] = true;
        return add_pair(config, &target, pattern, arena, pairs);
    }
    const char *name;
    for (size_t i = 0; name_at(i, &name, &target); i++) {
        if (given[i] || !name[0] || !glob_match_nocase(pattern, bytes_of_cstr(name))) continue;
        given[i] = true;
        TRY(add_pair(config, &target, bytes_of_cstr(name), arena, pairs));
    }
    return BRINE_OK;
}

enum brine_status config_get(struct config *config, const struct bytes *patterns, size_t count,
                             struct arena *arena, struct config_pairs *pairs) {
    bool given[NAMES_MAX] = {false};
    *pairs = (struct config_pairs){.pairs = arena_alloc(arena, NAMES_MAX * sizeof *pairs->pairs)};
    if (!pairs->pairs) return BRINE_NO_MEMORY;
    for (size_t i = 0; i < count; i++) TRY(get_matching(config, patterns[i], given, arena, pairs));
    return BRINE_OK;
}

/* ---- CONFIG SET: what is pending --------------------------------------------------------------
 */

struct pending {
    struct target target;
    struct bytes name; /* as given */
    int64_t number;    /* an option's number; swapped with the one in place */
    struct bytes text; /* an option's text or a remembered value; owned, swapped likewise */
    struct config_origin origin;
    struct config_buffer_limits limits;
};

struct set {
    struct config *config;
    struct brine_error *err;
    struct pending *pending;
    size_t count, applied;
};

static enum brine_status set_fail(const struct set *set, struct bytes name, const char *why) {
    return brine_fail(set->err, BRINE_INVALID, 0,
                      "CONFIG SET failed (possibly related to argument '%.*s') - %s",
                      (int)MIN(name.len, (size_t)128), (const char *)name.data, why);
}

static enum brine_status set_no_memory(const struct set *set) {
    return brine_fail(set->err, BRINE_NO_MEMORY, 0, "CONFIG SET failed - out of memory");
}

/* Step 1. */
static enum brine_status look_up(struct set *set, const struct bytes *args, size_t pairs_count) {
    bool given[NAMES_MAX] = {false};
    bool option_given[CONFIG_OPTIONS] = {false};
    for (size_t i = 0; i < pairs_count; i++) {
        struct bytes name = args[2 * i];
        struct target target;
        size_t index = find_name(name, &target);
        if (!target.row)
            return brine_fail(set->err, BRINE_INVALID, 0,
                              "Unknown option or number of arguments for CONFIG SET - '%.*s'",
                              (int)MIN(name.len, (size_t)128), (const char *)name.data);
        enum option_when when = target.row->when;
        if (when == WHEN_STARTUP) return set_fail(set, name, "can't set immutable config");
        if (when == WHEN_PROTECTED) return set_fail(set, name, "can't set protected config");
        bool *option = target.is_option ? &option_given[option_index(target.row)] : NULL;
        if (given[index] || (option && *option)) return set_fail(set, name, "duplicate parameter");
        given[index] = true;
        if (option) *option = true;
        BRINE_ASSERT(set->count < PENDING_MAX, "each name is pending once");
        set->pending[set->count++] = (struct pending){.target = target, .name = name};
    }
    return BRINE_OK;
}

static enum brine_status set_fault(const struct set *set, const struct pending *pending,
                                   enum option_fault fault) {
    const struct option_row *row = pending->target.row;
    struct buf why;
    buf_init(&why, set->config->mem, BRINE_ERROR_TEXT_BYTES);
    enum brine_status status = BRINE_OK;
    if (pending->target.dialect == DIALECT_REDIS) {
        status = option_fault_redis(row, fault, &why);
    } else {
        status = buf_append(&why, BYTES("expected "));
        if (status == BRINE_OK) status = option_describe(row, &why);
    }
    if (status == BRINE_OK) status = buf_append_byte(&why, 0);
    status = status == BRINE_OK ? set_fail(set, pending->name, (const char *)why.data)
                                : set_no_memory(set);
    buf_deinit(&why);
    return status;
}

/* ---- client-output-buffer-limit ---------------------------------------------------------------
 */

/* The next blank-separated word; a word may not be empty, as Redis splits. */
static struct bytes take_word(struct bytes *text) {
    size_t len = 0;
    while (len < text->len && text->data[len] != ' ') len++;
    struct bytes word = bytes_view(text->data, len);
    *text = bytes_slice(*text, len + 1, SIZE_MAX);
    return word;
}

static bool parse_memory(struct bytes text, int64_t *bytes) {
    static const struct option_row size = {.kind = KIND_SIZE, .max = INT64_MAX};
    struct option_value value;
    if (option_parse(&size, text, DIALECT_REDIS, &value) != FAULT_NONE) return false;
    *bytes = value.number;
    return true;
}

static size_t find_class(struct bytes name) {
    if (bytes_is(name, "replica")) return 1;
    size_t found = 0;
    while (found < LIMIT_CLASSES && !bytes_is(name, limit_classes[found])) found++;
    return found;
}

/* "normal 0 0 0 pubsub 32mb 8mb 60".  The soft limits of `normal` are refused, for brine would not
 * heed them; those of the other classes are remembered. */
static const char *parse_buffer_limits(struct bytes text, struct pending *pending) {
    size_t words = text.len > 0;
    for (size_t i = 0; i < text.len; i++) words += text.data[i] == ' ';
    if (words % 4 != 0) return "Wrong number of arguments in buffer limit configuration.";
    for (; words > 0; words -= 4) {
        size_t class = find_class(take_word(&text));
        if (class == LIMIT_CLASSES)
            return "Invalid client class specified in buffer limit configuration.";
        struct bytes hard = take_word(&text), soft = take_word(&text), seconds = take_word(&text);
        int64_t *limits = pending->limits.of[class];
        if (!parse_memory(hard, &limits[0]) || !parse_memory(soft, &limits[1]) ||
            !number_parse_i64(seconds, &limits[2]) || limits[2] < 0)
            return "Error in hard, soft or soft_seconds setting in buffer limit configuration.";
    }
    if (pending->limits.of[0][1] != 0 || pending->limits.of[0][2] != 0)
        return "brine has no soft limits for normal clients; their soft limit and seconds are 0";
    return NULL;
}

/* The hard limit of `normal` is an option of its own, set beside. */
static enum brine_status read_buffer_limits(struct set *set, struct pending *pending,
                                            struct bytes text) {
    struct config *config = set->config;
    pending->limits = config->buffer_limits;
    int64_t before = config_read(config->limits.output_bytes);
    pending->limits.of[0][0] = before;
    const char *wrong = parse_buffer_limits(text, pending);
    if (wrong) return set_fail(set, pending->name, wrong);
    const struct option_row *row = &config_rows[CONFIG_OPTION_limits_output_bytes];
    int64_t hard = pending->limits.of[0][0] == 0 ? INT64_MAX : pending->limits.of[0][0];
    pending->limits.of[0][0] = 0;
    if (hard < row->min) {
        char why[96];
        snprintf(why, sizeof why, "the hard limit of normal clients is 0 or at least %lld bytes",
                 (long long)row->min);
        return set_fail(set, pending->name, why);
    }
    if (hard == before) return BRINE_OK;
    for (size_t i = 0; i < set->count; i++)
        if (set->pending[i].target.row == row)
            return set_fail(set, pending->name, "duplicate parameter");
    set->pending[set->count++] = (struct pending){
        .target = {.row = row, .is_option = true, .dialect = DIALECT_REDIS},
        .name = pending->name,
        .number = hard,
        .origin = {.source = CONFIG_FROM_SET},
    };
    return BRINE_OK;
}

/* ---- CONFIG SET: values -----------------------------------------------------------------------
 */

/* A name is kept as the text that CONFIG GET answers. */
static enum brine_status keep_name(struct set *set, struct pending *pending,
                                   const struct option_value *value) {
    const struct option_row *row = pending->target.row;
    struct buf text;
    buf_init(&text, set->config->mem, CONFIG_FILE_BYTES_MAX);
    enum brine_status status = option_format(row, DIALECT_REDIS, value, &text);
    if (status == BRINE_OK && row->when == WHEN_FIXED &&
        !bytes_equal(buf_view(&text), bytes_of_cstr(row->default_text))) {
        char why[160];
        snprintf(why, sizeof why, "%s: only '%s' is supported", row->doc, row->default_text);
        status = set_fail(set, pending->name, why);
    } else if (status == BRINE_OK) {
        pending->text = config_own_text(set->config, buf_view(&text));
        if (!pending->text.data) status = BRINE_NO_MEMORY;
    }
    buf_deinit(&text);
    return status == BRINE_NO_MEMORY ? set_no_memory(set) : status;
}

/* save: whatever text it is, only the default is supported. */
static bool is_fixed_text(const struct option_row *row) {
    return row->kind == KIND_STRING && row->when == WHEN_FIXED;
}

/* Step 2. */
static enum brine_status read_value(struct set *set, struct pending *pending, struct bytes text) {
    const struct option_row *row = pending->target.row;
    if (row->kind == KIND_BUFFER_LIMITS) return read_buffer_limits(set, pending, text);
    struct option_value value;
    enum option_fault fault = option_parse(row, text, pending->target.dialect, &value);
    if (fault != FAULT_NONE && !is_fixed_text(row)) return set_fault(set, pending, fault);
    if (!pending->target.is_option) return keep_name(set, pending, &value);
    pending->number = value.number;
    pending->origin = (struct config_origin){.source = CONFIG_FROM_SET};
    if (row->kind != KIND_STRING && row->kind != KIND_SECRET) return BRINE_OK;
    pending->text = config_own_text(set->config, value.text);
    return pending->text.data ? BRINE_OK : set_no_memory(set);
}

/* ---- CONFIG SET: steps 3 and 4 ----------------------------------------------------------------
 */

static void swap_text(struct bytes *a, struct bytes *b) {
    struct bytes kept = *a;
    *a = *b;
    *b = kept;
}

/* Puts what is pending in place and what was in place aside: twice is never. */
static void swap(struct config *config, struct pending *pending) {
    const struct option_row *row = pending->target.row;
    void *field = (uint8_t *)config + row->offset;
    pthread_mutex_lock(&config->text_lock);
    if (!pending->target.is_option && row->kind == KIND_BUFFER_LIMITS) {
        struct config_buffer_limits kept = config->buffer_limits;
        config->buffer_limits = pending->limits;
        pending->limits = kept;
    } else if (!pending->target.is_option) {
        swap_text(&config->remembered[row - config_names], &pending->text);
    } else if (row->kind == KIND_STRING || row->kind == KIND_SECRET) {
        swap_text(&((struct config_text *)field)->value_, &pending->text);
    } else if (row->kind == KIND_BOOL) {
        pending->number = atomic_exchange((_Atomic bool *)field, pending->number != 0);
    } else {
        pending->number = atomic_exchange((_Atomic int64_t *)field, pending->number);
    }
    if (pending->target.is_option) {
        struct config_origin *origin = &config->origins[option_index(row)], kept = *origin;
        *origin = pending->origin;
        pending->origin = kept;
    }
    pthread_mutex_unlock(&config->text_lock);
}

static enum brine_status apply(struct set *set, const struct pending *pending,
                               struct brine_error *why) {
    if (!pending->target.is_option) return BRINE_OK;
    enum config_option option = option_index(pending->target.row);
    const struct config_apply *callback = &set->config->applies[option];
    return callback->apply ? callback->apply(callback->context, set->config, option, why)
                           : BRINE_OK;
}

static enum brine_status apply_all(struct set *set) {
    for (size_t i = 0; i < set->count; i++) swap(set->config, &set->pending[i]);
    struct brine_error why = {0};
    for (; set->applied < set->count; set->applied++)
        if (apply(set, &set->pending[set->applied], &why) != BRINE_OK) break;
    if (set->applied == set->count) return BRINE_OK;
    for (size_t i = set->count; i > 0; i--) swap(set->config, &set->pending[i - 1]);
    for (size_t i = 0; i < set->applied; i++) {
        enum brine_status undone = apply(set, &set->pending[i], NULL);
        BRINE_ASSERT(undone == BRINE_OK, "an option's old value can be applied again");
    }
    return set_fail(set, set->pending[set->applied].name, why.text);
}

enum brine_status config_set(struct config *config, const struct bytes *args, size_t pairs_count,
                             struct brine_error *err) {
    struct set set = {.config = config, .err = err};
    size_t pending_bytes = PENDING_MAX * sizeof *set.pending;
    set.pending = mem_alloc(config->mem, pending_bytes);
    if (!set.pending) return set_no_memory(&set);
    pthread_mutex_lock(&config->set_lock);
    enum brine_status status = look_up(&set, args, pairs_count);
    for (size_t i = 0; status == BRINE_OK && i < pairs_count; i++)
        status = read_value(&set, &set.pending[i], args[2 * i + 1]);
    if (status == BRINE_OK) status = apply_all(&set);
    pthread_mutex_unlock(&config->set_lock);
    for (size_t i = 0; i < set.count; i++) config_disown_text(config, set.pending[i].text);
    mem_free(config->mem, set.pending, pending_bytes);
    return status;
}
