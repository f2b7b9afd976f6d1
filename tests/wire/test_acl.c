/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Users: ACL and what it lets others do.  Connections 0 to 3 may live on different workers. */

#include "support.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NO_COMMAND(name) "-NOPERM this user has no permissions to run the '" name "' command"
#define NO_KEY           "-NOPERM this user has no permissions to access one of the keys used as arguments"
#define NO_CHANNEL                                                                                 \
    "-NOPERM this user has no permissions to access one of the channels used as arguments"

TRANSCRIPT(acl, a_user_is_made_shown_and_deleted, {"ACL WHOAMI", "\"default\""},
           {"ACL SETUSER ann on >pw ~a* %R~r &c +get", "+OK"},
           {"ACL LIST", "[\"user ann on "
                        "#30c952fab122c3f9759f02a6d95c3758b246b4fee239957b2d4fee46e26170c4 ~a* "
                        "%R~r resetchannels &c -@all +get\", "
                        "\"user default on nopass ~* &* +@all\"]"},
           {"ACL USERS", "[\"ann\", \"default\"]"},
           {"ACL GETUSER ann", "[\"flags\", [\"on\"], \"passwords\", "
                               "[\"30c952fab122c3f9759f02a6d95c3758b246b4fee239957b2d4fee46e26170"
                               "c4\"], \"commands\", \"-@all +get\", \"keys\", \"~a* %R~r\", "
                               "\"channels\", \"&c\", \"selectors\", []]"},
           {"ACL GETUSER nobody", "nil"}, {"@1 AUTH ann pw", "+OK"},
           {"@1 ACL WHOAMI", NO_COMMAND("acl|whoami")},
           {"CLIENT KILL USER nobody", "-ERR No such user 'nobody'"},
           {"ACL DELUSER ann nobody", "1"}, {"@1 GET a", "(closed)"},
           {"ACL DELUSER default", "-ERR The 'default' user cannot be removed"})

TRANSCRIPT(acl, keys_are_checked_by_how_a_command_uses_them,
           {"ACL SETUSER u on nopass +@all ~a %R~r %W~w", "+OK"}, {"MSET a 1 r 1 w 1", "+OK"},
           {"@1 AUTH u x", "+OK"}, {"@1 GET a", "\"1\""}, {"@1 GET r", "\"1\""},
           {"@1 GET w", NO_KEY}, {"@1 GET x", NO_KEY}, {"@1 SET w 2", "+OK"},
           {"@1 SET w 3 GET", NO_KEY}, {"@1 SET r 2", NO_KEY}, {"@1 MGET a r", "[\"1\", \"1\"]"},
           {"@1 MGET a w", NO_KEY}, {"@1 MSET a 1 w 1", "+OK"}, {"@1 MSET a 1 r 1", NO_KEY},
           {"@1 COPY r w REPLACE", "1"}, {"@1 COPY w r", NO_KEY}, {"@1 COPY r x", NO_KEY},
           {"@1 RENAME a w", "+OK"}, {"@1 RENAME r w", NO_KEY}, {"@1 RENAME w a", NO_KEY},
           {"@1 BITOP NOT w r", "1"}, {"@1 BITOP AND w r a", "1"}, {"@1 BITOP NOT r w", NO_KEY},
           {"@1 BITFIELD r GET u8 0", "[49]"}, {"@1 BITFIELD r SET u8 0 1", NO_KEY},
           {"@1 EXISTS w", "1"}, {"@1 EXISTS x", NO_KEY}, {"@1 DEL r", NO_KEY}, {"@1 DEL w", "1"},
           {"@1 WATCH r", "+OK"}, {"@1 WATCH x", NO_KEY}, {"@1 LCS r w", NO_KEY},
           {"@1 EXPIRE r 10", NO_KEY}, {"@1 TOUCH x", NO_KEY}, {"@1 SCAN 0 COUNT 100", "~*"})

