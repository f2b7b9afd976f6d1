/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "base/buf.h"
#include "text/toml.h"
#include "text/toml_write.h"
#include "support/failing.h"

#include <criterion/criterion.h>
#include <math.h>

enum { ARENA_BYTES = 64 << 20 };

struct document {
    struct arena arena;
    const struct toml_value *root;
    struct brine_error err;
    enum brine_status status;
};

static void document_read(struct document *document, struct bytes text, struct toml_limits limits) {
    *document = (struct document){0};
    arena_init(&document->arena, mem_system(), ARENA_BYTES);
    document->status = toml_parse(&document->arena, text, limits, &document->root, &document->err);
}

/* The tree printed on one line: `a = 1; b = {c = [2]}; `. */
static void document_flatten(const struct document *document, struct buf *out) {
    buf_init(out, mem_system(), 1 << 20);
    cr_assert_eq(toml_write_document(out, document->root), BRINE_OK);
    for (size_t i = 0; i < out->len; i++)
        if (out->data[i] == '\n') out->data[i] = ';';
}

struct accepted {
    const char *text, *tree;
};

static const struct accepted accepted_rows[] = {
    {"", ""},
    {"\n\n# only a comment\n", ""},
    {"a = 1", "a = 1;"},
    {"\xEF\xBB\xBF"
     "a = 1",
     "a = 1;"},
    {"a = 1\r\nb = 2\r\n", "a = 1;b = 2;"},
    {"a=1# comment\nb =\t2 # other", "a = 1;b = 2;"},
    {"bare-key_1 = 1\n1234 = 2", "bare-key_1 = 1;1234 = 2;"},
    {"\"quoted key\" = 1\n'lit\"eral' = 2\n\"\" = 3",
     "\"quoted key\" = 1;\"lit\\\"eral\" = 2;\"\" = 3;"},
    {"a . b.\"c d\" = 1", "a = {b = {\"c d\" = 1}};"},
    {"3.14 = 'pi'", "3 = {14 = \"pi\"};"},
    {"fruit.apple = 1\nanimal = 2\nfruit.orange = 3",
     "fruit = {apple = 1, orange = 3};animal = 2;"},
    /* strings */
    {"a = \"\\b\\t\\n\\f\\r\\\"\\\\\\u00e9\\U0001F600\"",
     "a = \"\\b\\t\\n\\f\\r\\\"\\\\\xC3\xA9\xF0\x9F\x98\x80\";"},
    {"a = \"\\u0000\"", "a = \"\\u0000\";"},
    {"a = 'C:\\new\\\"x\"'", "a = \"C:\\\\new\\\\\\\"x\\\"\";"},
    {"a = \"\"", "a = \"\";"},
    {"a = ''", "a = \"\";"},
    {"a = \"\"\"\none\ntwo\"\"\"", "a = \"one\\ntwo\";"},
    {"a = \"\"\"x\\\n   \n\t y\"\"\"", "a = \"xy\";"},
    {"a = \"\"\"x \\   \r\n y\"\"\"", "a = \"x y\";"},
    {"a = \"\"\"\"two\"\"\"\"\"", "a = \"\\\"two\\\"\\\"\";"},
    {"a = \"\"\"\"\"\"\"\"", "a = \"\\\"\\\"\";"},
    {"a = \"\"\"\"\"\"", "a = \"\";"},
    {"a = '''\r\n''it's'''''", "a = \"''it's''\";"},
    {"a = '''x\\ny'''", "a = \"x\\\\ny\";"},
    {"a = \"\"\"\\\"\"\"\\\"\"\"\"", "a = \"\\\"\\\"\\\"\\\"\";"},
    /* integers */
    {"a = +99\nb = -17\nc = 0\nd = -0\ne = +0", "a = 99;b = -17;c = 0;d = 0;e = 0;"},
    {"a = 1_000\nb = 5_349_221", "a = 1000;b = 5349221;"},
    {"a = 0xDEAD_beef\nb = 0o755\nc = 0b1101\nd = 0x00", "a = 3735928559;b = 493;c = 13;d = 0;"},
    {"a = 9223372036854775807\nb = -9223372036854775808",
     "a = 9223372036854775807;b = -9223372036854775808;"},
    {"a = 0x7FFFFFFFFFFFFFFF", "a = 9223372036854775807;"},
    /* floats */
    {"a = +1.0\nb = -0.5\nc = 5e+2\nd = 1e06\ne = -2E-2\nf = 6.5e-1",
     "a = 1.0;b = -0.5;c = 500.0;d = 1000000.0;e = -0.02;f = 0.65000000000000002;"},
    {"a = 1_0.2_5", "a = 10.25;"},
    {"a = inf\nb = +inf\nc = -inf\nd = nan\ne = -nan", "a = inf;b = inf;c = -inf;d = nan;e = nan;"},
    {"a = -0.0", "a = -0.0;"},
    {"a = true\nb = false", "a = true;b = false;"},
    /* arrays */
    {"a = []", "a = [];"},
    {"a = [1, 2,3 ,]", "a = [1, 2, 3];"},
    {"a = [ # c\n  1, # one\n\n  2\n # end\n]", "a = [1, 2];"},
    {"a = [[1], [], [\"x\", ['y', 2.5, true]]]", "a = [[1], [], [\"x\", [\"y\", 2.5, true]]];"},
    {"a = [{x = 1}, {x = 2, y = []}]", "a = [{x = 1}, {x = 2, y = []}];"},
    /* inline tables */
    {"a = {}", "a = {};"},
    {"a = { x = 1, y = \"z\" }", "a = {x = 1, y = \"z\"};"},
    {"a = {b.c = 1, b.d = 2, e = 3}", "a = {b = {c = 1, d = 2}, e = 3};"},
    {"a = {b.c = [1], b.d = {e = {}}}", "a = {b = {c = [1], d = {e = {}}}};"},
    {"a = {x = [\n1,\n2\n]}", "a = {x = [1, 2]};"},
    /* tables */
    {"[a]\nx = 1\n[b]\ny = 2", "a = {x = 1};b = {y = 2};"},
    {"[a]\n[a.b]\n[a.b.c]\nx = 1", "a = {b = {c = {x = 1}}};"},
    {"[a.b.c]\nx = 1\n[a]\ny = 2", "a = {b = {c = {x = 1}}, y = 2};"},
    {"[ a . 'b c' ]\nx = 1", "a = {\"b c\" = {x = 1}};"},
    {"[fruit]\napple.color = 'red'\n[fruit.apple.taste]\nsweet = true",
     "fruit = {apple = {color = \"red\", taste = {sweet = true}}};"},
    {"[x.y.z]\n[x]\nw = 1", "x = {y = {z = {}}, w = 1};"},
    /* arrays of tables */
    {"[[a]]\nx = 1\n[[a]]\n[[a]]\nx = 3", "a = [{x = 1}, {}, {x = 3}];"},
    {"[[a]]\nx=1\n[a.b]\ny=2\n[[a]]\n[a.b]\ny=3", "a = [{x = 1, b = {y = 2}}, {b = {y = 3}}];"},
    {"[[a.b]]\nx=1\n[[a.b.c]]\ny=2\n[[a.b.c]]\n[a.b.d]\nz=1",
     "a = {b = [{x = 1, c = [{y = 2}, {}], d = {z = 1}}]};"},
};

