/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "world.h"

#include "pickle/harmless.h"

#include <openssl/evp.h>
#include <zlib.h>

/* os.system, getattr and the like are refused in the corpus of the verifier; here it matters that
 * nothing gets by it, whatever wraps it. */
#define EVIL "cos\nsystem\n(S'id'\ntR."
#define GOOD "\x80\x04}\x94\x8c\x01k\x94K\x01s."
#define CART "cshop.models\nCart\n)\x81}\x62."

static const char rules[] = "[policy.shop]\nallow = [\"shop.models.Cart\"]\n"
                            "[[rule]]\nkeys = \"p:*\"\nvalues = \"pickle\"\n"
                            "[[rule]]\nname = \"shop\"\nkeys = \"s:*\"\nvalues = \"pickle\"\n"
                            "policy = [\"stdlib\", \"shop\"]\n"
                            "[[rule]]\nkeys = \"o:*\"\nvalues = \"opaque\"\n"
                            "[[rule]]\nkeys = \"drop:*\"\non_refusal = \"drop\"\n"
                            "[[rule]]\nkeys = \"log:*\"\non_refusal = \"log\"\n"
                            "[[rule]]\nkeys = \"b:*\"\nvalues = \"pickle\"\n"
                            "framings = [\"bang\", \"integer\"]\n"
                            "[[rule]]\nkeys = \"old:*\"\nmax_protocol = 2\n"
                            "[[rule]]\nkeys = \"new:*\"\nmin_protocol = 2\n"
                            "[[rule]]\nkeys = \"short:*\"\nmax_bytes = 10\n"
                            "[[rule]]\nkeys = \"huey:*\"\nvalues = \"pickle\"\n"
                            "framings = [\"huey\"]\n"
                            "[[rule]]\nkeys = \"beaker:*\"\nprofile = \"beaker\"\n"
                            "[[rule]]\nkeys = \"tasks:*\"\nprofile = \"huey\"\n"
                            "[[rule]]\nkeys = \"web:*\"\nprofile = \"requests-cache\"\n";

/* (datetime.date(2026, 1, 2), 'a.b'): names a class, and has a '.' inside. */
#define DATE                                                                                       \
    "\x80\x04\x8c\x08"                                                                             \
    "datetime\x8c\x04"                                                                             \
    "date\x93"                                                                                     \
    "C\x04\x07\xea\x01\x02\x85R\x8c\x03"                                                           \
    "a.b\x86."

#define SYSCONFIG                                                                                  \
    "\x80\x04\x8c\x20_sysconfigdata__x86_64-linux-gnu\x8c\x10__builtins__.get\x93\x8c\x04"         \
    "eval\x85R\x8c\x01"                                                                            \
    "1\x85R."

#define USER_STRING(text)                                                                          \
    "\x80\x04\x8c\x0b"                                                                             \
    "collections\x8c\x0aUserString\x93)\x81}\x8c\x04"                                              \
    "data"                                                                                         \
    "V" text "\nsb."

#define V(text)                                                                                    \
    { (const uint8_t *)(text), sizeof(text) - 1 }

#define DOUBLED_FOUR                                                                               \
    "2\x86"                                                                                        \
    "2\x86"                                                                                        \
    "2\x86"                                                                                        \
    "2\x86"
#define DOUBLED DOUBLED_FOUR DOUBLED_FOUR DOUBLED_FOUR DOUBLED_FOUR

