/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A book keeps rows as they were read, in one arena: an array of policies, each with a chain of its
 * rows and a chain of the names it extends.  Compiling marks what is reachable from the names asked
 * for, gathers the rows of all that is marked, sorts them by global, melts equal globals into one
 * and lets policy_index build the slots.  Entries, slots and their text lie in one block. */

#include "policy/policy.h"

#include "base/arena.h"
#include "policy/presets.h"
#include "text/toml.h"

#include <stdio.h>
#include <stdlib.h>

struct row {
    struct row *next;
    struct policy_entry entry;
};

struct extension {
    struct extension *next;
    const struct book_policy *policy; /* NULL until the whole text is read */
    struct bytes name;
    uint32_t line, column;
};

struct book_policy {
    struct book_policy *next;
    struct bytes name, doc;
    const char *file;
    struct row *rows;
    struct extension *extends;
    size_t rows_count, number;
    bool preset;
};

struct warning {
    struct warning *next;
    const char *text;
};

struct policy_book {
    struct allocator *mem;
    struct arena arena;
    struct book_policy *first, *last;
    size_t policies_count, rows_count;
    struct warning *warnings, *last_warning;
};

/* What one policy_book_add works with. */
struct reading {
    struct policy_book *book;
    const char *file;
    bool preset;
    struct brine_error *err;
};

static struct book_policy *find_policy(const struct policy_book *book, struct bytes name) {
    struct book_policy *policy = book->first;
    while (policy && !bytes_equal(policy->name, name)) policy = policy->next;
    return policy;
}

static enum brine_status refuse(struct reading *reading, const struct toml_value *at,
                                const char *what, struct bytes name, const char *advice) {
    return brine_fail(reading->err, BRINE_INVALID, at->offset, "%s:%u:%u: %s '%.*s'%s%s",
                      reading->file, at->line, at->column, what, (int)MIN(name.len, 200),
                      (const char *)name.data, advice[0] ? ": " : "", advice);
}

static enum brine_status no_memory(struct reading *reading) {
    return brine_fail(reading->err, BRINE_NO_MEMORY, 0, "%s: out of memory", reading->file);
}

static enum brine_status warn(struct reading *reading, const struct toml_value *at,
                              struct bytes name) {
    char line[BRINE_ERROR_TEXT_BYTES];
    int len = snprintf(line, sizeof line,
                       "%s:%u:%u: '%.*s' admits whatever that module holds, now and in its next "
                       "release; name what is needed",
                       reading->file, at->line, at->column, (int)MIN(name.len, 200), name.data);
    struct warning *warning = arena_alloc(&reading->book->arena, sizeof *warning);
    struct bytes copy = arena_copy(&reading->book->arena,
                                   bytes_view(line, MIN((size_t)MAX(len, 0), sizeof line - 1)));
    if (!warning || !copy.data) return no_memory(reading);
    *warning = (struct warning){.text = (const char *)copy.data};
    if (reading->book->last_warning)
        reading->book->last_warning->next = warning;
    else
        reading->book->warnings = warning;
    reading->book->last_warning = warning;
    return BRINE_OK;
}

/* ---- reading rows ---------------------------------------------------------------------------- */

static bool is_wildcard(struct bytes name) {
    return name.len > 0 && name.data[name.len - 1] == '*' &&
           (name.len == 1 || name.data[name.len - 2] == '.');
}

/* Cuts "module.name" at its last dot, or at the colon; false when a part is missing or odd. */
static bool split_global(struct bytes text, struct policy_entry *entry) {
    if (text.len == 0 || text.len > POLICY_GLOBAL_BYTES_MAX) return false;
    size_t dot = SIZE_MAX, colon = SIZE_MAX, stars = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] <= ' ' || text.data[i] == 0x7f) return false;
        if (text.data[i] == '.') dot = i;
        if (text.data[i] == '*') stars++;
        if (text.data[i] == ':' && colon != SIZE_MAX) return false;
        if (text.data[i] == ':') colon = i;
    }
    size_t cut = colon != SIZE_MAX ? colon : dot;
    if (cut == SIZE_MAX) return false;
    entry->module = bytes_slice(text, 0, cut);
    entry->name = bytes_slice(text, cut + 1, text.len);
    if (stars > (size_t)is_wildcard(entry->name)) return false;
    return entry->module.len > 0 && entry->name.len > 0;
}

