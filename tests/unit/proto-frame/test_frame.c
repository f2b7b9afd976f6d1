/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Which readings a value has.  What real libraries write and read is tests/tools/frame_honest.py's;
 * here are the forms one by one, the bounds, and memory. */

#include "frame/frame.h"

#include "support/failing.h"

#include <bzlib.h>
#include <criterion/criterion.h>
#include <lz4frame.h>
#include <lzma.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#define SCRATCH_BYTES ((size_t)512 << 20)
enum { LISTED_BYTES = 4096, MADE_BYTES = 20 << 20 };

/* ---- readings as text: "path = bytes" with what cannot be printed as \xx, parted by "; "
 * -------*/

struct listed {
    struct bytes value;
    char text[LISTED_BYTES];
    size_t len;
    size_t readings;
    size_t bytes; /* of the last */
    bool misplaced;
    enum brine_status answer;
};

static void list_char(struct listed *listed, char c) {
    if (listed->len + 1 < sizeof listed->text) listed->text[listed->len++] = c;
    listed->text[listed->len] = '\0';
}

static void list_text(struct listed *listed, const char *text) {
    for (; *text; text++) list_char(listed, *text);
}

static enum brine_status list(void *context, const struct frame_reading *reading) {
    struct listed *listed = context;
    char path[128];
    if (listed->readings++ > 0) list_text(listed, "; ");
    list_text(listed, frame_path_text(&reading->path, path, sizeof path));
    if (reading->trailing_ignored) list_text(listed, " (+)");
    list_text(listed, " = ");
    for (size_t i = 0; i < reading->bytes.len && i < 40; i++) {
        char hex[8];
        uint8_t c = reading->bytes.data[i];
        snprintf(hex, sizeof hex, c < ' ' || c > '~' ? "\\%02x" : "%c", c);
        list_text(listed, hex);
    }
    listed->bytes = reading->bytes.len;
    if (!reading->unpacked && reading->bytes.data != listed->value.data + reading->offset)
        listed->misplaced = true;
    if (reading->integer != (reading->path.kinds[reading->path.depth - 1] == FRAME_INTEGER))
        listed->misplaced = true;
    return listed->answer;
}

static enum brine_status walk(struct bytes value, const struct frame_options *options,
                              struct listed *listed) {
    struct frame_scratch scratch;
    struct brine_error err;
    *listed = (struct listed){.value = value};
    frame_scratch_init(&scratch, mem_system(), SCRATCH_BYTES);
    enum brine_status status = frame_walk(value, options, &scratch, list, listed, &err);
    frame_scratch_deinit(&scratch);
    cr_expect_eq(mem_account_used(&scratch.account), 0);
    return status;
}

/* "pickle,zlib+huey" */
static struct frame_options options_of(const char *words, struct frame_affix *affixes) {
    struct frame_options options = FRAME_OPTIONS_DEFAULT;
    char copy[128];
    char *place = NULL;
    options.admitted = options.admitted_inside = 0;
    options.affixes = affixes;
    snprintf(copy, sizeof copy, "%s", words);
    for (char *word = strtok_r(copy, ",+", &place); word; word = strtok_r(NULL, ",+", &place)) {
        enum frame_kind kind = frame_by_name(bytes_of_cstr(word));
        if (kind < FRAME_KINDS) {
            options.admitted |= FRAME_BIT(kind);
            continue;
        }
        const struct frame_affix *affix = frame_affix_by_name(bytes_of_cstr(word));
        cr_assert(affix, "%s is neither a framing nor an affix", word);
        affixes[options.affixes_count++] = *affix;
        options.admitted |= FRAME_BIT(FRAME_SIGNED);
    }
    return options;
}

struct row {
    const char *framings;
    struct bytes value;
    const char *readings;
};

static void expect_rows(const struct row *rows, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct frame_affix affixes[4];
        struct listed listed;
        struct frame_options options = options_of(rows[i].framings, affixes);
        cr_expect_eq(walk(rows[i].value, &options, &listed), BRINE_OK, "row %zu", i);
        cr_expect_str_eq(listed.text, rows[i].readings, "row %zu of %s gave %s, wanted %s", i,
                         rows[i].framings, listed.text, rows[i].readings);
        cr_expect(!listed.misplaced, "row %zu: an offset is wrong", i);
    }
}

#define ROWS(table) expect_rows(table, ARRAY_LEN(table))

Test(frame, prefixes_are_cut_and_the_raw_value_comes_first) {
    static const struct row rows[] = {
        {"pickle", BYTES("N."), "pickle = N."},
        {"pickle", BYTES(""), "pickle = "},
        {"bang", BYTES("!N."), "bang > pickle = N."},
        {"bang", BYTES("N."), ""},
        {"bang", BYTES("!"), ""},
        {"pickle,bang", BYTES("!!N."),
         "pickle = !!N.; bang > pickle = !N.; bang > bang > pickle = N."},
        {"dogpile", BYTES("{\"ct\": 1.5, \"v\": 2}|N."), "dogpile > pickle = N."},
        {"dogpile", BYTES("1|N|."), "dogpile > pickle = N|."},
        {"dogpile", BYTES("null|N."), "dogpile > pickle = N."},
        {"dogpile", BYTES("NaN|N."), "dogpile > pickle = N."},
        {"dogpile", BYTES("-Infinity |N."), "dogpile > pickle = N."},
        {"dogpile", BYTES("\"a\"|N."), "dogpile > pickle = N."},
        {"dogpile", BYTES("\xef\xbb\xbf[1]|N."), "dogpile > pickle = N."},
        {"dogpile", BYTES("1\0|N."), "dogpile > pickle = N."},
        {"dogpile",
         BYTES("\xff\xfe"
               "1\0|N."),
         "dogpile > pickle = N."},
        {"dogpile", BYTES("name|count\nfoo|3"), ""},
        {"dogpile", BYTES("1,2|count"), ""},
        {"dogpile", BYTES("{\"a|b\": 1}|N."), ""},
        {"dogpile", BYTES("{}|"), ""},
    };
    ROWS(rows);
}

