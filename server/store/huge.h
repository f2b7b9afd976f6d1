/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Huge pages of the system as an allocator: it gives single blocks of HUGE_PAGE_BYTES, aligned to
 * their size, each of which the kernel is asked to back with one huge page.  Where it does not, the
 * block is made of small ones and nothing else changes.
 *
 * Cost: two system calls, and the first touch clears the whole page: some 0.1 ms.
 * Thread: any.  No memory, or another size: NULL. */
#ifndef BRINE_STORE_HUGE_H
#define BRINE_STORE_HUGE_H

#include "base/mem.h"

enum { HUGE_PAGE_BYTES = 2 * 1024 * 1024, SMALL_PAGE_BYTES = 4096 };

struct allocator *huge_pages(void);

/* Whether the kernel may make one huge page of this block again of which parts were forgotten: it
 * would take memory for all of them, by a thread of its own (khugepaged), some time later. */
void huge_wish(uint8_t *page, bool whole);

/* Has the system find the memory of a page now, and clear it. */
void huge_touch(uint8_t *page);

/* What lies from `from` to `to`, of whole small pages, is not needed now: the system gets it back,
 * and what is read there afterwards is zero. */
void huge_forget(uint8_t *from, uint8_t *to);

#endif
