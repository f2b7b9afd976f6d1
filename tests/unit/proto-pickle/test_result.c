/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Rows of SQLAlchemy, written by hand: what the library writes passes
 * (tests/tools/preset_values.py), and what would make it compute with anything else does not. */

#include "base/buf.h"
#include "pickle/verify.h"
#include "policy/policy.h"

#include <criterion/criterion.h>

static struct policy_compiled policy;
static struct pickle_scratch scratch;

static void set_up(void) {
    struct policy_book *book;
    struct brine_error err;
    struct bytes name = BYTES("sqlalchemy");
    cr_assert_eq(policy_book_create(mem_system(), true, &book, &err), BRINE_OK);
    cr_assert_eq(policy_compile(book, &name, 1, &policy, &err), BRINE_OK, "%s", err.text);
    policy_book_destroy(book);
    pickle_scratch_init(&scratch, mem_system(), 1 << 30);
}

static void tear_down(void) {
    pickle_scratch_deinit(&scratch);
    policy_compiled_deinit(&policy);
}

TestSuite(result, .init = set_up, .fini = tear_down);

static enum pickle_reason judge(struct bytes pickle) {
    struct pickle_report report;
    enum brine_status status =
        pickle_verify(pickle, &policy.policy, &PICKLE_LIMITS_DEFAULT, &scratch, &report);
    return status == BRINE_OK ? PICKLE_ACCEPTED : report.reason;
}

#define KEYS      "\x8c\x05_keys"
#define INDEXES   "\x8c\x13_translated_indexes"
#define KEYMAP    "\x8c\x07_keymap"
#define AMBIGUOUS "\x8c\x0f_ambiguous_keys"
#define PARENT    "\x8c\x07_parent"
#define DATA      "\x8c\x05_data"
#define A                                                                                          \
    "\x8c\x01"                                                                                     \
    "a"
#define NAMES    "](" A A "e"
#define GIANT    "cbuiltins\nrange\n(J\xff\xff\xff\x7ftR"
#define LABEL    "csqlalchemy.sql.elements\nquoted_name\n(" A "NtR"
#define METADATA "csqlalchemy.engine.cursor\nCursorResultMetaData\n)\x81"
#define SIMPLE   "csqlalchemy.engine.result\nSimpleResultMetaData\n)\x81"
#define MAKE     "csqlalchemy.engine._row_cy\nrowproxy_reconstructor\n"
#define ROW      "csqlalchemy.engine.row\nRow\n"
#define BUILT    SIMPLE "}(" KEYS NAMES INDEXES "Nub"

struct row {
    const char *what;
    struct bytes pickle;
    enum pickle_reason reason;
};

static void judge_all(const struct row *rows, size_t count) {
    for (size_t i = 0; i < count; i++) {
        enum pickle_reason reason = judge(rows[i].pickle);
        cr_expect_eq(reason, rows[i].reason, "%s: %s", rows[i].what,
                     reason == PICKLE_ACCEPTED ? "accepted" : pickle_reason_rule(reason));
    }
}

#define P(text) BYTES("\x80\x04" text ".")

