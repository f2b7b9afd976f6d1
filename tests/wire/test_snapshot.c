/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* SAVE, BGSAVE, LASTSAVE and SHUTDOWN as clients meet them.  What becomes of the files is
 * tests/tools/snapshot_faults.py's. */

#include "support.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TRANSCRIPT(snapshot, arguments_are_checked,
           {"SAVE now", "-ERR wrong number of arguments for 'save' command"},
           {"BGSAVE NOW", "-ERR syntax error"}, {"BGSAVE SCHEDULE now", "-ERR syntax error"},
           {"BGREWRITEAOF x", "-ERR wrong number of arguments for 'bgrewriteaof' command"},
           {"@brine BGREWRITEAOF",
            "-ERR this server keeps no append-only file; BGSAVE writes a snapshot"},
           {"LASTSAVE x", "-ERR wrong number of arguments for 'lastsave' command"},
           {"SHUTDOWN later", "-ERR syntax error"}, {"SHUTDOWN SAVE NOSAVE", "-ERR syntax error"},
           {"SHUTDOWN ABORT NOW", "-ERR syntax error"},
           {"SHUTDOWN ABORT", "-ERR No shutdown in progress."}, {"PING", "+PONG"})

TRANSCRIPT(snapshot, within_a_transaction_only_bgsave_is_queued, {"MULTI", "+OK"},
           {"SAVE", "-ERR Command not allowed inside a transaction"},
           {"SHUTDOWN", "-ERR Command not allowed inside a transaction"}, {"DISCARD", "+OK"},
           {"MULTI", "+OK"}, {"SET a 1", "+QUEUED"}, {"BGSAVE", "+QUEUED"}, {"LASTSAVE", "+QUEUED"},
           {"EXEC", "~*+OK, +Background saving scheduled, *"})

Test(snapshot, a_file_is_written_and_the_one_before_is_kept) {
    struct wire *wire = wire_open(NULL);
    wire_only_for(wire, BRINE_ONLY);
    PLAY(wire, {"SET kept value", "+OK"}, {"SET short value PX 100000000", "+OK"},
         {"SET raw \"\\x00\\xff\\r\\n\"", "+OK"}, {"SELECT 3", "+OK"}, {"SET third 3", "+OK"},
         {"SAVE", "+OK"}, {"FLUSHALL", "+OK"}, {"DBSIZE", "0"});
    char path[128], copy[128];
    snprintf(path, sizeof path, "%s/dump.brine", wire->dir);
    snprintf(copy, sizeof copy, "%s/dump.brine.1", wire->dir);
    struct stat first, kept, empty;
    cr_assert_eq(stat(path, &first), 0);
    PLAY(wire, {"SAVE", "+OK"}, {"LASTSAVE", "1600000000..9999999999"});
    cr_assert_eq(stat(copy, &kept), 0);
    cr_assert_eq(stat(path, &empty), 0);
    cr_expect(kept.st_ino == first.st_ino && kept.st_size == first.st_size,
              "the one before is kept");
    cr_expect(empty.st_size > 0 && empty.st_size < first.st_size, "the new one holds no key");
    wire_close(wire);
}

Test(snapshot, a_failure_is_told_and_the_server_goes_on) {
    struct wire *wire = wire_open(NULL);
    wire_only_for(wire, BRINE_ONLY);
    PLAY(wire, {"SET a 1", "+OK"}, {"SAVE", "+OK"});
    char path[128], text[256];
    snprintf(path, sizeof path, "%s/dump.brine", wire->dir);
    cr_assert_eq(unlink(path), 0);
    snprintf(text, sizeof text, "%s/dump.brine/full", wire->dir);
    FILE *made = NULL;
    cr_assert_eq(mkdir(path, 0700), 0);
    made = fopen(text, "wbe");
    cr_assert(made && fclose(made) == 0);
    PLAY(wire, {"SAVE", "~-ERR *dump.brine*: cannot rename: *"},
         {"INFO persistence", "~*rdb_last_bgsave_status:err*"}, {"SET a 2", "+OK"});
    cr_assert_eq(unlink(text), 0);
    cr_assert_eq(rmdir(path), 0);
    PLAY(wire, {"SAVE", "+OK"}, {"INFO persistence", "~*rdb_last_bgsave_status:ok*"});
    wire_close(wire);
}

Test(snapshot, changes_are_counted_from_the_last_one) {
    struct wire *wire = wire_open(NULL);
    PLAY(wire, {"FLUSHALL", "+OK"}, {"SAVE", "+OK"},
         {"INFO persistence", "~*rdb_changes_since_last_save:0\\r*"}, {"SET a 1", "+OK"},
         {"SET b 1", "+OK"}, {"EXPIRE a 100", "1"}, {"DEL b nosuch", "1"}, {"GET a", "\"1\""},
         {"INFO persistence", "~*rdb_changes_since_last_save:4\\r*"}, {"SAVE", "+OK"},
         {"INFO persistence", "~*rdb_changes_since_last_save:0\\r*"});
    wire_close(wire);
}
