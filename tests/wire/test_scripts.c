/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* EVAL EVALSHA EVAL_RO EVALSHA_RO SCRIPT FUNCTION FCALL SORT SORT_RO. */

#include "support.h"

#include <criterion/criterion.h>

#define UNLOCK                                                                                     \
    "\"if redis.call('get',KEYS[1]) == ARGV[1] then\\n return redis.call('del',KEYS[1])\\nelse "   \
    "return 0 end\""
#define INCR "\"return redis.call('INCRBY', KEYS[1], ARGV[1])\""

TRANSCRIPT(scripts, a_known_script_runs, {"SET k token", "+OK"}, {"EVAL " UNLOCK " 1 k other", "0"},
           {"GET k", "\"token\""}, {"EVAL " UNLOCK " 1 k token", "1"}, {"EXISTS k", "0"},
           {"EVAL " INCR " 1 n 5", "5"}, {"eval " INCR " 1 n 5", "10"}, {"GET n", "\"10\""})

TRANSCRIPT(scripts, keys_are_counted,
           {"EVAL " INCR " x k 1", "-ERR value is not an integer or out of range"},
           {"EVAL " INCR " -1 k 1", "-ERR Number of keys can't be negative"},
           {"EVAL " INCR " 3 k 1", "-ERR Number of keys can't be greater than number of args"},
           {"EVAL " INCR, "-ERR wrong number of arguments for 'eval' command"})

TRANSCRIPT(scripts, an_error_names_the_script_and_its_line, {"SET k abc", "+OK"},
           {"EVAL " INCR " 1 k 1",
            "~-ERR value is not an integer or out of range script: *, on @user_script:1."},
           {"EVAL " INCR " 1 k",
            "~-ERR Lua redis lib command arguments must be strings or integers script: *"},
           {"EVAL " UNLOCK " 0",
            "~-ERR Lua redis lib command arguments must be * on @user_script:1."},
           {"EVAL_RO " INCR " 1 n 1",
            "~-ERR Write commands are not allowed from read-only scripts. script: *"},
           {"EXISTS n", "0"})

TRANSCRIPT(scripts, a_script_is_loaded_before_it_is_named, {"SCRIPT FLUSH", "+OK"},
           {"EVALSHA c3f8721cbb97f72bc19e972846bd7aaf91901658 1 k",
            "-NOSCRIPT No matching script. Please use EVAL."},
           {"EVALSHA short x", "-NOSCRIPT No matching script. Please use EVAL."},
           {"SCRIPT LOAD " INCR, "\"8cd00688c05c46bde4a2e60658ef20a2e5c0b248\""},
           {"SCRIPT FLUSH x", "-ERR SCRIPT FLUSH only support SYNC|ASYNC option"},
           {"SCRIPT FLUSH ASYNC", "+OK"},
           {"SCRIPT KILL", "-NOTBUSY No scripts in execution right now."},
           {"SCRIPT DEBUG x", "-ERR Use SCRIPT DEBUG YES/SYNC/NO"},
           {"SCRIPT x", "-ERR unknown subcommand 'x'. Try SCRIPT HELP."})

TRANSCRIPT(scripts, any_other_script_is_refused_and_one_of_lists_by_name,
           {"@brine EVAL \"return 1\" 0",
            "~-ERR script e0e1f9fabfc9d4800c877a703b823ac0578ff8db is not known here: *"},
           {"@brine SCRIPT LOAD \"return 1\"",
            "~-ERR script e0e1f9fabfc9d4800c877a703b823ac0578ff8db is not known*"},
           {"@brine EVAL \"redis.call('del', KEYS[2]) redis.call('lpush', KEYS[2], 1) "
            "redis.call('pexpire', KEYS[2], ARGV[2]) return redis.call('del', KEYS[1])\" 2 a b 1 2",
            "-ERR script 'python-redis-lock reset' needs lists, which this version does not have"})

TRANSCRIPT(scripts, a_script_runs_within_a_transaction_and_wakes_watchers, {"SET n 1", "+OK"},
           {"MULTI", "+OK"}, {"EVAL " INCR " 1 n 1", "+QUEUED"}, {"GET n", "+QUEUED"},
           {"EXEC", "[2, \"2\"]"}, {"@1 WATCH n", "+OK"}, {"EVAL " INCR " 1 n 1", "3"},
           {"@1 MULTI", "+OK"}, {"@1 GET n", "+QUEUED"}, {"@1 EXEC", "nil"})

TRANSCRIPT(
    scripts, keys_are_cleared_by_a_pattern_in_the_text, {"MSET a:1 x a:2 x b:1 x", "+OK"},
    {"EVAL \"for i, name in ipairs(redis.call('KEYS', 'a:*')) do redis.call('DEL', name); end\" 0",
     "nil"},
    {"MGET a:1 a:2 b:1", "[nil, nil, \"x\"]"})

TRANSCRIPT(scripts, there_are_no_functions, {"FUNCTION LIST", "[]"}, {"FUNCTION FLUSH", "+OK"},
           {"FUNCTION FLUSH nonsense", "-ERR FUNCTION FLUSH only supports SYNC|ASYNC option"},
           {"FUNCTION FLUSH 0 ASYNC", "-ERR unknown subcommand or wrong number of arguments for "
                                      "'FLUSH'. Try FUNCTION HELP."},
           {"FCALL f 0", "-ERR Function not found"}, {"FCALL_RO f 0", "-ERR Function not found"},
           {"FUNCTION DUMP", "\"\\n\\x00]\\x9b\\\\@\\x0f\\x7f\\xa2\\xda\""},
           {"FUNCTION DELETE x", "-ERR Library not found"},
           {"FUNCTION RESTORE x", "-ERR DUMP payload version or checksum are wrong"},
           {"@brine FUNCTION LOAD \"#!lua name=x\"",
            "-ERR this server runs no Lua, so it takes no functions"})

TRANSCRIPT(scripts, what_is_not_there_is_sorted, {"SORT none", "[]"},
           {"SORT none LIMIT 0 5 DESC", "[]"}, {"SET k v", "+OK"},
           {"SORT k", "-WRONGTYPE Operation against a key holding the wrong kind of value"},
           {"SORT none STORE k", "0"}, {"EXISTS k", "0"},
           {"SORT none BY w_* GET # GET x_* ALPHA", "[]"}, {"SORT none FOO", "-ERR syntax error"},
           {"SORT none LIMIT 0", "-ERR syntax error"},
           {"SORT none LIMIT x 1", "-ERR value is not an integer or out of range"},
           {"SORT_RO none", "[]"}, {"SORT_RO none STORE k", "-ERR syntax error"})