Test(result, the_state_of_metadata_has_its_parts_in_their_kinds_and_no_more) {
    static const struct row rows[] = {
        {"names and no indexes", P(BUILT), PICKLE_ACCEPTED},
        {"names one by one", P(SIMPLE "}" KEYS "]" A "a" A "as" INDEXES "NsbN0"), PICKLE_ACCEPTED},
        {"an empty state", P(SIMPLE "}b"), PICKLE_STATE_KIND},
        {"names of SQLAlchemy's own class", P(SIMPLE "}(" KEYS "](" LABEL LABEL "eub"),
         PICKLE_ACCEPTED},
        {"a giant range of names", P(SIMPLE "}(" KEYS GIANT "ub"), PICKLE_STATE_KIND},
        {"a giant range in the list", P(SIMPLE "}(" KEYS "](" GIANT "eub"), PICKLE_STATE_KIND},
        {"names in a tuple", P(SIMPLE "}(" KEYS "(" A A "tub"), PICKLE_STATE_KIND},
        {"a name that is a tuple", P(SIMPLE "}(" KEYS "](" A ")eub"), PICKLE_STATE_KIND},
        {"a name that is a number", P(SIMPLE "}(" KEYS "](" A "K\1eub"), PICKLE_STATE_KIND},
        {"a tuple among the names at last", P(SIMPLE "}(" KEYS "](" A "eq\0uh\0)a0b"),
         PICKLE_STATE_KIND},
        {"a list from before",
         P("])a0](" A "eq\0"
           "0" SIMPLE "}(" KEYS "h\0ub"),
         PICKLE_STATE_KIND},
        {"an empty list from before",
         P("]q\0"
           "0" SIMPLE "}(" KEYS "h\0ub"),
         PICKLE_ACCEPTED},
        {"names twice", P(SIMPLE "}(" KEYS NAMES KEYS NAMES "ub"), PICKLE_STATE_KIND},
        {"names twice, the second in another turn",
         P(SIMPLE "}q\0(" KEYS GIANT "u}(" KEYS "]u0h\0(" KEYS NAMES "u0b"), PICKLE_STATE_KIND},
        {"another key", P(SIMPLE "}(" KEYS NAMES A "Nub"), PICKLE_STATE_KIND},
        {"a number for a key", P(SIMPLE "}(" KEYS NAMES "K\1Nub"), PICKLE_STATE_KIND},
        {"a row's key", P(SIMPLE "}(" KEYS NAMES DATA ")ub"), PICKLE_STATE_KIND},
        {"no dict", P(SIMPLE ")b"), PICKLE_STATE_KIND},
        {"indexes", P(SIMPLE "}(" KEYS NAMES INDEXES "](K\0K\1eub"), PICKLE_ACCEPTED},
        {"indexes in a tuple", P(SIMPLE "}(" KEYS NAMES INDEXES "(K\0K\1tub"), PICKLE_ACCEPTED},
        {"indexes of text", P(SIMPLE "}(" KEYS NAMES INDEXES "](" A "eub"), PICKLE_STATE_KIND},
        {"an instance in a tuple of indexes", P(SIMPLE "}(" KEYS NAMES INDEXES "(" SIMPLE "tub"),
         PICKLE_STATE_KIND},
        {"a giant range of indexes", P(SIMPLE "}(" KEYS NAMES INDEXES GIANT "ub"),
         PICKLE_STATE_KIND},
        {"ambiguous names", P(SIMPLE "}(" KEYS NAMES AMBIGUOUS "(" A "\x91ub"), PICKLE_ACCEPTED},
        {"ambiguous names of protocol 2",
         P(SIMPLE "}(" KEYS NAMES AMBIGUOUS "cbuiltins\nfrozenset\n](" A "e\x85Rub"),
         PICKLE_ACCEPTED},
        {"an instance for ambiguous names", P(SIMPLE "}(" KEYS NAMES AMBIGUOUS SIMPLE "ub"),
         PICKLE_STATE_KIND},
        {"a map of records", P(METADATA "}(" KEYS NAMES KEYMAP "}" A "(K\0NtsNNub"),
         PICKLE_STATE_KIND},
        {"a map of tuples", P(METADATA "}(" KEYMAP "}" A "(K\0Nts" KEYS NAMES INDEXES "Nub"),
         PICKLE_ACCEPTED},
        {"a map by SQLAlchemy's names", P(METADATA "}(" KEYMAP "}" LABEL "(K\0Nts" KEYS NAMES "ub"),
         PICKLE_ACCEPTED},
        {"an instance in the map", P(METADATA "}(" KEYMAP "}" A SIMPLE "s" KEYS NAMES "ub"),
         PICKLE_STATE_KIND},
        {"an instance under a name of its own",
         P(METADATA "}(" KEYMAP "}" LABEL SIMPLE "s" KEYS NAMES "ub"), PICKLE_STATE_KIND},
        {"an instance in the map at last", P(METADATA "}(" KEYMAP "}q\0u(h\0" A SIMPLE "s1b"),
         PICKLE_STATE_KIND},
        {"an instance for the map", P(METADATA "}(" KEYMAP SIMPLE "ub"), PICKLE_STATE_KIND},
        {"a map from before",
         P("}" A ")sq\0"
           "0" METADATA "}(" KEYMAP "h\0ub"),
         PICKLE_STATE_KIND},
        {"arguments", P("csqlalchemy.engine.result\nSimpleResultMetaData\n(" NAMES "t\x81"),
         PICKLE_ARGUMENTS},
    };
    judge_all(rows, ARRAY_LEN(rows));
}

