/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The gate, over every command that stores a value and in every framing: what is hostile is refused
 * and changes nothing, what is honest is stored as it came. */

#include "support.h"

#include <criterion/criterion.h>

#include <bzlib.h>
#include <hiredis/hiredis.h>
#include <lz4frame.h>
#include <lzma.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

/* ---- values in framings ---------------------------------------------------------------------- */

enum { VALUE_BYTES = 1024 };

struct value {
    uint8_t bytes[VALUE_BYTES];
    size_t len;
};

/* {'k': 1}, and a call of os.system: protocol 4 and 0. */
static const char good_4[] = "\x80\x04\x95\x0a\0\0\0\0\0\0\0}\x94\x8c\x01k\x94K\x01s.";
static const char evil_4[] = "\x80\x04\x8c\x02os\x94\x8c\x06system\x94\x93\x94\x8c\x02id\x85R.";
static const char evil_0[] = "cos\nsystem\n(S'id'\ntR.";

typedef void wrap_fn(const uint8_t *payload, size_t len, struct value *value);

static void append(struct value *value, const void *bytes, size_t len) {
    cr_assert(value->len + len <= VALUE_BYTES);
    memcpy(value->bytes + value->len, bytes, len);
    value->len += len;
}

static void bare(const uint8_t *payload, size_t len, struct value *value) {
    append(value, payload, len);
}

static void bang(const uint8_t *payload, size_t len, struct value *value) {
    append(value, "!", 1);
    append(value, payload, len);
}

static void dogpile(const uint8_t *payload, size_t len, struct value *value) {
    static const char head[] = "{\"ct\": 1795373285.43, \"v\": 2}|";
    append(value, head, sizeof head - 1);
    append(value, payload, len);
}

