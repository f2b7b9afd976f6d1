/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/*     PROTO u8 [FRAME u64] object [MEMOIZE | BINPUT u8=0] STOP
 *
 * FRAME, where there is one, reaches to the end. */

#include "pickle/leaf.h"

#include "base/reader.h"
#include "pickle/opcodes.h"

enum {
    OPCODES = 5,
    HEAP_BYTES_MAX = 256, /* of such an object and its pickle's memo, beside its content */
};

static void need(struct pickle_leaf *leaf, uint8_t opcode) {
    leaf->protocol = MAX(leaf->protocol, pickle_opcode(opcode)->proto);
}

static enum pickle_kind read_object(struct reader *r, uint8_t opcode) {
    switch (opcode) {
    case PICKLE_OP_SHORT_BINBYTES:
        (void)read_take(r, read_u8(r));
        return PICKLE_KIND_BYTES;
    case PICKLE_OP_BINBYTES:
        (void)read_take(r, read_u32le(r));
        return PICKLE_KIND_BYTES;
    case PICKLE_OP_BININT1:
        (void)read_take(r, 1);
        return PICKLE_KIND_INT;
    case PICKLE_OP_BININT2:
        (void)read_take(r, 2);
        return PICKLE_KIND_INT;
    case PICKLE_OP_BININT:
        (void)read_take(r, 4);
        return PICKLE_KIND_INT;
    case PICKLE_OP_BINFLOAT:
        (void)read_take(r, 8);
        return PICKLE_KIND_FLOAT;
    case PICKLE_OP_NONE:
        return PICKLE_KIND_NONE;
    case PICKLE_OP_NEWTRUE:
    case PICKLE_OP_NEWFALSE:
        return PICKLE_KIND_BOOL;
    default:
        reader_fail(r);
        return PICKLE_KIND_NONE;
    }
}

/* The lengths of what is accepted without the machine's own counts. */
static bool within(struct bytes input, const struct pickle_limits *limits) {
    return input.len <= MIN(limits->bytes_max, (uint64_t)UINT32_MAX) &&
           limits->opcodes_max >= OPCODES && limits->heap_free >= HEAP_BYTES_MAX &&
           input.len <= limits->heap_free - HEAP_BYTES_MAX;
}

bool pickle_is_leaf(struct bytes input, const struct pickle_limits *limits,
                    struct pickle_leaf *leaf) {
    struct reader r = reader_over(input);
    if (read_u8(&r) != PICKLE_OP_PROTO || !within(input, limits)) return false;
    leaf->protocol = read_u8(&r);
    if (leaf->protocol > PICKLE_PROTOCOL_MAX) return false;
    need(leaf, PICKLE_OP_PROTO);
    uint8_t opcode = read_u8(&r);
    if (opcode == PICKLE_OP_FRAME) {
        need(leaf, opcode);
        uint64_t length = read_u64le(&r);
        if (length != reader_left(&r)) return false;
        opcode = read_u8(&r);
    }
    leaf->kind = read_object(&r, opcode);
    need(leaf, opcode);
    opcode = read_u8(&r);
    if (opcode == PICKLE_OP_MEMOIZE || opcode == PICKLE_OP_BINPUT) {
        need(leaf, opcode);
        if (opcode == PICKLE_OP_BINPUT && read_u8(&r) != 0) return false;
        opcode = read_u8(&r);
    }
    return opcode == PICKLE_OP_STOP && reader_at_end(&r) && !reader_failed(&r);
}
