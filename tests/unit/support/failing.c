/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "support/failing.h"

static void *failing_resize(struct allocator *self, void *old, size_t old_bytes, size_t new_bytes) {
    struct failing_allocator *failing = CONTAINER_OF(self, struct failing_allocator, allocator);
    if (new_bytes > old_bytes && failing->requests++ == failing->fail_at) {
        failing->refused = true;
        return NULL;
    }
    void *block = mem_resize(mem_system(), old, old_bytes, new_bytes);
    if (block || new_bytes == 0) failing->taken_bytes += new_bytes - old_bytes;
    return block;
}

void failing_init(struct failing_allocator *failing, size_t fail_at) {
    *failing = (struct failing_allocator){.allocator.resize = failing_resize, .fail_at = fail_at};
}