Test(frame, integers_are_what_int_reads) {
    static const struct row rows[] = {
        {"pickle,integer", BYTES("5"), "pickle = 5; integer = 5"},
        {"integer", BYTES(" -1_000\n"), "integer =  -1_000\\0a"},
        {"integer", BYTES("007"), "integer = 007"},
        {"integer", BYTES("+5"), "integer = +5"},
        {"integer", BYTES("1__0"), ""},
        {"integer", BYTES("5\0"), ""},
        {"integer", BYTES("0x1"), ""},
        {"integer", BYTES("- 1"), ""},
        {"integer", BYTES("_1"), ""},
        {"bang,integer", BYTES("!5"), "bang > pickle = 5; bang > integer = 5"},
    };
    ROWS(rows);
    char digits[4302];
    memset(digits, '9', sizeof digits);
    cr_expect(frame_is_integer(bytes_view(digits, 4300)));
    cr_expect(!frame_is_integer(bytes_view(digits, 4301)));
    cr_expect(!frame_is_integer(bytes_view("", 0)));
}

#define HEX40 "0123456789abcdef0123456789abcdef01234567"

Test(frame, affixes_are_cut_as_their_readers_cut_them) {
    static const struct row rows[] = {
        {"pickle+huey", BYTES("N.:" HEX40),
         "pickle (+) = N.:0123456789abcdef0123456789abcdef0123"
         "4; signed > pickle = N."},
        {"pickle+huey", BYTES("N.:beef"), "pickle = N.:beef"},
        {"huey", BYTES("N.:x:" HEX40), "signed > pickle = N.:x"},
        {"huey-priority", BYTES("12345678N."), "signed > pickle = N."},
        {"huey-priority", BYTES("1234567"), ""},
        {"huey-priority+huey", BYTES("12345678N.:" HEX40),
         "signed > pickle (+) = N.:0123456789abcdef0123456789abcdef01234; signed > signed > "
         "pickle = N.; signed > pickle = 12345678N."},
        {"cashews", BYTES("sha256:ab_N._"), "signed > pickle = N._"},
        {"cacheops", BYTES(HEX40 ":N."), "signed > pickle = N."},
        {"cacheops", BYTES("12:" HEX40 ":N."), ""},
        {"itsdangerous", BYTES("N.x.sig"), "signed > pickle (+) = N.x"},
        {"django-signing", BYTES("Ti4:1uX:sig"),
         "signed > pickle = Ti4; signed > base64 > pickle = N."},
        {"django-signing", BYTES("gA-_:1uX:sig"),
         "signed > pickle = gA-_; signed > base64 > pickle = \\80\\0f\\bf"},
        {"base64+django-signing", BYTES("=gA-_:1uX:sig"),
         "base64 > pickle = \\80\\0dn^\\c8\\a0; "
         "base64 > pickle = \\80\\0f\\bf\\d6\\e5\\ec\\8a; "
         "signed > pickle = =gA-_; signed > base64 > pickle = \\80; "
         "signed > base64 > pickle = \\80\\0f\\bf"},
        {"base64+django-signing", BYTES(".Ti4:1uX:sig"),
         "signed > pickle = .Ti4; signed > base64 > pickle = N."},
        {"django-signing", BYTES("Ti4:1uX"), ""},
        {"hmac-sha256", BYTES("0123456789abcdef0123456789abcdefN."), "signed > pickle = N."},
    };
    ROWS(rows);
}

Test(frame, base64_is_read_as_laxly_as_python_reads_it) {
    static const struct row rows[] = {
        {"base64", BYTES("Ti4="), "base64 > pickle = N."},
        {"base64", BYTES("Ti4"), "base64 > pickle = N."},
        {"base64", BYTES("T"), ""},
        {"base64", BYTES("Ti4xT"), ""},
        {"base64", BYTES(" T\ni\r4*=junk"), "base64 > pickle = N."},
        {"base64", BYTES("T=i4="), "base64 > pickle = N."},
        {"base64", BYTES("=Ti4=Ti4="), "base64 > pickle = N."},
        {"base64", BYTES("gA-_"), "base64 > pickle = \\80; base64 > pickle = \\80\\0f\\bf"},
        {"base64", BYTES("gA+/"), "base64 > pickle = \\80\\0f\\bf"},
        {"base64", BYTES("/w=="), ""},
        {"base64,zlib", BYTES("eJzz0wMAAMwAfQ=="),
         "base64 > pickle = x\\9c\\f3\\d3\\03\\00\\00\\cc\\00}; base64 > zlib > pickle = N."},
        {"pickle,string", BYTES("\x80\x04\x95\x08\0\0\0\0\0\0\0\x8c\x04Ti4=\x94."),
         "pickle = \\80\\04\\95\\08\\00\\00\\00\\00\\00\\00\\00\\8c\\04Ti4=\\94.; string > base64 "
         "> pickle = N."},
        {"string", BYTES("X\x04\0\0\0Ti4=q\0."), "string > base64 > pickle = N."},
        {"string", BYTES("\x80\x02X\x04\0\0\0Ti4=r\1\0\0\0."), "string > base64 > pickle = N."},
        {"string", BYTES("\x80\x04\x8d\x04\0\0\0\0\0\0\0Ti4=."), "string > base64 > pickle = N."},
        {"string", BYTES("VTi4=\n."), "string > base64 > pickle = N."},
        {"string", BYTES("VTi4=\np0\n."), "string > base64 > pickle = N."},
        {"string", BYTES("V\\u0054i4=\np0\n."), "string > base64 > pickle = N."},
        {"string", BYTES("V\\\\\\U00000054\\u0069\\u20ac4=\n."), "string > base64 > pickle = N."},
        {"string", BYTES("S'Ti4='\np0\n."), "string > base64 > pickle = N."},
        {"string", BYTES("S\"\\x54\\1514=\"\n."), "string > base64 > pickle = N."},
        {"string", BYTES("S'Ti\\64='\n."), "string > base64 > pickle = N."},
        {"string", BYTES("U\x04Ti4=q\0."), "string > base64 > pickle = N."},
        {"string", BYTES("T\x04\0\0\0Ti4=."), "string > base64 > pickle = N."},
        {"string", BYTES("VTi4=."), ""},
        {"string", BYTES("V\n."), ""},
        {"string", BYTES("V\\u0054i4=\n(."), ""},
        {"string", BYTES("\x80\x04\x8c\x04Ti4=K\x01."), ""},
        {"string", BYTES("\x80\x04\x8c\x09Ti4=."), ""},
        {"string+beaker-nonce", BYTES("X\x1c\0\0\0AAAAAAAAAAAAAAAAAAAAAAAATi4=."),
         "string > base64 > pickle = \\00\\00\\00\\00\\00\\00\\00\\00\\00"
         "\\00\\00\\00\\00\\00\\00\\00\\00\\00N.; "
         "string > base64 > pickle = N.; "
         "string > signed > base64 > pickle = N.; signed > pickle = AAAAATi4=."},
    };
    ROWS(rows);
}

