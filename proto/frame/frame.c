/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The walk: depth first over what adapters find inside what adapters found, with one level for each
 * framing on the present path.
 *
 *     level 0   the value           {"body": "eJx..."}
 *     level 1   kombu's payload     eJx...
 *     level 2   base64's payload    78 9c ...
 *     level 3   zlib's payload      80 04 95 ...           -> shown: kombu > base64 > zlib > pickle
 *
 * Invariant: a level's bytes lie in the value or in the scratch's buffers of lower levels, and a
 * level's own buffer is written anew only when no level above it is left. */

#include "frame/frame.h"

#include "base/assert.h"
#include "frame/adapters.h"

#include <stdio.h>

#define BIT(id) FRAME_BIT(FRAME_##id)

enum {
    COMPRESSED = BIT(ZLIB) | BIT(GZIP) | BIT(BZ2) | BIT(XZ) | BIT(LZMA) | BIT(LZ4) | BIT(ZSTD),
    SHOWN = BIT(PICKLE) | BIT(INTEGER) | BIT(JOBLIB), /* ends of a path, not entered */
    /* base64 finds something in any text, so it is looked for where readers have it. */
    USUAL_INSIDE = FRAME_ALL & ~(BIT(BASE64) | BIT(STRING)),
};

enum { SETTLED_FROM_BYTES = 64 };

const struct frame_options FRAME_OPTIONS_DEFAULT = {
    .admitted = FRAME_ALL & ~BIT(BASE64),
    .admitted_inside = FRAME_ALL,
    .depth_max = 4,
    .unpacked_bytes_max = 256 << 20,
    .ratio_max = 1100,
    .ratio_free = 1 << 20,
};

/* ---- rows -------------------------------------------------------------------------------------*/

static frame_adapter_fn adapter_unpack;

struct frame_row {
    frame_adapter_fn *next; /* NULL: an end of the path */
    unpack_fn *unpack;      /* adapter_unpack's */
    uint32_t inside;        /* what may be inside it */
    uint32_t implied;       /* what is admitted there with it, for it is part of the format */
};

static const char *const names[FRAME_KINDS] = {
#define F(ID, name, doc) [FRAME_##ID] = name,
    FRAMES(F)
#undef F
};

/* clang-format off */
static const struct frame_row rows[FRAME_KINDS] = {
    /*                   next             unpack       inside                          implied */
    [FRAME_PICKLE]  = {NULL,            NULL,        0,                              0},
    [FRAME_INTEGER] = {NULL,            NULL,        0,                              0},
    [FRAME_BANG]    = {adapter_bang,    NULL,        USUAL_INSIDE,                   0},
    [FRAME_DOGPILE] = {adapter_dogpile, NULL,        USUAL_INSIDE,                   0},
    [FRAME_ZLIB]    = {adapter_unpack,  unpack_zlib, USUAL_INSIDE,                   0},
    [FRAME_GZIP]    = {adapter_unpack,  unpack_gzip, USUAL_INSIDE,                   0},
    [FRAME_BZ2]     = {adapter_unpack,  unpack_bz2,  USUAL_INSIDE,                   0},
    [FRAME_XZ]      = {adapter_unpack,  unpack_lzma, USUAL_INSIDE,                   0},
    [FRAME_LZMA]    = {adapter_unpack,  unpack_lzma, USUAL_INSIDE,                   0},
    [FRAME_LZ4]     = {adapter_unpack,  unpack_lz4,  USUAL_INSIDE,                   0},
    [FRAME_ZSTD]    = {adapter_unpack,  unpack_zstd, USUAL_INSIDE,                   0},
    [FRAME_BASE64]  = {adapter_base64,  NULL,
                       BIT(PICKLE) | BIT(JOBLIB) | COMPRESSED | BIT(KOMBU),                     0},
    [FRAME_KOMBU]   = {adapter_kombu,   NULL,        USUAL_INSIDE | BIT(BASE64), BIT(BASE64)},
    [FRAME_STRING]  = {adapter_string,  NULL,        BIT(BASE64) | BIT(SIGNED),  BIT(BASE64)},
    [FRAME_SIGNED]  = {adapter_signed,  NULL,        USUAL_INSIDE | BIT(BASE64) | BIT(STRING), 0},
    [FRAME_JOBLIB]  = {NULL,            NULL,        0,                              0},
};
/* clang-format on */