TRANSCRIPT(acl, commands_are_allowed_by_name_category_and_first_argument,
           {"ACL SETUSER u on nopass ~* +@read -mget +config|get +select|1", "+OK"},
           {"@1 AUTH u x", "+OK"}, {"@1 GET k", "nil"}, {"@1 MGET k", NO_COMMAND("mget")},
           {"@1 SET k 1", NO_COMMAND("set")}, {"@1 CONFIG GET port*", "~*"},
           {"@1 CONFIG SET maxmemory 0", NO_COMMAND("config|set")}, {"@1 SELECT 1", "+OK"},
           {"@1 SELECT 0", NO_COMMAND("select")}, {"@1 NOSUCH", "~-ERR unknown command 'NOSUCH'*"},
           {"@1 GET", "-ERR wrong number of arguments for 'get' command"},
           {"@1 PING", NO_COMMAND("ping")}, {"@1 RESET", "+RESET"}, {"@1 PING", "+PONG"})

TRANSCRIPT(acl, selectors_are_asked_one_after_the_other,
           {"ACL SETUSER u on nopass +get ~a (+set ~b) (+get %R~c)", "+OK"}, {"@1 AUTH u x", "+OK"},
           {"@1 GET a", "nil"}, {"@1 SET b 1", "+OK"}, {"@1 GET c", "nil"}, {"@1 SET a 1", NO_KEY},
           {"@1 GET b", NO_KEY}, {"@1 DEL a", NO_COMMAND("del")})

TRANSCRIPT(acl, a_change_counts_for_the_next_command_of_everybody,
           {"ACL SETUSER u on nopass ~* +get", "+OK"}, {"@1 AUTH u x", "+OK"},
           {"@2 AUTH u x", "+OK"}, {"@1 SET k 1", NO_COMMAND("set")}, {"ACL SETUSER u +set", "+OK"},
           {"@1 SET k 1", "+OK"}, {"@2 SET k 2", "+OK"}, {"ACL SETUSER u -get", "+OK"},
           {"@1 GET k", NO_COMMAND("get")}, {"ACL SETUSER u off", "+OK"}, {"@1 SET k 3", "+OK"},
           {"@3 AUTH u x", "-WRONGPASS invalid username-password pair or user is disabled."},
           {"ACL SETUSER u +nope", "-ERR Error in ACL SETUSER modifier '+nope': Unknown command or "
                                   "category name in ACL"})

TRANSCRIPT(acl, what_is_queued_is_asked_again_when_it_runs,
           {"ACL SETUSER u on nopass ~a +@all", "+OK"}, {"@1 AUTH u x", "+OK"}, {"@1 MULTI", "+OK"},
           {"@1 SET b 1", NO_KEY},
           {"@1 EXEC", "-EXECABORT Transaction discarded because of "
                       "previous errors."},
           {"@1 MULTI", "+OK"}, {"@1 SET a 1", "+QUEUED"}, {"@1 GET a", "+QUEUED"},
           {"ACL SETUSER u -get", "+OK"},
           {"@1 EXEC",
            "[+OK, -NOPERM ACLs rules changed between the moment the transaction was accumulated "
            "and the EXEC call. This command is no longer allowed for the following reason: no "
            "permission to execute the command or subcommand]"},
           {"@1 MULTI", "+OK"}, {"@1 SET a 2", "+QUEUED"}, {"ACL SETUSER u resetkeys", "+OK"},
           {"@1 EXEC",
            "[-NOPERM ACLs rules changed between the moment the transaction was accumulated and "
            "the EXEC call. This command is no longer allowed for the following reason: no "
            "permission to touch the specified keys]"},
           {"@1 MULTI", "+OK"}, {"ACL SETUSER u -exec", "+OK"},
           {"@1 EXEC", "-EXECABORT Transaction discarded because of: NOPERM this user has no "
                       "permissions to run the 'exec' command"})

