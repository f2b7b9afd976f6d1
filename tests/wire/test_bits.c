/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* SETBIT GETBIT BITCOUNT BITPOS BITOP BITFIELD BITFIELD_RO. */

#include "support.h"

#include <criterion/criterion.h>

TRANSCRIPT(bits, a_bit_is_set_and_told_what_it_was, {"SETBIT k 7 1", "0"}, {"GET k", "\"\\x01\""},
           {"SETBIT k 7 1", "1"}, {"SETBIT k 100 0", "0"}, {"STRLEN k", "13"},
           {"SETBIT k 7 0", "1"}, {"GETBIT k 7", "0"}, {"GETBIT k 100000", "0"},
           {"GETBIT none 1", "0"}, {"EXISTS none", "0"}, {"SET n 10", "+OK"}, {"SETBIT n 7 1", "1"},
           {"INCR n", "11"})

TRANSCRIPT(bits, bits_and_offsets_out_of_range_are_refused,
           {"SETBIT k 4294967296 1", "-ERR bit offset is not an integer or out of range"},
           {"SETBIT k -1 1", "-ERR bit offset is not an integer or out of range"},
           {"SETBIT k x 1", "-ERR bit offset is not an integer or out of range"},
           {"SETBIT k 01 1", "-ERR bit offset is not an integer or out of range"},
           {"SETBIT k 1 2", "-ERR bit is not an integer or out of range"},
           {"SETBIT k 1 x", "-ERR bit is not an integer or out of range"},
           {"SETBIT k 1", "-ERR wrong number of arguments for 'setbit' command"},
           {"GETBIT k 4294967296", "-ERR bit offset is not an integer or out of range"},
           {"GETBIT k -1", "-ERR bit offset is not an integer or out of range"}, {"EXISTS k", "0"})

TRANSCRIPT(bits, bitcount_counts_within_bytes_or_bits, {"SET k foobar", "+OK"},
           {"BITCOUNT k", "26"}, {"BITCOUNT k 0 0", "4"}, {"BITCOUNT k 1 1", "6"},
           {"BITCOUNT k -2 -1", "7"}, {"BITCOUNT k 1 1 BYTE", "6"}, {"BITCOUNT k 5 30 BIT", "17"},
           {"BITCOUNT k 5 1 bit", "0"},
           {"BITCOUNT k -9223372036854775808 9223372036854775807", "26"}, {"BITCOUNT none", "0"},
           {"BITCOUNT k 1", "-ERR syntax error"},
           {"BITCOUNT k 1 x", "-ERR value is not an integer or out of range"},
           {"BITCOUNT k 1 2 NIBBLE", "-ERR syntax error"},
           {"BITCOUNT k 1 2 BIT x", "-ERR syntax error"}, {"BITCOUNT none 1 x", "0"})

TRANSCRIPT(bits, bitpos_finds_the_first, {"SET k \"\\xff\\xf0\\x00\"", "+OK"}, {"BITPOS k 0", "12"},
           {"BITPOS k 1", "0"}, {"BITPOS k 1 2", "-1"}, {"BITPOS k 0 2 -1", "16"},
           {"BITPOS k 1 2 -1 BIT", "2"}, {"BITPOS k 0 7 15 BIT", "12"}, {"SET f \"\\xff\"", "+OK"},
           {"BITPOS f 0", "8"}, {"BITPOS f 0 0", "8"}, {"BITPOS f 0 0 -1", "-1"},
           {"BITPOS none 0", "0"}, {"BITPOS none 1", "-1"},
           {"BITPOS k 2", "-ERR The bit argument must be 1 or 0."},
           {"BITPOS k x", "-ERR value is not an integer or out of range"},
           {"BITPOS k 1 0 -1 NIBBLE", "-ERR syntax error"},
           {"BITPOS k 1 BIT", "-ERR value is not an integer or out of range"})

TRANSCRIPT(bits, bitop_combines_values_as_long_as_the_longest, {"SET a abc", "+OK"},
           {"SET b \"\\xff\"", "+OK"}, {"BITOP AND d a b", "3"}, {"GET d", "\"a\\x00\\x00\""},
           {"BITOP or d a b none", "3"}, {"GET d", "\"\\xffbc\""}, {"BITOP XOR d a a", "3"},
           {"GET d", "\"\\x00\\x00\\x00\""}, {"BITOP NOT d b", "1"}, {"GET d", "\"\\x00\""},
           {"BITOP NOT d a b", "-ERR BITOP NOT must be called with a single source key."},
           {"BITOP NAND d a b", "-ERR syntax error"}, {"EXPIRE d 1000", "1"},
           {"BITOP AND d none none2", "0"}, {"EXISTS d", "0"}, {"SET d x EX 1000", "+OK"},
           {"BITOP OR d a", "3"}, {"TTL d", "-1"},
           {"BITOP AND d", "-ERR wrong number of arguments for 'bitop' command"},
           {"BITOP OR a a b", "3"}, {"GET a", "\"\\xffbc\""})