Test(frame, bodies_of_messages_are_found_at_any_depth) {
    static const struct row rows[] = {
        {"kombu", BYTES("{\"body\": \"Ti4=\"}"),
         "kombu > pickle = Ti4=; kombu > base64 > pickle = N."},
        {"kombu", BYTES(" [ { \"body\" : \"Ti4=\" }, \"\", \"celery\"]"),
         "kombu > pickle = Ti4=; kombu > base64 > pickle = N."},
        {"kombu", BYTES("{\"b\\u006fdy\": \"\\u0054i4=\"}"),
         "kombu > pickle = Ti4=; kombu > base64 > pickle = N."},
        {"kombu", BYTES("{\"body\": \"K\\u0001.\"}"), "kombu > pickle = K\\01."},
        {"kombu", BYTES("{\"body\": \"a\", \"body\": \"b\"}"),
         "kombu > pickle = a; kombu > pickle = b"},
        {"kombu", BYTES("{\"body\": {\"bytes\": \"N.\", \"__base64__\": true}}"),
         "kombu > pickle = N."},
        {"kombu", BYTES("{\"body\": {\"__type__\": \"bytes\", \"__value__\": \"N.\"}}"),
         "kombu > pickle = N."},
        {"kombu", BYTES("{\"body\": \"{\\\"body\\\": \\\"N.\\\"}\"}"),
         "kombu > pickle = {\"body\": \"N.\"}; kombu > kombu > pickle = N."},
        {"kombu", BYTES("{\"body\": \"\xff\xe2\x82(\"}"),
         "kombu > pickle = \\ef\\bf\\bd\\ef\\bf\\bd("},
        {"kombu", BYTES("{\"subject\": \"Ti4=\", \"text\": [\"body\", \"Ti4=\"]}"), ""},
        {"kombu", BYTES("{\"body\": 5, \"x\": \"Ti4=\"}"), ""},
        {"kombu", BYTES("{\"body\": \"\"}"), ""},
        {"kombu", BYTES("[section]\nbody = \"Ti4=\""), ""},
        {"kombu", BYTES("body"), ""},
        {"kombu", BYTES("{\"body\": \"Ti4="), ""},
        /* kombu reads UTF-8 only and takes no mark of order, where json.loads takes all these. */
        {"kombu", BYTES("\357\273\277{\"body\":\"Ti4=\"}"), ""},
        {"kombu",
         BYTES("\377\376{\000\"\000b\000o\000d\000y\000\"\000:\000\"\000T\000i\0004\000=\000\"\000}"
               "\000"),
         ""},
        {"kombu",
         BYTES("{\000\"\000b\000o\000d\000y\000\"\000:\000\"\000T\000i\0004\000=\000\"\000}\000"),
         ""},
        {"kombu",
         BYTES("\376\377\000{\000\"\000b\000o\000d\000y\000\"\000:\000\"\000T\000i\0004\000="
               "\000\"\000}"),
         ""},
        {"kombu",
         BYTES("\377\376\000\000{"
               "\000\000\000\"\000\000\000b\000\000\000o\000\000\000d\000\000\000y\000\000\000\""
               "\000\000\000:\000\000\000\"\000\000\000T\000\000\000i\000\000\0004\000\000\000="
               "\000\000\000\"\000\000\000}\000\000\000"),
         ""},
        {"kombu",
         BYTES("\000\000\000{"
               "\000\000\000\"\000\000\000b\000\000\000o\000\000\000d\000\000\000y\000\000\000\""
               "\000\000\000:\000\000\000\"\000\000\000T\000\000\000i\000\000\0004\000\000\000="
               "\000\000\000\"\000\000\000}"),
         ""},
    };
    ROWS(rows);
}

Test(frame, joblib_is_shown_beside_pickle_only_when_it_may_differ) {
    static const struct row rows[] = {
        {"joblib", BYTES("N."), "joblib = N."},
        {"pickle,joblib", BYTES("N."), "pickle = N."},
        {"pickle,joblib", BYTES("cjoblib.x\n"), "pickle = cjoblib.x\\0a; joblib = cjoblib.x\\0a"},
        {"pickle,joblib", BYTES("V\\u006aob"), "pickle = V\\u006aob; joblib = V\\u006aob"},
        {"pickle,joblib", BYTES("S\\x6Ab"), "pickle = S\\x6Ab; joblib = S\\x6Ab"},
        {"pickle,joblib", BYTES("S\\152b"), "pickle = S\\152b; joblib = S\\152b"},
        {"pickle,joblib", BYTES("V\\U0000006a"), "pickle = V\\U0000006a; joblib = V\\U0000006a"},
        {"pickle,joblib", BYTES("V\\u0041\\n\\"), "pickle = V\\u0041\\n\\"},
    };
    ROWS(rows);
}