TRANSCRIPT(acl, channels_are_asked_and_a_listener_that_loses_one_is_closed,
           {"ACL SETUSER u on nopass +@all &a* &p*", "+OK"}, {"@1 AUTH u x", "+OK"},
           {"@1 PUBLISH ab x", "0"}, {"@1 PUBLISH b x", NO_CHANNEL},
           {"@1 SUBSCRIBE ab b", NO_CHANNEL}, {"@1 PSUBSCRIBE pq", NO_CHANNEL},
           {"@1 PSUBSCRIBE p*", "[\"psubscribe\", \"p*\", 1]"}, {"@2 AUTH u x", "+OK"},
           {"@2 SUBSCRIBE ab", "[\"subscribe\", \"ab\", 1]"},
           {"ACL SETUSER u resetchannels &p*", "+OK"}, {"@2 PING", "(closed)"},
           {"@1 PING", "[\"pong\", \"\"]"})

TRANSCRIPT(acl, what_was_denied_is_remembered, {"ACL LOG RESET", "+OK"},
           {"ACL SETUSER u on >pw ~a +get", "+OK"},
           {"@1 AUTH u no", "-WRONGPASS invalid "
                            "username-password pair or "
                            "user is disabled."},
           {"ACL LOG", "~[[\"count\", 1, \"reason\", \"auth\", \"context\", \"toplevel\", "
                       "\"object\", \"AUTH\", \"username\", \"u\", \"age-seconds\", *, "
                       "\"client-info\", \"id=*user=default*\"]]"},
           {"@1 AUTH u pw", "+OK"}, {"@1 GET b", NO_KEY}, {"@1 GET b", NO_KEY},
           {"@1 SET a 1", NO_COMMAND("set")},
           {"ACL LOG 2", "~[[\"count\", 1, \"reason\", \"command\", \"context\", \"toplevel\", "
                         "\"object\", \"set\", \"username\", \"u\", *], [\"count\", 2, \"reason\", "
                         "\"key\", \"context\", \"toplevel\", \"object\", \"b\", *user=u *]]"},
           {"ACL LOG x", "-ERR value is not an integer or out of range"},
           {"ACL LOG 1 2", "-ERR unknown subcommand or wrong number of arguments for 'LOG'. Try "
                           "ACL HELP."},
           {"ACL LOG RESET", "+OK"}, {"ACL LOG", "[]"})

TRANSCRIPT(acl, a_dry_run_says_what_would_happen, {"ACL SETUSER u ~a +get &c +publish", "+OK"},
           {"ACL DRYRUN u get a", "+OK"},
           {"ACL DRYRUN u get b", "\"This user has no permissions to access the 'b' key\""},
           {"ACL DRYRUN u set a 1", "\"This user has no permissions to run the 'set' command\""},
           {"ACL DRYRUN u publish d x",
            "\"This user has no permissions to access the 'd' channel\""},
           {"ACL DRYRUN u get", "-ERR wrong number of arguments for 'get' command"},
           {"ACL DRYRUN u nope", "-ERR Command 'nope' not found"},
           {"ACL DRYRUN nobody get a", "-ERR User 'nobody' not found"})

TRANSCRIPT(acl, small_questions, {"ACL CAT nope", "-ERR Unknown category 'nope'"},
           {"ACL CAT", "~[\"keyspace\", \"read\", \"write\", *\"scripting\"*"},
           {"ACL CAT transaction", "~*\"multi\"*"}, {"ACL GENPASS 5", "~\"*\""},
           {"ACL GENPASS 0", "-ERR ACL GENPASS argument must be the number of bits for the output "
                             "password, a positive number up to 4096"},
           {"ACL GENPASS 4097", "-ERR ACL GENPASS argument must be the number of bits for the "
                                "output password, a positive number up to 4096"},
           {"ACL GENPASS x", "-ERR value is not an integer or out of range"},
           {"ACL SETUSER \"a b\"", "-ERR Usernames can't contain spaces or null characters"},
           {"ACL SAVE", "~-ERR This Redis instance is not configured to use an ACL file*"},
           {"ACL LOAD", "~-ERR This Redis instance is not configured to use an ACL file*"},
           {"ACL NOPE", "-ERR unknown subcommand 'NOPE'. Try ACL HELP."},
           {"ACL", "-ERR wrong number of arguments for 'acl' command"},
           {"COMMAND LIST FILTERBY ACLCAT transaction", "~*\"multi\"*"})