Test(judge, rules_and_values_make_verdicts) {
    static const struct {
        const char *key;
        struct bytes value;
        enum gate_verdict verdict;
    } rows[] = {
        /* auto */
        {"k", V(GOOD), GATE_ADMIT},
        {"k", V(""), GATE_ADMIT},
        {"k", V("text"), GATE_ADMIT},
        {"k", V("cat"), GATE_ADMIT},
        {"k", V("index"), GATE_ADMIT},
        {"k", V("int;"), GATE_ADMIT},
        {"k", V("Kerberos"), GATE_ADMIT},
        {"k", V("McArthur"), GATE_ADMIT},
        {"k", V("Nr. 5"), GATE_ADMIT},
        /* A key of 2^32 parts, and no STOP. */
        {"k", V("})" DOUBLED DOUBLED "Ns"), GATE_REFUSE},
        {"k", V("})" DOUBLED DOUBLED "Ns\xff"), GATE_REFUSE},
        {"k", V("})2\x86Ns"), GATE_ADMIT},
        {"k", V("Nr\xff\xff\xff\x7f."), GATE_REFUSE},
        {"k", V("NrArthur\ncos\nsystem\n"), GATE_ADMIT},
        {"k", V("NrArthcos\nsystem\n"), GATE_REFUSE},
        {"p:1", V("Kerberos"), GATE_REFUSE},
        {"k", V("id,name\n1,x\n"), GATE_ADMIT},
        {"k", V("<html><body>"), GATE_ADMIT},
        {"k", V("{\"a\": 1}"), GATE_ADMIT},
        {"k", V("12"), GATE_ADMIT},
        {"k", V("\x80\x04\x95"), GATE_ADMIT},
        {"k", V(EVIL), GATE_REFUSE},
        {"k", V("!" EVIL), GATE_REFUSE},
        {"k", V("{\"v\": 1}|" EVIL), GATE_REFUSE},
        {"k", V("cos\nsystem\n"), GATE_REFUSE},
        {"k", V("cshop.models\nCart\n."), GATE_REFUSE},
        {"k", V("cos\nsystem"), GATE_REFUSE},
        /* pickle */
        {"p:1", V(GOOD), GATE_ADMIT},
        {"p:1", V("12"), GATE_ADMIT},
        {"p:1", V(" -1_000\n"), GATE_ADMIT},
        {"p:1", V("!" GOOD), GATE_ADMIT},
        {"p:1", V(""), GATE_REFUSE},
        {"p:1", V("text"), GATE_REFUSE},
        {"p:1", V("12x"), GATE_REFUSE},
        {"p:1", V(CART), GATE_REFUSE},
        {"p:1", V(GOOD "more"), GATE_REFUSE},
        {"s:1", V(CART), GATE_ADMIT},
        {"s:1", V(EVIL), GATE_REFUSE},
        /* A module that every Linux has, whose name no import statement holds. */
        {"k", V(SYSCONFIG), GATE_REFUSE},
        {"huey:1", V(SYSCONFIG), GATE_REFUSE},
        {"k", V("c_sysconfigdata__x86_64-linux-gnu\nx\n"), GATE_REFUSE},
        /* opaque */
        {"o:1", V(EVIL), GATE_ADMIT},
        {"o:1", V("text"), GATE_ADMIT},
        /* on_refusal */
        {"drop:1", V(EVIL), GATE_DROP},
        {"drop:1", V(GOOD), GATE_ADMIT},
        {"log:1", V(EVIL), GATE_ADMIT},
        /* framings: what is not admitted is no reading, and so no pickle */
        {"b:1", V("!" GOOD), GATE_ADMIT},
        {"b:1", V("5"), GATE_ADMIT},
        {"b:1", V(GOOD), GATE_REFUSE},
        {"b:1", V("!" EVIL), GATE_REFUSE},
        {"huey:1", V(GOOD ":0123456789012345678901234567890123456789"), GATE_ADMIT},
        {"huey:1", V(GOOD), GATE_REFUSE},
        {"huey:1", V(EVIL ":0123456789012345678901234567890123456789"), GATE_REFUSE},
        {"tasks:1", V(DATE ":0123456789012345678901234567890123456789"), GATE_ADMIT},
        {"tasks:1", V(DATE), GATE_ADMIT},
        {"tasks:1", V(EVIL ":0123456789012345678901234567890123456789"), GATE_REFUSE},
        {"tasks:1", V(DATE "cos\nsystem\n:0123456789012345678901234567890123456789"), GATE_REFUSE},
        {"web:1", V(DATE), GATE_ADMIT},
        {"web:1", V(DATE ".c2lnbmF0dXJl"), GATE_ADMIT},
        {"web:1", V(EVIL ".c2lnbmF0dXJl"), GATE_REFUSE},
        {"web:1", V("cos\nsystem\n.c2lnbmF0dXJl"), GATE_REFUSE},
        {"beaker:1", V("\x80\x02X\x08\x00\x00\x00gAJ9cQAuq\x01."), GATE_ADMIT},
        {"beaker:1", V("\x80\x02X\x1c\x00\x00\x00Y29zCnN5c3RlbQooUydpZCcKdFIuq\x01."), GATE_REFUSE},
        {"beaker:1", V("Vhello\n."), GATE_ADMIT},
        {"beaker:1", V("VY29zCnN5c3RlbQooUydpZCcKdFIu\n."), GATE_REFUSE},
        /* Behind the nonce of a session with a key, of old and new Beaker. */
        {"beaker:1",
         V("\x80\x02X\x34\0\0\0AAAAAAAAAAAAAAAAAAAAAAAAY29zCnN5c3RlbQooUydpZCcKdFIuq\x01."),
         GATE_REFUSE},
        {"k", V("\x80\x02X\x34\0\0\0AAAAAAAAAAAAAAAAAAAAAAAAY29zCnN5c3RlbQooUydpZCcKdFIuq\x01."),
         GATE_REFUSE},
        {"k", V("\x80\x02X\x24\0\0\0AAAAAAAAY29zCnN5c3RlbQooUydpZCcKdFIuq\x01."), GATE_REFUSE},
        /* A session with a date: behind its first 8 letters it begins with GLOBAL and ends at a
         * mark that is missing.  What is not allowed there is refused as ever. */
        {"beaker:1",
         V("\x80\x02X\xa0\0\0\0gAJ9cQAoWA4AAABfYWNjZXNzZWRfdGltZXEBRz/4AAAAAAAAWAEAAABkcQJjZGF0ZXRp"
           "bWUKZGF0ZQpxA2NfY29kZWNzCmVuY29kZQpxBFgFAAAAB8OqAQJxBVgGAAAAbGF0aW4xcQaGcQdScQiFcQlScQp"
           "1"
           "Lg==q\0."),
         GATE_ADMIT},
        {"beaker:1", V("\x80\x02X\x24\0\0\0gAJOLk4uY29zCnN5c3RlbQooUydpZCcKdFIuq\x01."),
         GATE_REFUSE},
        {"beaker:1", V("\x80\x02X\x24\0\0\0gAJOLk4uY29zCnN5c3RlbQooUydpZCcKdFJzq\x01."),
         GATE_REFUSE},
        /* Readers take the text, the verifier does not take the mark below it. */
        {"beaker:1", V("(X\x1c\0\0\0Y29zCnN5c3RlbQooUydpZCcKdFIu."), GATE_REFUSE},
        {"k", V("(X\x1c\0\0\0Y29zCnN5c3RlbQooUydpZCcKdFIu."), GATE_REFUSE},
        {"beaker:1", V("V\\u005929zCnN5c3RlbQooUydpZCcKdFIu\n."), GATE_REFUSE},
        {"k", V("VY29zCnN5c3RlbQooUydpZCcKdFIu\n."), GATE_REFUSE},
        {"k", V("S'\\13129zCnN5c3RlbQooUydpZCcKdFIu'\n."), GATE_REFUSE},
        /* What lies behind a STOP is not read; before it may be anything but a text. */
        {"k", V(").\xff"), GATE_ADMIT},
        {"k", V("K\x01.more"), GATE_ADMIT},
        {"k",
         V("X\x1c\0\0\0Y29zCnN5c3RlbQooUydpZCcKdFIuq\0"
           "0h\0.\xff"),
         GATE_REFUSE},
        {"k", V("(K\x01.more"), GATE_REFUSE},
        {"p:1", V(").\xff"), GATE_REFUSE},
        /* the same by way of the memo, or of a class of text */
        {"beaker:1",
         V("X\x1c\0\0\0Y29zCnN5c3RlbQooUydpZCcKdFIuq\0"
           "0h\0."),
         GATE_REFUSE},
        {"k",
         V("X\x1c\0\0\0Y29zCnN5c3RlbQooUydpZCcKdFIuq\0"
           "0h\0."),
         GATE_REFUSE},
        {"beaker:1", V(USER_STRING("Y29zCnN5c3RlbQooUydpZCcKdFIu")), GATE_REFUSE},
        {"k", V(USER_STRING("hello")), GATE_ADMIT},
        /* protocols, bytes */
        {"old:1", V(GOOD), GATE_REFUSE},
        {"old:1", V("\x80\x02N."), GATE_ADMIT},
        {"old:1", V("N."), GATE_ADMIT},
        {"old:1", V("text"), GATE_ADMIT},
        {"new:1", V("N."), GATE_REFUSE},
        {"new:1", V("\x80\x02N."), GATE_ADMIT},
        {"short:1", V("0123456789"), GATE_ADMIT},
        {"short:1", V("0123456789+"), GATE_REFUSE},
    };
    struct world world;
    world_begin(&world, rules);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        enum gate_verdict verdict = world_ask(&world, 0, rows[i].key, rows[i].value);
        cr_expect_eq(verdict, rows[i].verdict, "row %zu, %s: %d %s", i, rows[i].key, verdict,
                     world.answer.text);
    }
    world_end(&world);
}

