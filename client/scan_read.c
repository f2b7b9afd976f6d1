/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* From keys to values, a batch of keys at a time, each step one pipeline:
 *
 *   1. TYPE of all, and STRLEN of all, which says how much a GET would bring
 *   2. GET of the strings, a few megabytes at a time
 *   3. the first page of each hash (HSCAN), list (LRANGE), set (SSCAN), sorted set (ZSCAN) and
 *      stream (XRANGE)
 *   4. further pages of those that have more, one after the other
 *
 * Only commands that change nothing, none of which is linear in more than a page.  A key that is
 * gone or has become another type meanwhile is counted and passed over; one that the server does
 * not let us read is counted as denied.  Names of fields are judged as well: libraries that make a
 * dictionary of a hash pickle those too. */
#include "client/archive.h"
#include "client/scan.h"

#include <stdio.h>

enum { PAGE = 128, GET_BYTES_AT_ONCE = 8 << 20, KEYS_MAX = 4096, NAME_SHOWN = 200 };
/* Elements that a walk over a key may ask for before the key's length is looked at, and how many
 * times that length it may ask for then: a table that is being resized shows elements again. */
enum { ELEMENTS_UNASKED = 8192, ELEMENTS_FACTOR = 8 };
#define NAME_OF "name of "

/* How a page of a type is asked for, and where its values stand in the reply. */
enum page_kind { PAGE_STRING, PAGE_SCAN, PAGE_LIST, PAGE_STREAM, PAGE_UNKNOWN };

struct page_type {
    const char *type, *command;
    const char *length; /* the command that says how many elements there are */
    enum page_kind kind;
    size_t step, first; /* of a scan: elements of one item, and which of them is the value */
};

static const struct page_type types[] = {
    {"string", "GET", "STRLEN", PAGE_STRING, 0, 0}, {"hash", "HSCAN", "HLEN", PAGE_SCAN, 2, 1},
    {"list", "LRANGE", "LLEN", PAGE_LIST, 1, 0},    {"set", "SSCAN", "SCARD", PAGE_SCAN, 1, 0},
    {"zset", "ZSCAN", "ZCARD", PAGE_SCAN, 2, 0},    {"stream", "XRANGE", "XLEN", PAGE_STREAM, 2, 1},
};
static const struct page_type unknown_type = {"", "", "", PAGE_UNKNOWN, 0, 0};

struct key {
    struct brine_text name;
    const struct page_type *type;
    int64_t bytes;
    int64_t index;     /* of a list: where the page begins */
    char position[48]; /* cursor or id of the next page, "index" of a list; "": there is none */
    uint64_t asked, asked_max; /* elements, of pages */
};

struct batch {
    struct scan_reader *reader;
    struct key *keys;
    size_t count;
    const char *why;
};

/* ---- calls ------------------------------------------------------------------------------------*/

static bool lost(struct batch *batch) {
    batch->why = brine_last_error(batch->reader->client)->text;
    return false;
}

static bool append(struct batch *batch, const struct brine_text *args, size_t count) {
    return brine_append(batch->reader->client, args, count) == BRINE_CLIENT_OK || lost(batch);
}

/* NULL when the connection is gone. */
static struct brine_reply *take(struct batch *batch) {
    struct brine_reply *reply;
    (void)brine_take_reply(batch->reader->client, &reply);
    if (!reply) (void)lost(batch);
    return reply;
}

/* ---- a value ----------------------------------------------------------------------------------*/

struct noting {
    struct scan_found *found;
    struct scan_place place;
    struct judge *judge;
    bool opaque;  /* what was judged last */
    bool affixed; /* looked at once more, with signatures and in base64 */
};

static void note(void *context, const struct judgement *judgement) {
    struct noting *noting = context;
    /* What is found by guessing counts when it is a pickle, or one that is dangerous. */
    bool guessed =
        noting->affixed && !judgement_accepts(judgement) && !scan_found_is_danger(judgement);
    noting->opaque = judgement->opaque;
    if (!guessed) scan_found_note(noting->found, &noting->place, judgement);
}

/* What numpy.load, or torch's, unpickles of an archive. */
static enum brine_status judge_member(void *context, const struct archive_member *member) {
    struct noting *noting = context;
    if (member->array && !member->objects) return BRINE_OK;
    return judge_value(noting->judge, member->bytes, note, noting);
}