static bool right_named(struct bytes word, uint32_t *rights) {
    if (bytes_equal(word, BYTES("items"))) {
        *rights |= POLICY_ITEMS;
        return true;
    }
#define R(id, bit, label, doc)                                                                     \
    if (bytes_equal(word, BYTES(label))) {                                                         \
        *rights |= POLICY_##id;                                                                    \
        return true;                                                                               \
    }
    POLICY_RIGHTS(R)
#undef R
    return false;
}

static enum brine_status read_rights(struct reading *reading, const struct toml_value *may,
                                     uint32_t *rights) {
    if (may->kind != TOML_ARRAY || may->items.count == 0)
        return refuse(reading, may, "expected a list of rights in", may->key,
                      "may = [\"ref\", \"call\", \"new\", \"build\", \"items\", \"hash\"]");
    *rights = 0;
    for (const struct toml_value *word = toml_first(may); word; word = word->next) {
        if (word->kind != TOML_STRING || !right_named(word->string, rights))
            return refuse(reading, word, "unknown right",
                          word->kind == TOML_STRING ? word->string : may->key,
                          "known are ref, call, new, build, state, items, items.list, items.dict, "
                          "items.set, hash");
    }
    return BRINE_OK;
}

/* Letters of match.h's shapes; a '?' or '*' stands behind a letter only. */
static bool is_shape(struct bytes shape) {
    if (shape.len > POLICY_NAME_BYTES_MAX) return false;
    for (size_t i = 0; i < shape.len; i++) {
        uint8_t c = shape.data[i];
        bool letter = c && strchr("sbiofnvltqdemga", c) != NULL;
        bool suffix = (c == '?' || c == '*') && i > 0 && shape.data[i - 1] >= 'a';
        if (!letter && !suffix) return false;
        if (c == '*' && i + 1 != shape.len) return false;
    }
    return true;
}

/* only = ["m.C", ...]; the list and its text stay in the book. */
static enum brine_status read_only_list(struct reading *reading, const struct toml_value *list,
                                        struct policy_entry *entry) {
    if (list->kind != TOML_ARRAY || list->items.count == 0 || list->items.count > POLICY_ONLY_MAX)
        return refuse(reading, list, "expected a list of 1 to 256 globals in", list->key,
                      "only = [\"module.Class\"]");
    struct arena *arena = &reading->book->arena;
    struct policy_name *names = arena_alloc(arena, list->items.count * sizeof *names);
    if (!names) return no_memory(reading);
    size_t count = 0;
    for (const struct toml_value *item = toml_first(list); item; item = item->next) {
        struct policy_entry parts = {0};
        struct bytes text =
            item->kind == TOML_STRING ? arena_copy(arena, item->string) : bytes_view("", 0);
        if (!text.data) return no_memory(reading);
        if (!split_global(text, &parts) || is_wildcard(parts.name))
            return refuse(reading, item, "not the name of a global:", text,
                          "write \"module.Class\" or \"module:Outer.Inner\"");
        names[count++] = (struct policy_name){parts.module, parts.name};
    }
    entry->only = names;
    entry->only_count = count;
    return BRINE_OK;
}

/* { name = "m.f", may = [...], args = "si?", only = [...] } */
static enum brine_status read_row_table(struct reading *reading, const struct toml_value *value,
                                        struct policy_entry *entry, struct bytes *name) {
    for (const struct toml_value *item = toml_first(value); item; item = item->next) {
        if (bytes_equal(item->key, BYTES("name")) && item->kind == TOML_STRING) {
            *name = item->string;
        } else if (bytes_equal(item->key, BYTES("may"))) {
            TRY(read_rights(reading, item, &entry->rights));
        } else if (bytes_equal(item->key, BYTES("args")) && item->kind == TOML_STRING) {
            if (!is_shape(item->string))
                return refuse(reading, item, "unknown shape of arguments", item->string,
                              "one letter an argument: s b i o f n v l t q d e m g a, then ? or *");
            entry->shape = item->string;
        } else if (bytes_equal(item->key, BYTES("only"))) {
            TRY(read_only_list(reading, item, entry));
        } else {
            return refuse(reading, item, "unknown key, or a value of the wrong kind, in", item->key,
                          "an entry has name = \"module.name\", may = [...], args = \"...\", "
                          "only = [...]");
        }
    }
    if (!name->data)
        return refuse(reading, value, "an entry without", BYTES("name"), "name = \"module.name\"");
    return BRINE_OK;
}