struct affix_row {
    const char *name;
    struct frame_affix affix;
};

static const struct affix_row affix_rows[] = {
#define A(name, prefix, prefix_to, suffix, suffix_from, parts, url_base64, doc)                    \
    {name, {prefix, BYTES(prefix_to), suffix, BYTES(suffix_from), parts, url_base64}},
    AFFIXES(A)
#undef A
};

const struct frame_affix *frame_affix_by_name(struct bytes name) {
    for (size_t i = 0; i < ARRAY_LEN(affix_rows); i++)
        if (bytes_equal(name, bytes_of_cstr(affix_rows[i].name))) return &affix_rows[i].affix;
    return NULL;
}

const char *frame_name(enum frame_kind kind) {
    return names[kind];
}

enum frame_kind frame_by_name(struct bytes name) {
    enum frame_kind kind = 0;
    while (kind < FRAME_KINDS && !bytes_equal(name, bytes_of_cstr(names[kind]))) kind++;
    return kind;
}

const char *frame_path_text(const struct frame_path *path, char *line, size_t size) {
    size_t length = 0;
    if (size > 0) line[0] = '\0';
    for (size_t i = 0; i < path->depth && length < size; i++) {
        int written = snprintf(line + length, size - length, "%s%s", i > 0 ? " > " : "",
                               names[path->kinds[i]]);
        length += written > 0 ? (size_t)written : 0;
    }
    return line;
}

/* ---- looks ------------------------------------------------------------------------------------*/