static enum brine_status judge_all_ways(struct scan_reader *reader, struct bytes value,
                                        struct noting *noting) {
    enum brine_status status = judge_value(&reader->judge, value, note, noting);
    if (status != BRINE_OK || !noting->opaque) return status;
    if (archive_is_one(value)) {
        struct brine_error err;
        uint64_t before = noting->found->counts.pickles;
        noting->judge = &reader->judge;
        status = archive_walk(value, FRAME_OPTIONS_DEFAULT.unpacked_bytes_max, judge_member, noting,
                              &err);
        if (status == BRINE_NO_MEMORY) return status; /* what else ends it, ends its reader too */
        if (noting->found->counts.pickles > before) return BRINE_OK;
    }
    reader->judge.affixes = reader->affixes;
    reader->judge.affixes_count = reader->affixes_count;
    reader->judge.base64 = noting->affixed = true;
    status = judge_value(&reader->judge, value, note, noting);
    reader->judge.affixes = NULL;
    reader->judge.affixes_count = 0;
    reader->judge.base64 = false;
    return status;
}

static void note_denied(struct scan_reader *reader, const char *why) {
    reader->found->counts.denied++;
    if (!reader->denied[0]) snprintf(reader->denied, sizeof reader->denied, "%s", why);
}

/* A key that is gone, or of another type than a moment ago, is no loss.  Any other error means that
 * a value was not looked at, which must not pass for a clean one. */
static void note_unread(struct batch *batch, const struct brine_reply *reply) {
    struct scan_reader *reader = batch->reader;
    struct bytes error = bytes_view(reply->text, reply->len);
    bool gone = reply->type == BRINE_REPLY_NIL || bytes_starts_with(error, BYTES("WRONGTYPE"));
    if (gone) {
        reader->found->counts.gone++;
        return;
    }
    bool said = reply->type == BRINE_REPLY_ERROR && reply->len;
    note_denied(reader, said ? reply->text : "(an answer that is none)");
}

static bool judge_bytes(struct batch *batch, const struct key *key, struct bytes where,
                        struct bytes value) {
    struct scan_reader *reader = batch->reader;
    struct noting noting = {.found = reader->found,
                            .place = {.db = reader->db,
                                      .key = bytes_view(key->name.data, key->name.len),
                                      .type = bytes_of_cstr(key->type->type),
                                      .where = where}};
    reader->found->counts.bytes += value.len;
    if (judge_all_ways(reader, value, &noting) == BRINE_OK) return true;
    batch->why = "no memory to judge a value";
    return false;
}

static bool judge_text(struct batch *batch, const struct key *key, struct bytes where,
                       const struct brine_reply *value) {
    if (value->type != BRINE_REPLY_STRING) {
        note_unread(batch, value);
        return true;
    }
    batch->reader->found->counts.values++;
    return judge_bytes(batch, key, where, bytes_view(value->text, value->len));
}

/* The name of a hash's or a stream entry's field, which is said with its first bytes. */
static bool judge_name(struct batch *batch, const struct key *key, const struct brine_reply *name) {
    char where[NAME_SHOWN + 16];
    struct bytes text = bytes_view(name->text, name->len);
    if (name->type != BRINE_REPLY_STRING || text.len == 0) return true;
    size_t shown = MIN(text.len, (size_t)NAME_SHOWN), len = sizeof NAME_OF - 1;
    memcpy(where, NAME_OF, len);
    memcpy(where + len, text.data, shown);
    return judge_bytes(batch, key, bytes_view(where, len + shown), text);
}

/* ---- what each key is -------------------------------------------------------------------------*/

static const struct page_type *find_type(const struct brine_reply *reply) {
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (strcmp(reply->text, types[i].type) == 0) return &types[i];
    return &unknown_type;
}

static bool ask_types(struct batch *batch) {
    for (size_t i = 0; i < batch->count; i++) {
        struct brine_text type[] = {BRINE_TEXT("TYPE"), batch->keys[i].name};
        struct brine_text length[] = {BRINE_TEXT("STRLEN"), batch->keys[i].name};
        if (!append(batch, type, 2) || !append(batch, length, 2)) return false;
    }
    for (size_t i = 0; i < batch->count; i++) {
        struct key *key = &batch->keys[i];
        struct brine_reply *type = take(batch);
        if (!type) return false;
        key->type = find_type(type);
        bool none = strcmp(type->text, "none") == 0;
        bool denied = type->type != BRINE_REPLY_STATUS;
        if (denied) note_unread(batch, type);
        brine_reply_free(type);
        struct brine_reply *length = take(batch);
        if (!length) return false;
        key->bytes = length->type == BRINE_REPLY_INTEGER ? length->integer : 0;
        brine_reply_free(length);
        if (none)
            batch->reader->found->counts.gone++;
        else if (key->type->kind == PAGE_UNKNOWN && !denied)
            batch->reader->found->counts.skipped++;
    }
    return true;
}