Test(toml, what_the_standard_allows_becomes_the_tree_it_means) {
    for (size_t i = 0; i < ARRAY_LEN(accepted_rows); i++) {
        const struct accepted *row = &accepted_rows[i];
        struct document document;
        document_read(&document, bytes_of_cstr(row->text), (struct toml_limits){0});
        cr_expect_eq(document.status, BRINE_OK, "%s: %s", row->text, document.err.text);
        if (document.status == BRINE_OK) {
            struct buf flat;
            document_flatten(&document, &flat);
            cr_expect(bytes_equal(buf_view(&flat), bytes_of_cstr(row->tree)),
                      "%s\ngave   %.*s\nwanted %s", row->text, (int)flat.len,
                      (const char *)flat.data, row->tree);
            buf_deinit(&flat);
        }
        arena_deinit(&document.arena);
    }
}

struct refused {
    const char *text, *error;
};

static const struct refused refused_rows[] = {
    {"a", "1:2: expected '=' after the key, found the end of the text"},
    {"a = ", "1:5: expected a value, found the end of the text"},
    {"a =\n1", "1:4: expected a value, found the end of the line"},
    {"= 1", "1:1: expected a key, found '='"},
    {"a = 1 b = 2", "1:7: expected the end of the line, found 'b'"},
    {"a. = 1", "1:4: expected a key, found '='"},
    {"a..b = 1", "1:3: expected a key, found '.'"},
    {".a = 1", "1:1: expected a key, found '.'"},
    {"a b = 1", "1:3: expected '=' after the key, found 'b'"},
    {"\xC3\xA9 = 1", "1:1: expected a key, found '\xC3\xA9'"},
    {"'''a''' = 1", "1:1: expected a key, found a string of several lines"},
    {"x = '\xC3\xA9' y", "1:9: expected the end of the line, found 'y'"},
    /* given twice */
    {"a = 1\na = 2", "2:1: expected a new key, but 'a' is already a value at line 1"},
    {"a = 1\n'a' = 2", "2:1: expected a new key, but 'a' is already a value at line 1"},
    {"a = 1\na.b = 2", "2:1: expected a new key, but 'a' is already a value at line 1"},
    {"a.b = 1\na = 2",
     "2:1: expected a new key, but 'a' is already a table by dotted keys at line 1"},
    {"[a]\n[a]", "2:2: expected a new key, but 'a' is already a table at line 1"},
    {"[a.b]\n[a]\nb = 1", "3:1: expected a new key, but 'b' is already a table at line 1"},
    {"[a]\nb = 1\n[a.b]", "3:4: expected a new key, but 'b' is already a value at line 2"},
    {"[a]\nb = 1\n[a.b.c]", "3:4: expected a new key, but 'b' is already a value at line 2"},
    {"[a.b.c]\nz = 9\n[a]\nb.c.t = 1",
     "4:1: expected a new key, but 'b' is already a table at line 1"},
    {"[fruit]\napple.color = 1\n[fruit.apple]",
     "3:8: expected a new key, but 'apple' is already a table by dotted keys at line 2"},
    {"a = {b = 1}\na.c = 2",
     "2:1: expected a new key, but 'a' is already an inline table at line 1"},
    {"a = {b = 1}\n[a]", "2:2: expected a new key, but 'a' is already an inline table at line 1"},
    {"a = {b = 1}\n[a.c]", "2:2: expected a new key, but 'a' is already an inline table at line 1"},
    {"a = {b.c = 1}\n[a.b.d]",
     "2:2: expected a new key, but 'a' is already an inline table at line 1"},
    {"a = {b = 1, b = 2}", "1:13: expected a new key, but 'b' is already a value at line 1"},
    {"a = {b = {c = 1}, b.d = 2}",
     "1:19: expected a new key, but 'b' is already an inline table at line 1"},
    {"a = []\n[[a]]", "2:3: expected a new key, but 'a' is already an array at line 1"},
    {"a = [{}]\n[a.b]", "2:2: expected a new key, but 'a' is already an array at line 1"},
    {"[[a]]\n[a]", "2:2: expected a new key, but 'a' is already an array of tables at line 1"},
    {"[a]\n[[a]]", "2:3: expected a new key, but 'a' is already a table at line 1"},
    {"[a.b]\n[[a]]", "2:3: expected a new key, but 'a' is already a table at line 1"},
    {"[[a]]\nb = 1\n[[a.b]]", "3:5: expected a new key, but 'b' is already a value at line 2"},
    {"[[a]]\n[a.b]\n[a.b]", "3:4: expected a new key, but 'b' is already a table at line 2"},
    /* headers */
    {"[", "1:2: expected a key, found the end of the text"},
    {"[]", "1:2: expected a key, found ']'"},
    {"[a", "1:3: expected ] to close the header, found the end of the text"},
    {"[a.]", "1:4: expected a key, found ']'"},
    {"[[a]", "1:4: expected ]] to close the header, found ']'"},
    {"[[a] ]", "1:4: expected ]] to close the header, found ']'"},
    {"[a] b = 1", "1:5: expected the end of the line, found 'b'"},
    {"[a]]", "1:4: expected the end of the line, found ']'"},
    /* strings */
    {"a = \"x", "1:7: expected \" to close the string, found the end of the text"},
    {"a = \"x\ny\"", "1:7: expected \" to close the string, found the end of the line"},
    {"a = 'x\n'", "1:7: expected ' to close the string, found the end of the line"},
    {"\n a = \"\"\"x\"\"", "2:6: expected \"\"\" to close the string that starts here"},
    {"a = '''x", "1:5: expected ''' to close the string that starts here"},
    {"a = \"\"\"x\"\"\"\"\"\"", "1:9: expected at most five quotes in a row"},
    {"a = \"\\q\"", "1:7: expected one of b t n f r \" \\ u U after the backslash, found 'q'"},
    {"a = \"\\u12g4\"", "1:10: expected 4 hex digits, found 'g'"},
    {"a = \"\\U0011000\"", "1:15: expected 8 hex digits, found '\"'"},
    {"a = \"\\ud800\"", "1:6: expected a Unicode character, found the number D800"},
    {"a = \"\\U00110000\"", "1:6: expected a Unicode character, found the number 110000"},
    {"a = \"\x01\"", "1:6: the control character U+0001 may only be written as an escape"},
    {"# \x7F", "1:3: the control character U+007F may only be written as an escape"},
    {"a = \"\xFF\"", "1:6: expected UTF-8 text, found the byte 0xff"},
    {"a = 1\rb = 2", "1:6: expected a line feed after the carriage return"},
    /* numbers */
    {"a = 01", "1:5: expected a number as TOML writes it, found '01'"},
    {"a = -01", "1:5: expected a number as TOML writes it, found '-01'"},
    {"a = 1__0", "1:5: expected a number as TOML writes it, found '1__0'"},
    {"a = 1_", "1:5: expected a number as TOML writes it, found '1_'"},
    {"a = 0_1", "1:5: expected a number as TOML writes it, found '0_1'"},
    {"a = _1", "1:5: expected a value (text stands in quotes), found '_1'"},
    {"a = 1.", "1:5: expected a number as TOML writes it, found '1.'"},
    {"a = .5", "1:5: expected a value (text stands in quotes), found '.5'"},
    {"a = 1.e5", "1:5: expected a number as TOML writes it, found '1.e5'"},
    {"a = 1e", "1:5: expected a number as TOML writes it, found '1e'"},
    {"a = 1.5_", "1:5: expected a number as TOML writes it, found '1.5_'"},
    {"a = 1e999", "1:5: expected a float within range, found '1e999'"},
    {"a = 9223372036854775808", "1:5: expected an integer of 64 bits, found '9223372036854775808'"},
    {"a = 0x8000000000000000", "1:5: expected an integer of 64 bits, found '0x8000000000000000'"},
    {"a = 0x", "1:5: expected hex digits after 0x, found '0x'"},
    {"a = 0xg", "1:5: expected hex digits after 0x, found '0xg'"},
    {"a = 0x_1", "1:5: expected hex digits after 0x, found '0x_1'"},
    {"a = 0o8", "1:5: expected octal digits after 0o, found '0o8'"},
    {"a = 0b2", "1:5: expected binary digits after 0b, found '0b2'"},
    {"a = +0x1", "1:5: expected a number as TOML writes it, found '+0x1'"},
    {"a = 0X1", "1:5: expected a number as TOML writes it, found '0X1'"},
    {"a = 64kb", "1:5: expected a number as TOML writes it, found '64kb'"},
    {"a = hello", "1:5: expected a value (text stands in quotes), found 'hello'"},
    {"a = True", "1:5: expected a value (text stands in quotes), found 'True'"},
    {"a = Inf", "1:5: expected a value (text stands in quotes), found 'Inf'"},
    {"a = aaaaaaaaaabbbbbbbbbbccccccccccddddddddddd",
     "1:5: expected a value (text stands in quotes), found 'aaaaaaaaaabbbbbbbbbbccccccccccdd...'"},
    /* dates and times, by name */
    {"a = 1979-05-27", "1:5: dates and times are not supported; write a string"},
    {"a = 1979-05-27T07:32:00Z", "1:5: dates and times are not supported; write a string"},
    {"a = 1979-05-27 07:32:00", "1:5: dates and times are not supported; write a string"},
    {"a = 07:32:00.999", "1:5: dates and times are not supported; write a string"},
    /* arrays and inline tables */
    {"a = [1 2]", "1:8: expected ',' or ']', found '2'"},
    {"a = [1", "1:7: expected ',' or ']', found the end of the text"},
    {"a = [,]", "1:6: expected a value, found ','"},
    {"a = [1,,2]", "1:8: expected a value, found ','"},
    {"a = [}", "1:6: expected a value, found '}'"},
    {"a = {b = 1,}", "1:12: expected a key, found '}'"},
    {"a = {b = 1\n}", "1:11: expected ',' or '}', found the end of the line"},
    {"a = {\nb = 1}", "1:6: expected a key, found the end of the line"},
    {"a = {b}", "1:7: expected '=' after the key, found '}'"},
    {"a = {,}", "1:6: expected a key, found ','"},
    {"a = {b = 1 c = 2}", "1:12: expected ',' or '}', found 'c'"},
    {"a = ]", "1:5: expected a value, found ']'"},
};

