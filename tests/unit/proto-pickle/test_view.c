/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "pickle/view.h"

#include <criterion/criterion.h>

static const struct row {
    struct bytes input;
    const char *text, *json;
} rows[] = {
    {BYTES("N."), "None", "null"},
    {BYTES("\x88."), "True", "true"},
    {BYTES("I-5\n."), "-5", "-5"},
    {BYTES("M\x00\x80."), "32768", "32768"},
    {BYTES("J\xff\xff\xff\xff."), "-1", "-1"},
    {BYTES("\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f."), "9223372036854775807",
     "{\"int\":\"9223372036854775807\"}"},
    {BYTES("G?\xf8\x00\x00\x00\x00\x00\x00."), "1.5", "1.5"},
    {BYTES("Fnan\n."), "nan", "{\"float\":\"nan\"}"},
    {BYTES("V\\u00e9'\n."), "\"\xc3\xa9'\"", "\"\xc3\xa9'\""},
    {BYTES("S'a\\n'\n."), "'a\\n'", "\"a\\n\""},
    {BYTES("C\x02"
           "a\xff."),
     "b'a\\xff'", "{\"bytes\":\"61ff\",\"length\":2}"},
    {BYTES("(K\x01K\x02l."), "[1, 2]", "[1,2]"},
    {BYTES("K\x01\x85."), "(1,)", "{\"tuple\":[1]}"},
    {BYTES(")."), "()", "{\"tuple\":[]}"},
    {BYTES("\x8f."), "set()", "{\"set\":[]}"},
    {BYTES("(K\x01\x91."), "frozenset({1})", "{\"frozenset\":[1]}"},
    {BYTES("(Va\nK\x01"
           "d."),
     "{'a': 1}", "{\"a\":1}"},
    {BYTES("(K\x02K\x01"
           "d."),
     "{2: 1}", "{\"dict\":[2,1]}"},
    {BYTES("cos\nsystem\nVid\n\x85R."), "os.system('id')",
     "{\"call\":{\"global\":\"os.system\"},\"args\":{\"tuple\":[\"id\"]}}"},
    {BYTES("capp\nUser\n)\x81(Vid\nK\x03"
           "db."),
     "app.User(id=3)",
     "{\"call\":{\"global\":\"app.User\"},\"args\":{\"tuple\":[]},\"state\":{\"id\":3}}"},
    {BYTES("capp\nUser\n)\x81K\x03"
           "b."),
     "app.User(state=3)",
     "{\"call\":{\"global\":\"app.User\"},\"args\":{\"tuple\":[]},\"state\":3}"},
    {BYTES("ccollections\ndeque\n)RK\x01"
           "a."),
     "collections.deque() with [1]",
     "{\"call\":{\"global\":\"collections.deque\"},\"args\":{\"tuple\":[]},\"items\":[1]}"},
    {BYTES("cdatetime\ndatetime\nC\x0a\x07\xea\x0b\x16\x00\x00\x00\x00\x00\x00\x85R."),
     "datetime.datetime(2026, 11, 22, 0, 0)", NULL},
    {BYTES("cdatetime\ndate\nC\x04\x07\xea\x0b\x16\x85R."), "datetime.date(2026, 11, 22)", NULL},
    {BYTES("]q\x00h\x00"
           "a."),
     "$1=[$1]", "{\"id\":1,\"list\":[{\"ref\":1}]}"},
    {BYTES("(K\x01lq\x00h\x00\x86."), "($1=[1], $1)",
     "{\"tuple\":[{\"id\":1,\"list\":[1]},{\"ref\":1}]}"},
    {BYTES("Pid\n."), "<persistent id>", "{\"persistent\":\"\"}"},
    {BYTES("\x82\x05."), "<extension 5>", "{\"extension\":\"\"}"},
    {BYTES("(capp\nOld\no."), "app.Old()", NULL},
    {BYTES("(K\x01iapp\nOld\n."), "app.Old(1)", NULL},
    {BYTES("capp\nA\n)(Vb\nK\x01"
           "d\x92."),
     "app.A(**{'b': 1})", NULL},
};

static void expect_view(const struct row *row, bool json, const char *expected) {
    struct buf out;
    struct brine_error err = {0};
    if (!expected) return;
    buf_init(&out, mem_system(), 1 << 16);
    cr_expect_eq(pickle_view(row->input, (struct pickle_view_options){.json = json}, &out, &err),
                 BRINE_OK, "%s: %s", expected, err.text);
    cr_expect(bytes_equal(buf_view(&out), bytes_of_cstr(expected)), "%.*s is not %s", (int)out.len,
              out.data, expected);
    buf_deinit(&out);
}

Test(view, values_look_like_python) {
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) expect_view(&rows[i], false, rows[i].text);
}

Test(view, values_have_a_json_form) {
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) expect_view(&rows[i], true, rows[i].json);
}

Test(view, long_and_deep_things_are_cut) {
    static const struct pickle_view_options narrow = {
        .items_max = 2, .text_max = 3, .depth_max = 2};
    struct row cut[] = {
        {BYTES("(K\x01K\x02K\x03l."), "[1, 2, ...]", "[{\"more\":1},1,2]"},
        {BYTES("V12345\n."), "'123'... <5 bytes>", "\"123...\""},
        {BYTES("]]]aa."), "[[...]]", "[[{\"more\":0}]]"},
    };
    for (size_t i = 0; i < 2 * ARRAY_LEN(cut); i++) {
        struct buf out;
        struct brine_error err;
        struct pickle_view_options options = narrow;
        options.json = i % 2;
        const char *expected = options.json ? cut[i / 2].json : cut[i / 2].text;
        buf_init(&out, mem_system(), 1 << 16);
        cr_expect_eq(pickle_view(cut[i / 2].input, options, &out, &err), BRINE_OK);
        cr_expect(bytes_equal(buf_view(&out), bytes_of_cstr(expected)), "%.*s is not %s",
                  (int)out.len, out.data, expected);
        buf_deinit(&out);
    }
}

Test(view, what_no_reader_takes_is_refused_with_its_place) {
    static const struct {
        struct bytes input;
        enum brine_status status;
        size_t offset;
    } broken[] = {
        {BYTES(""), BRINE_NEED_MORE, 0},
        {BYTES("N\xff"), BRINE_MALFORMED, 1},
        {BYTES("NX\x05"), BRINE_NEED_MORE, 1},
        {BYTES("0"), BRINE_MALFORMED, 0},
        {BYTES("(."), BRINE_MALFORMED, 1},
        {BYTES("h\x00."), BRINE_MALFORMED, 0},
        {BYTES("Nr\xff\xff\xff\xff."), BRINE_MALFORMED, 1},
    };
    for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
        struct buf out;
        struct brine_error err;
        buf_init(&out, mem_system(), 1 << 16);
        cr_expect_eq(pickle_view(broken[i].input, (struct pickle_view_options){0}, &out, &err),
                     broken[i].status, "row %zu", i);
        cr_expect_eq(err.offset, broken[i].offset, "row %zu", i);
        buf_deinit(&out);
    }
}

Test(view, output_and_memory_are_bounded) {
    struct buf out;
    struct brine_error err;
    buf_init(&out, mem_system(), 8);
    cr_expect_eq(pickle_view(BYTES("V12345678901\n."), (struct pickle_view_options){0}, &out, &err),
                 BRINE_TOO_BIG);
    cr_expect_eq(pickle_view(BYTES("(NNNNNNNNNNNNNNNNNNl."),
                             (struct pickle_view_options){.memory_max = 1024}, &out, &err),
                 BRINE_TOO_BIG);
    buf_deinit(&out);
}
