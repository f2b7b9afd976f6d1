/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "net/notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

bool notify_send(const char *socket_name, const char *state) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!socket_name || !socket_name[0]) return false;
    size_t len = strlen(socket_name);
    if (len >= sizeof(address.sun_path)) return false;
    memcpy(address.sun_path, socket_name, len);
    if (address.sun_path[0] == '@') address.sun_path[0] = 0;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return false;
    socklen_t address_bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    ssize_t sent = sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&address,
                          address_bytes);
    close(fd);
    return sent >= 0;
}