Test(judge, a_refusal_says_where_what_which_rule_and_what_would_allow_it) {
    static const struct {
        const char *key;
        struct bytes value;
        const char *text;
    } rows[] = {
        {"session:9",
         V("\x80\x04\x8c\x0bshop.models\x8c\x04"
           "Cart\x93)R."),
         "PICKLEDENIED offset 21: STACK_GLOBAL imports shop.models.Cart; not in policy 'stdlib' "
         "(the default rule, key 'session:9'); to allow it: allow = [\"shop.models.Cart\"]"},
        {"s:1",
         V("\x80\x04\x8c\x0bshop.models\x8c\x09"
           "Cart.Line\x93."),
         "PICKLEDENIED offset 26: STACK_GLOBAL imports shop.models.Cart.Line; not in policies "
         "'stdlib, shop' (rule 2 'shop', key 's:1'); to allow it: allow = "
         "[\"shop.models:Cart.Line\"]"},
        {"s:1",
         V("\x80\x04}\x8c\x0bshop.models\x8c\x04"
           "Cart\x93)\x81K\x01s."),
         "PICKLEDENIED offset 27: SETITEM makes a key of shop.models.Cart; not allowed by policies "
         "'stdlib, shop' (rule 2 'shop', key 's:1'); to allow it: allow = [{ name = "
         "\"shop.models.Cart\", may = [\"ref\", \"call\", \"new\", \"build\", \"hash\"] }]"},
        {"k", V(EVIL),
         "PICKLEDENIED offset 0: GLOBAL imports os.system, which is known to be dangerous (reaches "
         "the operating system); not in policy 'stdlib' (the default rule, key 'k')"},
        {"k", V("!" EVIL),
         "PICKLEDENIED offset 1 in bang > pickle: GLOBAL imports os.system, which is known to be "
         "dangerous (reaches the operating system); not in policy 'stdlib' (the default rule, key "
         "'k')"},
        {"p:a'\r\n\xff", V("text"),
         "PICKLEMALFORMED offset 0: TUPLE: there is no mark (rule 1, key "
         "'p:a\\x27\\x0d\\x0a\\xff')"},
        {"p:1", V("\x80\x04K"),
         "PICKLETRUNCATED offset 2: BININT1: the bytes end inside an argument (rule 1, key "
         "'p:1')"},
        {"k", V("cdatetime\ndate\n(I1\nd."),
         "PICKLEMALFORMED offset 0: GLOBAL would import a module: datetime.date; and at offset 19 "
         "DICT: a key has no value (the default rule, key 'k')"},
        {"old:1", V(GOOD),
         "PICKLEDENIED offset 0: the pickle has protocol 4; the rule admits 0 to 2 (rule 7, key "
         "'old:1')"},
        {"short:1", V("0123456789+"),
         "PICKLELIMIT offset 0: the value has 11 bytes; the rule admits 10 (rule 9, key "
         "'short:1')"},
        {"b:1", V("text"),
         "PICKLEMALFORMED offset 0: no pickle in a framing that the rule admits (rule 6, key "
         "'b:1')"},
        {"p:1",
         V("\x80\x04\x8c\x03"
           "a\"b\x8c\x01x\x93."),
         "PICKLEDENIED offset 10: STACK_GLOBAL imports a\"b.x; not in policy 'stdlib' (rule 1, key "
         "'p:1')"},
    };
    struct world world;
    world_begin(&world, rules);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cr_expect_eq(world_ask(&world, 0, rows[i].key, rows[i].value), GATE_REFUSE, "row %zu", i);
        cr_expect_str_eq(world.answer.text, rows[i].text);
    }
    world_end(&world);
}

