/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "net/listener.h"

#include "base/assert.h"
#include "net/net.h"
#include "observe/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static void on_readable(uv_poll_t *poll, int status, int events);
static void on_rested(uv_timer_t *timer);

static const char protected_text[] =
    "-DENIED brine is running in protected mode because protected mode is enabled and no password "
    "is set for the default user. In this mode connections are only accepted from the loopback "
    "interface. If you want to connect from external computers to brine you may adopt one of the "
    "following solutions: 1) Just disable protected mode sending the command 'CONFIG SET "
    "protected-mode no' from the loopback interface by connecting to brine from the same host the "
    "server is running, however MAKE SURE brine is not publicly accessible from internet if you do "
    "so. Use CONFIG REWRITE to make this change permanent. 2) Alternatively you can just disable "
    "the protected mode by editing the configuration file, and setting server.protected_mode to "
    "false, and then restarting the server. 3) If you started the server manually just for "
    "testing, restart it with the '--server.protected_mode=false' option. 4) Set up an "
    "authentication password for the default user with auth.password. NOTE: You only need to do "
    "one of the above things in order for the server to start accepting connections from the "
    "outside.\r\n";
static const char full_text[] = "-ERR max number of clients reached\r\n";

/* ---- opening --------------------------------------------------------------------------------- */

union any_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un local;
    struct sockaddr_storage storage;
};

void listener_format_address(const struct sockaddr *address, char *text, size_t text_bytes) {
    char host[INET6_ADDRSTRLEN] = "?";
    union any_address copy = {0};
    text[0] = 0;
    if (address->sa_family == AF_INET) {
        memcpy(&copy.v4, address, sizeof(copy.v4));
        inet_ntop(AF_INET, &copy.v4.sin_addr, host, sizeof(host));
        snprintf(text, text_bytes, "%s:%d", host, ntohs(copy.v4.sin_port));
    } else if (address->sa_family == AF_INET6) {
        memcpy(&copy.v6, address, sizeof(copy.v6));
        inet_ntop(AF_INET6, &copy.v6.sin6_addr, host, sizeof(host));
        snprintf(text, text_bytes, "[%s]:%d", host, ntohs(copy.v6.sin6_port));
    }
}

static bool address_is_wildcard(const struct sockaddr *address) {
    union any_address copy = {0};
    if (address->sa_family == AF_INET) {
        memcpy(&copy.v4, address, sizeof(copy.v4));
        return copy.v4.sin_addr.s_addr == htonl(INADDR_ANY);
    }
    memcpy(&copy.v6, address, sizeof(copy.v6));
    return IN6_IS_ADDR_UNSPECIFIED(&copy.v6.sin6_addr);
}

static bool address_is_loopback(const struct sockaddr *address) {
    union any_address copy = {0};
    if (address->sa_family == AF_INET) {
        memcpy(&copy.v4, address, sizeof(copy.v4));
        return ntohl(copy.v4.sin_addr.s_addr) >> 24 == 127;
    }
    if (address->sa_family != AF_INET6) return address->sa_family == AF_UNIX;
    memcpy(&copy.v6, address, sizeof(copy.v6));
    return IN6_IS_ADDR_LOOPBACK(&copy.v6.sin6_addr);
}

static enum brine_status tcp_failed(const struct listener *listener, int error,
                                    struct brine_error *err) {
    switch (error) {
    case EADDRINUSE:
        return brine_fail(err, BRINE_IO, 0,
                          "cannot listen on %s: the address is in use; stop the server that has "
                          "it or choose another port with --server.port",
                          listener->text);
    case EADDRNOTAVAIL:
        return brine_fail(err, BRINE_NOT_FOUND, 0,
                          "cannot listen on %s: this host has no such address; correct "
                          "server.bind, or put '-' before it to go on without",
                          listener->text);
    case EACCES:
        return brine_fail(err, BRINE_IO, 0,
                          "cannot listen on %s: ports below 1024 need a privilege; choose another "
                          "with --server.port",
                          listener->text);
    case EAFNOSUPPORT:
        return brine_fail(err, BRINE_NOT_FOUND, 0,
                          "cannot listen on %s: this host has no such kind of address; correct "
                          "server.bind, or put '-' before it to go on without",
                          listener->text);
    default:
        return brine_fail(err, BRINE_IO, 0, "cannot listen on %s: %s", listener->text,
                          strerror(error));
    }
}

enum brine_status listener_open_tcp(struct listener *listener, const struct sockaddr *address,
                                    socklen_t address_bytes, int backlog, struct brine_error *err) {
    *listener = (struct listener){.fd = -1, .is_wildcard = address_is_wildcard(address)};
    listener_format_address(address, listener->text, sizeof(listener->text));
    int on = 1;
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    /* Each address family has its own socket, so that "*" and "::*" can stand side by side. */
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
        (address->sa_family == AF_INET6 &&
         setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on))) ||
        bind(fd, address, address_bytes) || listen(fd, backlog)) {
        int error = errno;
        if (fd >= 0) close(fd);
        return tcp_failed(listener, error, err);
    }
    listener->fd = fd;
    return BRINE_OK;
}