Test(frame, a_value_is_bare_when_it_has_one_reading) {
    static const struct {
        const char *framings;
        struct bytes value;
        bool bare;
    } rows[] = {
        {"pickle,string,zlib,lzma,lz4", BYTES("\x80\x04N."), true},
        {"pickle,string,zlib,lzma,lz4", BYTES("\x80\x04\x95\3\0\0\0\0\0\0\0C\0."), true},
        {"pickle,string,zlib,lzma,lz4", BYTES("\x80\x04\x95\3\0\0\0\0\0\0\0\x8c\0."), false},
        {"pickle,zlib,lzma,lz4", BYTES("\x80\x04\x95\3\0\0\0\0\0\0\0\x8c\0."), true},
        {"pickle,string", BYTES("X\0\0\0\0."), false},
        {"pickle,zlib", BYTES("x\x9c\xf3\xd3\x03\x00\x00\xcc\x00}"), false},
        {"pickle,bz2", BYTES("x\x9c\xf3\xd3\x03\x00\x00\xcc\x00}"), true},
        {"pickle,lzma", BYTES("]\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff\0"), false},
        {"pickle,integer", BYTES("1"), false},
        {"pickle,base64", BYTES("\x80\x04N."), false},
        {"pickle,joblib", BYTES("\x80\x04N."), false},
        {"pickle+huey", BYTES("\x80\x04N."), false},
        {"zlib", BYTES("\x80\x04N."), false},
        {"pickle", BYTES(""), false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct frame_affix affixes[4];
        struct frame_options options = options_of(rows[i].framings, affixes);
        cr_expect_eq(frame_is_bare(rows[i].value, &options), rows[i].bare, "row %zu", i);
    }
}

Test(frame, what_is_not_admitted_is_not_looked_for) {
    static const struct row rows[] = {
        {"zlib", BYTES("!N."), ""},
        {"pickle", BYTES("!N."), "pickle = !N."},
        {"bang,zlib", BYTES("!x\x9c\xf3\xd3\x03\x00\x00\xcc\x00}"),
         "bang > pickle = x\\9c\\f3\\d3\\03\\00\\00\\cc\\00}; bang > zlib > pickle = N."},
        {"joblib,zlib", BYTES("x\x9c\xf3\xd3\x03\x00\x00\xcc\x00}"),
         "joblib = x\\9c\\f3\\d3\\03\\00\\00\\cc\\00}; zlib > joblib = N."},
    };
    ROWS(rows);
    struct frame_options options = FRAME_OPTIONS_DEFAULT;
    struct listed listed;
    options.depth_max = 2;
    cr_expect_eq(walk(BYTES("!!!N."), &options, &listed), BRINE_OK);
    cr_expect_str_eq(listed.text,
                     "pickle = !!!N.; bang > pickle = !!N.; bang > bang > pickle = !N.");
    options.depth_max = 0;
    cr_expect_eq(walk(BYTES("!!!N."), &options, &listed), BRINE_OK);
    cr_expect_str_eq(listed.text, "pickle = !!!N.");
}

static enum brine_status stop(void *context, const struct frame_reading *reading) {
    (void)reading;
    ++*(size_t *)context;
    return BRINE_DENIED;
}

Test(frame, what_visit_says_ends_the_walk) {
    struct frame_scratch scratch;
    struct brine_error err;
    size_t visits = 0;
    frame_scratch_init(&scratch, mem_system(), SCRATCH_BYTES);
    cr_expect_eq(frame_walk(BYTES("!!N."), &FRAME_OPTIONS_DEFAULT, &scratch, stop, &visits, &err),
                 BRINE_DENIED);
    cr_expect_eq(visits, 1);
    cr_expect_eq(mem_account_peak(&scratch.account), 0, "what is not unpacked takes no memory");
    frame_scratch_deinit(&scratch);
}

Test(frame, names_are_found_and_paths_are_cut) {
    for (enum frame_kind kind = 0; kind < FRAME_KINDS; kind++)
        cr_expect_eq(frame_by_name(bytes_of_cstr(frame_name(kind))), kind);
    cr_expect_eq(frame_by_name(BYTES("no such")), FRAME_KINDS);
    cr_expect_null(frame_affix_by_name(BYTES("no such")));
    struct frame_path path = {{FRAME_KOMBU, FRAME_BASE64, FRAME_PICKLE}, 3};
    char line[64];
    cr_expect_str_eq(frame_path_text(&path, line, sizeof line), "kombu > base64 > pickle");
    cr_expect_str_eq(frame_path_text(&path, line, 10), "kombu > b");
}

/* ---- compression ------------------------------------------------------------------------------*/

static size_t make_zlib(uint8_t *out, struct bytes in) {
    uLongf len = MADE_BYTES;
    cr_assert_eq(compress(out, &len, in.data, in.len), Z_OK);
    return len;
}

static size_t make_gzip(uint8_t *out, struct bytes in) {
    z_stream z = {.next_in = (Bytef *)(uintptr_t)in.data,
                  .avail_in = (uInt)in.len,
                  .next_out = out,
                  .avail_out = MADE_BYTES};
    cr_assert_eq(deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    cr_assert_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return z.total_out;
}

static size_t make_bz2(uint8_t *out, struct bytes in) {
    unsigned len = MADE_BYTES;
    cr_assert_eq(BZ2_bzBuffToBuffCompress((char *)out, &len, (char *)(uintptr_t)in.data,
                                          (unsigned)in.len, 9, 0, 0),
                 BZ_OK);
    return len;
}

static size_t make_xz(uint8_t *out, struct bytes in) {
    size_t len = 0;
    cr_assert_eq(
        lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, NULL, in.data, in.len, out, &len, MADE_BYTES),
        LZMA_OK);
    return len;
}

static size_t make_lzma_of(uint8_t *out, struct bytes in, uint32_t dictionary_bytes) {
    lzma_stream lzma = LZMA_STREAM_INIT;
    lzma_options_lzma options;
    cr_assert(!lzma_lzma_preset(&options, 1));
    options.dict_size = dictionary_bytes;
    cr_assert_eq(lzma_alone_encoder(&lzma, &options), LZMA_OK);
    lzma.next_in = in.data;
    lzma.avail_in = in.len;
    lzma.next_out = out;
    lzma.avail_out = MADE_BYTES;
    cr_assert_eq(lzma_code(&lzma, LZMA_FINISH), LZMA_STREAM_END);
    size_t len = lzma.total_out;
    lzma_end(&lzma);
    return len;
}

static size_t make_lzma(uint8_t *out, struct bytes in) {
    return make_lzma_of(out, in, 1 << 20);
}

static size_t make_lz4(uint8_t *out, struct bytes in) {
    size_t len = LZ4F_compressFrame(out, MADE_BYTES, in.data, in.len, NULL);
    cr_assert(!LZ4F_isError(len));
    return len;
}

static size_t make_zstd(uint8_t *out, struct bytes in) {
    size_t len = ZSTD_compress(out, MADE_BYTES, in.data, in.len, 3);
    cr_assert(!ZSTD_isError(len));
    return len;
}

struct format {
    enum frame_kind kind;
    size_t (*make)(uint8_t *out, struct bytes in);
    bool follows; /* a second stream adds to the first */
};

static const struct format formats[] = {
    {FRAME_ZLIB, make_zlib, false}, {FRAME_GZIP, make_gzip, true}, {FRAME_BZ2, make_bz2, true},
    {FRAME_XZ, make_xz, true},      {FRAME_LZMA, make_lzma, true}, {FRAME_LZ4, make_lz4, true},
    {FRAME_ZSTD, make_zstd, true},
};

static struct frame_options only(enum frame_kind kind) {
    struct frame_options options = FRAME_OPTIONS_DEFAULT;
    options.admitted = FRAME_BIT(kind);
    options.admitted_inside = FRAME_BIT(FRAME_PICKLE);
    return options;
}

/* Text that no compressor makes much smaller than its half. */
static void fill(uint8_t *data, size_t len) {
    uint32_t state = 12345;
    for (size_t i = 0; i < len; i++) {
        state = state * 1664525 + 1013904223;
        data[i] = (uint8_t)('a' + (state >> 24) % 16);
    }
}

Test(frame, streams_are_read_whole_broken_and_one_after_the_other) {
    static uint8_t in[300000], made[MADE_BYTES];
    fill(in, sizeof in);
    static const size_t lengths[] = {1, 100, 5000, sizeof in};
    for (size_t f = 0; f < ARRAY_LEN(formats) * ARRAY_LEN(lengths); f++) {
        const struct format *format = &formats[f / ARRAY_LEN(lengths)];
        size_t len = lengths[f % ARRAY_LEN(lengths)];
        const char *name = frame_name(format->kind);
        struct frame_options options = only(format->kind);
        struct listed listed;
        size_t size = format->make(made, bytes_view(in, len));
        cr_expect_eq(walk(bytes_view(made, size), &options, &listed), BRINE_OK);
        cr_expect(listed.readings == 1 && listed.bytes == len, "%s of %zu", name, len);
        /* The second stream, with what is no stream behind it. */
        size_t second = format->make(made + size, BYTES("second"));
        memset(made + size + second, '?', 20);
        size_t wanted = len + (format->follows ? 6 : 0);
        cr_expect_eq(walk(bytes_view(made, size + second + 20), &options, &listed), BRINE_OK);
        cr_expect_eq(listed.bytes, wanted, "%s twice gave %zu of %zu", name, listed.bytes, wanted);
        /* Cut off: a beginning, or nothing where blocks are larger than that. */
        cr_expect_eq(walk(bytes_view(made, size - 1), &options, &listed), BRINE_OK);
        cr_expect_leq(listed.bytes, len, "%s cut off", name);
        cr_expect_eq(walk(bytes_view(made, size / 2), &options, &listed), BRINE_OK);
        cr_expect_lt(listed.bytes, len + (len == 1), "%s cut in the middle", name);
        if (len == sizeof in && format->kind != FRAME_BZ2)
            cr_expect_gt(listed.bytes, len / 4, "%s shows what comes before a break, not %zu", name,
                         listed.bytes);
    }
}

/* Zeros are streams without bytes, and "yyyy" behind them claims a dictionary of two gigabytes. */
Test(frame, a_claim_of_a_dictionary_costs_nothing) {
    enum { ZEROS = 18 * 1000, LIMIT = 3 << 20 };
    static uint8_t text[ZEROS + 13 + 300000];
    struct mem_account account;
    struct frame_scratch scratch;
    struct brine_error err = {0};
    struct listed listed = {0};
    struct frame_options options = only(FRAME_LZMA);
    memset(text + ZEROS + 1, 'y', sizeof text - ZEROS - 1);
    mem_account_init(&account, mem_system(), 0);
    frame_scratch_init(&scratch, &account.allocator, LIMIT);
    cr_expect_eq(frame_walk(bytes_view(text, sizeof text), &options, &scratch, list, &listed, &err),
                 BRINE_OK, "%s", err.text);
    cr_expect_leq(mem_account_peak(&account), LIMIT);
    frame_scratch_deinit(&scratch);
}

static void fill_with_noise(uint8_t *data, size_t len) {
    uint32_t state = 54321;
    for (size_t i = 0; i < len; i++) {
        state = state * 1664525 + 1013904223;
        data[i] = (uint8_t)(state >> 24);
    }
}

/* What comes again from farther back than the dictionary that unpacking begins with. */
Test(frame, lzma_reaches_back_as_far_as_it_claims) {
    enum { HALF = 3 << 20, CLAIMED = 4 << 20 };
    static uint8_t in[2 * HALF], made[MADE_BYTES];
    struct frame_options options = only(FRAME_LZMA);
    struct listed listed;
    fill_with_noise(in, HALF);
    bytes_copy_to(in + HALF, bytes_view(in, HALF));
    size_t size = make_lzma_of(made, bytes_view(in, sizeof in), CLAIMED);
    cr_assert_lt(size, HALF + HALF / 2, "the second half is a copy of the first");
    cr_expect_eq(walk(bytes_view(made, size), &options, &listed), BRINE_OK);
    cr_expect_eq(listed.bytes, sizeof in);
    size_t second = make_lzma_of(made + size, bytes_view(in, sizeof in), CLAIMED);
    cr_expect_eq(walk(bytes_view(made, size + second), &options, &listed), BRINE_OK);
    cr_expect_eq(listed.bytes, 2 * sizeof in);
    /* Where it breaks, what came before is shown. */
    for (size_t i = 0; i < 64; i++) made[size - size / 8 + i] ^= 0x55;
    cr_expect_eq(walk(bytes_view(made, size), &options, &listed), BRINE_OK);
    cr_expect_gt(listed.bytes, CLAIMED / 4);
}

Test(frame, what_comes_before_a_wrong_byte_is_shown) {
    static uint8_t in[300000], made[MADE_BYTES];
    fill(in, sizeof in);
    for (size_t f = 0; f < ARRAY_LEN(formats); f++) {
        struct frame_options options = only(formats[f].kind);
        struct listed listed;
        size_t size = formats[f].make(made, bytes_view(in, sizeof in));
        for (size_t i = 0; i < 64; i++) made[size / 2 + i] ^= 0x55;
        cr_expect_eq(walk(bytes_view(made, size), &options, &listed), BRINE_OK);
        if (formats[f].kind != FRAME_BZ2)
            cr_expect_gt(listed.bytes, sizeof in / 4, "%s", frame_name(formats[f].kind));
    }
}

Test(frame, a_bomb_costs_its_bound_and_no_more) {
    enum { ZEROS = 16 << 20, LIMIT = 24 << 20, BOUND = 4 << 20 };
    uint8_t *zeros = calloc(1, ZEROS), *made = malloc(MADE_BYTES), *twice = malloc(MADE_BYTES);
    for (size_t f = 0; f < ARRAY_LEN(formats); f++) {
        const char *name = frame_name(formats[f].kind);
        struct mem_account account;
        struct frame_scratch scratch;
        struct brine_error err = {0};
        struct listed listed = {0};
        struct frame_options options = FRAME_OPTIONS_DEFAULT;
        size_t size = formats[f].make(made, bytes_view(zeros, ZEROS));
        mem_account_init(&account, mem_system(), 0);
        frame_scratch_init(&scratch, &account.allocator, LIMIT);
        options.unpacked_bytes_max = BOUND;
        options.ratio_max = 1 << 20;
        enum brine_status status =
            frame_walk(bytes_view(made, size), &options, &scratch, list, &listed, &err);
        cr_expect_eq(status, BRINE_TOO_BIG, "%s: %s", name, err.text);
        cr_expect_eq(strncmp(err.text, name, strlen(name)), 0, "%s: %s", name, err.text);
        cr_expect_leq(mem_account_peak(&account), LIMIT, "%s took %zu", name,
                      mem_account_peak(&account));
        /* The ratio alone, with the budget far away. */
        options.unpacked_bytes_max = (uint64_t)1 << 40;
        options.ratio_max = 10;
        status = frame_walk(bytes_view(made, size), &options, &scratch, list, &listed, &err);
        cr_expect_eq(status, BRINE_TOO_BIG, "%s: %s", name, err.text);
        /* One inside the other: the sum counts. */
        size_t outer = formats[f].make(twice, bytes_view(made, size));
        options.ratio_max = 1 << 20;
        options.unpacked_bytes_max = BOUND;
        status = frame_walk(bytes_view(twice, outer), &options, &scratch, list, &listed, &err);
        cr_expect_eq(status, BRINE_TOO_BIG, "%s twice: %s", name, err.text);
        cr_expect_leq(mem_account_peak(&account), LIMIT, "%s took %zu", name,
                      mem_account_peak(&account));
        frame_scratch_deinit(&scratch);
        cr_expect_eq(mem_account_used(&account), 0, "%s", name);
    }
    free(zeros);
    free(made);
    free(twice);
}

/* A clock on which each look takes a millisecond. */
static int64_t looks;
static int64_t slow_clock(void) {
    return ++looks * 1000000;
}

Test(frame, a_bomb_costs_its_time_and_no_more) {
    enum { ZEROS = 4 << 20 };
    uint8_t *zeros = calloc(1, ZEROS), *made = malloc(MADE_BYTES);
    for (size_t f = 0; f < ARRAY_LEN(formats); f++) {
        const char *name = frame_name(formats[f].kind);
        struct frame_options options = only(formats[f].kind);
        struct frame_scratch scratch;
        struct listed listed = {0};
        struct brine_error err = {0};
        struct bytes bomb = bytes_view(made, formats[f].make(made, bytes_view(zeros, ZEROS)));
        options.ratio_max = ZEROS;
        options.clock_ns = slow_clock;
        frame_scratch_init(&scratch, mem_system(), SCRATCH_BYTES);
        looks = 0;
        options.unpack_ns_max = (int64_t)1 << 40;
        cr_expect_eq(frame_walk(bomb, &options, &scratch, list, &listed, &err), BRINE_OK, "%s: %s",
                     name, err.text);
        /* One block of lz4 is a look, all others have one for each step. */
        cr_expect_geq(looks, formats[f].kind == FRAME_LZ4 ? 4 : ZEROS >> 15, "%s: %lld", name,
                      (long long)looks);
        looks = 0;
        options.unpack_ns_max = 2000000;
        cr_expect_eq(frame_walk(bomb, &options, &scratch, list, &listed, &err), BRINE_TOO_BIG, "%s",
                     name);
        cr_expect_eq(looks, 4, "%s: looked %lld times", name, (long long)looks);
        cr_expect(strstr(err.text, ": takes longer to unpack than 2 ms"), "%s", err.text);
        cr_expect_eq(strncmp(err.text, name, strlen(name)), 0, "%s: %s", name, err.text);
        frame_scratch_deinit(&scratch);
    }
    free(zeros);
    free(made);
}

/* Streams that put next to nothing out, and so meet no bound of bytes. */
Test(frame, time_passes_where_nothing_comes_out) {
    static uint8_t made[MADE_BYTES];
    static const struct {
        enum frame_kind kind;
        struct bytes head, repeated;
    } rows[] = {
        /* empty blocks, stored and of the usual codes */
        {FRAME_ZLIB, BYTES("\x78\x9c"), BYTES("\0\0\0\xff\xff")},
        {FRAME_GZIP, BYTES("\x1f\x8b\x08\0\0\0\0\0\0\3"), BYTES("\0\0\0\xff\xff")},
        {FRAME_ZSTD, BYTES("\x28\xb5\x2f\xfd\0\x58"), BYTES("\0\0\0")},
        {FRAME_LZ4, BYTES("\x04\x22\x4d\x18\x40\x40\xc0"), BYTES("\1\0\0\x80x")},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        enum { INPUT = 1 << 20 };
        struct frame_options options = only(rows[i].kind);
        struct frame_scratch scratch;
        struct listed listed = {0};
        struct brine_error err = {0};
        size_t len = rows[i].head.len;
        bytes_copy_to(made, rows[i].head);
        for (; len < INPUT; len += rows[i].repeated.len)
            bytes_copy_to(made + len, rows[i].repeated);
        options.clock_ns = slow_clock;
        options.unpack_ns_max = 100000000;
        frame_scratch_init(&scratch, mem_system(), SCRATCH_BYTES);
        looks = 0;
        cr_expect_eq(frame_walk(bytes_view(made, len), &options, &scratch, list, &listed, &err),
                     BRINE_TOO_BIG, "%s: looked %lld times", frame_name(rows[i].kind),
                     (long long)looks);
        cr_expect(strstr(err.text, "takes longer"), "%s", err.text);
        frame_scratch_deinit(&scratch);
    }
}

Test(frame, values_that_share_a_budget_have_its_bytes_and_time_together) {
    enum { ZEROS = 1 << 20 };
    uint8_t *zeros = calloc(1, ZEROS), *made = malloc(MADE_BYTES);
    for (size_t f = 0; f < ARRAY_LEN(formats); f++) {
        const char *name = frame_name(formats[f].kind);
        struct frame_options options = only(formats[f].kind);
        struct frame_budget shared = {.bytes = 3 * ZEROS + ZEROS / 2, .ns = (int64_t)1 << 40};
        struct listed listed = {0};
        struct bytes bomb = bytes_view(made, formats[f].make(made, bytes_view(zeros, ZEROS)));
        options.ratio_max = ZEROS;
        options.clock_ns = slow_clock;
        options.unpack_ns_max = (int64_t)1 << 40;
        options.shared = &shared;
        for (int i = 0; i < 3; i++)
            cr_expect_eq(walk(bomb, &options, &listed), BRINE_OK, "%s", name);
        cr_expect_eq(shared.bytes, ZEROS / 2, "%s", name);
        cr_expect_eq(walk(bomb, &options, &listed), BRINE_TOO_BIG, "%s", name);
        cr_expect_eq(shared.bytes, 0, "%s", name);
        cr_expect_eq(walk(bytes_view(made, 0), &options, &listed), BRINE_OK, "nothing to unpack");

        /* Each look takes a millisecond, those at the beginning and at the end of a walk too. */
        shared = (struct frame_budget){.bytes = UINT64_MAX, .ns = 100000000};
        looks = 0;
        enum brine_status status = BRINE_OK;
        for (int i = 0; i < 100 && status == BRINE_OK; i++) status = walk(bomb, &options, &listed);
        cr_expect_eq(status, BRINE_TOO_BIG, "%s", name);
        cr_expect_eq(shared.ns, 0, "%s", name);
        cr_expect(looks > 100 && looks < 300, "%s: looked %lld times", name, (long long)looks);
        looks = 0;
        cr_expect_eq(walk(bomb, &options, &listed), BRINE_TOO_BIG, "%s", name);
        cr_expect_leq(looks, 3, "%s: looked %lld times", name, (long long)looks);
    }
    free(zeros);
    free(made);
}

Test(frame, a_row_of_bits_is_bare_by_its_front_and_a_written_stream_is_not) {
    static const struct {
        size_t at;
        uint8_t byte;
        bool is_bare;
    } rows[] = {
        {4000, 1, true},  {1 << 19, 1, true}, {0, 0x80, true},
        {0, 0x5d, false}, {0, '{', false},    {0, '1', false},
    };
    static uint8_t bits[1 << 20];
    struct frame_options options = FRAME_OPTIONS_DEFAULT;
    options.admitted = FRAME_BIT(FRAME_PICKLE) | FRAME_BIT(FRAME_INTEGER) | FRAME_BIT(FRAME_ZLIB) |
                       FRAME_BIT(FRAME_LZMA) | FRAME_BIT(FRAME_DOGPILE);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        memset(bits, 0, sizeof bits);
        bits[rows[i].at] = rows[i].byte;
        struct bytes value = bytes_view(bits, sizeof bits);
        cr_expect_eq(frame_is_bare_by_front(value, &options), rows[i].is_bare, "row %zu", i);
    }
}

