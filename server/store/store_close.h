/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The store to oneself, for what is one step to all others however many threads and locks it takes.
 *
 *     hold.passes = true;
 *     store_close(store, &hold);
 *     ... empty it and load it, by threads whose holds pass ...
 *     store_open(store, &hold);
 *
 * Between the two whoever asks for a lock waits, asleep, but holds that say `passes`; who held one
 * has given it back.  The hold that is given is free.
 *
 * Thread: any; waits for another who has closed it.  Careful: who has closed it may wait for nobody
 * who could wait for it.  Cost: all locks once, each time; open, a byte is looked at a lock. */
#ifndef BRINE_STORE_CLOSE_H
#define BRINE_STORE_CLOSE_H

#include "store/store.h"

void store_close(struct store *store, struct store_hold *hold);
void store_open(struct store *store, struct store_hold *hold);

#endif