/* A socket file whose server is gone refuses connections. */
static bool somebody_listens(const struct sockaddr_un *address) {
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return true; /* not known: then it is not to be taken away */
    int code = connect(fd, (const struct sockaddr *)address, sizeof(*address));
    bool refused = code && errno == ECONNREFUSED;
    close(fd);
    return !refused;
}

static enum brine_status make_way(const struct sockaddr_un *address, struct brine_error *err) {
    struct stat status;
    const char *path = address->sun_path;
    if (lstat(path, &status)) return BRINE_OK; /* bind says what is wrong with the folder */
    if (!S_ISSOCK(status.st_mode))
        return brine_fail(err, BRINE_IO, 0,
                          "%s exists and is no socket: remove it or change server.unix_socket",
                          path);
    if (somebody_listens(address))
        return brine_fail(err, BRINE_IO, 0,
                          "%s is in use: stop the server that has it or change server.unix_socket",
                          path);
    if (unlink(path) && errno != ENOENT)
        return brine_fail(err, BRINE_IO, 0, "%s: cannot remove the old socket: %s", path,
                          strerror(errno));
    return BRINE_OK;
}

enum brine_status listener_open_unix(struct listener *listener, const char *path, unsigned mode,
                                     int backlog, struct brine_error *err) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    *listener = (struct listener){.fd = -1, .is_unix = true};
    size_t len = strlen(path);
    if (len >= sizeof(address.sun_path))
        return brine_fail(err, BRINE_INVALID, 0, "server.unix_socket is longer than %zu bytes",
                          sizeof(address.sun_path) - 1);
    memcpy(address.sun_path, path, len + 1);
    memcpy(listener->path, path, len + 1);
    snprintf(listener->text, sizeof(listener->text), "%s:0", path);
    TRY(make_way(&address, err));

    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    /* The file is never more open than it shall be, not even between bind and chmod. */
    mode_t before = umask(0777 & ~(mode_t)mode);
    int failed = fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address));
    int error = errno;
    umask(before);
    struct stat status;
    if (!failed) {
        failed = chmod(path, (mode_t)mode) || lstat(path, &status) || listen(fd, backlog);
        error = errno;
    }
    if (failed) {
        if (fd >= 0) close(fd);
        return brine_fail(err, BRINE_IO, 0, "cannot listen on %s: %s", path, strerror(error));
    }
    listener->fd = fd;
    listener->path_device = status.st_dev;
    listener->path_inode = status.st_ino;
    return BRINE_OK;
}

