/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* brine-cli scan: what a walk over a server has found so far, shared by its parts: scan.c walks,
 * scan_read.c reads values, scan_found.c keeps what is found, scan_state.c writes and reads it for
 * resuming, scan_report.c prints it.
 *
 * Words: a *finding* is a value that a policy would not store.  It is *dangerous* when unpickling
 * it would reach what is known from attacks, *refused* when the policy does not list what it names,
 * *broken* when it is no whole pickle and unpickling it would all the same import something.
 *
 * Every list has a ceiling; what finds no room is counted.  One thread. */
#ifndef BRINE_CLIENT_SCAN_H
#define BRINE_CLIENT_SCAN_H

#include "base/arena.h"
#include "base/buf.h"
#include "client/judge.h"

#include <brine_client.h>

enum {
    SCAN_FINDINGS_MAX = 10000, /* of each severity, in full; the rest are counted */
    SCAN_GLOBALS_MAX = 16384,
    SCAN_PATTERNS_MAX = 6,
    SCAN_PATTERN_BYTES_MAX = 96,
};

enum scan_severity { SCAN_DANGEROUS, SCAN_BROKEN, SCAN_REFUSED, SCAN_SEVERITIES };

struct scan_finding {
    enum scan_severity severity;
    int db;
    size_t offset;
    struct bytes key, type; /* "string", "hash" ... */
    struct bytes where;     /* the field, index or entry; empty for a string */
    struct bytes global, opcode, framing, message;
};

struct scan_global {
    struct bytes module, name;
    uint32_t uses;   /* of enum pickle_use */
    uint64_t values; /* that name it */
    bool listed;     /* by the policy */
    struct bytes patterns[SCAN_PATTERNS_MAX];
    size_t patterns_count;
    bool more_patterns;
};

struct scan_counts {
    uint64_t keys, values, bytes, pickles, skipped, gone, denied;
    uint64_t found[SCAN_SEVERITIES];
};

struct scan_found {
    struct arena arena;
    struct scan_counts counts;
    struct scan_finding *findings;
    size_t findings_count;
    size_t kept[SCAN_SEVERITIES];
    struct scan_global *globals;
    size_t globals_count;
    uint32_t *slots; /* number of a global + 1, by hash */
    uint64_t globals_left_out;
};

/* Where a value lies. */
struct scan_place {
    int db;
    struct bytes key, type, where;
};

bool scan_found_init(struct scan_found *found) MUST_USE;
void scan_found_deinit(struct scan_found *found);
/* What a judge that admits unknown names said of a value. */
void scan_found_note(struct scan_found *found, const struct scan_place *place,
                     const struct judgement *judgement);
/* Whether a refusal is of what is known from attacks. */
bool scan_found_is_danger(const struct judgement *judgement);
/* For resuming: as they were noted. */
bool scan_found_add_finding(struct scan_found *found, const struct scan_finding *finding) MUST_USE;
struct scan_global *scan_found_global(struct scan_found *found, struct bytes module,
                                      struct bytes name);
void scan_global_add_pattern(struct scan_found *found, struct scan_global *global,
                             struct bytes pattern);

/* "session:42:7f3a..." as "session:*:*": parts that are numbers, hashes or UUIDs. */
size_t scan_pattern(struct bytes key, char pattern[static SCAN_PATTERN_BYTES_MAX]);

/* ---- reading values ---------------------------------------------------------------------------*/

struct scan_reader {
    brine_client *client;
    struct judge judge;
    /* Looked for in what is no pickle without them: what is one may look signed too. */
    const struct frame_affix *affixes;
    size_t affixes_count;
    struct scan_found *found;
    int db;
    uint64_t value_bytes_max;
    char denied[256]; /* the first error that said why a key could not be read */
};

/* Reads and judges all values of these keys.  False: the connection or the memory is of no more
 * use, and *why (a static text or the client's) says so. */
bool scan_read_keys(struct scan_reader *reader, const struct brine_reply *keys,
                    const char **why) MUST_USE;

/* ---- resuming ---------------------------------------------------------------------------------*/

struct scan_position {
    char place[256];
    char asked[768]; /* the options that decide what is found */
    int db;          /* being walked; databases before it are done */
    char cursor[24];
};

enum brine_status scan_state_write(const char *path, const struct scan_position *position,
                                   const struct scan_found *found,
                                   struct brine_error *err) MUST_USE;
/* BRINE_NOT_FOUND: there is no such file. */
enum brine_status scan_state_read(const char *path, struct scan_position *position,
                                  struct scan_found *found, struct brine_error *err) MUST_USE;

/* ---- reports ----------------------------------------------------------------------------------*/

enum scan_format { SCAN_TEXT, SCAN_JSON, SCAN_SARIF };

struct scan_report {
    enum scan_format format;
    const char *place;
    const char *policy;  /* the word given */
    const char *note;    /* about the server, or NULL */
    const char *stopped; /* why the walk did not come to its end, or NULL */
    const char *denied;  /* why keys could not be read, as the server said it first */
    int64_t elapsed_us;
};
enum brine_status scan_report_append(struct buf *out, const struct scan_report *report,
                                     const struct scan_found *found) MUST_USE;

/* A policy that admits what was met beyond the one given: presets that have it, and rows. */
enum brine_status scan_policy_append(struct buf *out, const struct scan_report *report,
                                     const struct scan_found *found) MUST_USE;

const char *scan_severity_name(enum scan_severity severity);

#endif