static enum brine_status read_row(struct reading *reading, struct book_policy *policy,
                                  const struct toml_value *value) {
    struct policy_book *book = reading->book;
    struct policy_entry entry = {.rights = POLICY_CLASS};
    struct bytes name = {0};
    if (value->kind == TOML_STRING)
        name = value->string;
    else if (value->kind == TOML_TABLE)
        TRY(read_row_table(reading, value, &entry, &name));
    else
        return refuse(reading, value, "expected a string or a table in", BYTES("allow"),
                      "\"module.name\" or { name = \"module.name\", may = [...] }");
    if (!split_global(name, &entry))
        return refuse(reading, value, "not the name of a global:", name,
                      "write \"module.Class\", \"module:Outer.Inner\" or \"module.*\"");
    if (is_wildcard(entry.name)) TRY(warn(reading, value, name));
    if (book->rows_count == POLICY_BOOK_ROWS_MAX)
        return brine_fail(reading->err, BRINE_TOO_BIG, value->offset, "%s:%u: more than %d rows",
                          reading->file, value->line, POLICY_BOOK_ROWS_MAX);

    char origin[POLICY_NAME_BYTES_MAX + 256];
    int origin_len = snprintf(origin, sizeof origin, "%s:%u", reading->file, (unsigned)value->line);
    struct row *row = arena_alloc(&book->arena, sizeof *row);
    struct bytes text = arena_copy(&book->arena, name);
    struct bytes shape = arena_copy(&book->arena, entry.shape);
    struct bytes where =
        arena_copy(&book->arena, bytes_view(origin, MIN((size_t)origin_len, sizeof origin - 1)));
    if (!row || !text.data || !shape.data || !where.data) return no_memory(reading);
    bool split = split_global(text, &entry); /* again, over the copy that stays */
    entry.shape = entry.shape.data ? shape : entry.shape;
    entry.origin = (const char *)where.data;
    *row = (struct row){.next = policy->rows, .entry = entry};
    if (!split) return no_memory(reading);
    policy->rows = row;
    policy->rows_count++;
    book->rows_count++;
    return BRINE_OK;
}

/* ---- reading policies ------------------------------------------------------------------------ */

static bool is_policy_name(struct bytes name) {
    if (name.len == 0 || name.len > POLICY_NAME_BYTES_MAX) return false;
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = byte_lower(name.data[i]);
        if (!byte_is_digit(c) && !(c >= 'a' && c <= 'z') && c != '-' && c != '_') return false;
    }
    return true;
}

static enum brine_status read_extends(struct reading *reading, struct book_policy *policy,
                                      const struct toml_value *list) {
    if (list->kind != TOML_ARRAY || list->items.count > POLICY_EXTENDS_MAX)
        return refuse(reading, list, "expected a list of at most 64 policies in", list->key,
                      "extends = [\"stdlib\"]");
    for (const struct toml_value *item = toml_first(list); item; item = item->next) {
        if (item->kind != TOML_STRING || !is_policy_name(item->string))
            return refuse(reading, item, "not the name of a policy in",
                          item->kind == TOML_STRING ? item->string : list->key, "");
        struct extension *extension = arena_alloc(&reading->book->arena, sizeof *extension);
        struct bytes name = arena_copy(&reading->book->arena, item->string);
        if (!extension || !name.data) return no_memory(reading);
        *extension = (struct extension){policy->extends, NULL, name, item->line, item->column};
        policy->extends = extension;
    }
    return BRINE_OK;
}

static enum brine_status read_policy(struct reading *reading, const struct toml_value *table,
                                     struct book_policy *policy) {
    for (const struct toml_value *item = toml_first(table); item; item = item->next) {
        if (bytes_equal(item->key, BYTES("extends"))) {
            TRY(read_extends(reading, policy, item));
        } else if (bytes_equal(item->key, BYTES("allow")) && item->kind == TOML_ARRAY) {
            for (const struct toml_value *row = toml_first(item); row; row = row->next)
                TRY(read_row(reading, policy, row));
        } else if (bytes_equal(item->key, BYTES("doc")) && item->kind == TOML_STRING) {
            policy->doc = arena_copy(&reading->book->arena, item->string);
            if (!policy->doc.data) return no_memory(reading);
        } else {
            return refuse(reading, item, "unknown key, or a value of the wrong kind, in", item->key,
                          "a policy has doc = \"...\", extends = [...], allow = [...]");
        }
    }
    return BRINE_OK;
}