/* ---- strings ----------------------------------------------------------------------------------*/

static bool take_strings(struct batch *batch, size_t from, size_t to) {
    bool ok = true;
    for (size_t i = from; i < to; i++) {
        struct key *key = &batch->keys[i];
        if (key->type->kind != PAGE_STRING || key->bytes < 0) continue;
        struct brine_reply *reply = take(batch);
        if (!reply) return false;
        if (ok) ok = judge_text(batch, key, BYTES(""), reply);
        brine_reply_free(reply);
    }
    judge_trim(&batch->reader->judge);
    return ok;
}

static bool read_strings(struct batch *batch) {
    size_t from = 0;
    int64_t bytes = 0;
    for (size_t i = 0; i < batch->count; i++) {
        struct key *key = &batch->keys[i];
        if (key->type->kind != PAGE_STRING) continue;
        if ((uint64_t)key->bytes > batch->reader->value_bytes_max) {
            batch->reader->found->counts.skipped++;
            key->bytes = -1; /* not asked for */
            continue;
        }
        struct brine_text get[] = {BRINE_TEXT("GET"), key->name};
        if (!append(batch, get, 2)) return false;
        bytes += key->bytes;
        if (bytes < GET_BYTES_AT_ONCE) continue;
        if (!take_strings(batch, from, i + 1)) return false;
        from = i + 1;
        bytes = 0;
    }
    return take_strings(batch, from, batch->count);
}

/* ---- pages ------------------------------------------------------------------------------------*/

static bool ask_page(struct batch *batch, const struct key *key) {
    char last[32];
    struct brine_text at = brine_text_of(key->position);
    struct brine_text command = brine_text_of(key->type->command);
    if (key->type->kind == PAGE_LIST) {
        char first[32];
        snprintf(first, sizeof first, "%lld", (long long)key->index);
        snprintf(last, sizeof last, "%lld", (long long)key->index + PAGE - 1);
        struct brine_text args[] = {command, key->name, brine_text_of(first), brine_text_of(last)};
        return append(batch, args, ARRAY_LEN(args));
    }
    snprintf(last, sizeof last, "%d", PAGE);
    if (key->type->kind == PAGE_STREAM) {
        struct brine_text args[] = {command,         key->name,           at,
                                    BRINE_TEXT("+"), BRINE_TEXT("COUNT"), brine_text_of(last)};
        return append(batch, args, ARRAY_LEN(args));
    }
    struct brine_text args[] = {command, key->name, at, BRINE_TEXT("COUNT"), brine_text_of(last)};
    return append(batch, args, ARRAY_LEN(args));
}

/* Where the next page begins; what is no position ends the walk, and is said. */
static void keep_position(struct batch *batch, struct key *key, const char *before,
                          const struct brine_reply *position) {
    bool fits = position->type == BRINE_REPLY_STRING &&
                strlen(before) + position->len < sizeof key->position;
    if (!fits)
        note_unread(batch, position);
    else if (before[0] || strcmp(position->text, "0") != 0)
        snprintf(key->position, sizeof key->position, "%s%s", before, position->text);
}

/* [cursor, [field, value, ...]]; under RESP3 the same. */
static bool judge_scan(struct batch *batch, struct key *key, const struct brine_reply *reply) {
    const struct page_type *type = key->type;
    if (reply->count != 2 || reply->elements[1].type != BRINE_REPLY_ARRAY) {
        note_unread(batch, reply);
        return true;
    }
    const struct brine_reply *items = &reply->elements[1];
    for (size_t i = 0; i + type->step <= items->count; i += type->step) {
        const struct brine_reply *value = &items->elements[i + type->first];
        struct bytes where = BYTES("");
        if (type->first) {
            where = bytes_view(items->elements[i].text, items->elements[i].len);
            if (!judge_name(batch, key, &items->elements[i])) return false;
        }
        if (!judge_text(batch, key, where, value)) return false;
    }
    keep_position(batch, key, "", &reply->elements[0]);
    return true;
}

static bool judge_list(struct batch *batch, struct key *key, const struct brine_reply *reply) {
    char index[32];
    for (size_t i = 0; i < reply->count; i++) {
        snprintf(index, sizeof index, "%lld", (long long)key->index + (long long)i);
        if (!judge_text(batch, key, bytes_of_cstr(index), &reply->elements[i])) return false;
    }
    if (reply->count == PAGE) snprintf(key->position, sizeof key->position, "index");
    key->index += PAGE;
    return true;
}

