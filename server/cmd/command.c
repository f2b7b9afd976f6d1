/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "cmd/command.h"

#include "base/assert.h"
#include "base/number.h"
#include "cmd/handlers.h"

/* clang-format off */
#define NO_KEYS {0, 0, 0, KEYS_NONE, "", NULL, 0, NULL, NULL, NULL}
#define KEYS(first, last, step, use, access) {first, last, step, KEYS_##use, access, NULL, 0, NULL, NULL, NULL}
#define KEYS_NOTED(first, last, step, use, access, notes) {first, last, step, KEYS_##use, access, notes, 0, NULL, NULL, NULL}
#define KEYS_COUNTED(at, use, access, notes) {0, 0, 0, KEYS_##use, access, notes, at, NULL, NULL, NULL}
#define KEYS_AND_UNKNOWN(first, last, step, use, access, read, written) {first, last, step, KEYS_##use, access, NULL, 0, read, written, NULL}
#define KEYS_AND_OTHERS(first, last, use, access, other_use, other_access)                                      \
    {first, last, 1, KEYS_##use, access, NULL, 0, NULL, NULL,                                                 \
     &(const struct command_keys){(first) + 1, last, 1, KEYS_##other_use, other_access, NULL, 0, NULL, NULL, NULL}}
#define COMMAND(...) {__VA_ARGS__},
/* clang-format on */
const struct command command_table[] = {
#include "cmd/commands.def"
};

static uint32_t hash_name(struct bytes name);

size_t command_table_count(void) {
    return ARRAY_LEN(command_table);
}

void command_index_init(struct command_index *index) {
    *index = (struct command_index){0};
    _Static_assert(ARRAY_LEN(command_table) <= COMMAND_ROWS_MAX, "there is room for each row");
    _Static_assert(COMMAND_ROWS_MAX <= COMMAND_INDEX_SLOTS / 2, "a look-up stays short");
    for (size_t row = 0; row < ARRAY_LEN(command_table); row++) {
        const struct command *command = &command_table[row];
        if (command_is_subcommand(command)) continue;
        struct bytes name = bytes_of_cstr(command->name);
        BRINE_ASSERT(name.len <= COMMAND_NAME_BYTES_MAX, "a command's name is short");
        uint32_t slot = hash_name(name) % COMMAND_INDEX_SLOTS;
        while (index->rows[slot]) slot = (slot + 1) % COMMAND_INDEX_SLOTS;
        index->rows[slot] = (uint16_t)(row + 1);
        index->subcommands[row] = (uint8_t)command_subcommands(command);
    }
}

const struct command *command_find(const struct command_index *index, struct bytes name) {
    if (name.len > COMMAND_NAME_BYTES_MAX) return NULL;
    uint32_t slot = hash_name(name) % COMMAND_INDEX_SLOTS;
    for (; index->rows[slot]; slot = (slot + 1) % COMMAND_INDEX_SLOTS) {
        const struct command *command = &command_table[index->rows[slot] - 1];
        if (bytes_is(name, command->name)) return command;
    }
    return NULL;
}

const struct command *command_find_args(const struct command_index *index, const struct bytes *args,
                                        size_t args_count) {
    const struct command *command = command_find(index, args[0]);
    if (command && args_count > 1 && index->subcommands[command_row(command)])
        command = command_find_subcommand(command, args[1]);
    return command;
}

/* Only what is found by its first word alone is remembered, and so is found by it again. */
const struct command *command_find_recent(const struct command_index *index,
                                          const struct bytes *args, size_t args_count,
                                          struct command_recent *recent) {
    uint64_t spelling = command_spelling(args[0]);
    if (LIKELY(spelling && spelling == recent->spelling)) return recent->command;
    const struct command *command = command_find_args(index, args, args_count);
    bool is_simple =
        command && index->subcommands[command_row(command)] == 0 && !command_is_subcommand(command);
    *recent = (struct command_recent){.spelling = is_simple ? spelling : 0, .command = command};
    return command;
}

size_t command_subcommands(const struct command *container) {
    size_t count = 0, row = command_row(container);
    while (row + count + 1 < ARRAY_LEN(command_table) &&
           command_is_subcommand(&command_table[row + count + 1]))
        count++;
    return command_is_subcommand(container) ? 0 : count;
}

const struct command *command_find_subcommand(const struct command *container, struct bytes name) {
    size_t skip = strlen(container->name) + 1;
    for (size_t i = command_subcommands(container); i > 0; i--)
        if (bytes_is(name, container[i].name + skip)) return &container[i];
    return NULL;
}

/* Source: Redis 7.0 db.c getKeysUsingKeySpecs: a number of keys that cannot be is none. */
static bool counted_key_positions(const struct command *command, const struct bytes *args,
                                  size_t args_count, size_t *first, size_t *last) {
    size_t at = (size_t)command->keys.count_at;
    int64_t count;
    if (at >= args_count || !number_parse_i64(args[at], &count)) return false;
    if (count <= 0 || (uint64_t)count > args_count - at - 1) return false;
    *first = at + 1;
    *last = at + (size_t)count;
    return true;
}

bool command_key_positions(const struct command *command, const struct bytes *args,
                           size_t args_count, size_t *first, size_t *last, size_t *step) {
    const struct command_keys *keys = &command->keys;
    *step = 1;
    if (keys->count_at > 0) return counted_key_positions(command, args, args_count, first, last);
    if (keys->use == KEYS_NONE || keys->first >= (int64_t)args_count) return false;
    *first = (size_t)keys->first;
    *step = (size_t)keys->step;
    *last = (size_t)(keys->last < 0 ? (int64_t)args_count + keys->last : keys->last);
    return *first <= *last;
}

static bool has_word(const char *text, const char *word) {
    size_t len = strlen(word);
    for (const char *at = strstr(text, word); at; at = strstr(at + 1, word))
        if ((at == text || at[-1] == ' ') && (at[len] == ' ' || at[len] == 0)) return true;
    return false;
}

/* Source: Redis acl.c, server.c setImplicitACLCategories. */
bool command_is_in_category(const struct command *command, enum auth_category category) {
    const char *word = auth_category_words[category];
    uint32_t flags = command->flags;
    bool follows = (category == AUTH_CATEGORY_WRITE && flags & CMD_WRITE) ||
                   (category == AUTH_CATEGORY_READ && flags & CMD_READONLY &&
                    !has_word(command->categories, "scripting")) ||
                   (category == AUTH_CATEGORY_ADMIN && flags & CMD_ADMIN) ||
                   (category == AUTH_CATEGORY_DANGEROUS && flags & CMD_ADMIN) ||
                   (category == AUTH_CATEGORY_PUBSUB && flags & CMD_PUBSUB) ||
                   (category == AUTH_CATEGORY_FAST && flags & CMD_FAST) ||
                   (category == AUTH_CATEGORY_SLOW && !(flags & CMD_FAST)) ||
                   (category == AUTH_CATEGORY_PICKLE && strcmp(command->group, "pickle") == 0);
    return follows || has_word(command->categories, word);
}

/* FNV-1a over the folded name.  Not keyed: strangers do not choose what is in the index. */
static uint32_t hash_name(struct bytes name) {
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < name.len; i++) hash = (hash ^ byte_lower(name.data[i])) * 16777619u;
    return hash ^ hash >> 15;
}
