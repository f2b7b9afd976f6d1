/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The module: which file, when it is written, what became of it.  Reads the [snapshot] section.
 *
 *     TRY(snapshots_open(&snapshots, &options, err));     locks the directory, removes old temp
 * files TRY(snapshots_start(snapshots, err));               its thread, which loads what is there
 *     snapshots_begin(snapshots, hold, err);              BGSAVE: the moment is this one
 *     snapshots_stop(snapshots, save, err);               ends the thread, saves a last time
 *     snapshots_close(snapshots);
 *
 * A thread of the module's own runs each save and keeps the schedule: every snapshot.every, when
 * snapshot.after_changes keys were changed since the last one.  One save at a time.
 *
 * The directory is locked when there is a file in it, or the schedule will write one, or else
 * before the first save: two servers that share a directory and never save do not disturb each
 * other.
 *
 * Thread: open, start, stop and close belong to main; all else is for any.
 * Errors: text for people, with the path; the server goes on. */
#ifndef BRINE_SNAPSHOT_SNAPSHOTS_H
#define BRINE_SNAPSHOT_SNAPSHOTS_H

#include "config/config.h"
#include "keyspace/keyspace.h"
#include "observe/audit.h"
#include "observe/log.h"

struct snapshots;

struct snapshots_options {
    struct allocator *mem;
    struct config *config;
    struct keyspace *keyspace;
    struct log *log;     /* may be NULL */
    struct audit *audit; /* may be NULL */
    /* What was there is loaded; by the thread.  Both may be NULL. */
    void (*on_loaded)(void *context);
    /* The file that was there cannot be loaded, and the server is to end; by the thread. */
    void (*on_load_failed)(void *context, const struct brine_error *err);
    void *context;
};

enum brine_status snapshots_open(struct snapshots **snapshots,
                                 const struct snapshots_options *options,
                                 struct brine_error *err) MUST_USE;
/* From here on snapshots_loading says yes until what was there is loaded: what of it can be, as
 * snapshot.damaged says, or on_load_failed is called. */
enum brine_status snapshots_start(struct snapshots *snapshots, struct brine_error *err) MUST_USE;
/* A save under way is given up.  `save`: one more is made, and its failure is the status. */
enum brine_status snapshots_stop(struct snapshots *snapshots, bool save,
                                 struct brine_error *err) MUST_USE;
/* What SHUTDOWN SAVE and NOSAVE say of the end; without it snapshot.on_stop does. */
void snapshots_set_last(struct snapshots *snapshots, bool save);
bool snapshots_wants_last(const struct snapshots *snapshots);
void snapshots_close(struct snapshots *snapshots);

enum snapshots_answer {
    SNAPSHOTS_BEGUN,
    SNAPSHOTS_BUSY, /* one is under way */
    SNAPSHOTS_FAILED,
};
/* BGSAVE.  The caller holds nothing. */
enum snapshots_answer snapshots_begin(struct snapshots *snapshots, struct store_hold *hold,
                                      struct brine_error *err);
/* As soon as it can be: BGSAVE within EXEC, where the caller holds locks.  False: one is under way.
 */
bool snapshots_schedule(struct snapshots *snapshots) MUST_USE;
/* SAVE: begins and waits for its end.  INVALID: one is under way. */
enum brine_status snapshots_save(struct snapshots *snapshots, struct store_hold *hold,
                                 struct brine_error *err) MUST_USE;

/* DEBUG RELOAD: saves (unless told not to), makes sure that the file can be read, empties the
 * keyspace (unless told not to) and loads it.  Whoever else asks for a key waits until it is done:
 * see store_close. */
struct snapshots_reload {
    bool no_save, no_flush;
};
enum brine_status snapshots_reload(struct snapshots *snapshots, struct keyspace_access *access,
                                   struct snapshots_reload how, struct brine_error *err) MUST_USE;

struct snapshots_facts {
    bool loading, saving, last_ok;
    uint64_t changes_since;                   /* keys changed since the last save */
    int64_t last_save_s;                      /* when; at first when the server started */
    int64_t last_took_s;                      /* -1: none was made */
    int64_t current_took_s;                   /* -1: none is under way */
    uint64_t current_done, current_total;     /* entries of the one under way; else 0 */
    uint64_t saves, loaded, expired, refused; /* the last three of the last load */
    uint64_t evicted;                         /* while it went on */
    uint64_t lost_records, lost_bytes;        /* of it: damage */
    size_t last_memory_bytes;                 /* that the last save took beside the store */
    uint64_t load_entries, load_bytes_total, load_bytes;
    int64_t load_started_s;
};
void snapshots_facts(struct snapshots *snapshots, struct snapshots_facts *facts);
/* Commands that need the data are to be refused until it is there. */
bool snapshots_loading(const struct snapshots *snapshots);
/* snapshot.stop_writes_on_error is set, snapshot.every too, and the last save failed. */
bool snapshots_stop_writes(const struct snapshots *snapshots);

#endif
