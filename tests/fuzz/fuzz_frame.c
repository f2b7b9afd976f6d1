/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Must reach frame_walk, unpack_zlib, unpack_gzip, unpack_bz2, unpack_lzma, unpack_lz4,
 * unpack_zstd, adapter_base64, adapter_kombu, adapter_signed, adapter_string, json_scan_next.
 *
 * The first byte chooses the bounds and whether base64 and affixes are admitted.  Oracle: each
 * reading lies in the value or in the scratch, at the offset it names; memory and the bytes
 * unpacked stay in their bounds; what frame_is_bare says is so; walking twice shows the same, and a
 * scratch that was used shows what a new one does. */

#include "base/hash.h"
#include "frame/frame.h"

enum { LIMIT_BYTES = 48 << 20, READINGS_MAX = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct seen {
    struct bytes value;
    const struct frame_scratch *scratch;
    const struct frame_options *options;
    size_t readings;
    bool bare; /* the last one was the value itself as a pickle */
    uint64_t digest;
};

static bool is_inside(struct bytes part, struct bytes whole) {
    uintptr_t start = (uintptr_t)part.data, base = (uintptr_t)whole.data;
    return start >= base && start - base <= whole.len && part.len <= whole.len - (start - base);
}

static void check_place(const struct seen *seen, const struct frame_reading *reading) {
    if (!reading->unpacked) {
        if (!is_inside(reading->bytes, seen->value)) __builtin_trap();
        if (reading->bytes.data != seen->value.data + reading->offset) __builtin_trap();
        return;
    }
    for (size_t i = 0; i < FRAME_DEPTH_MAX; i++) {
        struct bytes held = buf_view(&seen->scratch->unpacked[i]);
        if (held.len > seen->options->unpacked_bytes_max) __builtin_trap();
        if (is_inside(reading->bytes, held) && reading->bytes.data == held.data + reading->offset)
            return;
    }
    __builtin_trap();
}

static enum brine_status see(void *context, const struct frame_reading *reading) {
    struct seen *seen = context;
    const struct frame_path *path = &reading->path;
    static const struct hash_secret secret = {1, 2};
    check_place(seen, reading);
    if (path->depth == 0 || path->depth > seen->options->depth_max + 1) __builtin_trap();
    for (size_t i = 0; i < path->depth; i++) {
        bool end = path->kinds[i] == FRAME_PICKLE || path->kinds[i] == FRAME_INTEGER ||
                   path->kinds[i] == FRAME_JOBLIB;
        if (path->kinds[i] >= FRAME_KINDS || end != (i + 1 == path->depth)) __builtin_trap();
    }
    if (reading->integer && !frame_is_integer(reading->bytes)) __builtin_trap();
    seen->bare = path->depth == 1 && path->kinds[0] == FRAME_PICKLE && !reading->trailing_ignored &&
                 reading->bytes.len == seen->value.len;
    seen->digest = seen->digest * 31 + hash_bytes(&secret, reading->bytes) + path->kinds[0];
    return ++seen->readings == READINGS_MAX ? BRINE_DENIED : BRINE_OK;
}

static struct seen walk(struct frame_scratch *scratch, struct bytes value,
                        const struct frame_options *options, enum brine_status *status) {
    struct seen seen = {.value = value, .scratch = scratch, .options = options};
    struct brine_error err;
    *status = frame_walk(value, options, scratch, see, &seen, &err);
    if (*status != BRINE_OK && *status != BRINE_TOO_BIG && *status != BRINE_DENIED)
        __builtin_trap();
    bool bare = seen.readings == 1 && seen.bare;
    if (frame_is_bare(value, options) && !(bare && *status == BRINE_OK)) __builtin_trap();
    if (mem_account_peak(&scratch->account) > LIMIT_BYTES) __builtin_trap();
    return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    struct frame_options options = FRAME_OPTIONS_DEFAULT;
    const struct frame_affix *huey = frame_affix_by_name(BYTES("huey"));
    const struct frame_affix *django = frame_affix_by_name(BYTES("django-signing"));
    const struct frame_affix *cashews = frame_affix_by_name(BYTES("cashews"));
    struct frame_affix affixes[] = {*huey, *django, *cashews};
    if (len == 0) return 0;
    options.unpacked_bytes_max = 2 << 20;
    options.depth_max = data[0] & 3;
    if (data[0] & 4) options.admitted |= FRAME_BIT(FRAME_BASE64);
    if (data[0] & 8) {
        options.affixes = affixes;
        options.affixes_count = ARRAY_LEN(affixes);
    }
    if (data[0] & 16) options.ratio_free = 1000;
    struct bytes value = bytes_view(data + 1, len - 1);
    struct frame_scratch used, fresh;
    enum brine_status first, second, third;
    frame_scratch_init(&used, mem_system(), LIMIT_BYTES);
    frame_scratch_init(&fresh, mem_system(), LIMIT_BYTES);
    struct seen a = walk(&used, value, &options, &first);
    struct seen b = walk(&used, value, &options, &second);
    struct seen c = walk(&fresh, value, &options, &third);
    /* What a used scratch holds counts towards its limit, so a TOO_BIG need not come twice. */
    bool all = first == BRINE_OK && second == BRINE_OK && third == BRINE_OK;
    if (all && (a.digest != b.digest || b.digest != c.digest || a.readings != c.readings))
        __builtin_trap();
    frame_scratch_trim(&used, 0);
    if (mem_account_used(&used.account) != 0) __builtin_trap();
    frame_scratch_deinit(&used);
    frame_scratch_deinit(&fresh);
    return 0;
}
