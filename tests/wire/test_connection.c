/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* One connection's life: greeting, password, name, database, and what CLIENT tells of it. */

#include "support.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */

TRANSCRIPT(connection, ping_and_echo,
    {"PING", "+PONG"},
    {"ping", "+PONG"},
    {"PING hello", "\"hello\""},
    {"PING \"\"", "\"\""},
    {"PING \"\\x00\\r\\n\"", "\"\\x00\\r\\n\""},
    {"PING a b", "-ERR wrong number of arguments for 'ping' command"},
    {"ECHO hello", "\"hello\""},
    {"ECHO \"\"", "\"\""},
    {"ECHO", "-ERR wrong number of arguments for 'echo' command"},
    {"ECHO a b", "-ERR wrong number of arguments for 'echo' command"})

TRANSCRIPT(connection, quit_is_answered_then_the_connection_ends,
    {"QUIT", "+OK"},
    {"PING", "(closed)"},
    {"PING", "+PONG"},
    {"quit now", "+OK"})

TRANSCRIPT(connection, an_unknown_command_is_quoted_with_its_arguments,
    {"FOO", "-ERR unknown command 'FOO', with args beginning with: "},
    {"foo", "-ERR unknown command 'foo', with args beginning with: "},
    {"FOO a", "-ERR unknown command 'FOO', with args beginning with: 'a' "},
    {"FOO a b \"c d\" \"\"", "-ERR unknown command 'FOO', with args beginning with: 'a' 'b' 'c d' '' "},
    {"\"\" a", "-ERR unknown command '', with args beginning with: 'a' "},
    {"\"FOO\\r\\nBAR\" \"x\\r\\ny\"", "-ERR unknown command 'FOO  BAR', with args beginning with: 'x  y' "},
    {"\"FO\\x00O\" a\\x01b", "-ERR unknown command 'FO', with args beginning with: 'a\\x01b' "},
    {"FOO aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggggggggghhhhhhhhhhiiiiiiiiiijjjjjjjjjjkkkkkkkkkkllllllllllmmmmmmmmmmnnnnnnnnnn", "-ERR unknown command 'FOO', with args beginning with: 'aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggggggggghhhhhhhhhhiiiiiiiiiijjjjjjjjjjkkkkkkkkkkllllllllllmmmmmmmm' "},
    {"FOO aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggggggggghhhhhhhhhhiiiiiiiiiijjjjjjjjjjkkkkkkkkkk llllllllllmmmmmmmmmmnnnnnnnnnn ooooooooo ppppp", "-ERR unknown command 'FOO', with args beginning with: 'aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggggggggghhhhhhhhhhiiiiiiiiiijjjjjjjjjjkkkkkkkkkk' 'llllllllllmmmmm' "},
    {"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggggggggghhhhhhhhhhiiiiiiiiiijjjjjjjjjjkkkkkkkkkkllllllllllmmmmmmmmmmnnnnnnnnnn x", "-ERR unknown command 'aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggggggggghhhhhhhhhhiiiiiiiiiijjjjjjjjjjkkkkkkkkkkllllllllllmmmmmmmm', with args beginning with: 'x' "},
    {"GETT", "-ERR unknown command 'GETT', with args beginning with: "},
    {"PING", "+PONG"})