static void deflate_as(int bits, const uint8_t *payload, size_t len, struct value *value) {
    z_stream stream = {.next_in = (Bytef *)payload, .avail_in = (uInt)len};
    stream.next_out = value->bytes;
    stream.avail_out = VALUE_BYTES;
    cr_assert_eq(deflateInit2(&stream, 6, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
    cr_assert_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
    value->len = stream.total_out;
    deflateEnd(&stream);
}

static void zlib(const uint8_t *payload, size_t len, struct value *value) {
    deflate_as(15, payload, len, value);
}

static void gzip(const uint8_t *payload, size_t len, struct value *value) {
    deflate_as(15 + 16, payload, len, value);
}

static void bz2(const uint8_t *payload, size_t len, struct value *value) {
    unsigned size = VALUE_BYTES;
    cr_assert_eq(BZ2_bzBuffToBuffCompress((char *)value->bytes, &size, (char *)payload,
                                          (unsigned)len, 9, 0, 0),
                 BZ_OK);
    value->len = size;
}

static void xz(const uint8_t *payload, size_t len, struct value *value) {
    cr_assert_eq(lzma_easy_buffer_encode(4, LZMA_CHECK_CRC64, NULL, payload, len, value->bytes,
                                         &value->len, VALUE_BYTES),
                 LZMA_OK);
}

static void lzma(const uint8_t *payload, size_t len, struct value *value) {
    lzma_options_lzma options;
    lzma_stream stream = LZMA_STREAM_INIT;
    cr_assert(!lzma_lzma_preset(&options, 4) && lzma_alone_encoder(&stream, &options) == LZMA_OK);
    stream.next_in = payload;
    stream.avail_in = len;
    stream.next_out = value->bytes;
    stream.avail_out = VALUE_BYTES;
    cr_assert_eq(lzma_code(&stream, LZMA_FINISH), LZMA_STREAM_END);
    value->len = stream.total_out;
    lzma_end(&stream);
}

static void lz4(const uint8_t *payload, size_t len, struct value *value) {
    value->len = LZ4F_compressFrame(value->bytes, VALUE_BYTES, payload, len, NULL);
    cr_assert(!LZ4F_isError(value->len));
}

static void zstd(const uint8_t *payload, size_t len, struct value *value) {
    value->len = ZSTD_compress(value->bytes, VALUE_BYTES, payload, len, 3);
    cr_assert(!ZSTD_isError(value->len));
}

static void base64(const uint8_t *payload, size_t len, struct value *value) {
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < len; i += 3) {
        uint32_t group = (uint32_t)payload[i] << 16;
        if (i + 1 < len) group |= (uint32_t)payload[i + 1] << 8;
        if (i + 2 < len) group |= payload[i + 2];
        char four[4] = {letters[group >> 18], letters[group >> 12 & 63],
                        i + 1 < len ? letters[group >> 6 & 63] : '=',
                        i + 2 < len ? letters[group & 63] : '='};
        append(value, four, 4);
    }
}

/* What Beaker stores: a pickled str that is base64 of a pickle. */
static void beaker(const uint8_t *payload, size_t len, struct value *value) {
    struct value inner = {.len = 0};
    base64(payload, len, &inner);
    append(value, "\x80\x02X", 3);
    append(value, (uint8_t[]){(uint8_t)inner.len, 0, 0, 0}, 4);
    append(value, inner.bytes, inner.len);
    append(value, ".", 1);
}

static void kombu(const uint8_t *payload, size_t len, struct value *value) {
    static const char head[] = "{\"body\": \"", tail[] =
                                                    "\", \"content-type\": \"application/json\", "
                                                    "\"properties\": {\"body_encoding\": "
                                                    "\"base64\"}}";
    append(value, head, sizeof head - 1);
    base64(payload, len, value);
    append(value, tail, sizeof tail - 1);
}

static const struct {
    const char *name;
    wrap_fn *wrap;
} framings[] = {
    {"bare", bare}, {"bang", bang}, {"dogpile", dogpile}, {"zlib", zlib},
    {"gzip", gzip}, {"bz2", bz2},   {"xz", xz},           {"lzma", lzma},
    {"lz4", lz4},   {"zstd", zstd}, {"kombu", kombu},     {"beaker", beaker},
};
enum { FRAMINGS = sizeof framings / sizeof *framings };

/* ---- commands that store ----------------------------------------------------------------------
 */

/* VALUE is the value, TAIL what is behind its first bytes. */
enum { HEAD_BYTES = 3 };
struct stores {
    const char *name;
    const char *args[12];
    const char *key;   /* what it writes */
    const char *reply; /* to an honest value */
};

static const struct stores commands[] = {
    {"SET", {"SET", "k", "VALUE"}, "k", "+OK"},
    {"SET EX", {"SET", "k", "VALUE", "EX", "100"}, "k", "+OK"},
    {"SET XX GET", {"SET", "k", "VALUE", "XX", "GET"}, "k", "\"old\""},
    {"SET KEEPTTL", {"SET", "k", "VALUE", "KEEPTTL"}, "k", "+OK"},
    {"SET NX", {"SET", "new", "VALUE", "NX"}, "new", "+OK"},
    {"GETSET", {"GETSET", "k", "VALUE"}, "k", "\"old\""},
    {"SETEX", {"SETEX", "k", "100", "VALUE"}, "k", "+OK"},
    {"PSETEX", {"PSETEX", "k", "100000", "VALUE"}, "k", "+OK"},
    {"SETNX", {"SETNX", "new", "VALUE"}, "new", "1"},
    {"MSET", {"MSET", "other", "changed", "k", "VALUE", "third", "changed"}, "k", "+OK"},
    {"APPEND", {"APPEND", "head", "TAIL"}, "head", NULL},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static const char *send(struct wire *wire, const struct stores *command,
                        const struct value *value) {
    const char *args[12];
    size_t lens[12];
    int argc = 0;
    for (; argc < 12 && command->args[argc]; argc++) {
        args[argc] = command->args[argc];
        lens[argc] = strlen(args[argc]);
        if (strcmp(args[argc], "VALUE") == 0) {
            args[argc] = (const char *)value->bytes;
            lens[argc] = value->len;
        } else if (strcmp(args[argc], "TAIL") == 0) {
            args[argc] = (const char *)value->bytes + HEAD_BYTES;
            lens[argc] = value->len - HEAD_BYTES;
        }
    }
    return wire_ask_argv(wire, 0, argc, args, lens);
}

/* k and other are "old", head holds what an APPEND completes, all else is absent. */
static void prepare(struct wire *wire, const struct value *value) {
    PLAY(wire, {"FLUSHALL", "+OK"}, {"MSET k old other old", "+OK"});
    const char *args[] = {"SET", "head", (const char *)value->bytes};
    cr_assert_str_eq(wire_ask_argv(wire, 0, 3, args, (size_t[]){3, 4, HEAD_BYTES}), "+OK");
}

/* Bytes as they are: a rendered reply would hide what is behind a NUL. */
static bool holds(struct wire *wire, const char *key, const void *bytes, size_t len) {
    redisReply *reply = redisCommand(wire_client(wire, 0), "GET %s", key);
    cr_assert(reply);
    bool same = reply->type == REDIS_REPLY_STRING && reply->len == len &&
                memcmp(reply->str, bytes, len) == 0;
    freeReplyObject(reply);
    return same;
}

static void expect_refused(struct wire *wire, const struct stores *command, const char *framing,
                           const struct value *value) {
    prepare(wire, value);
    const char *reply = send(wire, command, value);
    cr_expect(strncmp(reply, "-PICKLEDENIED offset ", 21) == 0 && strstr(reply, "os.system"),
              "%s of hostile %s: %.200s", command->name, framing, reply);
    cr_expect(holds(wire, "k", "old", 3) && holds(wire, "other", "old", 3),
              "%s of hostile %s changed what was there", command->name, framing);
    cr_expect(holds(wire, "head", value->bytes, HEAD_BYTES), "%s of hostile %s changed its head",
              command->name, framing);
    PLAY(wire, {"DBSIZE", "3"}, {"EXISTS new third", "0"}, {"TTL k", "-1"});
}

Test(gate, hostile_pickles_are_refused_by_every_command_in_every_framing) {
    static const struct {
        const char *bytes;
        size_t len;
    } evils[] = {{evil_4, sizeof evil_4 - 1}, {evil_0, sizeof evil_0 - 1}};
    struct wire *wire = wire_open(NULL);
    wire_only_for(wire, BRINE_ONLY);
    for (size_t f = 0; f < FRAMINGS; f++)
        for (size_t e = 0; e < 2; e++) {
            struct value value = {.len = 0};
            framings[f].wrap((const uint8_t *)evils[e].bytes, evils[e].len, &value);
            for (size_t c = 0; c < COMMANDS; c++)
                expect_refused(wire, &commands[c], framings[f].name, &value);
        }
    wire_close(wire);
}

Test(gate, honest_pickles_are_stored_by_every_command_in_every_framing) {
    struct wire *wire = wire_open(NULL);
    wire_only_for(wire, BRINE_ONLY);
    for (size_t f = 0; f < FRAMINGS; f++) {
        struct value value = {.len = 0};
        framings[f].wrap((const uint8_t *)good_4, sizeof good_4 - 1, &value);
        for (size_t c = 0; c < COMMANDS; c++) {
            prepare(wire, &value);
            const char *reply = send(wire, &commands[c], &value);
            cr_expect(reply[0] != '-' &&
                          (!commands[c].reply || strcmp(reply, commands[c].reply) == 0),
                      "%s of honest %s: %.200s", commands[c].name, framings[f].name, reply);
            cr_expect(holds(wire, commands[c].key, value.bytes, value.len), "%s of honest %s",
                      commands[c].name, framings[f].name);
        }
    }
    wire_close(wire);
}

/* ---- rules, modes -----------------------------------------------------------------------------
 */

static void write_file(const char *path, const char *text) {
    FILE *file = fopen(path, "wbe");
    cr_assert(file && fputs(text, file) >= 0 && fclose(file) == 0, "%s", path);
}

/* A server with a file of rules; *path is its name until it is closed. */
static struct wire *open_with(const char *toml, char path[64]) {
    char flag[96];
    snprintf(path, 64, "/tmp/brine-wire-XXXXXX");
    int fd = mkstemp(path);
    cr_assert(fd >= 0 && close(fd) == 0);
    write_file(path, toml);
    snprintf(flag, sizeof flag, "config=%s", path);
    struct wire *wire = wire_open((const char *const[]){flag, NULL});
    wire_only_for(wire, BRINE_ONLY);
    return wire;
}

#define EVIL "\"cos\\nsystem\\n(S'id'\\ntR.\""
#define CART "\"cshop.models\\nCart\\n)R.\""
#define DENIED                                                                                     \
    "-PICKLEDENIED offset 0: GLOBAL imports os.system, which is known to be dangerous (reaches "   \
    "the operating system); not in policy 'stdlib' (the default rule, key 'k')"

static const char rules[] =
    "[[rule]]\nname = \"sessions\"\nkeys = \"session:*\"\nvalues = \"pickle\"\n"
    "[[rule]]\nkeys = \"drop:*\"\non_refusal = \"drop\"\n"
    "[[rule]]\nkeys = \"log:*\"\non_refusal = \"log\"\n"
    "[[rule]]\ndb = 1\nvalues = \"opaque\"\n";

Test(gate, what_a_refusal_does_is_the_rules) {
    char path[64];
    struct wire *wire = open_with(rules, path);
    PLAY(
        wire, {"SET k " EVIL, DENIED}, {"EXISTS k", "0"},
        {"SET session:9 " CART,
         "-PICKLEDENIED offset 0: GLOBAL imports shop.models.Cart; not in policy 'stdlib' (rule 1 "
         "'sessions', key 'session:9'); to allow it: allow = [\"shop.models.Cart\"]"},
        {"SET session:9 text", "~-PICKLEMALFORMED offset 0: *(rule 1 'sessions', key 'session:9')"},
        {"SET session:9 12", "+OK"}, {"INCR session:9", "13"}, {"APPEND session:9 x", "~-PICKLE*"},
        {"GET session:9", "\"13\""},
        /* drop: as if it were stored, and the old value is gone */
        {"SET drop:1 old", "+OK"}, {"SET drop:1 " EVIL, "+OK"}, {"GET drop:1", "nil"},
        {"MSET drop:1 " EVIL " drop:2 text", "+OK"}, {"MGET drop:1 drop:2", "[nil, \"text\"]"},
        /* log */
        {"SET log:1 " EVIL, "+OK"}, {"STRLEN log:1", "21"},
        /* database */
        {"SELECT 1", "+OK"}, {"SET k " EVIL, "+OK"}, {"SELECT 2", "+OK"}, {"SET k " EVIL, DENIED},
        /* one of several is enough */
        {"MSET a 1 k " EVIL " b 2", DENIED}, {"EXISTS a b", "0"});
    wire_close(wire);
    unlink(path);
}

/* Behind the STOP stands huey's signature. */
#define SIGNED_DATE                                                                                \
    "\"cdatetime\\ndate\\n(I1\\nI2\\nI3\\ntR.:"                                                    \
    "0123456789abcdef0123456789abcdef01234567\""

Test(gate, reports_look_through_the_affixes_of_a_rule) {
    char path[64];
    struct wire *wire = open_with("[[rule]]\nkeys = \"h:*\"\nprofile = \"huey\"\n", path);
    PLAY(wire, {"SET h:1 " SIGNED_DATE, "+OK"}, {"SET h:2 text", "+OK"},
         {"PICKLE.INSPECT h:1", "~[\"found\", \"a pickle\", *\"type\", \"datetime.date\", *"},
         {"PICKLE.GLOBALS h:1", "[\"datetime.date: call\"]"},
         {"PICKLE.FIND GLOBAL datetime.date", "[\"h:1\"]"},
         /* Without a label values are looked into. */
         {"CONFIG SET gate.mode off", "+OK"}, {"SET h:1 " SIGNED_DATE, "+OK"},
         {"PICKLE.FIND GLOBAL datetime.date", "[\"h:1\"]"},
         {"PICKLE.FIND TYPE datetime.date", "[\"h:1\"]"});
    wire_close(wire);
    unlink(path);
}

Test(gate, the_policy_changes_while_it_runs) {
    char path[64];
    struct wire *wire = open_with(rules, path);
    PLAY(
        wire, {"CONFIG GET gate.mode", "[\"gate.mode\", \"enforce\"]"},
        {"SET k " CART, "~-PICKLEDENIED *"}, {"CONFIG SET gate.mode learn", "+OK"},
        {"SET k " CART, "+OK"}, {"SET k " EVIL, DENIED}, {"CONFIG SET gate.mode off", "+OK"},
        {"SET k " EVIL, "+OK"}, {"CONFIG SET gate.mode enforce", "+OK"}, {"SET k " EVIL, DENIED},
        {"CONFIG SET gate.policy nosuch",
         "-ERR CONFIG SET failed (possibly related to argument 'gate.policy') - gate.policy: there "
         "is no policy 'nosuch'"},
        {"SET k " CART, "~-PICKLEDENIED *"});
    write_file(path, "[policy.shop]\nallow = [\"shop.models.Cart\"]\n");
    PLAY(wire, {"SET k " CART, "~-PICKLEDENIED *"}, {"PICKLE.POLICY RELOAD", "+OK"},
         {"CONFIG SET gate.policy stdlib,shop", "+OK"}, {"SET k " CART, "+OK"});
    write_file(path, "[policy.shop]\nallow = 3\n");
    PLAY(wire, {"PICKLE.POLICY RELOAD", "~-ERR nothing was changed: *:2:9: *"},
         {"SET k " CART, "+OK"});
    wire_close(wire);
    unlink(path);
}

Test(gate, pickle_verify_says_what_would_be_and_stores_nothing) {
    char path[64];
    struct wire *wire = open_with(rules, path);
    PLAY(
        wire,
        {"PICKLE.VERIFY " EVIL " KEY k",
         "~[\"verdict\", \"refuse\", *\"offset\", 0, \"message\", \"PICKLEDENIED offset 0: *"},
        {"PICKLE.VERIFY " EVIL " DB 1",
         "[\"verdict\", \"admit\", \"found\", \"opaque, not read\", \"rule\", \"rule 4\", "
         "\"policy\", \"stdlib\"]"},
        {"PICKLE.VERIFY 12 db 0 key session:1",
         "~[\"verdict\", \"admit\", \"found\", \"an integer\", \"rule\", \"rule 1 'sessions'\", *"},
        {"PICKLE.VERIFY \"cdatetime\\ndate\\n(I1\\nI2\\nI3\\ntR.\"",
         "[\"verdict\", \"admit\", \"found\", \"a pickle\", \"rule\", \"the default rule\", "
         "\"policy\", \"stdlib\", \"framing\", \"pickle\", \"protocol\", 0, \"globals\", "
         "[\"datetime.date: call\"], \"type\", \"datetime.date\"]"},
        {"PICKLE.VERIFY x KEY", "-ERR syntax error"},
        {"PICKLE.VERIFY x KEX k", "-ERR syntax error"},
        {"PICKLE.VERIFY x DB 99", "-ERR DB index is out of range"}, {"DBSIZE", "0"});
    wire_close(wire);
    unlink(path);
}

Test(gate, wrong_rules_and_policies_are_refused_at_start_with_their_place) {
    static const struct {
        const char *toml, *expected;
    } rows[] = {
        {"[[rule]]\nvalue = \"pickle\"\n",
         ":2:1: unknown key of a rule 'value'; did you mean 'values'?"},
        {"[[rule]]\npolicy = \"shp\"\n", ":1:1: rule.policy: there is no policy 'shp'"},
        {"[policy.shop]\nallow = [\"shop\"]\n", ":2:10: "},
    };
    char path[] = "/tmp/brine-wire-XXXXXX", flag[64];
    int fd = mkstemp(path);
    cr_assert(fd >= 0 && close(fd) == 0);
    snprintf(flag, sizeof flag, "--config=%s", path);
    struct wire *wire = wire_open(NULL);
    wire_only_for(wire, BRINE_ONLY);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        static char output[8192];
        write_file(path, rows[i].toml);
        for (int check = 0; check < 2; check++) {
            int status =
                wire_run_to_exit((const char *[]){flag, check ? "--check-config" : NULL, NULL},
                                 output, sizeof output);
            cr_expect_eq(status, 78, "%s: %d", rows[i].toml, status);
            cr_expect(strstr(output, rows[i].expected), "%s: %s", rows[i].toml, output);
        }
    }
    write_file(path, rules);
    static char output[8192];
    cr_expect_eq(
        wire_run_to_exit((const char *[]){flag, "--check-config", NULL}, output, sizeof output), 0,
        "%s", output);
    wire_close(wire);
    unlink(path);
}