static enum brine_status add_policy(struct reading *reading, const struct toml_value *table) {
    struct policy_book *book = reading->book;
    if (table->kind != TOML_TABLE || !is_policy_name(table->key))
        return refuse(reading, table, "not a policy:", table->key,
                      "write [policy.NAME], with letters, digits, '-' and '_'");
    const struct book_policy *other = find_policy(book, table->key);
    if (other)
        return refuse(reading, table, "there is a policy of this name already:", table->key,
                      other->preset ? "it comes with brine; choose another name" : "");
    if (book->policies_count == POLICY_BOOK_POLICIES_MAX)
        return brine_fail(reading->err, BRINE_TOO_BIG, table->offset,
                          "%s:%u: more than %d policies", reading->file, table->line,
                          POLICY_BOOK_POLICIES_MAX);
    struct book_policy *policy = arena_alloc(&book->arena, sizeof *policy);
    struct bytes name = arena_copy(&book->arena, table->key);
    if (!policy || !name.data) return no_memory(reading);
    *policy = (struct book_policy){.name = name,
                                   .file = reading->file,
                                   .preset = reading->preset,
                                   .number = book->policies_count};
    TRY(read_policy(reading, table, policy));
    if (book->last)
        book->last->next = policy;
    else
        book->first = policy;
    book->last = policy;
    book->policies_count++;
    return BRINE_OK;
}

static enum brine_status add_tables(struct reading *reading, const struct toml_value *root,
                                    bool others_allowed) {
    for (const struct toml_value *item = toml_first(root); item; item = item->next) {
        if (!bytes_equal(item->key, BYTES("policy"))) {
            if (others_allowed) continue;
            return refuse(reading, item, "unknown key", item->key,
                          "a file of policies holds [policy.NAME] tables");
        }
        if (item->kind != TOML_TABLE)
            return refuse(reading, item, "expected tables in", item->key, "write [policy.NAME]");
        for (const struct toml_value *table = toml_first(item); table; table = table->next)
            TRY(add_policy(reading, table));
    }
    return BRINE_OK;
}

/* Takes back what a failed reading has added behind `last`. */
static void forget_since(struct policy_book *book, const struct policy_book *before) {
    book->last = before->last;
    if (book->last)
        book->last->next = NULL;
    else
        book->first = NULL;
    book->last_warning = before->last_warning;
    if (book->last_warning)
        book->last_warning->next = NULL;
    else
        book->warnings = NULL;
    book->policies_count = before->policies_count;
    book->rows_count = before->rows_count;
}

/* Only now, for a policy may stand before the one that it extends. */
static enum brine_status resolve_extensions(const struct policy_book *book,
                                            struct book_policy *from, struct brine_error *err) {
    for (struct book_policy *policy = from; policy; policy = policy->next) {
        for (struct extension *e = policy->extends; e; e = e->next) {
            e->policy = find_policy(book, e->name);
            if (e->policy) continue;
            return brine_fail(err, BRINE_INVALID, 0,
                              "%s:%u:%u: policy '%s' extends '%s', which does not exist",
                              policy->file, (unsigned)e->line, (unsigned)e->column,
                              (const char *)policy->name.data, (const char *)e->name.data);
        }
    }
    return BRINE_OK;
}

static enum brine_status add_text(struct policy_book *book, const struct policy_text *text,
                                  bool preset, struct brine_error *err) {
    struct policy_book before = *book;
    struct bytes file = arena_copy(&book->arena, bytes_of_cstr(text->file));
    if (!file.data) return brine_fail(err, BRINE_NO_MEMORY, 0, "%s: out of memory", text->file);
    struct reading reading = {book, (const char *)file.data, preset, err};
    struct arena tree;
    arena_init(&tree, book->mem, POLICY_BOOK_BYTES_MAX);
    const struct toml_value *root;
    struct brine_error parse_error = {0};
    enum brine_status status =
        toml_parse(&tree, text->text, (struct toml_limits){0}, &root, &parse_error);
    if (status != BRINE_OK)
        brine_fail(err, status, parse_error.offset, "%s:%.400s", text->file, parse_error.text);
    if (status == BRINE_OK) status = add_tables(&reading, root, text->others_allowed);
    if (status == BRINE_OK)
        status = resolve_extensions(book, before.last ? before.last->next : book->first, err);
    if (status != BRINE_OK) forget_since(book, &before);
    arena_deinit(&tree);
    return status;
}

/* ---- the book -------------------------------------------------------------------------------- */