Test(frame, time_passes_in_empty_streams_too) {
    static const uint8_t zeros[4 << 20];
    struct frame_options options = only(FRAME_LZMA);
    struct listed listed = {0};
    options.clock_ns = slow_clock;
    options.unpack_ns_max = (int64_t)1 << 40;
    cr_expect_eq(walk(bytes_view(zeros, sizeof zeros), &options, &listed), BRINE_OK);
    options.unpack_ns_max = 2000000;
    looks = 0;
    cr_expect_eq(walk(bytes_view(zeros, sizeof zeros), &options, &listed), BRINE_TOO_BIG);
    cr_expect_leq(looks, 4);
}

static bool is_given_up(void *context) {
    return *(const bool *)context;
}

Test(frame, what_is_given_up_is_not_unpacked) {
    enum { ZEROS = 1 << 20 };
    static uint8_t zeros[ZEROS], made[MADE_BYTES];
    for (size_t f = 0; f < ARRAY_LEN(formats); f++) {
        struct frame_options options = only(formats[f].kind);
        struct listed listed = {0};
        struct bytes bomb = bytes_view(made, formats[f].make(made, bytes_view(zeros, ZEROS)));
        bool given_up = false;
        options.ratio_max = ZEROS;
        options.given_up = is_given_up;
        options.given_up_context = &given_up;
        cr_expect_eq(walk(bomb, &options, &listed), BRINE_OK);
        given_up = true;
        cr_expect_eq(walk(bomb, &options, &listed), BRINE_TOO_BIG, "%s",
                     frame_name(formats[f].kind));
    }
}