Test(result, a_row_is_made_of_metadata_and_a_tuple) {
    static const struct row rows[] = {
        {"a row", P(MAKE ROW "}(" PARENT BUILT DATA "(K\1K\2tu\x86R"), PICKLE_ACCEPTED},
        {"a mapping", P(MAKE "csqlalchemy.engine.row\nRowMapping\n}(" PARENT BUILT DATA ")u\x86R"),
         PICKLE_ACCEPTED},
        {"another class",
         P(MAKE "csqlalchemy.engine.result\nSimpleResultMetaData\n}(" PARENT BUILT DATA ")u\x86R"),
         PICKLE_ARGUMENTS},
        {"a class of another module", P(MAKE "cbuiltins\nint\n}(" PARENT BUILT DATA ")u\x86R"),
         PICKLE_ARGUMENTS},
        {"no parent", P(MAKE ROW "}(" DATA ")u\x86R"), PICKLE_ARGUMENTS},
        {"None for a parent", P(MAKE ROW "}(" PARENT "N" DATA ")u\x86R"), PICKLE_ARGUMENTS},
        {"a name for a parent", P(MAKE ROW "}(" PARENT LABEL DATA ")u\x86R"), PICKLE_ARGUMENTS},
        {"a class for a parent", P(MAKE ROW "}(" PARENT ROW DATA ")u\x86R"), PICKLE_ARGUMENTS},
        {"a list of values", P(MAKE ROW "}(" PARENT BUILT DATA "]u\x86R"), PICKLE_ARGUMENTS},
        {"another key", P(MAKE ROW "}(" PARENT BUILT DATA ")" A "Nu\x86R"), PICKLE_ARGUMENTS},
        {"the parent twice", P(MAKE ROW "}(" PARENT BUILT PARENT BUILT DATA ")u\x86R"),
         PICKLE_ARGUMENTS},
        {"the state of another dict", P(MAKE ROW "}(" PARENT BUILT DATA ")u0}\x86R"),
         PICKLE_ARGUMENTS},
        {"three arguments", P(MAKE ROW "}(" PARENT BUILT DATA ")uN\x87R"), PICKLE_ARGUMENTS},
        {"a state of its own", P(MAKE ROW "}(" PARENT BUILT DATA ")u\x86R}b"), PICKLE_BUILD},
        {"a name made of another's text", P("csqlalchemy.sql.elements\nquoted_name\n(" LABEL "NtR"),
         PICKLE_ARGUMENTS},
    };
    judge_all(rows, ARRAY_LEN(rows));
}

/* 1000 names, of which each of `count` instances makes its records. */
static enum pickle_reason judge_many(size_t count) {
    struct buf pickle;
    buf_init(&pickle, mem_system(), 1 << 20);
    cr_assert_eq(buf_append(&pickle, BYTES("\x80\x04" SIMPLE "0}(" KEYS "](")), BRINE_OK);
    for (size_t i = 0; i < 1000; i++) cr_assert_eq(buf_append(&pickle, BYTES(A)), BRINE_OK);
    cr_assert_eq(buf_append(&pickle, BYTES("euq\0"
                                           "0](")),
                 BRINE_OK);
    cr_assert_eq(buf_append(&pickle, BYTES("csqlalchemy.engine.result\nSimpleResultMetaData\nq\1"
                                           "0")),
                 BRINE_OK);
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(buf_append(&pickle, BYTES("h\1)\x81h\0b")), BRINE_OK);
    cr_assert_eq(buf_append(&pickle, BYTES("e.")), BRINE_OK);
    enum pickle_reason reason = judge(buf_view(&pickle));
    buf_deinit(&pickle);
    return reason;
}

Test(result, each_instance_pays_for_the_records_it_makes) {
    cr_expect_eq(judge_many(50), PICKLE_ACCEPTED);
    cr_expect_eq(judge_many(2000), PICKLE_HEAP);
}