Test(judge, names_and_keys_are_escaped_and_cut) {
    static char key[400], module[2000], value[2100];
    struct world world;
    memset(key, 'k', sizeof key - 1);
    memset(module, 'm', sizeof module - 1);
    snprintf(value, sizeof value, "c%s\nn\n.", module);
    world_begin(&world, rules);
    cr_expect_eq(world_ask(&world, 0, key, bytes_of_cstr(value)), GATE_REFUSE);
    cr_expect(strlen(world.answer.text) < GATE_TEXT_BYTES);
    cr_expect(strstr(world.answer.text, "mmm....n; not in"), "%s", world.answer.text);
    cr_expect(strstr(world.answer.text, "kkk...')"), "%s", world.answer.text);
    for (const char *at = world.answer.text; *at; at++) cr_expect(*at >= ' ' && *at < 0x7f);
    world_end(&world);
}

Test(judge, a_bomb_costs_its_bound_and_no_more) {
    struct world world;
    uLongf len = compressBound(8 << 20);
    static uint8_t zeros[8 << 20];
    uint8_t *packed = malloc(len);
    cr_assert(packed && compress(packed, &len, zeros, sizeof zeros) == Z_OK);
    struct bytes bomb = bytes_view(packed, len);
    world_begin(&world, "[gate]\nunpacked_bytes_max = \"1mb\"\noffload_bytes = \"64kb\"\n");
    cr_expect_eq(world_ask(&world, 0, "k", bomb), GATE_REFUSE);
    cr_expect(strstr(world.answer.text, "PICKLELIMIT offset 0: zlib: "), "%s", world.answer.text);
    /* On an event loop it is put off as soon as it exceeds the loop's share. */
    struct gate_question question = {.value = bomb, .command = "set", .may_defer = true};
    cr_expect_eq(gate_admit(&world.gate, &world.desk, &question, &world.answer), GATE_DEFER);
    world_end(&world);
    free(packed);
}