enum brine_status policy_book_create(struct allocator *mem, bool with_presets,
                                     struct policy_book **result, struct brine_error *err) {
    struct policy_book *book = mem_alloc_zeroed(mem, sizeof *book);
    if (!book) return brine_fail(err, BRINE_NO_MEMORY, 0, "policies: out of memory");
    book->mem = mem;
    arena_init(&book->arena, mem, POLICY_BOOK_BYTES_MAX);
    for (enum policy_preset preset = 0; with_presets && preset < POLICY_PRESET_COUNT; preset++) {
        char file[POLICY_NAME_BYTES_MAX + 16];
        snprintf(file, sizeof file, "preset %s", policy_preset_name(preset));
        struct policy_text text = {.file = file, .text = policy_preset_text(preset)};
        enum brine_status status = add_text(book, &text, true, err);
        if (status != BRINE_OK) {
            policy_book_destroy(book);
            return status;
        }
    }
    *result = book;
    return BRINE_OK;
}

void policy_book_destroy(struct policy_book *book) {
    if (!book) return;
    arena_deinit(&book->arena);
    mem_free(book->mem, book, sizeof *book);
}

enum brine_status policy_book_add(struct policy_book *book, const struct policy_text *text,
                                  struct brine_error *err) {
    return add_text(book, text, false, err);
}

size_t policy_book_count(const struct policy_book *book) {
    return book->policies_count;
}

struct policy_summary policy_book_at(const struct policy_book *book, size_t index) {
    const struct book_policy *policy = book->first;
    while (policy->number != index) policy = policy->next;
    return (struct policy_summary){.name = policy->name,
                                   .doc = policy->doc,
                                   .file = policy->file,
                                   .rows = policy->rows_count,
                                   .preset = policy->preset};
}

const char *policy_book_warning(const struct policy_book *book, size_t index) {
    const struct warning *warning = book->warnings;
    while (warning && index--) warning = warning->next;
    return warning ? warning->text : NULL;
}

/* ---- compiling ------------------------------------------------------------------------------- */

/* Marks everything reachable.  A pass over the book marks at least one more or ends, so that cycles
 * need no care; with a thousand policies at most that is fast enough for what happens at a reload.
 */
static void mark_extended(const struct policy_book *book, bool *marked) {
    bool grown = true;
    while (grown) {
        grown = false;
        for (const struct book_policy *policy = book->first; policy; policy = policy->next) {
            if (!marked[policy->number]) continue;
            for (const struct extension *e = policy->extends; e; e = e->next) {
                if (marked[e->policy->number]) continue;
                marked[e->policy->number] = grown = true;
            }
        }
    }
}

static enum brine_status mark(const struct policy_book *book, const struct bytes *names,
                              size_t names_count, bool *marked, struct brine_error *err) {
    for (size_t i = 0; i < names_count; i++) {
        const struct book_policy *policy = find_policy(book, names[i]);
        if (!policy)
            return brine_fail(err, BRINE_NOT_FOUND, 0, "there is no policy '%.*s'",
                              (int)MIN(names[i].len, POLICY_NAME_BYTES_MAX), names[i].data);
        marked[policy->number] = true;
    }
    mark_extended(book, marked);
    return BRINE_OK;
}

static int compare_entries(const void *left, const void *right) {
    const struct policy_entry *a = left, *b = right;
    int order = bytes_compare(a->module, b->module);
    return order ? order : bytes_compare(a->name, b->name);
}

static bool same_only(const struct policy_entry *a, const struct policy_entry *b) {
    bool same = a->only_count == b->only_count;
    for (size_t i = 0; same && i < a->only_count; i++)
        same = policy_takes_global(b, a->only[i].module, a->only[i].name) &&
               policy_takes_global(a, b->only[i].module, b->only[i].name);
    return same;
}

/* What one of two rows allows is allowed.  Only rows that let the global be called say how; where
 * two say it differently, any arguments are, for nothing less covers both. */
static void melt_into(struct policy_entry *last, const struct policy_entry *row) {
    enum { HOW = POLICY_CALL | POLICY_NEW };
    bool alike = last->shape.data && row->shape.data && bytes_equal(last->shape, row->shape);
    if (!(last->rights & HOW)) {
        last->shape = row->shape;
        last->only = row->only;
        last->only_count = row->only_count;
    } else if (row->rights & HOW) {
        if (!alike) last->shape = bytes_view(NULL, 0);
        if (!same_only(last, row)) last->only_count = 0;
    }
    last->rights |= row->rights;
}

