/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "net/pieces.h"

#include <string.h>

#include <criterion/criterion.h>

enum { LONG_BYTES = 600 * 1000 };

Test(pieces, what_is_kept_of_a_long_reply_is_what_its_client_is_charged) {
    static const struct {
        size_t sent, most_bytes;
    } table[] = {
        {0, LONG_BYTES + 4096},
        {200 * 1000, LONG_BYTES + 4096}, /* the buffer as it is, all of it */
        {400 * 1000, 200 * 1000 + 4096}, /* less than half: a copy of that */
        {LONG_BYTES - 1000, 4096 + 1024},
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct mem_account account;
        mem_account_init(&account, mem_system(), 0);
        struct reply reply = {0};
        buf_init(&reply.out, &account.allocator, SIZE_MAX);
        cr_assert(buf_reserve(&reply.out, (size_t)2 * LONG_BYTES) == BRINE_OK);
        memset(reply.out.data, 'x', LONG_BYTES);
        reply.out.len = LONG_BYTES;
        struct output *output = output_create(&account.allocator);
        cr_assert(output && pieces_queue(&reply, table[i].sent, output) == BRINE_OK);
        buf_deinit(&reply.out);
        cr_expect(output->pending_bytes == LONG_BYTES - table[i].sent);
        cr_expect(output->owned_bytes == mem_account_used(&account) &&
                      output->owned_bytes <= table[i].most_bytes,
                  "%zu sent: %zu charged, %zu taken", table[i].sent, output->owned_bytes,
                  mem_account_used(&account));
        uv_buf_t vectors[OUTPUT_VECTORS];
        cr_assert(output_begin(output, vectors) == 1);
        output_drop(output); /* as a closed client's, in flight */
        cr_expect(!output->first && output->pending_bytes == 0 && output_end(output) == 0);
        cr_expect(mem_account_used(&account) == sizeof(*output));
        output_destroy(output);
    }
}