/* Then no rule says what follows: a key that a rule would drop stays. */
Test(judge, who_has_no_more_time_is_told_so_whatever_the_rule_does_with_refusals) {
    enum { ZEROS = 2 << 20 };
    static const char *const keys[] = {"k", "drop:1", "log:1"};
    static uint8_t zeros[ZEROS], packed[ZEROS / 100];
    uLongf len = sizeof packed;
    cr_assert(compress(packed, &len, zeros, sizeof zeros) == Z_OK);
    struct world world;
    world_begin(&world, rules);
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        struct frame_budget shared = {.bytes = ZEROS + ZEROS / 2, .ns = (int64_t)1 << 50};
        struct gate_question question = {.key = bytes_of_cstr(keys[i]),
                                         .value = bytes_view(packed, len),
                                         .command = "set",
                                         .unpacking = &shared};
        cr_expect_eq(gate_admit(&world.gate, &world.desk, &question, &world.answer), GATE_ADMIT);
        cr_expect(!world.answer.undecided && shared.bytes == ZEROS / 2);
        cr_expect_eq(gate_admit(&world.gate, &world.desk, &question, &world.answer), GATE_REFUSE,
                     "%s", keys[i]);
        cr_expect(world.answer.undecided);
        cr_expect(strstr(world.answer.text, "PICKLELIMIT offset 0: a transaction unpacks no more"),
                  "%s", world.answer.text);

        _Atomic bool given_up = true;
        world.desk.given_up = &given_up;
        question.unpacking = NULL;
        cr_expect_eq(gate_admit(&world.gate, &world.desk, &question, &world.answer), GATE_REFUSE,
                     "%s", keys[i]);
        cr_expect(world.answer.undecided && strstr(world.answer.text, "the server is stopping"),
                  "%s", world.answer.text);
        given_up = false;
        cr_expect_eq(gate_admit(&world.gate, &world.desk, &question, &world.answer), GATE_ADMIT);
        cr_expect(!world.answer.undecided);
        world.desk.given_up = NULL;
    }
    world_end(&world);
}

Test(judge, what_takes_long_to_read_is_put_off) {
    enum { MOST = 64 << 10 };
    static const struct {
        struct bytes head;
        bool is_blob; /* a bytes object follows, and STOP */
        size_t len;
        bool put_off;
    } rows[] = {
        {BYTES("X\xff\xff\0\0"), false, MOST, false},
        {BYTES("X\xff\xff\0\0"), false, MOST + 1, true},
        {BYTES("c"), false, MOST + 1, true},
        {BYTES("{\"a\": \""), false, MOST + 1, true},
        {BYTES("12"), false, MOST + 1, false},
        {BYTES("12|"), false, MOST + 1, true},
        /* Decided by the first bytes: no opcode, a blob, an error soon after. */
        {BYTES("<html>"), false, MOST + 1, false},
        {BYTES("<html>"), false, 16 * MOST, false},
        {BYTES("((((((((((((("), false, MOST + 1, false},
        {BYTES("\x80\0"), false, 16 * MOST, false},
        {BYTES("\0\0\0\0\0"), false, 16 * MOST, false},
        {BYTES("\x80\x04"), true, MOST + 1, false},
        {BYTES("\x80\x04"), true, 16 * MOST, false},
        {BYTES(""), true, MOST + 1, false},
        {BYTES("\x80\x04N0"), true, MOST + 1, true},
        /* A refusal is said by who has time. */
        {BYTES("cos\nsystem\n)R.x"), false, MOST + 1, true},
    };
    static uint8_t bytes[16 * MOST];
    struct world world;
    world_begin(&world, "[gate]\noffload_bytes = \"64kb\"\n");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct gate_question question = {
            .value = bytes_view(bytes, rows[i].len), .command = "set", .may_defer = true};
        size_t at = rows[i].head.len, payload = rows[i].len - at - 6;
        memset(bytes, 'x', sizeof bytes);
        bytes_copy_to(bytes, rows[i].head);
        if (rows[i].is_blob) {
            bytes[at++] = 'B';
            for (unsigned shift = 0; shift < 32; shift += 8)
                bytes[at++] = (uint8_t)(payload >> shift);
            bytes[at + payload] = '.';
        }
        enum gate_verdict verdict = gate_admit(&world.gate, &world.desk, &question, &world.answer);
        cr_expect_eq(verdict == GATE_DEFER, rows[i].put_off, "row %zu", i);
        if (rows[i].is_blob && !rows[i].put_off)
            cr_expect_eq(verdict, GATE_ADMIT, "row %zu: %s", i, world.answer.text);
        question.may_defer = false;
        verdict = gate_admit(&world.gate, &world.desk, &question, &world.answer);
        cr_expect_neq(verdict, GATE_DEFER, "row %zu", i);
    }
    /* A longer tail may hold anything. */
    memcpy(bytes, "B\x10\0\0\0", 5);
    memcpy(bytes + 5 + 16, "X\xff\xff\0\0", 5);
    struct gate_question question = {
        .value = bytes_view(bytes, MOST + 1), .command = "set", .may_defer = true};
    cr_expect_eq(gate_admit(&world.gate, &world.desk, &question, &world.answer), GATE_DEFER);
    world_end(&world);
}

