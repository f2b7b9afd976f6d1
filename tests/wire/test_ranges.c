/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* GETRANGE SUBSTR SETRANGE INCRBYFLOAT MSETNX LCS. */

#include "support.h"

#include <criterion/criterion.h>

TRANSCRIPT(ranges, getrange_takes_what_is_there, {"SET k \"hello world\"", "+OK"},
           {"GETRANGE k 0 4", "\"hello\""}, {"GETRANGE k -5 -1", "\"world\""},
           {"GETRANGE k 0 -1", "\"hello world\""}, {"GETRANGE k 5 2", "\"\""},
           {"GETRANGE k 100 200", "\"\""}, {"GETRANGE k -100 2", "\"hel\""},
           {"GETRANGE k -2 -5", "\"\""}, {"SUBSTR k 0 0", "\"h\""}, {"GETRANGE none 0 1", "\"\""},
           {"GETRANGE k x 1", "-ERR value is not an integer or out of range"},
           {"GETRANGE k 0 1.5", "-ERR value is not an integer or out of range"},
           {"GETRANGE k 0", "-ERR wrong number of arguments for 'getrange' command"},
           {"SET n 1234", "+OK"}, {"GETRANGE n 1 2", "\"23\""})

TRANSCRIPT(
    ranges, setrange_fills_with_zeros, {"SETRANGE k 3 abc", "6"},
    {"GET k", "\"\\x00\\x00\\x00abc\""}, {"SETRANGE k 4 XYZ", "7"},
    {"GET k", "\"\\x00\\x00\\x00aXYZ\""}, {"SETRANGE k 0 \"\"", "7"}, {"SETRANGE none 5 \"\"", "0"},
    {"EXISTS none", "0"}, {"SETRANGE k -1 a", "-ERR offset is out of range"},
    {"SETRANGE k 536870912 a", "-ERR string exceeds maximum allowed size (proto-max-bulk-len)"},
    {"SETRANGE k 9223372036854775807 a",
     "-ERR string exceeds maximum allowed size (proto-max-bulk-len)"},
    {"SETRANGE k x a", "-ERR value is not an integer or out of range"},
    {"SETRANGE k 1", "-ERR wrong number of arguments for 'setrange' command"},
    {"SET t v EX 1000", "+OK"}, {"SETRANGE t 0 w", "1"}, {"TTL t", "990..1000"}, {"STRLEN k", "7"})

TRANSCRIPT(ranges, incrbyfloat_writes_the_shortest_form, {"INCRBYFLOAT k 10.50", "\"10.5\""},
           {"INCRBYFLOAT k 0.1", "\"10.6\""}, {"GET k", "\"10.6\""},
           {"INCRBYFLOAT k -5", "\"5.6\""}, {"SET k 5.0e3", "+OK"},
           {"INCRBYFLOAT k 2.0e2", "\"5200\""}, {"SET k 3", "+OK"},
           {"INCRBYFLOAT k 1e-17", "\"3.00000000000000001\""},
           {"INCRBYFLOAT k abc", "-ERR value is not a valid float"},
           {"INCRBYFLOAT k \" 1\"", "-ERR value is not a valid float"},
           {"INCRBYFLOAT k inf", "-ERR increment would produce NaN or Infinity"},
           {"INCRBYFLOAT k nan", "-ERR value is not a valid float"}, {"SET k abc", "+OK"},
           {"INCRBYFLOAT k 1", "-ERR value is not a valid float"}, {"SET k \"1 \"", "+OK"},
           {"INCRBYFLOAT k 1", "-ERR value is not a valid float"}, {"SET k 1 EX 1000", "+OK"},
           {"INCRBYFLOAT k 1", "\"2\""}, {"TTL k", "990..1000"})

TRANSCRIPT(ranges, msetnx_sets_all_or_nothing, {"MSETNX a 1 b 2", "1"}, {"MSETNX b 3 c 4", "0"},
           {"MGET a b c", "[\"1\", \"2\", nil]"}, {"MSETNX c 1 c 2", "1"}, {"GET c", "\"2\""},
           {"MSETNX d", "-ERR wrong number of arguments for 'msetnx' command"},
           {"MSETNX d 1 e", "-ERR wrong number of arguments for 'msetnx' command"},
           {"EXISTS d e", "0"})

TRANSCRIPT(ranges, lcs_tells_the_longest_common_part, {"MSET a ohmytext b mynewtext", "+OK"},
           {"LCS a b", "\"mytext\""}, {"LCS a b LEN", "6"},
           {"LCS a b IDX", "[\"matches\", [[[4, 7], [5, 8]], [[2, 3], [0, 1]]], \"len\", 6]"},
           {"LCS a b IDX MINMATCHLEN 4", "[\"matches\", [[[4, 7], [5, 8]]], \"len\", 6]"},
           {"LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN",
            "[\"matches\", [[[4, 7], [5, 8], 4]], \"len\", 6]"},
           {"LCS a b idx withmatchlen minmatchlen -1",
            "[\"matches\", [[[4, 7], [5, 8], 4], [[2, 3], [0, 1], 2]], \"len\", 6]"},
           {"LCS a none", "\"\""}, {"LCS none none2 LEN", "0"},
           {"LCS a none IDX", "[\"matches\", [], \"len\", 0]"},
           {"LCS a b IDX LEN",
            "-ERR If you want both the length and indexes, please just use IDX."},
           {"LCS a b MINMATCHLEN", "-ERR syntax error"},
           {"LCS a b MINMATCHLEN x", "-ERR value is not an integer or out of range"},
           {"LCS a b FOO", "-ERR syntax error"},
           {"LCS a", "-ERR wrong number of arguments for 'lcs' command"})