TRANSCRIPT(connection, hello_names_the_server,
    {"HELLO", "~[\"server\", \"redis\", \"version\", \"*\", \"proto\", 2, \"id\", *, \"mode\", \"standalone\", \"role\", \"master\", \"modules\", []*]"},
    {"HELLO 2", "~[\"server\", \"redis\", *\"proto\", 2, *]"},
    {"@brine HELLO 2", "~*, \"brine\", \"*.*.*\"]"},
    {"HELLO 1", "-NOPROTO unsupported protocol version"},
    {"HELLO 4", "-NOPROTO unsupported protocol version"},
    {"HELLO 0", "-NOPROTO unsupported protocol version"},
    {"HELLO -1", "-NOPROTO unsupported protocol version"},
    {"HELLO abc", "-ERR Protocol version is not an integer or out of range"},
    {"HELLO \"\"", "-ERR Protocol version is not an integer or out of range"},
    {"HELLO 99999999999999999999", "-ERR Protocol version is not an integer or out of range"},
    {"HELLO 2 FOO", "-ERR Syntax error in HELLO option 'FOO'"},
    {"HELLO 2 AUTH", "-ERR Syntax error in HELLO option 'AUTH'"},
    {"HELLO 2 AUTH default", "-ERR Syntax error in HELLO option 'AUTH'"},
    {"HELLO 2 SETNAME", "-ERR Syntax error in HELLO option 'SETNAME'"},
    {"HELLO 2 SETNAME \"a b\"", "-ERR Client names cannot contain spaces, newlines or special characters."},
    {"CLIENT GETNAME", "nil"},
    {"HELLO 2 SETNAME me", "~[\"server\", \"redis\", *"},
    {"CLIENT GETNAME", "\"me\""},
    {"HELLO 2 setname you auth default any", "~[\"server\", \"redis\", *"},
    {"CLIENT GETNAME", "\"you\""},
    {"HELLO 2 SETNAME they AUTH nobody wrong", "-WRONGPASS invalid username-password pair or user is disabled."},
    {"CLIENT GETNAME", "\"they\""},
    {"HELLO 5 FOO", "-NOPROTO unsupported protocol version"},
    {"HELLO 2 SETNAME x SETNAME y", "~[\"server\", *"},
    {"CLIENT GETNAME", "\"y\""},
    {"HELLO 2 SETNAME \"\"", "~[\"server\", *"},
    {"CLIENT GETNAME", "nil"},
    {"PING", "+PONG"})

TRANSCRIPT(connection, auth_without_a_password_set,
    {"AUTH any", "-ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?"},
    {"AUTH default any", "+OK"},
    {"AUTH nobody any", "-WRONGPASS invalid username-password pair or user is disabled."},
    {"AUTH", "-ERR wrong number of arguments for 'auth' command"},
    {"AUTH a b c", "-ERR syntax error"},
    {"PING", "+PONG"})

TRANSCRIPT(connection, names,
    {"CLIENT GETNAME", "nil"},
    {"CLIENT SETNAME me", "+OK"},
    {"CLIENT GETNAME", "\"me\""},
    {"client setname you", "+OK"},
    {"@1 CLIENT GETNAME", "nil"},
    {"CLIENT SETNAME \"a b\"", "-ERR Client names cannot contain spaces, newlines or special characters."},
    {"CLIENT SETNAME \"a\\nb\"", "-ERR Client names cannot contain spaces, newlines or special characters."},
    {"CLIENT SETNAME \"a\\x7fb\"", "-ERR Client names cannot contain spaces, newlines or special characters."},
    {"CLIENT SETNAME \"a\\x80b\"", "-ERR Client names cannot contain spaces, newlines or special characters."},
    {"CLIENT SETNAME !~", "+OK"},
    {"CLIENT GETNAME", "\"!~\""},
    {"CLIENT SETNAME", "-ERR wrong number of arguments for 'client|setname' command"},
    {"CLIENT SETNAME a b", "-ERR wrong number of arguments for 'client|setname' command"},
    {"CLIENT GETNAME x", "-ERR wrong number of arguments for 'client|getname' command"},
    {"CLIENT SETNAME \"\"", "+OK"},
    {"CLIENT GETNAME", "nil"})

