/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "net/outbox.h"

#include "base/assert.h"

void outbox_init(struct outbox *outbox, struct allocator *mem) {
    *outbox = (struct outbox){0};
    buf_init(&outbox->bytes, mem, OUTBOX_BYTES_MAX);
}

void outbox_deinit(struct outbox *outbox) {
    BRINE_ASSERT(outbox->count == 0, "nobody waits for a reply when the loop has ended");
    buf_deinit(&outbox->bytes);
}

bool outbox_add(struct outbox *outbox, struct connection *connection, struct bytes bytes) {
    if (outbox->count == OUTBOX_LETTERS_MAX || buf_append(&outbox->bytes, bytes) != BRINE_OK)
        return false;
    outbox->letters[outbox->count++] =
        (struct outbox_letter){.connection = connection, .end = outbox->bytes.len};
    return true;
}

struct bytes outbox_letter(const struct outbox *outbox, size_t index) {
    size_t begin = index > 0 ? outbox->letters[index - 1].end : 0;
    return bytes_slice(buf_view(&outbox->bytes), begin, outbox->letters[index].end - begin);
}

struct bytes outbox_take(struct outbox *outbox, const struct connection *connection) {
    size_t index = 0;
    while (index < outbox->count && outbox->letters[index].connection != connection) index++;
    BRINE_ASSERT(index < outbox->count, "who is said to be in the outbox is in it");
    outbox->letters[index].connection = NULL;
    return outbox_letter(outbox, index);
}
