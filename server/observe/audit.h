/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The audit trail: what was refused, to whom and why, as JSON lines in a file, and the last of them
 * in memory for PICKLE.AUDIT.
 *
 *     struct audit_record record = AUDIT_RECORD(REFUSED);
 *     record.key = key;
 *     record.reason = "call-not-allowed";
 *     audit_write(audit, &record);
 *
 * Words: a *record* is one event; a *line* is a record as JSON; the *ring* holds records as bytes,
 * the newest of which the file has perhaps not got yet; *kept* records are those that PICKLE.AUDIT
 * can still show.
 *
 * A line is always one valid JSON object of ASCII and UTF-8.  Fields that are not known are left
 * out.  A text that is not UTF-8, or holds what terminals obey (C1 controls, changes of direction),
 * is written as Python shows bytes (\xff, backslashes doubled), and a field "<name>_escaped": true
 * says so; a text that was cut has its whole length in "<name>_bytes".  The order of fields is
 * fixed; new ones may come.
 *
 * What cannot be written, because the disk is full or the directory is gone, stays in the ring;
 * once that is full, new records are dropped and counted.  Before the next record that finds room,
 * a line {"event": "dropped", "count": n} stands where they are missing.
 *
 * Thread: audit_write, audit_recent and audit_stats may be called by any thread, audit_reopen by
 * one at a time; open and close belong to main.  The file is a thread's own, which sleeps when
 * there is nothing to write, so that a disk that hangs holds up nobody else.
 *
 * Ownership: a record's views are copied.  A NULL audit takes everything and says nothing.
 *
 * Cost: of audit_write 350 ns to 700 ns (tests/bench/bench_audit.c), a copy of at most
 * AUDIT_RECORD_BYTES_MAX under a mutex; JSON is made by the file's thread, and by audit_recent. */
#ifndef BRINE_AUDIT_H
#define BRINE_AUDIT_H

#include "base/buf.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/status.h"
#include "observe/log.h"

/* clang-format off */
#define AUDIT_EVENTS(E)                                                                       \
    /* id        word        what happened */                                                 \
    E(REFUSED,   "refused",  "a value was not let in, or would not have been: `verdict` says what was done") \
    E(ADMITTED,  "admitted", "a value was let in, under a rule that wants this recorded")     \
    E(LEARNED,   "learned",  "a value was let in that the policy does not know: gate.mode is learn") \
    E(RECHECKED, "rechecked","what was stored under an older policy is refused by the present one") \
    E(POLICY,    "policy",   "rules and policies were loaded anew, or could not be")          \
    E(SNAPSHOT,  "snapshot", "stored values were read back from disk")                        \
    E(DROPPED,   "dropped",  "records were lost here: `count` of them")
/* clang-format on */

enum audit_event {
#define E(id, word, doc) AUDIT_##id,
    AUDIT_EVENTS(E)
#undef E
};

/* Keys and `text` are cut to the first, all other texts to the second; the length as it was is
 * told. */
enum { AUDIT_KEY_BYTES_MAX = 512, AUDIT_TEXT_BYTES_MAX = 256, AUDIT_RECORD_BYTES_MAX = 6144 };

/* One text field a row, in the order of a line: id, the name in JSON. */
#define AUDIT_TEXTS(T)                                                                             \
    T(address, "address")                                                                          \
    T(user, "user")                                                                                \
    T(client_name, "client_name")                                                                  \
    T(library_name, "library")                                                                     \
    T(library_version, "library_version")                                                          \
    T(command, "command")                                                                          \
    T(key, "key")                                                                                  \
    T(rule_name, "rule_name")                                                                      \
    T(policy, "policy")                                                                            \
    T(verdict, "verdict")                                                                          \
    T(class_name, "class")                                                                         \
    T(reason, "reason")                                                                            \
    T(opcode, "opcode")                                                                            \
    T(module, "module")                                                                            \
    T(name, "name")                                                                                \
    T(type, "type")                                                                                \
    T(framing, "framing")                                                                          \
    T(digest, "digest")                                                                            \
    T(text, "text")

enum audit_text {
#define T(id, word) AUDIT_TEXT_##id,
    AUDIT_TEXTS(T)
#undef T
        AUDIT_TEXT_COUNT
};