TRANSCRIPT(connection, setinfo_names_the_library,
    {"@brine CLIENT SETINFO LIB-NAME redis-py", "+OK"},
    {"@brine CLIENT SETINFO lib-ver 8.1.0", "+OK"},
    {"@brine CLIENT INFO", "~\"id=* lib-name=redis-py lib-ver=8.1.0*\\n\""},
    {"@brine CLIENT SETINFO LIB-NAME redis-py(django_v6.1)", "+OK"},
    {"@brine CLIENT SETINFO LIB-NAME \"a b\"", "-ERR LIB-NAME cannot contain spaces, newlines or special characters."},
    {"@brine CLIENT SETINFO LIB-VER \"1\\n2\"", "-ERR LIB-VER cannot contain spaces, newlines or special characters."},
    {"@brine CLIENT SETINFO FOO bar", "-ERR Unrecognized option 'FOO'"},
    {"@brine CLIENT SETINFO LIB-NAME", "-ERR wrong number of arguments for 'client|setinfo' command"},
    {"@brine CLIENT MAINT_NOTIFICATIONS ON moving-endpoint-type internal-ip", "+OK"},
    {"@brine CLIENT MAINT_NOTIFICATIONS on moving-endpoint-type none some-day yes", "+OK"},
    {"@brine CLIENT MAINT_NOTIFICATIONS OFF", "+OK"},
    {"@brine CLIENT MAINT_NOTIFICATIONS ON moving-endpoint-type nowhere", "-ERR syntax error"},
    {"@brine CLIENT MAINT_NOTIFICATIONS ON moving-endpoint-type", "-ERR syntax error"},
    {"@brine CLIENT MAINT_NOTIFICATIONS maybe", "-ERR syntax error"},
    {"@brine CLIENT SETINFO LIB-NAME a b", "-ERR wrong number of arguments for 'client|setinfo' command"},
    {"PING", "+PONG"})

TRANSCRIPT(connection, client_id_is_a_number_of_its_own,
    {"CLIENT ID", "1..1000000"},
    {"@1 CLIENT ID", "1..1000000"},
    {"CLIENT ID x", "-ERR wrong number of arguments for 'client|id' command"},
    {"CLIENT", "-ERR wrong number of arguments for 'client' command"},
    {"CLIENT FOO", "-ERR unknown subcommand 'FOO'. Try CLIENT HELP."},
    {"CLIENT foo bar", "-ERR unknown subcommand 'foo'. Try CLIENT HELP."},
    {"CLIENT INFO x", "-ERR wrong number of arguments for 'client|info' command"})

TRANSCRIPT(connection, client_info_and_list_describe_connections,
    {"CLIENT SETNAME me", "+OK"},
    {"SELECT 3", "+OK"},
    {"CLIENT INFO", "~\"id=* addr=*:* laddr=*:* fd=* name=me age=* idle=* flags=N db=3 sub=0 psub=0 ssub=0 multi=-1 qbuf=* qbuf-free=* argv-mem=* multi-mem=0 rbs=* rbp=* obl=* oll=* omem=* tot-mem=* events=* cmd=client|info user=default redir=-1 resp=2*\\n\""},
    {"CLIENT LIST", "~\"id=* name=me * db=3 *cmd=client|list*\\n\""},
    {"@1 SET k v", "+OK"},
    {"@1 CLIENT SETNAME other", "+OK"},
    {"CLIENT LIST", "~\"*name=other * cmd=client|setname *\\n\""},
    {"CLIENT LIST TYPE normal", "~\"*name=me *\""},
    {"CLIENT LIST type NORMAL", "~\"*name=me *\""},
    {"CLIENT LIST TYPE pubsub", "\"\""},
    {"CLIENT LIST TYPE replica", "\"\""},
    {"CLIENT LIST TYPE master", "\"\""},
    {"CLIENT LIST TYPE foo", "-ERR Unknown client type 'foo'"},
    {"CLIENT LIST TYPE", "-ERR syntax error"},
    {"CLIENT LIST FOO", "-ERR syntax error"},
    {"CLIENT LIST ID", "-ERR syntax error"},
    {"CLIENT LIST ID abc", "-ERR Invalid client ID"},
    {"CLIENT LIST ID 0", "\"\""},
    {"CLIENT LIST ID 999999999", "\"\""},
    {"CLIENT LIST TYPE normal FOO", "-ERR syntax error"})

