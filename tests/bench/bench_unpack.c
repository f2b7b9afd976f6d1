/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What unpacking costs at worst: CPU time for each byte of input and of output, of honest streams
 * and of crafted ones that make the library work and put next to nothing out; and the longest time
 * between two looks at the clock, by which gate.unpack_ms may be exceeded.
 *
 *     build/release/tests/bench/bench_unpack
 *
 * What it does not show: streams that nobody has thought of yet. */

#include "base/random.h"
#include "frame/frame.h"

#include <bzlib.h>
#include <lz4frame.h>
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <zlib.h>
#include <zstd.h>

enum { PLAIN = 8 << 20, ROOM = 16 << 20, CRAFTED = 256 << 10, ROUNDS = 3 };

static uint8_t plain[PLAIN], made[ROOM];

static int64_t cpu_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t looked_ns, longest_ns;
static int64_t watched_clock(void) {
    int64_t now = cpu_ns();
    longest_ns = MAX(longest_ns, now - looked_ns);
    looked_ns = now;
    return now;
}

static void must(bool ok, const char *what) {
    if (ok) return;
    fprintf(stderr, "bench_unpack: %s\n", what);
    exit(1);
}

/* ---- honest streams ---------------------------------------------------------------------------*/

static size_t make_zlib(void) {
    uLongf len = ROOM;
    must(compress2(made, &len, plain, PLAIN, 6) == Z_OK, "zlib");
    return len;
}
static size_t make_bz2(void) {
    unsigned len = ROOM;
    must(BZ2_bzBuffToBuffCompress((char *)made, &len, (char *)plain, PLAIN, 9, 0, 0) == BZ_OK,
         "bz2");
    return len;
}
static size_t make_xz(void) {
    size_t len = 0;
    must(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, NULL, plain, PLAIN, made, &len, ROOM) ==
             LZMA_OK,
         "xz");
    return len;
}
static size_t make_lz4(void) {
    size_t len = LZ4F_compressFrame(made, ROOM, plain, PLAIN, NULL);
    must(!LZ4F_isError(len), "lz4");
    return len;
}
static size_t make_zstd(void) {
    size_t len = ZSTD_compress(made, ROOM, plain, PLAIN, 3);
    must(!ZSTD_isError(len), "zstd");
    return len;
}

/* ---- crafted ones -----------------------------------------------------------------------------*/

/* Bits, the lowest first as deflate has them, or the highest first as bzip2 has them. */
struct bits {
    size_t len; /* bits */
    bool high_first;
};

static void put_bits(struct bits *bits, uint32_t value, unsigned count) {
    for (unsigned i = 0; i < count; i++, bits->len++) {
        unsigned bit = bits->high_first ? value >> (count - 1 - i) & 1 : value >> i & 1;
        unsigned at = bits->high_first ? 7 - bits->len % 8 : bits->len % 8;
        if (bits->len % 8 == 0) made[bits->len / 8] = 0;
        made[bits->len / 8] |= (uint8_t)(bit << at);
    }
}

/* Blocks of deflate that describe codes and then end: two literals and the end, in 15 bits each or
 * less, which makes the longest tables. */
static size_t make_deflate_tables(void) {
    struct bits bits = {0};
    put_bits(&bits, 0x78, 8);
    put_bits(&bits, 0x9c, 8);
    while (bits.len < (size_t)CRAFTED * 8) {
        put_bits(&bits, 0, 1); /* not the last */
        put_bits(&bits, 2, 2);
        put_bits(&bits, 0, 5);  /* 257 codes of literals, the last of which is the end */
        put_bits(&bits, 0, 5);  /* 1 of distances */
        put_bits(&bits, 14, 4); /* 18 lengths of codes, in the order 16 17 18 0 8 7 9 6 10 5 .. */
        static const uint8_t lengths[18] = {[2] = 1, [17] = 1}; /* 18 and 1 */
        for (size_t i = 0; i < ARRAY_LEN(lengths); i++) put_bits(&bits, lengths[i], 3);
        /* In the order of the codes 1 is "0" and 18 is "1" with 7 bits behind it. */
        put_bits(&bits, 0, 1); /* literal 0 has one bit */
        put_bits(&bits, 1, 1);
        put_bits(&bits, 138 - 11, 7);
        put_bits(&bits, 1, 1);
        put_bits(&bits, 117 - 11, 7);
        put_bits(&bits, 0, 1); /* the end has one */
        put_bits(&bits, 0, 1); /* the distance has one */
        put_bits(&bits, 1, 1); /* the end */
    }
    return CRAFTED;
}

