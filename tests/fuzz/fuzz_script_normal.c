/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Must reach script_normalise.  Oracle: blanks and comments around a text change nothing of its
 * digest, and a word more before or behind it does. */

#include "script/normal.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { TEXT_BYTES_MAX = 4096, AROUND_BYTES_MAX = 32 };

/* "before text behind" */
static enum brine_status around(const char *before, struct bytes text, const char *behind,
                                struct script_normal *normal) {
    uint8_t whole[TEXT_BYTES_MAX + 2 * AROUND_BYTES_MAX];
    size_t before_len = strlen(before), behind_len = strlen(behind);
    bytes_copy_to(whole, bytes_of_cstr(before));
    bytes_copy_to(whole + before_len, text);
    bytes_copy_to(whole + before_len + text.len, bytes_of_cstr(behind));
    return script_normalise(bytes_view(whole, before_len + text.len + behind_len), normal, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    struct bytes text = bytes_view(data, MIN(len, (size_t)TEXT_BYTES_MAX));
    struct script_normal normal, other;
    if (script_normalise(text, &normal, NULL) != BRINE_OK) return 0;
    if (around(" \t--[==[ x ]==]\r\n", text, "\n-- it's \"done", &other) != BRINE_OK ||
        !script_digest_equal(&normal.digest, &other.digest))
        __builtin_trap();
    if (normal.hole_len != other.hole_len || memcmp(normal.hole, other.hole, normal.hole_len) != 0)
        __builtin_trap();
    if (around("word ", text, "", &other) == BRINE_OK &&
        script_digest_equal(&normal.digest, &other.digest))
        __builtin_trap();
    if (around("", text, "\nword", &other) == BRINE_OK &&
        script_digest_equal(&normal.digest, &other.digest))
        __builtin_trap();
    return 0;
}