TRANSCRIPT(bits, bitfield_tells_nobody_of_zeros_for_writes_that_all_fail, {"WATCH n", "+OK"},
           {"@1 BITFIELD n OVERFLOW FAIL INCRBY u2 0 9", "[nil]"}, {"STRLEN n", "1"},
           {"@1 BITFIELD n OVERFLOW FAIL INCRBY u2 8 9", "[nil]"}, {"STRLEN n", "2"},
           {"MULTI", "+OK"}, {"PING", "+QUEUED"}, {"EXEC", "[+PONG]"}, {"WATCH n", "+OK"},
           {"@1 BITFIELD n OVERFLOW FAIL INCRBY u2 16 9 SET u2 16 0", "[nil, 0]"}, {"MULTI", "+OK"},
           {"PING", "+QUEUED"}, {"EXEC", "nil"})

TRANSCRIPT(bits, bitfield_reads_writes_and_counts, {"BITFIELD k SET u8 0 255 GET u8 0", "[0, 255]"},
           {"BITFIELD k INCRBY u8 0 1", "[0]"},
           {"BITFIELD k SET i5 #2 -1 GET u5 #2 GET u16 0", "[0, 31, 62]"},
           {"BITFIELD k INCRBY i64 0 9223372036854775807 INCRBY i64 0 1",
            "[-9205920588298715137, -9205920588298715136]"},
           {"STRLEN k", "8"}, {"BITFIELD k", "[]"}, {"BITFIELD none GET u63 1000", "[0]"},
           {"EXISTS none", "0"}, {"BITFIELD_RO k GET u8 0 GET i8 #1", "[128, 62]"},
           {"BITFIELD_RO k SET u8 0 1", "-ERR BITFIELD_RO only supports the GET subcommand"},
           {"BITFIELD_RO none", "[]"})

TRANSCRIPT(bits, overflow_wraps_saturates_or_fails,
           {"BITFIELD k SET u2 0 3 OVERFLOW SAT INCRBY u2 0 1", "[0, 3]"},
           {"BITFIELD k OVERFLOW FAIL INCRBY u2 0 1 GET u2 0", "[nil, 3]"},
           {"BITFIELD k OVERFLOW WRAP INCRBY u2 0 2", "[1]"},
           {"BITFIELD k OVERFLOW SAT INCRBY i8 8 200 INCRBY i8 8 -300", "[127, -128]"},
           {"BITFIELD k OVERFLOW FAIL SET i8 8 200 OVERFLOW wrap SET i8 8 200 GET i8 8",
            "[nil, -128, -56]"},
           {"BITFIELD k OVERFLOW NEVER INCRBY u2 0 1", "-ERR Invalid OVERFLOW type specified"},
           {"BITFIELD k OVERFLOW", "-ERR syntax error"})

TRANSCRIPT(bits, counted_places_wrap_round_at_64_bits,
           {"BITFIELD k GET u8 #-9223372036854775808 GET i8 #2305843009213693952", "[0, 0]"},
           {"BITFIELD k SET u8 #2305843009213693953 65", "[0]"}, {"GET k", "\"\\x00A\""},
           {"BITFIELD k SET u2 #-9223372036854775807 3 GET u4 0", "[0, 3]"},
           {"BITFIELD k GET u8 #-2305843009213693953",
            "-ERR bit offset is not an integer or out of range"})

TRANSCRIPT(bits, a_wrong_bitfield_changes_nothing,
           {"BITFIELD k SET u8 0 1 SET u64 0 1",
            "-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported "
            "but i64 is."},
           {"BITFIELD k SET u8 0 1 GET i65 0", "-ERR Invalid bitfield type. Use something like i16 "
                                               "u8. Note that u64 is not supported but i64 is."},
           {"BITFIELD k SET u0 0 1", "-ERR Invalid bitfield type. Use something like i16 u8. Note "
                                     "that u64 is not supported but i64 is."},
           {"BITFIELD k SET x8 0 1", "-ERR Invalid bitfield type. Use something like i16 u8. Note "
                                     "that u64 is not supported but i64 is."},
           {"BITFIELD k SET u8 -1 1", "-ERR bit offset is not an integer or out of range"},
           {"BITFIELD k SET u8 4294967296 1", "-ERR bit offset is not an integer or out of range"},
           {"BITFIELD k SET u8 #536870912 1", "-ERR bit offset is not an integer or out of range"},
           {"BITFIELD k SET u8 0 x", "-ERR value is not an integer or out of range"},
           {"BITFIELD k SET u8 0", "-ERR syntax error"},
           {"BITFIELD k NOSUCH u8 0", "-ERR syntax error"}, {"EXISTS k", "0"})