static size_t repeat(struct bytes head, struct bytes repeated) {
    size_t len = head.len;
    bytes_copy_to(made, head);
    for (; len < CRAFTED; len += repeated.len) bytes_copy_to(made + len, repeated);
    return len;
}

static size_t make_deflate_stored(void) {
    return repeat(BYTES("\x78\x9c"), BYTES("\0\0\0\xff\xff"));
}
static size_t make_zstd_empty(void) {
    return repeat(BYTES("\x28\xb5\x2f\xfd\0\x58"), BYTES("\0\0\0"));
}
static size_t make_lz4_small(void) {
    return repeat(BYTES("\x04\x22\x4d\x18\x40\x40\xc0"), BYTES("\1\0\0\x80x"));
}

/* Blocks of bzip2 for one byte each, with all 256 bytes in use and six tables whose lengths go from
 * 1 to 20. */
static size_t make_bz2_tables(void) {
    struct bits bits = {.high_first = true};
    for (const char *head = "BZh9"; *head; head++) put_bits(&bits, (uint8_t)*head, 8);
    while (bits.len < (size_t)CRAFTED * 8) {
        put_bits(&bits, 0x314159, 24);
        put_bits(&bits, 0x265359, 24);
        put_bits(&bits, 0xb1f7404b, 32); /* the checksum of a zero */
        put_bits(&bits, 0, 1);
        put_bits(&bits, 0, 24);
        for (int i = 0; i < 17; i++) put_bits(&bits, 0xffff, 16);
        put_bits(&bits, 6, 3);
        put_bits(&bits, 1, 15);
        put_bits(&bits, 0, 1);
        for (int table = 0; table < 6; table++) {
            put_bits(&bits, 1, 5);
            put_bits(&bits, 0, 1);
            for (int up = 0; up < 19; up++) put_bits(&bits, 2, 2);
            put_bits(&bits, 0, 1);
            for (int symbol = 2; symbol < 258; symbol++) put_bits(&bits, 0, 1);
        }
        put_bits(&bits, 0, 1); /* a zero once, and the end, which is the last code of 20 bits */
        put_bits(&bits, ((uint32_t)1 << 19) + 256, 20);
    }
    return bits.len / 8;
}

/* Chunks of LZMA2, which reset all probabilities. */
static size_t make_xz_resets(void) {
    lzma_options_lzma options;
    lzma_filter filters[] = {{LZMA_FILTER_LZMA2, &options}, {LZMA_VLI_UNKNOWN, NULL}};
    must(!lzma_lzma_preset(&options, 1), "xz: the preset");
    options.lc = options.pb = 4;
    uint8_t stream[4096];
    size_t len, at = 12; /* of the stream's header */
    static const uint8_t text[1000];
    lzma_stream lzma = LZMA_STREAM_INIT;
    must(lzma_stream_encoder(&lzma, filters, LZMA_CHECK_NONE) == LZMA_OK, "xz: an encoder");
    lzma.next_in = text;
    lzma.avail_in = sizeof text;
    lzma.next_out = stream;
    lzma.avail_out = sizeof stream;
    must(lzma_code(&lzma, LZMA_FINISH) == LZMA_STREAM_END, "xz: a stream");
    lzma_end(&lzma);
    size_t head = at + ((size_t)stream[at] + 1) * 4;
    /* control, unpacked size - 1, packed size - 1, props, data */
    size_t chunk = 6 + ((size_t)stream[head + 3] << 8 | stream[head + 4]) + 1;
    must(stream[head] >= 0xe0, "xz: a chunk that resets");
    memcpy(made, stream, head + chunk);
    len = head + chunk;
    while (len < CRAFTED) {
        memcpy(made + len, stream + head, chunk);
        made[len] = (uint8_t)(0xc0 | (made[len] & 0x1f));
        len += chunk;
    }
    return len;
}