Test(frame, the_ratio_allows_each_reading_its_own) {
    enum { ZEROS = 600 << 10 };
    uint8_t *zeros = calloc(1, ZEROS), *made = malloc(MADE_BYTES);
    struct frame_affix affixes[] = {*frame_affix_by_name(BYTES("huey-priority")),
                                    {.prefix_bytes = 8}};
    struct frame_options options = only(FRAME_ZLIB);
    struct listed listed;
    options.admitted |= FRAME_BIT(FRAME_SIGNED);
    options.admitted_inside |= FRAME_BIT(FRAME_ZLIB);
    options.affixes = affixes;
    options.affixes_count = ARRAY_LEN(affixes);
    options.ratio_max = 1;
    options.ratio_free = 1 << 20;
    memset(made, 0, 8);
    size_t size = 8 + make_zlib(made + 8, bytes_view(zeros, ZEROS));
    cr_expect_eq(walk(bytes_view(made, size), &options, &listed), BRINE_OK);
    cr_expect_eq(listed.readings, 4, "%s", listed.text);
    cr_expect_eq(listed.bytes, ZEROS);
    options.unpacked_bytes_max = 1 << 20;
    cr_expect_eq(walk(bytes_view(made, size), &options, &listed), BRINE_TOO_BIG);
    free(zeros);
    free(made);
}

