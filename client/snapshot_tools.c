/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* snapshot check, list, cat: what a snapshot file holds, without a server.  The file is read block
 * by block, whatever it is; what is damaged is said, and what is intact behind it is shown. */
#include "client/clock.h"
#include "client/dialog.h"
#include "client/input.h"
#include "client/readable.h"
#include "client/tools.h"
#include "base/hash.h"
#include "snapshot/pack.h"
#include "snapshot/reader.h"
#include "text/json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHECK_JSON };
static const struct tool_option check_options[] = {[CHECK_JSON] = TOOL_JSON};

enum { LIST_DB, LIST_JSON };
static const struct tool_option list_options[] = {
    [LIST_DB] = {"db", 'n', "NUMBER", "this database alone (all)"},
    [LIST_JSON] = {"json", 0, NULL, "one object a line"},
};

enum { CAT_DB, CAT_VIEW, CAT_JSON };
static const struct tool_option cat_options[] = {
    [CAT_DB] = {"db", 'n', "NUMBER", "the database of the key (0)"},
    [CAT_VIEW] = {"view", 0, NULL, "a pickle as Python-like text"},
    [CAT_JSON] = {"json", 0, NULL, "a pickle as JSON"},
};
#define PAYLOAD_BYTES_MAX ((size_t)1 << 30)
#define NAMES_BYTES_MAX   ((size_t)4 << 30) /* 16 a key */

struct walk;
typedef bool record_fn(struct walk *walk, const struct snapshot_record *record); /* false: enough */

struct walk {
    struct tool_call *call;
    int file;
    const char *path;
    struct snapshot_reader reader;
    struct buf payload, out;
    struct buf names; /* a struct name a record, when `collects` */
    bool collects;
    struct snapshot_unpacker unpacker;
    record_fn *on_record;
    int64_t db, now_ms;
    uint64_t records, expired, blocks, bytes, damages, lost, faults;
    bool found, enough;
    struct brine_error err;
};

/* 128 bits that stand for a database and a key. */
struct name {
    uint64_t bits[2];
};

/* ---- what a server would refuse, though every checksum fits -----------------------------------*/

static void complain_of(struct walk *walk, const struct snapshot_record *record, const char *why) {
    walk->faults++;
    tool_complain("%s: database %u, a key of %zu bytes: %s", walk->path, record->db,
                  record->key.len, why);
}

static enum brine_status judge_record(struct walk *walk, const struct snapshot_record *record) {
    struct name name;
    const char *fault = snapshot_record_fault(record, &walk->reader.header);
    if (fault) complain_of(walk, record, fault);
    for (uint64_t i = 0; i < ARRAY_LEN(name.bits); i++) {
        struct hash_secret secret = {.k0 = i, .k1 = record->db};
        name.bits[i] = hash_bytes(&secret, record->key);
    }
    if (buf_append(&walk->names, bytes_view(&name, sizeof name)) == BRINE_OK) return BRINE_OK;
    return brine_fail(&walk->err, BRINE_NO_MEMORY, 0, "out of memory for the keys' names");
}

static int compare_names(const void *a, const void *b) {
    return memcmp(a, b, sizeof(struct name));
}

static void find_doubles(struct walk *walk) {
    const size_t size = sizeof(struct name), count = walk->names.len / size;
    uint64_t doubles = 0;
    if (count == 0) return;
    qsort(walk->names.data, count, size, compare_names);
    for (size_t i = 1; i < count; i++) {
        const uint8_t *at = walk->names.data + i * size;
        doubles += memcmp(at, at - size, size) == 0;
    }
    if (doubles == 0) return;
    walk->faults += doubles;
    tool_complain("%s: %llu keys are there twice", walk->path, (unsigned long long)doubles);
}

/* ---- reading ----------------------------------------------------------------------------------*/

static enum brine_status read_at(void *context, uint64_t offset, void *target, size_t bytes,
                                 struct brine_error *err) {
    struct walk *walk = context;
    uint8_t *at = target;
    while (bytes) {
        ssize_t got = pread(walk->file, at, bytes, (off_t)offset);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0)
            return brine_fail(err, BRINE_IO, (size_t)offset, "%s",
                              got < 0 ? strerror(errno) : "the file became shorter");
        at += got;
        offset += (uint64_t)got;
        bytes -= (size_t)got;
    }
    return BRINE_OK;
}

static void on_damage(void *context, const struct snapshot_damage *damage) {
    struct walk *walk = context;
    walk->damages++;
    walk->lost += damage->records;
    tool_complain("%s: bytes %llu to %llu are damaged: %s%s%llu records lost", walk->path,
                  (unsigned long long)damage->from, (unsigned long long)damage->to, damage->reason,
                  damage->records_at_most ? "; at most " : "; ",
                  (unsigned long long)damage->records);
}