/* ---- measuring --------------------------------------------------------------------------------*/

static size_t unpacked;
static enum brine_status see(void *context, const struct frame_reading *reading) {
    (void)context;
    if (reading->unpacked) unpacked = reading->bytes.len;
    return BRINE_OK;
}

static void measure(const char *name, enum frame_kind kind, size_t len) {
    struct frame_options options = FRAME_OPTIONS_DEFAULT;
    struct frame_scratch scratch;
    struct brine_error err;
    int64_t least = INT64_MAX;
    options.admitted = FRAME_BIT(kind);
    options.admitted_inside = FRAME_BIT(FRAME_PICKLE);
    options.clock_ns = watched_clock;
    options.unpack_ns_max = INT64_MAX / 2;
    options.ratio_max = 1 << 20;
    unpacked = 0;
    int64_t late = INT64_MAX;
    for (int round = 0; round < ROUNDS; round++) {
        frame_scratch_init(&scratch, mem_system(), 1 << 30);
        longest_ns = 0;
        int64_t start = looked_ns = cpu_ns();
        (void)!frame_walk(bytes_view(made, len), &options, &scratch, see, NULL, &err);
        least = MIN(least, cpu_ns() - start);
        late = MIN(late, longest_ns);
        frame_scratch_deinit(&scratch);
    }
    printf("%-30s %9zu -> %8zu bytes: %8.2f ns a byte of input, %8.2f of output, late by %.2f ms\n",
           name, len, unpacked, (double)least / (double)len,
           unpacked ? (double)least / (double)unpacked : 0.0, (double)late / 1e6);
}

static void fill_text(void) {
    struct random random;
    random_init(&random, 1);
    for (size_t i = 0; i < sizeof plain; i++)
        plain[i] = (uint8_t)("etaoin shrdlu ETAOIN{}\":,0123456"[random_u64(&random) % 32]);
}

int main(void) {
    static const struct {
        const char *name;
        enum frame_kind kind;
        size_t (*make)(void);
    } rows[] =
        {
            {"zlib", FRAME_ZLIB, make_zlib}, {"bz2", FRAME_BZ2, make_bz2},
            {"xz", FRAME_XZ, make_xz},       {"lz4", FRAME_LZ4, make_lz4},
            {"zstd", FRAME_ZSTD, make_zstd},
        },
      crafted[] = {
          {"zlib, empty stored blocks", FRAME_ZLIB, make_deflate_stored},
          {"zlib, tables and no bytes", FRAME_ZLIB, make_deflate_tables},
          {"bz2, tables and no bytes", FRAME_BZ2, make_bz2_tables},
          {"xz, resets", FRAME_XZ, make_xz_resets},
          {"lz4, blocks of a byte", FRAME_LZ4, make_lz4_small},
          {"zstd, empty blocks", FRAME_ZSTD, make_zstd_empty},
      };
    for (int zeros = 0; zeros < 2; zeros++) {
        if (zeros)
            memset(plain, 0, sizeof plain);
        else
            fill_text();
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
            char name[64];
            snprintf(name, sizeof name, "%s, %s", rows[i].name, zeros ? "zeros" : "text");
            measure(name, rows[i].kind, rows[i].make());
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(crafted); i++)
        measure(crafted[i].name, crafted[i].kind, crafted[i].make());
    return 0;
}