/* Melts neighbours of the same global; returns how many are left. */
static size_t melt(struct policy_entry *entries, size_t count) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept && compare_entries(&entries[kept - 1], &entries[i]) == 0)
            melt_into(&entries[kept - 1], &entries[i]);
        else
            entries[kept++] = entries[i];
    }
    return kept;
}

static size_t text_bytes(const struct policy_entry *entry) {
    size_t bytes = entry->module.len + entry->name.len + entry->shape.len;
    for (size_t i = 0; i < entry->only_count; i++)
        bytes += entry->only[i].module.len + entry->only[i].name.len;
    return bytes + strlen(entry->origin) + 1;
}

static struct bytes move_text(uint8_t **target, struct bytes text) {
    if (!text.data) return text;
    struct bytes moved = bytes_view(*target, text.len);
    bytes_copy_to(*target, text);
    *target += text.len;
    return moved;
}

/* The names go to *names, their text to *target, and both move on. */
static void move_only(struct policy_entry *entry, struct policy_name **names, uint8_t **target) {
    const struct policy_name *from = entry->only;
    entry->only = *names;
    for (size_t i = 0; i < entry->only_count; i++)
        *(*names)++ = (struct policy_name){move_text(target, from[i].module),
                                           move_text(target, from[i].name)};
}

/* Lays entries, lists of names, slots and text into one block of their exact size. */
static enum brine_status lay_out(struct policy_compiled *compiled,
                                 const struct policy_entry *entries, size_t count,
                                 struct brine_error *err) {
    size_t slots = policy_slots_for(count), text = 0, only = 0;
    for (size_t i = 0; i < count; i++) text += text_bytes(&entries[i]);
    for (size_t i = 0; i < count; i++) only += entries[i].only_count;
    compiled->block_bytes = count * sizeof *entries + only * sizeof(struct policy_name) +
                            slots * sizeof(uint32_t) + text;
    compiled->block = mem_alloc(compiled->mem, compiled->block_bytes);
    if (!compiled->block) return brine_fail(err, BRINE_NO_MEMORY, 0, "policy: out of memory");
    struct policy_entry *placed = compiled->block;
    struct policy_name *names = (struct policy_name *)(placed + count);
    uint32_t *slot = (uint32_t *)(names + only);
    uint8_t *target = (uint8_t *)(slot + slots);
    for (size_t i = 0; i < count; i++) {
        placed[i] = entries[i];
        placed[i].module = move_text(&target, entries[i].module);
        placed[i].name = move_text(&target, entries[i].name);
        placed[i].shape = move_text(&target, entries[i].shape);
        move_only(&placed[i], &names, &target);
        struct bytes origin = bytes_view(entries[i].origin, strlen(entries[i].origin) + 1);
        placed[i].origin = (const char *)move_text(&target, origin).data;
    }
    return policy_index(&compiled->policy, placed, count, slot, slots, err);
}

enum brine_status policy_compile(const struct policy_book *book, const struct bytes *names,
                                 size_t names_count, struct policy_compiled *compiled,
                                 struct brine_error *err) {
    *compiled = (struct policy_compiled){.mem = book->mem};
    size_t marks_bytes = book->policies_count + 1;
    size_t rows_bytes = (book->rows_count + 1) * sizeof(struct policy_entry);
    bool *marked = mem_alloc_zeroed(book->mem, marks_bytes);
    struct policy_entry *rows = mem_alloc(book->mem, rows_bytes);
    enum brine_status status = BRINE_OK;
    if (!marked || !rows) {
        status = brine_fail(err, BRINE_NO_MEMORY, 0, "policy: out of memory");
        goto done;
    }
    status = mark(book, names, names_count, marked, err);
    if (status != BRINE_OK) goto done;
    size_t count = 0;
    for (const struct book_policy *policy = book->first; policy; policy = policy->next) {
        if (!marked[policy->number]) continue;
        for (const struct row *row = policy->rows; row; row = row->next) rows[count++] = row->entry;
    }
    qsort(rows, count, sizeof *rows, compare_entries);
    status = lay_out(compiled, rows, melt(rows, count), err);
done:
    mem_free(book->mem, rows, rows_bytes);
    mem_free(book->mem, marked, marks_bytes);
    if (status != BRINE_OK) policy_compiled_deinit(compiled);
    return status;
}

void policy_compiled_deinit(struct policy_compiled *compiled) {
    mem_free(compiled->mem, compiled->block, compiled->block_bytes);
    *compiled = (struct policy_compiled){.mem = compiled->mem};
}