static enum brine_status walk_records(struct walk *walk, struct bytes plain) {
    struct reader records = reader_over(plain);
    while (!reader_at_end(&records) && !walk->enough) {
        struct snapshot_record record;
        TRY(snapshot_read_record(&records, &record, &walk->err));
        walk->records++;
        walk->bytes += record.value.len;
        if (walk->collects) TRY(judge_record(walk, &record));
        if (record.expire_at_ms && record.expire_at_ms <= walk->now_ms) walk->expired++;
        bool wanted = walk->db < 0 || walk->db == record.db;
        if (walk->on_record && wanted && !walk->on_record(walk, &record)) walk->enough = true;
    }
    return BRINE_OK;
}

static enum brine_status walk_blocks(struct walk *walk) {
    struct stat facts;
    if (fstat(walk->file, &facts) != 0)
        return brine_fail(&walk->err, BRINE_IO, 0, "%s", strerror(errno));
    if (!S_ISREG(facts.st_mode)) return brine_fail(&walk->err, BRINE_IO, 0, "this is no file");
    struct snapshot_reader_options options = {
        .source = {.read = read_at, .ctx = walk, .bytes = (uint64_t)facts.st_size},
        .on_damage = on_damage,
        .damage_ctx = walk};
    TRY(snapshot_reader_open(&walk->reader, &options, &walk->err));
    for (;;) {
        struct snapshot_block block;
        struct bytes plain;
        enum brine_status status =
            snapshot_reader_next(&walk->reader, &block, &walk->payload, &walk->err);
        if (status == BRINE_NOT_FOUND) return BRINE_OK;
        if (status != BRINE_OK) return status;
        walk->blocks++;
        if (block.head.type != SNAPSHOT_RECORDS) continue;
        TRY(snapshot_unpack(&walk->unpacker, &block.head, buf_view(&walk->payload), &plain,
                            &walk->err));
        TRY(walk_records(walk, plain));
        if (walk->enough) return BRINE_OK;
    }
}

/* Records of a database, or of all (-1), are shown to on_record.  TOOL_OK, TOOL_BAD when something
 * is damaged, TOOL_USAGE when it is no snapshot at all. */
static int walk_file(struct walk *walk, struct tool_call *call, record_fn *on_record, int64_t db) {
    *walk = (struct walk){.call = call,
                          .path = call->words[0],
                          .on_record = on_record,
                          .collects = !on_record,
                          .db = db,
                          .now_ms = clock_wall_ms()};
    buf_init(&walk->out, mem_system(), DIALOG_BYTES_MAX);
    walk->file = open(walk->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (walk->file < 0) return tool_complain("%s: %s", walk->path, strerror(errno));
    buf_init(&walk->payload, mem_system(), PAYLOAD_BYTES_MAX);
    buf_init(&walk->names, mem_system(), NAMES_BYTES_MAX);
    snapshot_unpacker_init(&walk->unpacker, mem_system());
    int code = TOOL_OK;
    if (walk_blocks(walk) != BRINE_OK)
        code = tool_complain("%s: %s", walk->path, walk->err.text);
    else
        find_doubles(walk);
    if (code == TOOL_OK && (walk->damages || walk->faults)) code = TOOL_BAD;
    close(walk->file);
    buf_deinit(&walk->payload);
    buf_deinit(&walk->names);
    snapshot_unpacker_deinit(&walk->unpacker);
    return code;
}

static void print_line(struct walk *walk) {
    fwrite(walk->out.data, 1, walk->out.len, stdout);
    buf_clear(&walk->out);
}

/* ---- check ------------------------------------------------------------------------------------*/

static void print_check(struct walk *walk, bool as_json, int code) {
    const struct snapshot_header *header = &walk->reader.header;
    const struct {
        const char *key;
        uint64_t value;
    } rows[] = {{"version", header->version},      {"taken_at_ms", (uint64_t)header->taken_at_ms},
                {"records", walk->records},        {"expired", walk->expired},
                {"value_bytes", walk->bytes},      {"blocks", walk->blocks},
                {"damaged_ranges", walk->damages}, {"records_lost", walk->lost}};
    struct json json;
    json_init(&json, &walk->out);
    json_open_object(&json);
    json_member(&json, "file", bytes_of_cstr(walk->path));
    json_key(&json, "whole");
    json_bool(&json, code == TOOL_OK);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        json_key(&json, rows[i].key);
        json_uint(&json, rows[i].value);
    }
    json_close(&json);
    if (json_finish(&json) != BRINE_OK) return;
    if (as_json) {
        print_line(walk);
        putchar('\n');
        return;
    }
    printf("%s: %s: version %u, %llu records, %llu of them expired, %llu bytes of values, %llu "
           "blocks\n",
           walk->path, code == TOOL_OK ? "whole" : "damaged", header->version,
           (unsigned long long)walk->records, (unsigned long long)walk->expired,
           (unsigned long long)walk->bytes, (unsigned long long)walk->blocks);
}