enum brine_status listeners_open_name(struct listener *listeners, size_t listeners_max,
                                      size_t *count, const char *name, int port, int backlog,
                                      struct brine_error *err) {
    bool may_lack = name[0] == '-';
    const char *host = name + may_lack;
    struct addrinfo hints = {.ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    if (strcmp(host, "*") == 0) host = "0.0.0.0";
    if (strcmp(host, "::*") == 0) host = "::";
    char service[16];
    snprintf(service, sizeof(service), "%d", port);
    struct addrinfo *found = NULL;
    int code = getaddrinfo(host, service, &hints, &found);
    if (code)
        return may_lack ? BRINE_OK
                        : brine_fail(err, BRINE_INVALID, 0, "server.bind: '%s' is no address: %s",
                                     host, gai_strerror(code));
    enum brine_status status = BRINE_OK;
    for (struct addrinfo *each = found; each && status == BRINE_OK; each = each->ai_next) {
        if (*count == listeners_max) {
            status = brine_fail(err, BRINE_TOO_BIG, 0, "server.bind names more than %zu addresses",
                                listeners_max);
            break;
        }
        status =
            listener_open_tcp(&listeners[*count], each->ai_addr, each->ai_addrlen, backlog, err);
        if (status == BRINE_OK)
            ++*count;
        else if (status == BRINE_NOT_FOUND && may_lack)
            status = BRINE_OK;
    }
    freeaddrinfo(found);
    return status;
}

enum brine_status listener_start(struct listener *listener, struct net *net, uv_loop_t *loop,
                                 struct brine_error *err) {
    listener->net = net;
    uv_timer_init(loop, &listener->rest);
    int code = uv_poll_init(loop, &listener->poll, listener->fd);
    if (code) {
        uv_close((uv_handle_t *)&listener->rest, NULL);
        listener->net = NULL;
        return brine_fail(err, BRINE_IO, 0, "cannot wait for connections on %s: %s", listener->text,
                          uv_strerror(code));
    }
    listener->poll.data = listener->rest.data = listener;
    uv_poll_start(&listener->poll, UV_READABLE, on_readable);
    return BRINE_OK;
}

/* Only a file that is still ours: another server may have put its own there. */
static void remove_path(const struct listener *listener) {
    struct stat status;
    if (!listener->is_unix || lstat(listener->path, &status)) return;
    if (status.st_dev == listener->path_device && status.st_ino == listener->path_inode)
        unlink(listener->path);
}

void listener_close(struct listener *listener) {
    if (listener->fd < 0) return;
    if (listener->net) {
        uv_close((uv_handle_t *)&listener->poll, NULL);
        uv_close((uv_handle_t *)&listener->rest, NULL);
    }
    close(listener->fd);
    listener->fd = -1;
    remove_path(listener);
}

/* ---- accepting ------------------------------------------------------------------------------- */

/* What is refused is told why, if the socket takes it at once, and not waited for. */
static void refuse(struct listener *listener, int fd, const char *text, size_t bytes) {
    ssize_t sent UNUSED = listener->is_tls ? 0 : send(fd, text, bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
    close(fd);
    metrics_add(&listener->net->metrics, METRIC_rejected_connections, 1);
}

static bool is_protected(const struct listener *listener, const struct sockaddr *peer) {
    struct config *config = listener->net->options.config;
    return !address_is_loopback(peer) && config_read(config->server.protected_mode) &&
           auth_is_open(&listener->net->shared.auth);
}

static void write_addresses(const struct listener *listener, struct accepted *accepted,
                            const union any_address *peer) {
    if (listener->is_unix) return;
    listener_format_address(&peer->any, accepted->peer, sizeof(accepted->peer));
    union any_address local;
    socklen_t local_bytes = sizeof(local);
    if (listener->is_wildcard && getsockname(accepted->fd, &local.any, &local_bytes) == 0)
        listener_format_address(&local.any, accepted->local, sizeof(accepted->local));
}

static void hand_over(struct listener *listener, int fd, const union any_address *peer) {
    struct net *net = listener->net;
    struct accepted *accepted = mem_alloc(net->options.mem, sizeof(*accepted));
    if (!accepted) {
        close(fd);
        return;
    }
    *accepted = (struct accepted){.fd = fd,
                                  .is_unix = listener->is_unix,
                                  .is_tls = listener->is_tls,
                                  .id = ++net->next_client_id,
                                  .listener_text = listener->text};
    write_addresses(listener, accepted, peer);
    atomic_fetch_add_explicit(&net->clients_count, 1, memory_order_relaxed);
    metrics_add(&net->metrics, METRIC_connections_received_total, 1);
    struct worker *worker = &net->workers[net->next_worker++ % net->workers_count];
    worker_accept(worker, accepted);
}

static void rest(struct listener *listener, int error) {
    struct net *net = listener->net;
    uint64_t suppressed = 0;
    metrics_add(&net->metrics, METRIC_accept_pauses, 1);
    if (log_limiter_allows(&net->accept_limiter, clock_mono_ms(), 60000, &suppressed))
        log_write(net->options.log, LOG_WARNING,
                  "Accepting client connection on %s: %s; accepting rests and tries again",
                  listener->text, strerror(error));
    uv_poll_stop(&listener->poll);
    uv_timer_start(&listener->rest, on_rested, LISTENER_REST_MS, 0);
}

static void on_rested(uv_timer_t *timer) {
    struct listener *listener = timer->data;
    uv_poll_start(&listener->poll, UV_READABLE, on_readable);
}

static bool ran_out(int error) {
    return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS;
}

static void on_readable(uv_poll_t *poll, int status UNUSED, int events UNUSED) {
    struct listener *listener = poll->data;
    struct net *net = listener->net;
    size_t max_clients = (size_t)config_read(net->options.config->server.max_clients);
    for (int i = 0; i < LISTENER_ACCEPTS; i++) {
        union any_address peer = {.any = {.sa_family = AF_UNIX}};
        socklen_t peer_bytes = sizeof(peer);
        int fd = accept4(listener->fd, &peer.any, &peer_bytes, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            int error = errno;
            if (ran_out(error)) rest(listener, error);
            /* Anything else concerns one connection, or says that there is none left; the loop
             * calls again while there are more. */
            if (error == ECONNABORTED || error == EINTR) continue;
            return;
        }
        if (atomic_load_explicit(&net->clients_count, memory_order_relaxed) >= max_clients)
            refuse(listener, fd, full_text, sizeof(full_text) - 1);
        else if (is_protected(listener, &peer.any))
            refuse(listener, fd, protected_text, sizeof(protected_text) - 1);
        else
            hand_over(listener, fd, &peer);
    }
}
