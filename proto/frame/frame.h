/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Framings: how Python libraries wrap a pickle before they store it, and what each of their readers
 * would hand to pickle.loads.
 *
 *     struct frame_scratch scratch;                       // one a thread, kept from call to call
 *     frame_scratch_init(&scratch, mem, 256 << 20);
 *     status = frame_walk(value, &options, &scratch, judge_reading, context);
 *
 * Words: a *framing* is one way of wrapping (frames.def has a row for each); a *reading* is what a
 * reader that knows one framing, or several inside each other, makes of a value: the bytes it gives
 * to its unpickler, and the *path* of framings that led there.  One value has several readings,
 * because readers fall back: what does not decompress goes to pickle.loads as it is.  So a value is
 * safe when every reading is either a pickle that may be stored or bytes at which every unpickler
 * fails before it has done anything.
 *
 * A reading whose framing does not fit (no gzip magic, no '|') does not exist and is not shown. One
 * that begins well and breaks in the middle is shown as far as a reader gets in a stream, if
 * readers of that framing work in a stream; and the raw reading is shown in any case, when
 * admitted.
 *
 * Ownership: a reading's bytes lie in the value or in the scratch and are valid during its visit.
 * Thread: a scratch belongs to one thread at a time.  Allocates from the scratch's allocator alone,
 * never more than its limit.
 * Errors: TOO_BIG a bound of the options was met (err says which), NO_MEMORY, or what visit said.
 * Cost: a look at the first bytes for what is not framed; decompression is bounded by options. */
#ifndef BRINE_FRAME_H
#define BRINE_FRAME_H

#include "base/buf.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/status.h"
#include "frame/frames.def"

struct frame_codecs; /* unpack.h: what the libraries keep between values */

enum frame_kind {
#define F(ID, name, doc) FRAME_##ID,
    FRAMES(F)
#undef F
        FRAME_KINDS
};
#define FRAME_BIT(kind) (1u << (kind))
enum { FRAME_ALL = FRAME_BIT(FRAME_KINDS) - 1, FRAME_DEPTH_MAX = 6 };

/* Which framing wraps which, outermost first; of a bare pickle just FRAME_PICKLE. */
struct frame_path {
    uint8_t kinds[FRAME_DEPTH_MAX];
    uint8_t depth;
};

struct frame_reading {
    struct frame_path path;
    struct bytes bytes;
    /* Where bytes[0] lies: in the value while nothing was unpacked, else in what was unpacked last.
     */
    size_t offset;
    bool unpacked;
    bool trailing_ignored; /* what follows STOP is the framing's own, as a signature behind it */
    bool integer;          /* the last kind is INTEGER: readers that know it unpickle nothing */
};

/* A signature or tag before or after the payload, by configuration; all given parts must fit. */
struct frame_affix {
    uint32_t prefix_bytes;    /* of fixed length, what prefix_to finds not counted; 0: none */
    struct bytes prefix_to;   /* up to and including the first of this separator; empty: none */
    uint32_t suffix_bytes;    /* of fixed length, behind what suffix_from finds */
    struct bytes suffix_from; /* from the last of this separator on; empty: none */
    uint32_t suffix_parts;    /* ... or the last but one (2) and so on; 0 is 1 */
    bool url_base64;          /* inside is base64 in the letters for URLs, whatever is admitted */
};

/* What several values may take together; what each takes is taken from it. */
struct frame_budget {
    uint64_t bytes; /* of output */
    int64_t ns;     /* by the options' clock, from where unpacking begins to the end of the walk */
};

struct frame_options {
    uint32_t admitted; /* FRAME_BITs of what may be outermost; others are not looked for */
    /* Of what may be inside another; 0: what is admitted, and PICKLE unless JOBLIB is without it.
     */
    uint32_t admitted_inside;
    unsigned depth_max;          /* framings inside each other, the pickle not counted; at most 5 */
    uint64_t unpacked_bytes_max; /* of one value, all its readings together */
    uint64_t ratio_max; /* unpacked bytes of a reading for each of the value, above ratio_free */
    uint64_t ratio_free;
    const struct frame_affix *affixes; /* for FRAME_SIGNED */
    size_t affixes_count;
    int64_t unpack_ns_max;       /* by this clock, for all of one value; asked every 8 KB or so */
    int64_t (*clock_ns)(void);   /* NULL: unpacking may take any time */
    struct frame_budget *shared; /* a bound besides; NULL: none */
    /* Asked as often as the clock: when true, unpacking ends as if time were up.  NULL: never. */
    bool (*given_up)(void *context);
    void *given_up_context;
    /* Whether every unpickler fails within these bytes, whatever follows them, and does nothing
     * before that: then lzma-alone that no writer wrote is not unpacked to its end, nor shown.
     * NULL: all is. */
    bool (*fails_within)(void *context, struct bytes front);
    void *fails_within_context;
};
/* All framings, no affixes, depth 4, 256 MB, ratio 1100 above 1 MB, any time. */
extern const struct frame_options FRAME_OPTIONS_DEFAULT;

struct frame_scratch; /* fields below, the module's own */

typedef enum brine_status frame_visit_fn(void *context, const struct frame_reading *reading);

/* Shows every reading of the value, the raw one first; stops when visit does not say BRINE_OK. */
enum brine_status frame_walk(struct bytes value, const struct frame_options *options,
                             struct frame_scratch *scratch, frame_visit_fn *visit, void *context,
                             struct brine_error *err) MUST_USE;

/* True when the walk would show one reading, the value itself as a pickle, as it is with most that
 * is no text. */
bool frame_is_bare(struct bytes value, const struct frame_options *options);
/* True when it would, and find that out by the first FRAME_FRONT_BYTES, so that the walk takes no
 * longer than its visit however long the value is; or when besides only the head of an lzma stream
 * is there that no writer writes, so that its unpacking, in the options' bounds, comes on top. */
enum { FRAME_FRONT_BYTES = 4096 };
bool frame_is_bare_by_front(struct bytes value, const struct frame_options *options);

/* True when Python's int(value) gives a number: sign, underscores, white space, leading zeros; at
 * most 4300 digits. ASCII only. */
bool frame_is_integer(struct bytes value);

/* True when FRAME_STRING sees the text of this pickle of a str.  There are other ways to make a
 * str; picklers do not write them. */
bool frame_is_written_text(struct bytes pickle);

/* "zlib"; and the kind with that name, or FRAME_KINDS. */
const char *frame_name(enum frame_kind kind);
enum frame_kind frame_by_name(struct bytes name);
/* "kombu > base64 > pickle" into line, cut when longer than size; returns line. */
const char *frame_path_text(const struct frame_path *path, char *line, size_t size);

/* The affixes of a library by name ("huey", "itsdangerous", ...: AFFIXES in frames.def), or NULL.
 */
const struct frame_affix *frame_affix_by_name(struct bytes name);

struct frame_scratch {
    struct mem_account account;           /* of all that is held; its limit is the ceiling */
    struct buf unpacked[FRAME_DEPTH_MAX]; /* one a level */
    struct frame_codecs *codecs;          /* NULL until something was decompressed */
};
/* Takes nothing yet.  Must not be moved afterwards. */
void frame_scratch_init(struct frame_scratch *scratch, struct allocator *mem, size_t limit_bytes);
void frame_scratch_deinit(struct frame_scratch *scratch);
/* Gives back what is held above keep_bytes, as after a giant value. */
void frame_scratch_trim(struct frame_scratch *scratch, size_t keep_bytes);

#endif
