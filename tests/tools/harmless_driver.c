/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Judges many byte strings for a script: from standard input a four-byte length and the bytes,
 * again and again; to standard output one line each, fields parted by tabs: the kinds of harm as a
 * number, the offset, and what would happen. */

#include "pickle/harmless.h"

#include <stdio.h>

static bool read_exactly(void *target, size_t bytes) {
    return fread(target, 1, bytes, stdin) == bytes;
}

int main(void) {
    struct pickle_scratch scratch;
    struct pickle_harm harm;
    pickle_scratch_init(&scratch, mem_system(), (size_t)4 << 30);
    uint32_t length;
    while (read_exactly(&length, sizeof length)) {
        uint8_t *bytes = mem_alloc(mem_system(), (size_t)length + 1);
        if (!bytes || !read_exactly(bytes, length)) return 1;
        bool harmless =
            pickle_is_harmless(bytes_view(bytes, length), &PICKLE_LIMITS_DEFAULT, &scratch, &harm);
        if (harmless != (harm.kinds == 0)) return 2;
        printf("%u\t%zu\t%s\n", harm.kinds, harm.offset, harm.what);
        mem_free(mem_system(), bytes, (size_t)length + 1);
    }
    pickle_scratch_deinit(&scratch);
    return 0;
}