/* [[id, [field, value, ...]], ...] */
static bool judge_stream(struct batch *batch, struct key *key, const struct brine_reply *reply) {
    for (size_t i = 0; i < reply->count; i++) {
        const struct brine_reply *entry = &reply->elements[i];
        if (entry->count != 2 || entry->elements[1].type != BRINE_REPLY_ARRAY) {
            note_unread(batch, entry);
            continue;
        }
        struct bytes id = bytes_view(entry->elements[0].text, entry->elements[0].len);
        const struct brine_reply *fields = &entry->elements[1];
        for (size_t at = 1; at < fields->count; at += 2) {
            if (!judge_name(batch, key, &fields->elements[at - 1])) return false;
            if (!judge_text(batch, key, id, &fields->elements[at])) return false;
        }
        if (i + 1 == PAGE) keep_position(batch, key, "(", &entry->elements[0]);
    }
    return true;
}

/* Judges a page; key->position says where the next begins. */
static bool take_page(struct batch *batch, struct key *key) {
    struct brine_reply *reply = take(batch);
    bool ok = true;
    if (!reply) return false;
    key->position[0] = 0;
    if (reply->type != BRINE_REPLY_ARRAY)
        note_unread(batch, reply);
    else if (key->type->kind == PAGE_SCAN)
        ok = judge_scan(batch, key, reply);
    else if (key->type->kind == PAGE_LIST)
        ok = judge_list(batch, key, reply);
    else
        ok = judge_stream(batch, key, reply);
    brine_reply_free(reply);
    return ok;
}

/* A walk ends when the key's elements do.  One that goes on for many times their number never
 * will: a cursor may run in a circle, by a defect or by intent. */
static bool may_go_on(struct batch *batch, struct key *key) {
    key->asked += PAGE;
    key->asked_max = MAX(key->asked_max, (uint64_t)ELEMENTS_UNASKED);
    if (key->asked < key->asked_max) return true;
    struct brine_text args[] = {brine_text_of(key->type->length), key->name};
    struct brine_reply *reply = append(batch, args, 2) ? take(batch) : NULL;
    if (!reply) return false;
    uint64_t length = reply->type == BRINE_REPLY_INTEGER && reply->integer > 0
                          ? MIN((uint64_t)reply->integer, UINT64_MAX / (2 * ELEMENTS_FACTOR))
                          : 0;
    brine_reply_free(reply);
    key->asked_max = ELEMENTS_UNASKED + length * ELEMENTS_FACTOR;
    if (key->asked < key->asked_max) return true;
    key->position[0] = 0;
    note_denied(batch->reader, "(pages of a key without end)");
    return true;
}

static bool has_pages(const struct key *key) {
    return key->type->kind == PAGE_SCAN || key->type->kind == PAGE_LIST ||
           key->type->kind == PAGE_STREAM;
}

static bool read_pages(struct batch *batch) {
    bool ok = true;
    for (size_t i = 0; i < batch->count; i++) {
        struct key *key = &batch->keys[i];
        if (!has_pages(key)) continue;
        snprintf(key->position, sizeof key->position, "%s",
                 key->type->kind == PAGE_STREAM ? "-" : "0");
        if (!ask_page(batch, key)) return false;
    }
    for (size_t i = 0; ok && i < batch->count; i++)
        if (has_pages(&batch->keys[i])) ok = take_page(batch, &batch->keys[i]);
    for (size_t i = 0; ok && i < batch->count; i++)
        while (ok && has_pages(&batch->keys[i]) && batch->keys[i].position[0]) {
            struct key *key = &batch->keys[i];
            ok = may_go_on(batch, key);
            if (ok && key->position[0]) ok = ask_page(batch, key) && take_page(batch, key);
        }
    return ok;
}

bool scan_read_keys(struct scan_reader *reader, const struct brine_reply *keys, const char **why) {
    struct batch batch = {.reader = reader, .count = MIN(keys->count, (size_t)KEYS_MAX)};
    size_t size = batch.count * sizeof(struct key);
    bool ok = true;
    for (size_t from = 0; ok && from < keys->count; from += batch.count) {
        batch.count = MIN(keys->count - from, (size_t)KEYS_MAX);
        if (!batch.keys) batch.keys = mem_alloc(mem_system(), size);
        if (!batch.keys) {
            *why = "no memory for the keys";
            return false;
        }
        memset(batch.keys, 0, batch.count * sizeof(struct key));
        for (size_t i = 0; i < batch.count; i++) {
            const struct brine_reply *key = &keys->elements[from + i];
            batch.keys[i].name = (struct brine_text){key->text, key->len};
        }
        reader->found->counts.keys += batch.count;
        ok = ask_types(&batch) && read_strings(&batch) && read_pages(&batch);
    }
    mem_free(mem_system(), batch.keys, size);
    *why = batch.why;
    return ok;
}
