/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Ctrl-C (SIGINT), SIGTERM and SIGHUP as the end of a long task that still has something to say.
 *
 *     struct interrupt interrupt;
 *     interrupt_watch(&interrupt, brine_socket(client));
 *     while (... && !interrupt_came(&interrupt)) ...
 *     int number = interrupt_unwatch(&interrupt);
 *
 * Whoever waits for a server looks only between its answers.  So when the task has not ended a
 * second after the signal, the socket is shut down: the read in which it waits fails.  After
 * interrupt_unwatch signals end the program as before; a second Ctrl-C meanwhile does nothing.
 * What was ignored when the program began (nohup) stays so.
 *
 * Of the thread that calls interrupt_watch; there may be one at a time, and threads that exist
 * already must not take these signals. */
#ifndef BRINE_CLIENT_INTERRUPT_H
#define BRINE_CLIENT_INTERRUPT_H

#include "base/base.h"

#include <pthread.h>
#include <signal.h>

struct interrupt {
    sigset_t before; /* the mask to go back to */
    int signals;     /* a signalfd, never read until the end; -1: nothing is watched */
    int ended;       /* an eventfd: the thread is to end */
    int socket;
    pthread_t thread;
};

/* Where that is refused by the system signals end the program, as without it. */
void interrupt_watch(struct interrupt *interrupt, int socket);
bool interrupt_came(const struct interrupt *interrupt);
/* Can be read when it came, for who waits for something else too; -1: never. */
int interrupt_fd(const struct interrupt *interrupt);
/* The number of the signal that came, or 0. */
int interrupt_unwatch(struct interrupt *interrupt);

#endif