Test(judge, a_value_full_of_zeros_is_no_bomb) {
    static uint8_t zeros[1 << 20];
    struct world world;
    world_begin(&world, "");
    for (size_t len = 1; len <= sizeof zeros; len *= 2)
        cr_expect_eq(world_ask(&world, 0, "k", bytes_view(zeros, len)), GATE_ADMIT, "%zu: %s", len,
                     world.answer.text);
    world_end(&world);
}

/* Its head is that of an lzma stream without magic. */
Test(judge, a_row_of_bits_is_no_bomb_wherever_a_bit_is_set) {
    static uint8_t bits[1 << 20];
    struct world world;
    world_begin(&world, "[gate]\nunpack_ms = 50\n");
    for (size_t at = 1; at < sizeof bits; at = at * 3 / 2 + 1) {
        bits[at] = 0x80;
        bits[sizeof bits / 2 + at / 2] = 0x80;
        cr_expect_eq(world_ask(&world, 0, "k", bytes_view(bits, sizeof bits)), GATE_ADMIT,
                     "%zu: %s", at, world.answer.text);
        bits[at] = bits[sizeof bits / 2 + at / 2] = 0;
    }
    world_end(&world);
}

/* A stream of lzma behind such rows is seen. */
Test(judge, what_stands_behind_empty_streams_is_read) {
    static const uint8_t stream[] = {
        0x00, 0x00, 0x10, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x31,
        0x9d, 0x6b, 0xee, 0xe3, 0x9e, 0x92, 0x25, 0x0c, 0x2b, 0x53, 0x33, 0x49, 0xfa, 0x43, 0x4d,
        0xdc, 0x7f, 0x59, 0x2a, 0x27, 0xd0, 0xeb, 0x28, 0x1f, 0xff, 0xff, 0x04, 0x9c, 0x00, 0x00};
    static uint8_t value[18 * 5000 + sizeof stream];
    struct world world;
    world_begin(&world, "");
    memcpy(value + 18 * 5000, stream, sizeof stream);
    cr_expect_eq(world_ask(&world, 0, "k", bytes_view(value, sizeof value)), GATE_REFUSE);
    world_end(&world);
}

Test(judge, modes_decide_what_is_done_with_what_the_policy_lacks) {
    static const struct {
        const char *mode;
        struct bytes value;
        enum gate_verdict verdict;
    } rows[] = {
        {"enforce", V(CART), GATE_REFUSE},
        {"learn", V(CART), GATE_ADMIT},
        {"learn", V(EVIL), GATE_REFUSE},
        {"learn", V("cshop\nx\n(I1\nd."), GATE_REFUSE},
        {"learn", V(GOOD), GATE_ADMIT},
        {"off", V(EVIL), GATE_ADMIT},
        {"off", V("cshop\nx\n(I1\nd."), GATE_ADMIT},
    };
    struct world world;
    world_begin(&world, rules);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cr_expect_str_eq(world_set(&world, "gate.mode", rows[i].mode), "");
        cr_expect_eq(world_ask(&world, 0, "k", rows[i].value), rows[i].verdict, "row %zu: %s", i,
                     world.answer.text);
    }
    cr_expect_eq(learn_counts(world.learn).globals, 1);
    world_end(&world);
}