Test(frame, many_streams_in_one_value_are_too_big) {
    static uint8_t made[MADE_BYTES];
    for (size_t f = 0; f < ARRAY_LEN(formats); f++) {
        struct frame_options options = only(formats[f].kind);
        struct listed listed;
        size_t size = 0;
        if (!formats[f].follows) continue;
        for (size_t i = 0; i < 1001; i++) size += formats[f].make(made + size, BYTES("N."));
        cr_expect_eq(walk(bytes_view(made, size), &options, &listed), BRINE_TOO_BIG, "%s",
                     frame_name(formats[f].kind));
    }
}

Test(frame, memory_asked_by_a_small_claim_is_bounded) {
    /* Heads that claim a window of gigabytes, before a few bytes. */
    static const struct bytes claims[] = {
        BYTES("\x5d\x00\x00\x00\x80\xff\xff\xff\xff\xff\xff\xff\xff\x00\x27\x07\xff"),
        BYTES("\x28\xb5\x2f\xfd\x00\x88\x19\x00\x00N."),
        BYTES("\x28\xb5\x2f\xfd\x00\xff\x19\x00\x00N."),
    };
    for (size_t i = 0; i < ARRAY_LEN(claims); i++) {
        struct frame_scratch scratch;
        struct listed listed = {0};
        struct brine_error err;
        frame_scratch_init(&scratch, mem_system(), 16 << 20);
        enum brine_status status =
            frame_walk(claims[i], &FRAME_OPTIONS_DEFAULT, &scratch, list, &listed, &err);
        cr_expect(status == BRINE_OK || status == BRINE_TOO_BIG, "claim %zu", i);
        cr_expect_leq(mem_account_peak(&scratch.account), 16 << 20, "claim %zu", i);
        frame_scratch_deinit(&scratch);
    }
}