TRANSCRIPT(connection, client_kill_refuses_wrong_arguments,
    {"CLIENT KILL", "-ERR wrong number of arguments for 'client|kill' command"},
    {"CLIENT KILL 1.2.3.4:5", "-ERR No such client"},
    {"CLIENT KILL foo", "-ERR No such client"},
    {"CLIENT KILL ID", "-ERR No such client"},
    {"CLIENT KILL ID abc", "-ERR client-id should be greater than 0"},
    {"CLIENT KILL ID 0", "-ERR client-id should be greater than 0"},
    {"CLIENT KILL ID -1", "-ERR client-id should be greater than 0"},
    {"CLIENT KILL ID 999999999", "0"},
    {"CLIENT KILL ADDR 1.2.3.4:5", "0"},
    {"@brine CLIENT KILL MAXAGE 1000000", "0"},
    {"@brine CLIENT KILL MAXAGE x", "-ERR maxage is not an integer or out of range"},
    {"@brine CLIENT KILL MAXAGE 0", "-ERR maxage should be greater than 0"},
    {"CLIENT KILL LADDR 1.2.3.4:5", "0"},
    {"CLIENT KILL TYPE foo", "-ERR Unknown client type 'foo'"},
    {"CLIENT KILL TYPE pubsub", "0"},
    {"CLIENT KILL USER nobody", "-ERR No such user 'nobody'"},
    {"CLIENT KILL SKIPME maybe", "-ERR syntax error"},
    {"CLIENT KILL FOO bar", "-ERR syntax error"},
    {"CLIENT KILL ID 999999999 FOO", "-ERR syntax error"},
    {"CLIENT KILL ID 999999999 SKIPME yes", "0"},
    {"PING", "+PONG"})

TRANSCRIPT(connection, client_kill_by_type_and_user,
    {"@1 PING", "+PONG"},
    {"@2 PING", "+PONG"},
    {"CLIENT KILL TYPE normal", "2"},
    {"@1 PING", "(closed)"},
    {"@2 PING", "(closed)"},
    {"@1 PING", "+PONG"},
    {"CLIENT KILL USER default TYPE normal", "1"},
    {"@1 PING", "(closed)"},
    {"CLIENT KILL USER default SKIPME no", "1"},
    {"PING", "(closed)"},
    {"PING", "+PONG"})

TRANSCRIPT(connection, reset_takes_everything_back,
    {"CLIENT SETNAME me", "+OK"},
    {"SELECT 5", "+OK"},
    {"RESET", "+RESET"},
    {"CLIENT GETNAME", "nil"},
    {"CLIENT INFO", "~*db=0 *"},
    {"RESET x", "-ERR wrong number of arguments for 'reset' command"})

TRANSCRIPT(connection, subcommands_say_how_they_are_used,
    {"CLIENT HELP", "~[+CLIENT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:, *+HELP, +    Prints this help.]"},
    {"CLIENT HELP x", "-ERR wrong number of arguments for 'client|help' command"})
/* clang-format on */

static const char *const password[] = {"auth.password=s3cret pass", NULL};

TRANSCRIPT(connection, what_exec_changes_itself_does_not_make_its_client_dirty, {"SET k 1", "+OK"},
           {"WATCH k", "+OK"}, {"MULTI", "+OK"}, {"DEL k", "+QUEUED"}, {"CLIENT INFO", "+QUEUED"},
           {"EXEC", "~[1, \"* flags=x db=*"}, {"WATCH k", "+OK"}, {"@1 SET k 2", "+OK"},
           {"CLIENT INFO", "~\"* flags=d db=*"})

Test(connection, what_a_transaction_holds_is_shown_with_its_client) {
    struct wire *wire = wire_open(NULL);
    PLAY(wire, {"MULTI", "+OK"}, {"SET key value", "+QUEUED"});
    const char *line = wire_ask(wire, 1, "CLIENT LIST");
    const char *held =
        strstr(line, " multi=1 ") ? strstr(strstr(line, " multi=1 "), "multi-mem=") : NULL;
    cr_expect(held && held[strlen("multi-mem=")] != '0', "%s", line);
    wire_close(wire);
}

