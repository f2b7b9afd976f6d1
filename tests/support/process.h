/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Waiting for a child process: until it says that it is ready, as services say it to systemd, and
 * until it has ended.  Both wait for the thing itself, by poll(), so that no test depends on how
 * fast the machine is. */
#ifndef BRINE_TESTS_PROCESS_H
#define BRINE_TESTS_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

enum { PROCESS_NOTIFY_BYTES = 120 };

/* Opens a socket for READY=1 and writes its name, which the child needs as $NOTIFY_SOCKET.  Returns
 * the descriptor, which the caller closes, or -1. */
int process_notify_open(char name[static PROCESS_NOTIFY_BYTES]);

enum process_state { PROCESS_READY, PROCESS_ENDED, PROCESS_LATE };

/* Waits for READY=1 on the socket, for the end of the child, which is not reaped, or for the time
 * to be over. */
enum process_state process_await_ready(int notify_fd, pid_t pid, int timeout_ms);

/* Waits for the end of a child and reaps it; false when it has not ended in time. */
bool process_await_end(pid_t pid, int timeout_ms, int *status);

#endif