Test(toml, every_refusal_names_its_place_and_what_was_expected) {
    for (size_t i = 0; i < ARRAY_LEN(refused_rows); i++) {
        const struct refused *row = &refused_rows[i];
        struct document document;
        document_read(&document, bytes_of_cstr(row->text), (struct toml_limits){0});
        cr_expect_eq(document.status, BRINE_MALFORMED, "%s: accepted", row->text);
        cr_expect_str_eq(document.err.text, row->error, "%s\ngave   %s\nwanted %s", row->text,
                         document.err.text, row->error);
        cr_expect_null(document.root);
        arena_deinit(&document.arena);
    }
}

Test(toml, limits_end_the_reading) {
    static const struct {
        const char *text;
        struct toml_limits limits;
        enum brine_status status;
        const char *error;
    } rows[] = {
        {"a = 1", {.bytes_max = 5}, BRINE_OK, ""},
        {"a = 12", {.bytes_max = 5}, BRINE_TOO_BIG, "1:1: 6 bytes of text, the limit is 5"},
        {"a = [1, 2]", {.nodes_max = 4}, BRINE_OK, ""},
        {"a = [1, 2, 3]", {.nodes_max = 4}, BRINE_TOO_BIG, "1:12: more than 4 values"},
        {"a = 1\nb = 2", {.keys_max = 2}, BRINE_OK, ""},
        {"a = 1\nb = 2\nc = 3",
         {.keys_max = 2},
         BRINE_TOO_BIG,
         "3:1: more than 2 keys in one table"},
        {"a = [1, 2, 3]", {.keys_max = 2}, BRINE_OK, ""},
        {"a = [[1]]", {.depth_max = 3}, BRINE_OK, ""},
        {"a = [[[1]]]", {.depth_max = 3}, BRINE_TOO_BIG, "1:8: nested deeper than 3"},
        {"a.b.c.d = 1", {.depth_max = 3}, BRINE_TOO_BIG, "1:7: nested deeper than 3"},
        {"[[a.b]]", {.depth_max = 2}, BRINE_TOO_BIG, "1:1: nested deeper than 2"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct document document;
        document_read(&document, bytes_of_cstr(rows[i].text), rows[i].limits);
        cr_expect_eq(document.status, rows[i].status, "%s: %s", rows[i].text, document.err.text);
        cr_expect_str_eq(document.err.text, rows[i].error, "%s: %s", rows[i].text,
                         document.err.text);
        arena_deinit(&document.arena);
    }
}

Test(toml, a_million_brackets_end_at_the_limit_of_depth) {
    enum { BRACKETS = 1000000 };
    struct buf text;
    buf_init(&text, mem_system(), BRACKETS + 16);
    cr_assert_eq(buf_append(&text, BYTES("a = ")), BRINE_OK);
    for (size_t i = 0; i < BRACKETS; i++) cr_assert_eq(buf_append_byte(&text, '['), BRINE_OK);
    struct document document;
    document_read(&document, buf_view(&text), (struct toml_limits){0});
    cr_expect_eq(document.status, BRINE_TOO_BIG);
    cr_expect_str_eq(document.err.text, "1:69: nested deeper than 64");
    arena_deinit(&document.arena);
    buf_deinit(&text);
}

Test(toml, values_know_where_they_stand) {
    struct bytes text = BYTES("# first\n[server] # here\n  port = 63_79\n\tbind = [\"a\", 'b'] \n"
                              "name = \"\"\"x\ny\"\"\" # c\n\xC3\xA9 = 1");
    struct document document;
    document_read(&document, bytes_slice(text, 0, text.len - 6), (struct toml_limits){0});
    cr_assert_eq(document.status, BRINE_OK, "%s", document.err.text);
    static const struct {
        const char *path, *source;
        uint32_t line, column, key_column;
    } rows[] = {
        {"server", "[server]", 2, 1, 2},
        {"server.port", "63_79", 3, 10, 3},
        {"server.bind", "[\"a\", 'b']", 4, 9, 2},
        {"server.name", "\"\"\"x\ny\"\"\"", 5, 8, 1},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct toml_value *value = toml_find_path(document.root, rows[i].path);
        cr_assert_not_null(value, "%s", rows[i].path);
        struct bytes source = bytes_slice(text, value->offset, value->source_len);
        cr_expect(bytes_equal(source, bytes_of_cstr(rows[i].source)), "%s", rows[i].path);
        cr_expect_eq(value->line, rows[i].line, "%s", rows[i].path);
        cr_expect_eq(value->column, rows[i].column, "%s", rows[i].path);
        cr_expect_eq(value->key_column, rows[i].key_column, "%s", rows[i].path);
    }
    const struct toml_value *bind = toml_find_path(document.root, "server.bind");
    cr_expect_eq(toml_first(bind)->next->column, 15);
    arena_deinit(&document.arena);
}

Test(toml, looking_up_what_is_not_there_answers_null) {
    struct document document;
    document_read(&document, BYTES("a = 1\n[b]\nc = 2"), (struct toml_limits){0});
    cr_expect_null(toml_find(document.root, BYTES("x")));
    cr_expect_null(toml_find(NULL, BYTES("x")));
    cr_expect_null(toml_find_path(document.root, "a.x"));
    cr_expect_null(toml_find_path(document.root, "x.y.z"));
    cr_expect_null(toml_find_path(document.root, ""));
    cr_expect_null(toml_first(toml_find(document.root, BYTES("a"))));
    cr_expect_eq(toml_find_path(document.root, "b.c")->integer, 2);
    cr_expect_str_eq(toml_kind_name(TOML_TABLE), "a table");
    arena_deinit(&document.arena);
}

Test(toml, a_reader_of_the_tree_fails_in_the_parser_s_words) {
    struct document document;
    document_read(&document, BYTES("[a]\n  port = 'x'"), (struct toml_limits){0});
    const struct toml_value *port = toml_find_path(document.root, "a.port");
    struct brine_error err;
    cr_expect_eq(toml_fail(&err, port, "expected %s", toml_kind_name(TOML_INTEGER)), BRINE_INVALID);
    cr_expect_str_eq(err.text, "2:10: expected an integer");
    cr_expect_eq(err.offset, 13);
    (void)toml_fail_at_key(&err, port, "unknown");
    cr_expect_str_eq(err.text, "2:3: unknown");
    arena_deinit(&document.arena);
}

/* ---- allocations that fail ---- */

Test(toml, any_allocation_may_fail_and_nothing_leaks) {
    struct buf text;
    buf_init(&text, mem_system(), 1 << 20);
    for (size_t i = 0; i < 40; i++)
        cr_assert_eq(
            buf_printf(&text, "[[t]]\na.b = ['%040zu', {c = \"\"\"%0100zu\"\"\"}]\n", i, i),
            BRINE_OK);
    size_t failures = 0;
    for (;; failures++) {
        struct failing_allocator mem;
        failing_init(&mem, failures);
        struct arena arena;
        arena_init(&arena, &mem.allocator, ARENA_BYTES);
        const struct toml_value *root;
        struct brine_error err;
        enum brine_status status =
            toml_parse(&arena, buf_view(&text), (struct toml_limits){0}, &root, &err);
        arena_deinit(&arena);
        cr_expect_eq(mem.taken_bytes, 0);
        if (status == BRINE_OK) break;
        cr_assert_eq(status, BRINE_NO_MEMORY, "%s", err.text);
        cr_expect(strstr(err.text, "out of memory"), "%s", err.text);
    }
    cr_expect_gt(failures, 5);
    buf_deinit(&text);
}

Test(toml, a_full_arena_is_no_memory) {
    struct arena arena;
    arena_init(&arena, mem_system(), 2048);
    const struct toml_value *root;
    struct brine_error err;
    struct bytes text =
        BYTES("a = [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25]");
    cr_expect_eq(toml_parse(&arena, text, (struct toml_limits){0}, &root, &err), BRINE_NO_MEMORY);
    arena_deinit(&arena);
}

Test(toml_write, bytes_that_are_no_text_become_the_replacement_character) {
    struct buf out;
    buf_init(&out, mem_system(), 1024);
    cr_assert_eq(toml_write_string(&out, BYTES("a\xFF\xC3\"\x01\x7F")), BRINE_OK);
    cr_expect(
        bytes_equal(buf_view(&out), BYTES("\"a\xEF\xBF\xBD\xEF\xBF\xBD\\\"\\u0001\\u007F\"")));
    buf_deinit(&out);
}

Test(toml_write, a_small_buffer_is_too_big_and_never_overrun) {
    struct document document;
    document_read(&document, BYTES("a = [1, {b = 'x'}]\n[c]\nd = 1.5"), (struct toml_limits){0});
    struct buf whole;
    document_flatten(&document, &whole);
    for (size_t limit = 1; limit < whole.len; limit++) {
        struct buf out;
        buf_init(&out, mem_system(), limit);
        cr_expect_eq(toml_write_document(&out, document.root), BRINE_TOO_BIG, "limit %zu", limit);
        buf_deinit(&out);
    }
    buf_deinit(&whole);
    arena_deinit(&document.arena);
}