TRANSCRIPT(acl, requirepass_is_the_password_of_default, {"@1 PING", "+PONG"},
           {"CONFIG SET requirepass pw", "+OK"}, {"@1 PING", "+PONG"},
           {"@2 PING", "-NOAUTH Authentication required."},
           {"ACL LIST", "[\"user default on "
                        "#30c952fab122c3f9759f02a6d95c3758b246b4fee239957b2d4fee46e26170c4 ~* &* "
                        "+@all\"]"},
           {"@2 AUTH nobody pw", "-WRONGPASS invalid username-password pair or user is disabled."},
           {"@2 AUTH default no", "-WRONGPASS invalid username-password pair or user is disabled."},
           {"@2 HELLO 3 AUTH default no", "-WRONGPASS invalid username-password pair or user is "
                                          "disabled."},
           {"@2 PING", "-NOAUTH Authentication required."}, {"@2 AUTH pw", "+OK"},
           {"@2 PING", "+PONG"}, {"@2 RESET", "+RESET"},
           {"@2 PING", "-NOAUTH Authentication required."}, {"CONFIG SET requirepass \"\"", "+OK"},
           {"@2 PING", "+PONG"}, {"@2 AUTH default anything", "+OK"},
           {"ACL SETUSER default off", "+OK"}, {"@3 PING", "-NOAUTH Authentication required."})

TRANSCRIPT(acl, clients_are_found_by_their_user, {"ACL SETUSER u on nopass +@all", "+OK"},
           {"@1 AUTH u x", "+OK"}, {"@2 AUTH u x", "+OK"}, {"@1 CLIENT INFO", "~*user=u *"},
           {"CLIENT KILL USER u", "2"}, {"@1 PING", "(closed)"}, {"@2 PING", "(closed)"},
           {"PING", "+PONG"})

/* ---- [[user]] rows ----------------------------------------------------------------------------
 */

static void write_file(const char *path, const char *text) {
    FILE *file = fopen(path, "w");
    cr_assert(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

static int check(const char *text, char *output, size_t output_size) {
    char path[] = "/tmp/brine-acl-XXXXXX";
    int fd = mkstemp(path);
    cr_assert(fd >= 0 && close(fd) == 0);
    write_file(path, text);
    char config[64];
    snprintf(config, sizeof config, "--config=%s", path);
    int status = wire_run_to_exit((const char *const[]){config, "--check-config", NULL}, output,
                                  output_size);
    unlink(path);
    return status;
}

Test(acl, rows_of_the_file_are_checked_before_the_start) {
    struct wire *wire = wire_open(NULL);
    wire_only_for(wire, BRINE_ONLY);
    wire_close(wire);
    static const struct {
        const char *text, *says;
        int status;
    } rows[] = {
        {"[[user]]\nname = \"u\"\nrules = \"~a +get (+set ~b c)\"\n",
         "modifier '(+set ~b c)': "
         "Syntax error",
         78},
        {"[[user]]\nname = \"u\"\nrules = \"~a +get (+set ~b)\"\nkeys = [\"x\"]\n", "", 0},
        {"[[user]]\nname = \"u\"\nrules = \"+nope\"\n", ":3:9: ", 78},
        {"[[user]]\nname = \"u\"\npasswords = \"x\"\n", "did you mean 'password'", 78},
        {"[[user]]\nname = \"u\"\npassword = \"secret\"\n", "exactly 64 characters", 78},
        {"[[user]]\nrules = \"on\"\n", "user.name: expected a name", 78},
        {"[[user]]\nname = \"u\"\n[[user]]\nname = \"u\"\n", "Duplicate user found", 78},
        {"[auth]\npassword = \"x\"\n[[user]]\nname = \"default\"\n", "keep one of the two", 78},
        {"[user]\nname = \"u\"\n", "expected [[user]] tables", 78},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char output[4096];
        int status = check(rows[i].text, output, sizeof output);
        cr_expect(status == rows[i].status, "%s: %d %s", rows[i].text, status, output);
        cr_expect(strstr(output, rows[i].says), "%s: %s", rows[i].text, output);
    }
}