static bool is_int_space(uint8_t c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Source: Objects/longobject.c PyLong_FromString, sys.int_info.default_max_str_digits. */
bool frame_is_integer(struct bytes value) {
    enum { DIGITS_MAX = 4300 };
    size_t at = 0, end = value.len, digits = 0;
    while (at < end && is_int_space(value.data[at])) at++;
    while (end > at && is_int_space(value.data[end - 1])) end--;
    if (at < end && (value.data[at] == '+' || value.data[at] == '-')) at++;
    bool digit_before = false;
    for (; at < end; at++) {
        bool digit = byte_is_digit(value.data[at]);
        if (!digit && (value.data[at] != '_' || !digit_before)) return false;
        digits += digit;
        digit_before = digit;
    }
    return digit_before && digits <= DIGITS_MAX;
}

/* By the first byte alone, so that most values are done with here. */
static uint32_t kinds_by_first_byte(uint8_t first) {
    const uint32_t any = BIT(PICKLE) | BIT(JOBLIB) | BIT(BASE64) | BIT(SIGNED) | BIT(LZMA);
    const uint32_t zlib = (first & 0x8f) == 8 ? BIT(ZLIB) : 0;
    switch (first) {
    case '\t':
    case '\n':
    case '\r':
    case ' ':
        return any | BIT(INTEGER) | BIT(DOGPILE) | BIT(KOMBU);
    case '\v':
    case '\f':
    case '+':
        return any | BIT(INTEGER);
    case '0' ... '9':
    case '-':
        return any | BIT(INTEGER) | BIT(DOGPILE) | zlib;
    case '{':
        return any | BIT(DOGPILE) | BIT(KOMBU);
    case '[':
        return any | BIT(DOGPILE) | BIT(KOMBU) | BIT(LZ4) | BIT(ZSTD);
    case '"':
        return any | BIT(DOGPILE) | BIT(ZSTD);
    case 'I':
    case 'N':
    case 'f':
    case 'n':
    case 't':
    case 0:
    case 0xef:
    case 0xfe:
    case 0xff:
        return any | BIT(DOGPILE);
    case '!':
        return any | BIT(BANG);
    case 0x1f:
        return any | BIT(GZIP);
    case 'B':
        return any | BIT(BZ2);
    case 'L':
    case 0xfd:
        return any | BIT(XZ);
    case 0x04:
        return any | BIT(LZ4);
    case 0x23 ... 0x28:
        return any | BIT(ZSTD) | zlib;
    case 0x50 ... 0x5a:
    case 0x5c ... 0x5f:
        return any | BIT(LZ4) | BIT(ZSTD) | BIT(STRING) | zlib; /* strings by S, T, U, V, X */
    case 0x80:
    case 0x8c:
    case 0x8d:
    case 0x95:
        return any | BIT(STRING);
    default:
        return any | zlib;
    }
}

static bool begins_zstd(struct bytes input) {
    struct bytes magic = bytes_slice(input, 1, 3);
    return input.data[0] <= 0x28 && bytes_equal(magic, BYTES("\xb5\x2f\xfd"));
}

/* Whether a decompressor is worth starting. */
static bool begins(enum frame_kind kind, struct bytes input) {
    if (input.len < 2) return false;
    switch ((uint32_t)kind) {
    case FRAME_ZLIB: /* the check of its two bytes; 0x20: with a dictionary nobody has */
        return ((uint32_t)input.data[0] << 8 | input.data[1]) % 31 == 0 && !(input.data[1] & 0x20);
    case FRAME_GZIP:
        return input.data[1] == 0x8b;
    case FRAME_BZ2:
        return bytes_starts_with(input, BYTES("BZh"));
    case FRAME_XZ:
        return bytes_starts_with(input, BYTES("\xfd"
                                              "7zXZ")) ||
               bytes_starts_with(input, BYTES("LZIP"));
    case FRAME_LZMA:
        return input.data[0] != 0xfd && unpack_is_lzma(input);
    case FRAME_LZ4:
        return bytes_starts_with(input, BYTES("\x04\x22\x4d\x18")) || unpack_is_skippable(input);
    default:
        return begins_zstd(input) || unpack_is_skippable(input);
    }
}

/* ---- the walk ---------------------------------------------------------------------------------*/

struct level {
    enum frame_kind kind; /* which led here; level 0: PICKLE, which leads nowhere */
    size_t offset;
    bool unpacked;
    uint32_t todo;  /* kinds yet to be looked for inside */
    uint32_t under; /* what may be here when something is around it */
    struct frame_look look;
};

struct walk {
    const struct frame_options *options;
    struct frame_scratch *scratch;
    frame_visit_fn *visit;
    void *context;
    struct brine_error *err;
    uint64_t budget;      /* bytes that may still be unpacked */
    uint64_t reading_max; /* of those, by the ratio: of each reading */
    struct unpack_clock clock;
    size_t depth; /* of the level on top */
    struct level levels[FRAME_DEPTH_MAX];
};

/* Nothing may come out: then no reader has anything to unpickle. */
static enum brine_status adapter_unpack(struct frame_look *look, struct bytes *payload) {
    if (look->turn.index++ > 0) return BRINE_NOT_FOUND;
    buf_clear(look->unpack.out);
    TRY(rows[look->kind].unpack(&look->unpack, look->input));
    *payload = buf_view(look->unpack.out);
    return payload->len > 0 ? BRINE_OK : BRINE_NOT_FOUND;
}

static enum brine_status show(struct walk *walk, enum frame_kind kind, bool suffixed) {
    const struct level *level = &walk->levels[walk->depth];
    struct frame_reading reading = {
        .bytes = level->look.input,
        .offset = level->offset,
        .unpacked = level->unpacked,
        .trailing_ignored = suffixed,
        .integer = kind == FRAME_INTEGER,
    };
    for (size_t i = 1; i <= walk->depth; i++)
        reading.path.kinds[reading.path.depth++] = (uint8_t)walk->levels[i].kind;
    reading.path.kinds[reading.path.depth++] = (uint8_t)kind;
    return walk->visit(walk->context, &reading);
}

/* The readings that end at this level. */
static enum brine_status show_all(struct walk *walk, uint32_t kinds) {
    struct bytes input = walk->levels[walk->depth].look.input;
    bool suffixed = kinds & BIT(SIGNED) && adapter_has_suffix(input, walk->options);
    if (kinds & BIT(PICKLE)) TRY(show(walk, FRAME_PICKLE, suffixed));
    if (kinds & BIT(INTEGER) && frame_is_integer(input)) TRY(show(walk, FRAME_INTEGER, false));
    if (!(kinds & BIT(JOBLIB))) return BRINE_OK;
    /* Without a name of joblib's it reads what pickle.loads reads, which was shown. */
    if (kinds & BIT(PICKLE) && !adapter_may_name_joblib(input)) return BRINE_OK;
    return show(walk, FRAME_JOBLIB, suffixed);
}

/* Of these kinds, those that a look at the first bytes does not rule out: what most values are done
 * with at a fraction of what a call of each adapter costs. */
static uint32_t not_ruled_out(const struct frame_options *options, uint32_t kinds,
                              struct bytes input) {
    uint32_t left = kinds & ~(uint32_t)COMPRESSED;
    for (uint32_t packed = kinds & COMPRESSED; packed; packed &= packed - 1) {
        enum frame_kind kind = (enum frame_kind)__builtin_ctz(packed);
        if (begins(kind, input)) left |= FRAME_BIT(kind);
    }
    if (left & BIT(STRING) && !adapter_may_be_text(input)) left &= ~(uint32_t)BIT(STRING);
    return options->affixes_count ? left : left & ~(uint32_t)BIT(SIGNED);
}

bool frame_is_bare(struct bytes value, const struct frame_options *options) {
    if (value.len == 0) return false;
    uint32_t kinds = options->admitted & kinds_by_first_byte(value.data[0]);
    return not_ruled_out(options, kinds, value) == BIT(PICKLE);
}

/* Whether a look at the front has ruled a number out: its signs, digits, and blanks around it. */
static bool begins_no_integer(struct bytes front) {
    size_t at = 0;
    while (at < front.len && (is_int_space(front.data[at]) || byte_is_digit(front.data[at]) ||
                              (front.data[at] && memchr("+-_", front.data[at], 3))))
        at++;
    return at < front.len;
}

/* The same, found out as soon: frame_is_integer goes past the blanks at the end first. */
static bool is_no_integer(struct bytes value, struct bytes front) {
    return begins_no_integer(front) && !is_int_space(value.data[value.len - 1]);
}

/* Whether it is an lzma stream by no more than a head that makes sense, and not the one that
 * writers write.  So is a row of bits with a one in the right place, which unpacks to gigabytes of
 * zeros. */
static bool is_odd_lzma(enum frame_kind kind, struct bytes input) {
    enum { USUAL_PROPS = 0x5d };
    return kind == FRAME_LZMA && input.data[0] != USUAL_PROPS;
}

bool frame_is_bare_by_front(struct bytes value, const struct frame_options *options) {
    if (value.len == 0) return false;
    struct bytes front = bytes_slice(value, 0, FRAME_FRONT_BYTES);
    uint32_t kinds = options->admitted & kinds_by_first_byte(value.data[0]);
    kinds = not_ruled_out(options, kinds, value);
    if (kinds & BIT(INTEGER) && is_no_integer(value, front)) kinds &= ~(uint32_t)BIT(INTEGER);
    if (kinds & BIT(DOGPILE) && value.len > front.len && adapter_is_no_dogpile(front))
        kinds &= ~(uint32_t)BIT(DOGPILE);
    if (kinds & BIT(LZMA) && is_odd_lzma(FRAME_LZMA, value)) kinds &= ~(uint32_t)BIT(LZMA);
    return kinds == BIT(PICKLE);
}

/* Inside compressed data such a head does not count: in zeros it would be found again. */
static uint32_t with_known_lzma(enum frame_kind around, uint32_t kinds, struct bytes input) {
    bool odd = FRAME_BIT(around) & COMPRESSED && is_odd_lzma(FRAME_LZMA, input);
    return odd ? kinds & ~(uint32_t)BIT(LZMA) : kinds;
}

/* Whether to look at what comes out first.  Of a stream with a magic of its own all is unpacked,
 * for its readers unpack all of it before they find out that it is no pickle. */
static bool may_be_no_stream(const struct walk *walk, const struct frame_look *look) {
    return walk->options->fails_within && is_odd_lzma(look->kind, look->input);
}

static uint32_t admitted_inside(const struct frame_options *options) {
    uint32_t inside = options->admitted_inside;
    if (inside) return inside;
    inside = options->admitted;
    return inside & BIT(JOBLIB) ? inside : inside | BIT(PICKLE);
}

/* Whether what unpacks to this front, and goes on, has no reading but an unpickler's, and that none
 * that does anything. */
static bool is_settled(void *context, struct bytes front) {
    const struct walk *walk = context;
    const struct frame_options *options = walk->options;
    enum frame_kind kind = walk->levels[walk->depth].look.kind;
    const struct frame_row *row = &rows[kind];
    uint32_t kinds = (admitted_inside(options) | row->implied) & row->inside;
    kinds &= kinds_by_first_byte(front.data[0]);
    kinds = not_ruled_out(options, with_known_lzma(kind, kinds, front), front);
    if (kinds & BIT(INTEGER) && begins_no_integer(front)) kinds &= ~(uint32_t)BIT(INTEGER);
    if (kinds & BIT(DOGPILE) && adapter_is_no_dogpile(front)) kinds &= ~(uint32_t)BIT(DOGPILE);
    return !(kinds & ~(uint32_t)(BIT(PICKLE) | BIT(JOBLIB))) &&
           options->fails_within(options->fails_within_context, front);
}

/* Prepares the level on top, whose kind, bytes, offset are set, and shows what ends there. */
static enum brine_status enter(struct walk *walk, uint32_t admitted) {
    struct level *level = &walk->levels[walk->depth];
    struct bytes input = level->look.input;
    uint32_t kinds = admitted & BIT(PICKLE);
    if (input.len > 0)
        kinds = not_ruled_out(
            walk->options,
            with_known_lzma(level->kind, admitted & kinds_by_first_byte(input.data[0]), input),
            input);
    level->todo = walk->depth < walk->options->depth_max ? kinds & ~(uint32_t)SHOWN : 0;
    level->look.options = walk->options;
    level->look.turn = (struct frame_turn){0};
    return show_all(walk, kinds);
}

/* Puts what an adapter found on top. */
static enum brine_status descend(struct walk *walk, struct bytes payload) {
    const struct level *from = &walk->levels[walk->depth];
    struct level *level = &walk->levels[++walk->depth];
    size_t delta = (size_t)((uintptr_t)payload.data - (uintptr_t)from->look.input.data);
    bool inside = delta < from->look.input.len;
    level->kind = from->look.kind;
    level->offset = inside ? from->offset + delta : 0;
    level->unpacked = !inside || from->unpacked;
    level->look.input = payload;
    level->look.has_nonce = level->kind == FRAME_STRING;
    level->look.affixes_done =
        level->kind == FRAME_SIGNED ? from->look.turn.index : from->look.affixes_done;
    if (!inside) walk->budget -= MIN(walk->budget, (uint64_t)payload.len);
    /* A signature hides nothing of what it is in. */
    const struct frame_row *row = &rows[level->kind];
    uint32_t admitted =
        level->kind == FRAME_SIGNED ? from->under : admitted_inside(walk->options) | row->implied;
    level->under = admitted & row->inside;
    level->look.urls_only = false;
    if (level->kind == FRAME_SIGNED &&
        from->look.options->affixes[from->look.turn.index - 1].url_base64) {
        level->look.urls_only = !(level->under & BIT(BASE64));
        level->under |= BIT(BASE64);
    }
    return enter(walk, level->under);
}

/* What is next in the level on top: a payload, or one kind less to look for. */
static enum brine_status step(struct walk *walk) {
    struct level *level = &walk->levels[walk->depth];
    struct frame_look *look = &level->look;
    struct bytes payload = {0};
    look->kind = (enum frame_kind)__builtin_ctz(level->todo);
    look->unpack = (struct unpack){
        .scratch = walk->scratch,
        .clock = &walk->clock,
        .out = &walk->scratch->unpacked[walk->depth],
        .budget = MIN(walk->budget, walk->reading_max),
        .name = names[look->kind],
        .err = walk->err,
        .is_settled = is_settled,
        .settled_context = walk,
        .ask_at = may_be_no_stream(walk, look) ? SETTLED_FROM_BYTES : SIZE_MAX,
    };
    enum brine_status status = rows[look->kind].next(look, &payload);
    if (status == BRINE_OK) return descend(walk, payload);
    if (status != BRINE_NOT_FOUND) return status;
    level->todo &= level->todo - 1;
    look->turn = (struct frame_turn){0};
    return BRINE_OK;
}

/* What the ratio allows each reading.  Not all of them together: an honest value has several, as
 * with signatures, in which the same stream is found. */
static uint64_t reading_max(struct bytes value, const struct frame_options *options) {
    uint64_t by_ratio;
    if (__builtin_mul_overflow((uint64_t)value.len, options->ratio_max, &by_ratio))
        by_ratio = UINT64_MAX;
    return MAX(by_ratio, options->ratio_free);
}

static struct unpack_clock clock_of(const struct frame_options *options) {
    const struct frame_budget *shared = options->shared;
    return (struct unpack_clock){
        .now_ns = options->clock_ns,
        .most_ns = shared ? MIN(options->unpack_ns_max, shared->ns) : options->unpack_ns_max,
        .bytes = shared ? UNPACK_LOOK_BYTES : 0, /* so that it begins with the first byte */
        .given_up = options->given_up,
        .given_up_context = options->given_up_context,
    };
}

/* What did not fit has had all that it might have. */
static void charge(const struct walk *walk, uint64_t budget, enum brine_status status) {
    struct frame_budget *shared = walk->options->shared;
    const struct unpack_clock *clock = &walk->clock;
    uint64_t bytes = budget - walk->budget;
    if (status == BRINE_TOO_BIG) bytes += MIN(walk->budget, walk->reading_max);
    shared->bytes -= MIN(bytes, shared->bytes);
    if (clock->end_ns == 0) return;
    int64_t took_ns = clock->now_ns() - (clock->end_ns - clock->most_ns);
    shared->ns -= MIN(MAX(took_ns, 0), shared->ns);
}

static enum brine_status walk_all(struct walk *walk) {
    TRY(enter(walk, walk->options->admitted));
    for (;;) {
        if (walk->levels[walk->depth].todo)
            TRY(step(walk));
        else if (walk->depth-- == 0)
            return BRINE_OK;
    }
}

enum brine_status frame_walk(struct bytes value, const struct frame_options *options,
                             struct frame_scratch *scratch, frame_visit_fn *visit, void *context,
                             struct brine_error *err) {
    struct walk walk; /* field by field: to clear all levels would cost more than most looks */
    walk.options = options;
    walk.scratch = scratch;
    walk.visit = visit;
    walk.context = context;
    walk.err = err;
    uint64_t budget = options->unpacked_bytes_max;
    if (options->shared) budget = MIN(budget, options->shared->bytes);
    walk.budget = budget;
    walk.reading_max = reading_max(value, options);
    walk.clock = clock_of(options);
    walk.depth = 0;
    walk.levels[0].kind = FRAME_PICKLE;
    walk.levels[0].offset = walk.levels[0].look.affixes_done = 0;
    walk.levels[0].unpacked = false;
    BRINE_ASSERT(options->depth_max < FRAME_DEPTH_MAX, "a path of framings has room for its end");
    walk.levels[0].look.input = value;
    walk.levels[0].look.has_nonce = walk.levels[0].look.urls_only = false;
    walk.levels[0].under = admitted_inside(options);
    enum brine_status status = walk_all(&walk);
    if (options->shared) charge(&walk, budget, status);
    return status;
}

/* ---- scratch ----------------------------------------------------------------------------------*/

void frame_scratch_init(struct frame_scratch *scratch, struct allocator *mem, size_t limit_bytes) {
    mem_account_init(&scratch->account, mem, limit_bytes);
    scratch->codecs = NULL;
    for (size_t i = 0; i < FRAME_DEPTH_MAX; i++)
        buf_init(&scratch->unpacked[i], &scratch->account.allocator, limit_bytes);
}

void frame_scratch_deinit(struct frame_scratch *scratch) {
    unpack_codecs_destroy(scratch);
    for (size_t i = 0; i < FRAME_DEPTH_MAX; i++) buf_deinit(&scratch->unpacked[i]);
}

void frame_scratch_trim(struct frame_scratch *scratch, size_t keep_bytes) {
    for (size_t i = FRAME_DEPTH_MAX; i-- > 0;) {
        if (mem_account_used(&scratch->account) <= keep_bytes) return;
        buf_clear(&scratch->unpacked[i]);
        buf_shrink(&scratch->unpacked[i], 0);
    }
    if (mem_account_used(&scratch->account) > keep_bytes) unpack_codecs_destroy(scratch);
}
