/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* No handler, which could only set a global: the signals are blocked, and a signalfd that nobody
 * reads is readable from then on.  A thread waits for that, gives the task its second, and shuts
 * the socket down. */
#include "client/interrupt.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PATIENCE_MS = 1000 };

static bool is_ready(int fd, int timeout_ms) {
    struct pollfd row = {.fd = fd, .events = POLLIN};
    return poll(&row, 1, timeout_ms) > 0;
}

static void *watch(void *context) {
    const struct interrupt *interrupt = context;
    struct pollfd rows[] = {{.fd = interrupt->signals, .events = POLLIN},
                            {.fd = interrupt->ended, .events = POLLIN}};
    while (poll(rows, ARRAY_LEN(rows), -1) < 0) continue; /* EINTR */
    if (!is_ready(interrupt->ended, PATIENCE_MS)) (void)shutdown(interrupt->socket, SHUT_RDWR);
    return NULL;
}

static void choose_signals(sigset_t *set) {
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    sigemptyset(set);
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        struct sigaction action;
        if (sigaction(numbers[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
            sigaddset(set, numbers[i]);
    }
}

static void close_all(struct interrupt *interrupt) {
    if (interrupt->signals >= 0) close(interrupt->signals);
    if (interrupt->ended >= 0) close(interrupt->ended);
    interrupt->signals = interrupt->ended = -1;
    (void)pthread_sigmask(SIG_SETMASK, &interrupt->before, NULL);
}

void interrupt_watch(struct interrupt *interrupt, int socket) {
    sigset_t set;
    choose_signals(&set);
    interrupt->socket = socket;
    (void)pthread_sigmask(SIG_BLOCK, &set, &interrupt->before);
    interrupt->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    interrupt->ended = eventfd(0, EFD_CLOEXEC);
    if (interrupt->signals < 0 || interrupt->ended < 0 ||
        pthread_create(&interrupt->thread, NULL, watch, interrupt) != 0)
        close_all(interrupt);
}

int interrupt_fd(const struct interrupt *interrupt) {
    return interrupt->signals;
}

bool interrupt_came(const struct interrupt *interrupt) {
    return interrupt->signals >= 0 && is_ready(interrupt->signals, 0);
}

int interrupt_unwatch(struct interrupt *interrupt) {
    struct signalfd_siginfo taken;
    int first = 0;
    if (interrupt->signals < 0) return 0;
    (void)eventfd_write(interrupt->ended, 1);
    (void)pthread_join(interrupt->thread, NULL);
    /* All of them, for what stays pending would end the program now. */
    while (read(interrupt->signals, &taken, sizeof taken) == sizeof taken)
        if (!first) first = (int)taken.ssi_signo;
    close_all(interrupt);
    return first;
}