Test(frame, a_refused_allocation_is_said_and_leaks_nothing) {
    static uint8_t in[20000], made[MADE_BYTES];
    fill(in, sizeof in);
    for (size_t f = 0; f < ARRAY_LEN(formats); f++) {
        size_t size = formats[f].make(made, bytes_view(in, sizeof in));
        for (size_t n = 0;; n++) {
            struct failing_allocator mem;
            struct frame_scratch scratch;
            struct listed listed = {0};
            struct brine_error err;
            failing_init(&mem, n);
            frame_scratch_init(&scratch, &mem.allocator, SCRATCH_BYTES);
            enum brine_status status = frame_walk(bytes_view(made, size), &FRAME_OPTIONS_DEFAULT,
                                                  &scratch, list, &listed, &err);
            frame_scratch_deinit(&scratch);
            cr_assert_eq(mem.taken_bytes, 0);
            cr_assert_eq(status, mem.refused ? BRINE_NO_MEMORY : BRINE_OK, "%s, request %zu",
                         frame_name(formats[f].kind), n);
            if (!mem.refused) break;
        }
    }
}

Test(frame, a_scratch_is_kept_and_trimmed) {
    static uint8_t in[300000], made[MADE_BYTES];
    struct frame_scratch scratch;
    struct brine_error err;
    fill(in, sizeof in);
    frame_scratch_init(&scratch, mem_system(), SCRATCH_BYTES);
    for (size_t turn = 0; turn < 3; turn++) {
        for (size_t f = 0; f < ARRAY_LEN(formats); f++) {
            struct listed listed = {0};
            size_t size = formats[f].make(made, bytes_view(in, sizeof in));
            cr_expect_eq(frame_walk(bytes_view(made, size), &FRAME_OPTIONS_DEFAULT, &scratch, list,
                                    &listed, &err),
                         BRINE_OK);
            cr_expect_eq(listed.bytes, sizeof in);
        }
        cr_expect_gt(mem_account_used(&scratch.account), sizeof in);
        frame_scratch_trim(&scratch, SIZE_MAX);
        cr_expect_gt(mem_account_used(&scratch.account), sizeof in);
        frame_scratch_trim(&scratch, 0);
        cr_expect_eq(mem_account_used(&scratch.account), 0);
    }
    frame_scratch_deinit(&scratch);
}
