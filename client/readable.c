/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "client/readable.h"

#include "frame/frame.h"
#include "pickle/disasm.h"
#include "pickle/view.h"

enum { PATH_BYTES = 128, PROTO_OPCODE = 0x80, BEGUN_LINES = 3 };
#define FRAMES_BYTES_MAX ((size_t)1 << 30)

struct showing {
    struct buf *out;
    struct readable options;
    struct brine_error *err;
    bool shown;
    /* Of the reading that got farthest: what stands before the fault. */
    bool begun;
    struct buf broken;
    struct brine_error fault;
};

static enum brine_status render(struct showing *showing, struct bytes pickle) {
    struct pickle_view_options view = {.json = showing->options.form == READABLE_JSON};
    if (showing->options.form == READABLE_OPCODES)
        return pickle_disassemble(pickle, showing->out, showing->err);
    return pickle_view(pickle, view, showing->out, showing->err);
}

/* "Nobody knows" is an opcode and then a fault, and no pickle.  What begins with PROTO is one. */
static bool looks_begun(struct bytes pickle, struct bytes opcodes) {
    size_t lines = 0;
    if (pickle.len && pickle.data[0] == PROTO_OPCODE) return true;
    for (size_t i = 0; i < opcodes.len; i++) lines += opcodes.data[i] == '\n';
    return lines >= BEGUN_LINES;
}

static enum brine_status keep_broken(struct showing *showing, struct bytes pickle,
                                     struct bytes opcodes) {
    if (!looks_begun(pickle, opcodes)) return BRINE_OK;
    if (showing->begun && showing->err->offset <= showing->fault.offset) return BRINE_OK;
    showing->begun = true;
    buf_clear(&showing->broken);
    showing->fault = *showing->err;
    return buf_append(&showing->broken, opcodes);
}

static enum brine_status show_reading(void *context, const struct frame_reading *reading) {
    struct showing *showing = context;
    struct buf *out = showing->out;
    bool bare = reading->path.depth <= 1;
    bool marked = reading->bytes.len >= 2 && reading->bytes.data[0] == PROTO_OPCODE;
    size_t before = out->len;
    enum brine_status status = BRINE_OK;
    if (reading->integer || (bare && !marked && !showing->options.anything)) return BRINE_OK;
    if (!bare && showing->options.framing) {
        char path[PATH_BYTES];
        status = buf_printf(out, "%s: ", frame_path_text(&reading->path, path, sizeof path));
    }
    if (status == BRINE_OK) status = render(showing, reading->bytes);
    if (status == BRINE_OK) {
        showing->shown = true;
        return BRINE_DENIED; /* enough */
    }
    bool none = status == BRINE_MALFORMED || status == BRINE_NEED_MORE;
    if (!none) return status;
    struct bytes tried = bytes_slice(buf_view(out), before, out->len);
    status = showing->options.broken ? keep_broken(showing, reading->bytes, tried) : BRINE_OK;
    out->len = before;
    return status;
}

/* As brine's PICKLE.DIS says it. */
static enum brine_status show_broken(struct showing *showing) {
    const struct buf *broken = &showing->broken;
    bool cut = broken->len && broken->data[broken->len - 1] != '\n'; /* within a line, as Python */
    TRY(buf_append(showing->out, buf_view(broken)));
    TRY(buf_printf(showing->out, "%s" READABLE_FAULT "%zu: %s\n", cut ? "\n" : "",
                   showing->fault.offset, showing->fault.text));
    return BRINE_MALFORMED;
}

enum brine_status readable_append(struct buf *out, struct bytes value, struct readable options,
                                  struct brine_error *err) {
    struct brine_error unheard = {0};
    struct showing showing = {.out = out, .options = options, .err = err ? err : &unheard};
    struct frame_options framings = FRAME_OPTIONS_DEFAULT;
    struct frame_scratch scratch;
    framings.admitted &= ~FRAME_BIT(FRAME_JOBLIB);
    frame_scratch_init(&scratch, out->mem, FRAMES_BYTES_MAX);
    buf_init(&showing.broken, out->mem, out->limit);
    enum brine_status status =
        frame_walk(value, &framings, &scratch, show_reading, &showing, showing.err);
    if (showing.shown)
        status = BRINE_OK;
    else if (status == BRINE_OK)
        status = showing.begun ? show_broken(&showing) : BRINE_NOT_FOUND;
    buf_deinit(&showing.broken);
    frame_scratch_deinit(&scratch);
    return status;
}