static int run_check(struct tool_call *call) {
    struct walk walk;
    int code = walk_file(&walk, call, NULL, -1);
    if (code != TOOL_USAGE) print_check(&walk, call->values[CHECK_JSON] != NULL, code);
    buf_deinit(&walk.out);
    return tool_finish(code);
}

const struct tool snapshot_check_tool = {
    .name = "snapshot check",
    .arguments = "FILE",
    .summary = "reads a snapshot to its end and compares every checksum",
    .exits = "0 whole, 1 damaged, 2 no snapshot, or it cannot be read",
    TOOL_OPTIONS(check_options),
    .words_min = 1,
    .words_max = 1,
    .run = run_check,
};

/* ---- list -------------------------------------------------------------------------------------*/

static enum brine_status add_listed(struct walk *walk, const struct snapshot_record *record,
                                    int64_t ttl_ms) {
    struct buf *out = &walk->out;
    TRY(buf_printf(out, "%u\t%zu\t", record->db, record->value.len));
    if (ttl_ms < 0)
        TRY(buf_append(out, BYTES("-\t")));
    else
        TRY(buf_printf(out, "%.1fs\t", (double)ttl_ms / 1000));
    TRY(input_append_name(out, record->key));
    return buf_append_byte(out, '\n');
}

static enum brine_status add_listed_json(struct walk *walk, const struct snapshot_record *record,
                                         int64_t ttl_ms) {
    struct json json;
    json_init(&json, &walk->out);
    json_open_object(&json);
    json_key(&json, "db");
    json_uint(&json, record->db);
    json_member(&json, "key", record->key);
    json_key(&json, "bytes");
    json_uint(&json, record->value.len);
    json_key(&json, "ttl_ms");
    if (ttl_ms < 0)
        json_null(&json);
    else
        json_int(&json, ttl_ms);
    json_close(&json);
    TRY(json_finish(&json));
    return buf_append_byte(&walk->out, '\n');
}

static bool list_record(struct walk *walk, const struct snapshot_record *record) {
    int64_t ttl_ms = record->expire_at_ms ? MAX(record->expire_at_ms - walk->now_ms, 0) : -1;
    enum brine_status status = walk->call->values[LIST_JSON] ? add_listed_json(walk, record, ttl_ms)
                                                             : add_listed(walk, record, ttl_ms);
    if (status == BRINE_OK) print_line(walk);
    return !ferror(stdout);
}

static int run_list(struct tool_call *call) {
    struct walk walk;
    int64_t db;
    if (!tool_number(call, LIST_DB, (struct tool_range){0, UINT16_MAX, -1}, &db)) return TOOL_USAGE;
    int code = walk_file(&walk, call, list_record, db);
    buf_deinit(&walk.out);
    return tool_finish(code);
}

const struct tool snapshot_list_tool = {
    .name = "snapshot list",
    .arguments = "FILE",
    .summary = "lists a snapshot's keys: database, bytes, time to live, key",
    .exits = "0 listed, 1 parts are damaged, 2 no snapshot, or it cannot be read",
    TOOL_OPTIONS(list_options),
    .words_min = 1,
    .words_max = 1,
    .run = run_list,
};

/* ---- cat --------------------------------------------------------------------------------------*/

static bool cat_record(struct walk *walk, const struct snapshot_record *record) {
    struct brine_error err = {0};
    const char *const *values = walk->call->values;
    if (!bytes_equal(record->key, bytes_of_cstr(walk->call->words[1]))) return true;
    walk->found = true;
    if (!values[CAT_VIEW] && !values[CAT_JSON]) {
        fwrite(record->value.data, 1, record->value.len, stdout);
        return false;
    }
    struct readable form = {.form = values[CAT_JSON] ? READABLE_JSON : READABLE_TEXT,
                            .anything = true};
    if (readable_append(&walk->out, record->value, form, &err) != BRINE_OK) {
        tool_complain("the value holds no pickle");
        return false;
    }
    print_line(walk);
    putchar('\n');
    return false;
}

static int run_cat(struct tool_call *call) {
    struct walk walk;
    int64_t db;
    if (!tool_number(call, CAT_DB, (struct tool_range){0, UINT16_MAX, 0}, &db)) return TOOL_USAGE;
    int code = walk_file(&walk, call, cat_record, db);
    if (code != TOOL_USAGE && !walk.found) {
        tool_complain("there is no key '%s' in database %lld", call->words[1], (long long)walk.db);
        code = TOOL_BAD;
    }
    buf_deinit(&walk.out);
    return tool_finish(code);
}

const struct tool snapshot_cat_tool = {
    .name = "snapshot cat",
    .arguments = "FILE KEY",
    .summary = "writes one value of a snapshot",
    .exits = "0 written, 1 there is no such key, 2 no snapshot, or it cannot be read",
    TOOL_OPTIONS(cat_options),
    .words_min = 2,
    .words_max = 2,
    .run = run_cat,
};
