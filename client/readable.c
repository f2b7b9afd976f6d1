/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "client/readable.h"

#include "frame/frame.h"
#include "pickle/disasm.h"
#include "pickle/view.h"

enum { PATH_BYTES = 128, PROTO_OPCODE = 0x80 };
#define FRAMES_BYTES_MAX ((size_t)1 << 30)

struct showing {
    struct buf *out;
    struct readable options;
    struct brine_error *err;
    bool shown;
};

static enum brine_status render(struct showing *showing, struct bytes pickle) {
    struct pickle_view_options view = {.json = showing->options.form == READABLE_JSON};
    if (showing->options.form == READABLE_OPCODES)
        return pickle_disassemble(pickle, showing->out, showing->err);
    return pickle_view(pickle, view, showing->out, showing->err);
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
    if (none) out->len = before;
    return none ? BRINE_OK : status;
}

enum brine_status readable_append(struct buf *out, struct bytes value, struct readable options,
                                  struct brine_error *err) {
    struct showing showing = {.out = out, .options = options, .err = err};
    struct frame_options framings = FRAME_OPTIONS_DEFAULT;
    struct frame_scratch scratch;
    framings.admitted &= ~FRAME_BIT(FRAME_JOBLIB);
    frame_scratch_init(&scratch, out->mem, FRAMES_BYTES_MAX);
    enum brine_status status = frame_walk(value, &framings, &scratch, show_reading, &showing, err);
    frame_scratch_deinit(&scratch);
    if (showing.shown) return BRINE_OK;
    return status == BRINE_OK ? BRINE_NOT_FOUND : status;
}