Test(judge, what_is_learned_counts_once_and_only_when_all_of_the_value_passes) {
#define BODY(text) "{\"body\": \"" text "\"}"
#define CART_64    "Y3Nob3AubW9kZWxzCkNhcnQKKVIu"
#define EVIL_64    "Y29zCnN5c3RlbQooUydpZCcKdFIu"
    uint8_t zeros[100 << 10] = {0}, packed[1 << 10], letters[2 << 10], value[4 << 10];
    uLongf packed_len = sizeof packed;
    cr_assert_eq(compress(packed, &packed_len, zeros, sizeof zeros), Z_OK);
    int letters_len = EVP_EncodeBlock(letters, packed, (int)packed_len);
    int len = snprintf((char *)value, sizeof value, "[%s, {\"body\": \"%.*s\"}]", BODY(CART_64),
                       letters_len, (char *)letters);
    struct world world;
    world_begin(&world, "[gate]\nmode = \"learn\"\noffload_bytes = \"64kb\"\n");
    struct gate_question question = {.value = BYTES("[" BODY(CART_64) "," BODY(EVIL_64) "]"),
                                     .command = "set",
                                     .may_defer = true};
    cr_expect_eq(gate_admit(&world.gate, &world.desk, &question, &world.answer), GATE_REFUSE);
    cr_expect_eq(learn_counts(world.learn).values, 0);
    question.value = bytes_view(value, (size_t)len);
    cr_expect_eq(gate_admit(&world.gate, &world.desk, &question, &world.answer), GATE_DEFER);
    cr_expect_eq(learn_counts(world.learn).values, 0);
    question.may_defer = false;
    cr_expect_eq(gate_admit(&world.gate, &world.desk, &question, &world.answer), GATE_ADMIT, "%s",
                 world.answer.text);
    cr_expect_eq(learn_counts(world.learn).values, 1);
    cr_expect_eq(learn_counts(world.learn).globals, 1);
    question.value = BYTES(CART);
    question.may_defer = true;
    cr_expect_eq(gate_admit(&world.gate, &world.desk, &question, &world.answer), GATE_ADMIT);
    cr_expect_eq(learn_counts(world.learn).values, 2);
    world_end(&world);
}

Test(judge, config_set_changes_the_policy_or_nothing) {
    struct world world;
    world_begin(&world, rules);
    uint32_t generation = gate_keeper_generation(world.keeper);
    cr_expect_eq(world_ask(&world, 0, "k", (struct bytes)V(CART)), GATE_REFUSE);
    cr_expect_str_eq(world_set(&world, "gate.policy", "nosuch"),
                     "CONFIG SET failed (possibly related to argument 'gate.policy') - "
                     "gate.policy: there is no policy 'nosuch'");
    cr_expect_eq(gate_keeper_generation(world.keeper), generation);
    cr_expect_str_eq(world_set(&world, "gate.policy", "stdlib,shop"), "");
    cr_expect_eq(gate_keeper_generation(world.keeper), generation + 1);
    cr_expect_eq(world_ask(&world, 0, "k", (struct bytes)V(CART)), GATE_ADMIT);
    cr_expect_str_eq(world_set(&world, "gate.nesting_max", "1"), "");
    cr_expect_eq(world_ask(&world, 0, "k", (struct bytes)V("].")), GATE_ADMIT);
    cr_expect_eq(world_ask(&world, 0, "k", (struct bytes)V("]]a.")), GATE_REFUSE);
    cr_expect(strstr(world.answer.text, "PICKLELIMIT"), "%s", world.answer.text);
    /* A CONFIG SET that fails in its second part takes the first one back. */
    struct bytes both[] = {BYTES("gate.mode"), BYTES("off"), BYTES("gate.policy"), BYTES("nosuch")};
    cr_expect_neq(config_set(&world.config, both, 2, &world.err), BRINE_OK);
    cr_expect_eq(world_ask(&world, 0, "k", (struct bytes)V(EVIL)), GATE_REFUSE);
    world_end(&world);
}

Test(judge, a_reload_takes_the_file_as_it_is_now_or_changes_nothing) {
    struct world world;
    world_begin(&world, rules);
    world_write_file(world.path, "[[rule]]\nvalues = \"opaque\"\n");
    cr_expect_eq(world_ask(&world, 0, "k", (struct bytes)V(EVIL)), GATE_REFUSE);
    cr_expect_eq(gate_reload(&world.gate, &world.err), BRINE_OK);
    cr_expect_eq(world_ask(&world, 0, "k", (struct bytes)V(EVIL)), GATE_ADMIT);
    world_write_file(world.path, "[[rule]]\nvalues = \"opaqe\"\n");
    cr_expect_neq(gate_reload(&world.gate, &world.err), BRINE_OK);
    cr_expect(strstr(world.err.text, ":2:10: rule.values: "), "%s", world.err.text);
    cr_expect_eq(world_ask(&world, 0, "k", (struct bytes)V(EVIL)), GATE_ADMIT);
    /* CONFIG SET compiles what was read last, not what lies on the disk. */
    cr_expect_str_eq(world_set(&world, "gate.policy", "data"), "");
    cr_expect_eq(world_ask(&world, 0, "k", (struct bytes)V(EVIL)), GATE_ADMIT);
    world_end(&world);
}