/* Empty texts and numbers below 0 are not known.  Begin with AUDIT_RECORD. */
struct audit_record {
    enum audit_event event;
    int64_t time_ms;    /* wall clock; 0: now */
    uint64_t client_id; /* 0: the server itself */
    int64_t db;
    int64_t rule;       /* number of the rule, from 1 */
    int64_t generation; /* of rules and policies: rises with each load */
    int64_t offset;     /* into what was unpickled, of the byte that decided */
    int64_t protocol;
    int64_t size;         /* of the value, as it came */
    int64_t digest_bytes; /* how many of its first bytes `digest` is of, when not of all */
    int64_t count;        /* of what the event is about: records lost, entries refused */
    union {
        struct {
            /* Who: */
            struct bytes address, user, client_name, library_name, library_version;
            /* What: `key` is the channel of a message. */
            struct bytes command, key;
            /* By what rule and policy, and what was done: "error", "drop", "log", "admit". */
            struct bytes rule_name, policy, verdict;
            /* Why: "forbidden", the reason's word, the opcode's name, the global concerned. */
            struct bytes class_name, reason, opcode, module, name;
            /* About the value: type at the top, path of framings, audit_digest's text; and what
             * else there is to say, in English. */
            struct bytes type, framing, digest, text;
        };
        struct bytes texts[AUDIT_TEXT_COUNT]; /* ORDER audit_text */
    };
};

#define AUDIT_RECORD(id)                                                                           \
    {                                                                                              \
        .event = AUDIT_##id, .db = -1, .rule = -1, .generation = -1, .offset = -1, .protocol = -1, \
        .size = -1, .digest_bytes = -1, .count = -1                                                \
    }

/* ---- life -------------------------------------------------------------------------------------
 */

struct audit;

struct audit_options {
    struct allocator *mem; /* for the ring, all of it at once; untouched pages cost nothing */
    const char *path;      /* NULL or "": memory only */
    size_t queue_bytes;    /* of the ring, at least AUDIT_QUEUE_BYTES_MIN */
    size_t keep;           /* records for audit_recent, as far as they fit into the ring */
    bool sync;             /* fsync once a second */
    struct log *log;       /* may be NULL */
    int64_t (*wall_ms)(void *arg); /* NULL: the system's clock */
    void *wall_arg;
};
enum { AUDIT_QUEUE_BYTES_MIN = 64 << 10 };

/* A file that cannot be opened is an error here; later it is a loss that is counted. */
enum brine_status audit_open(struct audit **audit, const struct audit_options *options,
                             struct brine_error *err) MUST_USE;
/* Writes what is still queued, if it can be written at once, and frees everything. */
void audit_close(struct audit *audit);
/* The file's thread opens the path anew, for a file that was moved away. */
void audit_reopen(struct audit *audit);

/* ---- use --------------------------------------------------------------------------------------
 */

/* Never waits for a disk. */
void audit_write(struct audit *audit, const struct audit_record *record);

struct audit_digest {
    char text[33];  /* the first 16 bytes of SHA-256, in hex */
    uint64_t bytes; /* how many it is of: all, or the first AUDIT_DIGEST_BYTES_MAX */
};
enum { AUDIT_DIGEST_BYTES_MAX = 1 << 20 };
/* Fills in record->digest, and digest_bytes when not all was read; `digest` must live as long as
 * the record.  Cost: 0.6 ns a byte, and 3 us. */
void audit_record_digest(struct audit_record *record, struct bytes value,
                         struct audit_digest *digest);

/* Calls `line` with the lines, without newline, of the last `count` kept records not older than
 * since_ms, oldest first, until it says false.  The ring is locked for a copy of each record only.
 * BRINE_NO_MEMORY: nothing was shown. */
typedef bool audit_line_fn(void *context, struct bytes line);
struct audit_query {
    size_t count;
    int64_t since_ms;
    struct allocator *mem;
};
enum brine_status audit_recent(struct audit *audit, const struct audit_query *query,
                               audit_line_fn *line, void *context) MUST_USE;

struct audit_stats {
    uint64_t records_total; /* taken: written, or waiting to be */
    uint64_t dropped_total;
    size_t queue_bytes; /* waiting to be written */
    size_t kept;        /* records that audit_recent could show */
};
struct audit_stats audit_stats(struct audit *audit);

/* One record as a line, without newline; appended.  What the file's thread does. */
enum brine_status audit_format(const struct audit_record *record, struct buf *out) MUST_USE;

#endif
