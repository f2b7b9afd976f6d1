/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "client/paint.h"

#include <stdlib.h>
#include <unistd.h>

struct paint {
    struct bytes word; /* with what stands around it in a line */
    const char *colour;
};

static bool is_painted(FILE *file) {
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
    bool refused = (no && no[0]) || !term || strcmp(term, "dumb") == 0;
    return !refused && isatty(fileno(file));
}

static bool write_bytes(FILE *file, struct bytes bytes) {
    return bytes.len == 0 || fwrite(bytes.data, 1, bytes.len, file) == bytes.len;
}

/* The first of the words in a line, between its colons. */
static bool paint_line(FILE *file, struct bytes line) {
    static const struct paint rows[] = {{BYTES(": refused: "), "\033[1;31m"},
                                        {BYTES(": dangerous: "), "\033[1;31m"},
                                        {BYTES(": broken: "), "\033[1;33m"},
                                        {BYTES(": accepted: "), "\033[32m"}};
    const struct paint *row = NULL;
    size_t at = line.len;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const uint8_t *found =
            line.len ? memmem(line.data, line.len, rows[i].word.data, rows[i].word.len) : NULL;
        if (!found || (size_t)(found - line.data) >= at) continue;
        at = (size_t)(found - line.data);
        row = &rows[i];
    }
    if (!row) return write_bytes(file, line);
    size_t from = at + 2, end = at + row->word.len - 2;
    return write_bytes(file, bytes_slice(line, 0, from)) && fputs(row->colour, file) >= 0 &&
           write_bytes(file, bytes_slice(line, from, end - from)) && fputs("\033[0m", file) >= 0 &&
           write_bytes(file, bytes_slice(line, end, line.len));
}

bool paint_lines(FILE *file, struct bytes lines) {
    if (!is_painted(file)) return write_bytes(file, lines);
    for (size_t at = 0; at < lines.len;) {
        const uint8_t *end = memchr(lines.data + at, '\n', lines.len - at);
        size_t len = end ? (size_t)(end - lines.data) - at + 1 : lines.len - at;
        if (!paint_line(file, bytes_slice(lines, at, len))) return false;
        at += len;
    }
    return true;
}