Test(judge, what_is_admitted_gets_a_label_of_the_present_generation) {
    struct world world;
    world_begin(&world, rules);
    world_ask(&world, 0, "k", (struct bytes)V(GOOD));
    uint16_t label = gate_kinds_redeem(world.kinds, world.answer.label);
    cr_expect(label != 0 && gate_kinds_is_current(world.kinds, label));
    world_ask(&world, 0, "k", (struct bytes)V("text"));
    cr_expect(world.answer.label != 0 &&
              gate_kinds_redeem(world.kinds, world.answer.label) != label);
    world_ask(&world, 0, "log:1", (struct bytes)V(EVIL));
    uint16_t logged = gate_kinds_redeem(world.kinds, world.answer.label);
    cr_expect(logged != label && gate_kinds_is_current(world.kinds, logged));
    cr_expect_str_eq(world_set(&world, "gate.policy", "data"), "");
    cr_expect(!gate_kinds_is_current(world.kinds, label));
    cr_expect_str_eq(world_set(&world, "gate.mode", "off"), "");
    cr_expect(gate_kinds_is_current(world.kinds, label));
    world_end(&world);
}

Test(judge, a_dry_run_judges_and_leaves_no_trace) {
    struct world world;
    struct gate_finding finding;
    struct gate_question question = {
        .key = BYTES("k"), .value = V(CART), .command = "pickle.verify"};
    struct gate_look look = {.dry_run = true};
    world_begin(&world, rules);
    for (const char *const *mode = (const char *const[]){"learn", "off", NULL}; *mode; mode++) {
        cr_expect_str_eq(world_set(&world, "gate.mode", *mode), "");
        cr_expect_eq(
            gate_keeper_look(world.keeper, &world.desk, &question, &look, &world.answer, &finding),
            GATE_REFUSE);
        cr_expect(finding.report && finding.report->reason == PICKLE_GLOBAL);
        cr_expect_str_eq(finding.reason, "global");
    }
    cr_expect_eq(learn_counts(world.learn).values, 0);
    world_end(&world);
}

/* What the judge passes by its first byte alone is what pickle_is_harmless says of the whole. */
Test(judge, a_first_byte_that_passes_is_harmless_whatever_follows) {
    struct world world;
    size_t admitted = 0;
    world_begin(&world, "");
    for (unsigned first = 0; first < 256; first++) {
        uint8_t value[] = {0, 0, 0, 0, 0, 'c', 'o', 's', '\n', 'x', '\n', '.'};
        struct bytes bytes = bytes_view(value, sizeof value);
        struct pickle_harm harm;
        value[0] = (uint8_t)first;
        bool harmless =
            pickle_is_harmless(bytes, &PICKLE_LIMITS_DEFAULT, &world.desk.pickle, &harm);
        bool passes = world_ask(&world, 0, "k", bytes) == GATE_ADMIT;
        admitted += passes;
        cr_expect(harmless || !passes, "%02x: %s", first, harm.what);
    }
    cr_expect(admitted > 180 && admitted < 256, "%zu", admitted);
    world_end(&world);
}

/* Of one value: what the first look says, and then what the thread that has labelled it says. */
Test(judge, a_leaf_met_before_is_answered_as_it_was_the_first_time) {
    static const struct {
        const char *rules;
        struct bytes value;
    } rows[] = {
        {"", BYTES("\x80\x04K\x07.")},
        {"", BYTES("\x80\x04"
                   "C\x03"
                   "abc\x94.")},
        {"[[rule]]\nvalues = \"pickle\"\n", BYTES("\x80\x04N.")},
        {"[[rule]]\nvalues = \"opaque\"\n", BYTES("\x80\x04N.")},
        {"[[rule]]\nmin_protocol = 5\n", BYTES("\x80\x04N.")},
        {"[[rule]]\nmax_protocol = 3\n", BYTES("\x80\x04N.")},
        {"[[rule]]\nmax_bytes = 3\n", BYTES("\x80\x04N.")},
        {"[[rule]]\nframings = [\"zlib\"]\n", BYTES("\x80\x04N.")},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct world world;
        world_begin(&world, rows[i].rules);
        enum gate_verdict first = world_ask(&world, 0, "k", rows[i].value);
        uint32_t label = world.answer.label;
        char text[GATE_TEXT_BYTES];
        snprintf(text, sizeof text, "%s", world.answer.text);
        for (int times = 0; times < 3; times++) {
            cr_expect_eq(world_ask(&world, 0, "k", rows[i].value), first, "%s", rows[i].rules);
            cr_expect_eq(world.answer.label, label, "%s", rows[i].rules);
            cr_expect_str_eq(world.answer.text, text);
        }
        cr_expect_str_eq(world_set(&world, "gate.policy", "django"), "");
        if (first == GATE_ADMIT && label != 0)
            cr_expect(world_ask(&world, 0, "k", rows[i].value) == GATE_ADMIT &&
                          world.answer.label != label,
                      "another policy gives another label");
        world_end(&world);
    }
}
