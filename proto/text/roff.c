/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A backslash and a dash mean something to troff everywhere, a dot or quote at the beginning of a
 * line.  Source: groff_man_style(7), "Portability". */

#include "text/roff.h"

static enum brine_status append_escaped(struct buf *out, const char *text, const char *newline,
                                        bool start) {
    for (; *text; text++) {
        if (*text == '\\')
            TRY(buf_append(out, BYTES("\\e")));
        else if (*text == '-')
            TRY(buf_append(out, BYTES("\\-")));
        else if (*text == '\n')
            TRY(buf_append(out, bytes_of_cstr(newline)));
        else if (start && (*text == '.' || *text == '\''))
            TRY(buf_printf(out, "\\&%c", *text));
        else
            TRY(buf_append_byte(out, (uint8_t)*text));
        start = *text == '\n';
    }
    return BRINE_OK;
}

enum brine_status roff_append(struct buf *out, const char *text) {
    TRY(append_escaped(out, text, "\n.PP\n", true));
    return buf_append_byte(out, '\n');
}

enum brine_status roff_append_lines(struct buf *out, const char *text) {
    TRY(buf_append(out, BYTES(".PP\n.nf\n")));
    TRY(append_escaped(out, text, "\n", true));
    return buf_append(out, BYTES(".fi\n"));
}

enum brine_status roff_append_word(struct buf *out, const char *text) {
    return append_escaped(out, text, " ", false);
}
