/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Shows a script the readings of many values: from standard input a four-byte length and the bytes,
 * again and again; to standard output for each reading "trailing path\n", a four-byte length and
 * the bytes; at the end of each value a line with the status and four bytes of zeros.
 *
 *     frame_driver FRAMING,...[+AFFIX,...] */

#include "frame/frame.h"

#include <stdio.h>
#include <stdlib.h>

enum { AFFIXES_MAX = 16, VALUE_BYTES_MAX = 64 << 20, SCRATCH_BYTES_MAX = 256 << 20 };

static void print_part(const char *line, struct bytes bytes) {
    uint32_t length = (uint32_t)bytes.len;
    puts(line);
    if (fwrite(&length, sizeof length, 1, stdout) != 1) exit(1);
    if (bytes.len > 0 && fwrite(bytes.data, 1, bytes.len, stdout) != bytes.len) exit(1);
}

static enum brine_status print_reading(void *context, const struct frame_reading *reading) {
    char path[128], line[160];
    size_t *value_len = context;
    if (!reading->unpacked && reading->bytes.len > *value_len - reading->offset) abort();
    frame_path_text(&reading->path, path, sizeof path);
    snprintf(line, sizeof line, "%d %s", reading->trailing_ignored, path);
    print_part(line, reading->bytes);
    return BRINE_OK;
}

static void read_words(char *words, struct frame_options *options, struct frame_affix *affixes) {
    char *place = NULL;
    for (char *word = strtok_r(words, ",+", &place); word; word = strtok_r(NULL, ",+", &place)) {
        enum frame_kind kind = frame_by_name(bytes_of_cstr(word));
        const struct frame_affix *affix = frame_affix_by_name(bytes_of_cstr(word));
        if (kind < FRAME_KINDS) options->admitted |= FRAME_BIT(kind);
        if (affix) affixes[options->affixes_count++] = *affix;
        if (affix) options->admitted |= FRAME_BIT(FRAME_SIGNED);
        if ((kind == FRAME_KINDS && !affix) || options->affixes_count == AFFIXES_MAX) exit(2);
    }
}

int main(int argc, char **argv) {
    struct frame_affix affixes[AFFIXES_MAX];
    struct frame_options options = FRAME_OPTIONS_DEFAULT;
    struct frame_scratch scratch;
    static uint8_t value[VALUE_BYTES_MAX];
    if (argc != 2) return 2;
    options.admitted = options.admitted_inside = 0;
    options.affixes = affixes;
    read_words(argv[1], &options, affixes);
    frame_scratch_init(&scratch, mem_system(), SCRATCH_BYTES_MAX);
    for (uint32_t length; fread(&length, sizeof length, 1, stdin) == 1;) {
        struct brine_error err;
        size_t len = length;
        if (len > sizeof value || fread(value, 1, len, stdin) != len) return 1;
        enum brine_status status =
            frame_walk(bytes_view(value, len), &options, &scratch, print_reading, &len, &err);
        print_part(brine_status_name(status), bytes_view(NULL, 0));
        fflush(stdout);
    }
    frame_scratch_deinit(&scratch);
    return mem_account_used(&scratch.account) == 0 ? 0 : 3;
}