Test(connection, a_password_stands_before_everything) {
    struct wire *wire = wire_open(password);
    /* clang-format off */
    PLAY(wire,
        {"PING", "-NOAUTH Authentication required."},
        {"GET k", "-NOAUTH Authentication required."},
        {"GET", "-ERR wrong number of arguments for 'get' command"},
        {"FOO", "-ERR unknown command 'FOO', with args beginning with: "},
        {"CLIENT ID", "-NOAUTH Authentication required."},
        {"HELLO", "-NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time"},
        {"HELLO 2", "-NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time"},
        {"HELLO 9", "-NOPROTO unsupported protocol version"},
        {"AUTH wrong", "-WRONGPASS invalid username-password pair or user is disabled."},
        {"AUTH default wrong", "-WRONGPASS invalid username-password pair or user is disabled."},
        {"AUTH nobody \"s3cret pass\"", "-WRONGPASS invalid username-password pair or user is disabled."},
        {"AUTH \"s3cret\"", "-WRONGPASS invalid username-password pair or user is disabled."},
        {"AUTH \"s3cret pass \"", "-WRONGPASS invalid username-password pair or user is disabled."},
        {"AUTH \"\"", "-WRONGPASS invalid username-password pair or user is disabled."},
        {"AUTH", "-ERR wrong number of arguments for 'auth' command"},
        {"HELLO 2 AUTH default wrong", "-WRONGPASS invalid username-password pair or user is disabled."},
        {"HELLO 2 AUTH default wrong SETNAME x", "-WRONGPASS invalid username-password pair or user is disabled."},
        {"GET k", "-NOAUTH Authentication required."},
        {"AUTH \"s3cret pass\"", "+OK"},
        {"GET k", "nil"},
        {"AUTH wrong", "-WRONGPASS invalid username-password pair or user is disabled."},
        {"GET k", "nil"},
        {"RESET", "+RESET"},
        {"GET k", "-NOAUTH Authentication required."},
        {"AUTH default \"s3cret pass\"", "+OK"},
        {"PING", "+PONG"},
        {"@1 HELLO 2 AUTH default \"s3cret pass\" SETNAME you", "~[\"server\", *"},
        {"@1 CLIENT GETNAME", "\"you\""},
        {"@2 QUIT", "+OK"},
        {"@3 RESET", "+RESET"});
    /* clang-format on */
    wire_close(wire);
}

static void id_of(struct wire *wire, int client, char *id, size_t size) {
    snprintf(id, size, "%s", wire_ask(wire, client, "CLIENT ID"));
}

Test(connection, client_kill_by_id_and_address_ends_the_right_one) {
    struct wire *wire = wire_open(NULL);
    char first[32], second[32], command[96], address[64] = "";
    id_of(wire, 1, first, sizeof first);
    id_of(wire, 2, second, sizeof second);
    cr_expect(strcmp(first, second) != 0, "two connections share the id %s", first);

    snprintf(command, sizeof command, "CLIENT LIST ID %s %s", first, second);
    const char *list = wire_ask(wire, 0, command);
    char both[80];
    snprintf(both, sizeof both, "~\"id=%s *\\nid=%s *\\n\"", first, second);
    cr_expect(wire_matches(list, both), "%s: %s", command, list);

    snprintf(command, sizeof command, "CLIENT KILL ID %s", first);
    cr_expect_str_eq(wire_ask(wire, 0, command), "1");
    cr_expect(wire_client_is_closed(wire, 1));
    cr_expect_str_eq(wire_ask(wire, 0, command), "0");
    wire_forget_client(wire, 1);

    const char *info = strstr(wire_ask(wire, 2, "CLIENT INFO"), "addr=");
    cr_assert(info && sscanf(info, "addr=%63s", address) == 1);
    snprintf(command, sizeof command, "CLIENT KILL %s", address);
    cr_expect_str_eq(wire_ask(wire, 0, command), "+OK");
    cr_expect(wire_client_is_closed(wire, 2));
    cr_expect_str_eq(wire_ask(wire, 0, command), "-ERR No such client");
    wire_close(wire);
}

Test(connection, a_client_that_kills_itself_gets_its_answer_first) {
    struct wire *wire = wire_open(NULL);
    char id[32], command[64];
    id_of(wire, 0, id, sizeof id);
    snprintf(command, sizeof command, "CLIENT KILL ID %s", id);
    cr_expect_str_eq(wire_ask(wire, 0, command), "0"); /* SKIPME is yes by default */
    snprintf(command, sizeof command, "CLIENT KILL ID %s SKIPME no", id);
    cr_expect_str_eq(wire_ask(wire, 0, command), "1");
    cr_expect_str_eq(wire_ask(wire, 0, "PING"), "(closed)");
    wire_close(wire);
}
