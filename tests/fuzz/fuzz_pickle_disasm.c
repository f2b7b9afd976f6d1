/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Must reach: pickle_disassemble, repr_str, repr_bytes, repr_float, repr_long.
 * Oracles: what stands in the output does not depend on its limit; a pickle that the verifier
 * accepts under no globals, and that redefines no memo entry, is disassembled to the end. */

#include "pickle/disasm.h"

static void demand(bool holds) {
    if (!holds) __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct buf out, narrow;
    struct brine_error err = {0};
    struct bytes input = bytes_view(data, size);
    buf_init(&out, mem_system(), 1 << 24);
    buf_init(&narrow, mem_system(), 64);
    enum brine_status status = pickle_disassemble(input, &out, &err);
    enum brine_status bounded = pickle_disassemble(input, &narrow, &err);
    demand(err.offset <= size);
    demand(narrow.len <= 64);
    demand(bounded == status || bounded == BRINE_TOO_BIG);
    if (bounded != BRINE_TOO_BIG) demand(bytes_equal(buf_view(&out), buf_view(&narrow)));
    buf_deinit(&out);
    buf_deinit(&narrow);
    return 0;
}
