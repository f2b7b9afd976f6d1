/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "net/net.h"

#include "base/assert.h"
#include "base/hash.h"
#include "cmd/permission.h"
#include "cmd/slow.h"
#include "keyspace/room.h"
#include "net/clients.h"
#include "net/messages.h"
#include "net/notify.h"
#include "observe/audit.h"
#include "observe/clock.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    /* Descriptors that are no clients: listeners, logs, three a loop and what is to come. */
    DESCRIPTORS_RESERVED = 64,
    DESCRIPTORS_PER_WORKER = 4,
};

static void on_signal(uv_signal_t *handle, int number);
static void begin_stop(struct net *net);

/* ---- opening --------------------------------------------------------------------------------- */

size_t net_choose_workers(const struct config *config) {
    int64_t wanted = config_read(config->server.threads);
    if (wanted == 0) wanted = (int64_t)uv_available_parallelism();
    return (size_t)MIN(MAX(wanted, 1), NET_WORKERS_MAX);
}

/* The id tells restarts apart; nobody's safety hangs on it. */
static void make_run_id(struct net *net, uint64_t seed) {
    static const char hex[] = "0123456789abcdef";
    struct random random;
    random_init(&random, seed);
    for (size_t i = 0; i < NET_RUN_ID_BYTES; i++) net->run_id[i] = hex[random_below(&random, 16)];
}

static enum brine_status open_listeners(struct net *net, struct brine_error *err) {
    struct config *config = net->options.config;
    int port = (int)config_read(config->server.port);
    int backlog = (int)config_read(config->server.backlog);
    const struct config_list *bind = &config->server.bind;
    for (size_t i = 0; port > 0 && i < bind->count; i++)
        TRY(listeners_open_name(net->listeners, NET_LISTENERS_MAX, &net->listeners_count,
                                (const char *)bind->items[i].data, port, backlog, err));
    size_t plain_count = net->listeners_count;
    port = (int)config_read(config->tls.port);
    for (size_t i = 0; port > 0 && i < bind->count; i++)
        TRY(listeners_open_name(net->listeners, NET_LISTENERS_MAX, &net->listeners_count,
                                (const char *)bind->items[i].data, port, backlog, err));
    for (size_t i = plain_count; i < net->listeners_count; i++) net->listeners[i].is_tls = true;
    if (config->server.unix_socket.len > 0) {
        if (net->listeners_count == NET_LISTENERS_MAX)
            return brine_fail(err, BRINE_TOO_BIG, 0, "too many addresses to listen on");
        unsigned mode = (unsigned)config_read(config->server.unix_socket_mode);
        TRY(listener_open_unix(&net->listeners[net->listeners_count],
                               (const char *)config->server.unix_socket.data, mode, backlog, err));
        net->listeners_count++;
    }
    if (net->listeners_count > 0) return BRINE_OK;
    return brine_fail(err, BRINE_INVALID, 0,
                      "nothing to listen on: set server.port or tls.port with server.bind, or "
                      "server.unix_socket");
}

/* Asks for as many descriptors as max_clients needs, where the host allows that many; returns how
 * many clients there is room for. */
static size_t raise_descriptor_limit(const struct net *net, size_t clients) {
    rlim_t others = DESCRIPTORS_RESERVED + (rlim_t)net->workers_count * DESCRIPTORS_PER_WORKER;
    const struct config *config = net->options.config;
    struct rlimit limit;
    if (config->http.listen.len > 0) others += (rlim_t)config_read(config->http.max_connections);
    if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= clients + others) return clients;
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = MIN(clients + others, limit.rlim_max);
    if (setrlimit(RLIMIT_NOFILE, &limit)) limit.rlim_cur = before;
    if (limit.rlim_cur >= clients + others) return clients;
    return limit.rlim_cur > others ? (size_t)(limit.rlim_cur - others) : 0;
}

static void check_descriptor_limit(struct net *net) {
    size_t clients = (size_t)config_read(net->options.config->server.max_clients);
    size_t room = raise_descriptor_limit(net, clients);
    if (room < clients)
        log_write(net->options.log, LOG_WARNING,
                  "server.max_clients is %zu, but this host allows descriptors for %zu: raise "
                  "'ulimit -n', or connections above that will have to wait",
                  clients, room);
}

/* CONFIG SET maxclients.  Source: Redis config.c updateMaxclients. */
static enum brine_status apply_max_clients(void *context, struct config *config,
                                           enum config_option option UNUSED,
                                           struct brine_error *err) {
    size_t clients = (size_t)config_read(config->server.max_clients);
    size_t room = raise_descriptor_limit(context, clients);
    if (room >= clients) return BRINE_OK;
    return brine_fail(err, BRINE_INVALID, 0,
                      "The operating system is not able to handle the specified number of clients, "
                      "try with %zu",
                      room);
}

static void tell_facts(void *server, struct server_facts *facts) {
    struct net *net = server;
    facts->version = net->options.version;
    facts->run_id = net->run_id;
    facts->executable = net->options.executable;
    facts->started_at_ms = net->started_at_ms;
    facts->process_id = (int64_t)getpid();
    facts->tcp_port = config_read(net->options.config->server.port);
    if (facts->tcp_port == 0) facts->tcp_port = config_read(net->options.config->tls.port);
    facts->stopping = net->stopping;
    facts->workers = net->workers_count;
    facts->clients_buffer_bytes = budget_held(&net->budget);
    facts->first_worker_system_us = atomic_load(&net->first_system_us);
    facts->first_worker_user_us = atomic_load(&net->first_user_us);
    for (size_t i = 0; i < 2 * net->workers_count; i++) {
        const struct recent_buffers *recent = &net->workers[i / 2].recent[i % 2];
        facts->recent_query_bytes = MAX(facts->recent_query_bytes, recent->query_bytes);
        facts->recent_output_bytes = MAX(facts->recent_output_bytes, recent->output_bytes);
    }
    facts->ops_per_second = rates_read(&net->rates, RATE_commands);
    facts->input_bytes_per_second = rates_read(&net->rates, RATE_input_bytes);
    facts->output_bytes_per_second = rates_read(&net->rates, RATE_output_bytes);
    if (!net->options.memory) return;
    facts->memory_used_bytes =
        mem_account_used(net->options.memory) + store_paged_bytes(net->options.keyspace->store);
    facts->memory_peak_bytes = mem_account_peak(net->options.memory);
}

/* Whole: a signal that another thread answers does not cut it short. */
static void sleep_us(int64_t us) {
    struct timespec left = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
    while (nanosleep(&left, &left) && errno == EINTR) {}
}

static void stop_server(void *server) {
    net_stop(server);
}

/* CONFIG SET tls-*.  Source of the words: Redis config.c applyTlsCfg. */
static enum brine_status apply_tls(void *context, struct config *config,
                                   enum config_option option UNUSED, struct brine_error *err) {
    struct net *net = context;
    struct brine_error why;
    if (tls_server_reload(&net->tls, config, &why) == BRINE_OK) return BRINE_OK;
    log_write(net->options.log, LOG_WARNING, "TLS: certificates stay as they were: %s", why.text);
    return err ? brine_fail(err, BRINE_INVALID, 0,
                            "Unable to update TLS configuration. Check server logs.")
               : BRINE_OK;
}

static void heed_tls_options(struct net *net) {
    static const enum config_option options[] = {CONFIG_OPTION_tls_cert_file,
                                                 CONFIG_OPTION_tls_key_file,
                                                 CONFIG_OPTION_tls_key_file_pass,
                                                 CONFIG_OPTION_tls_ca_cert_file,
                                                 CONFIG_OPTION_tls_ca_cert_dir,
                                                 CONFIG_OPTION_tls_auth_clients,
                                                 CONFIG_OPTION_tls_protocols,
                                                 CONFIG_OPTION_tls_ciphers,
                                                 CONFIG_OPTION_tls_ciphersuites,
                                                 CONFIG_OPTION_tls_prefer_server_ciphers,
                                                 CONFIG_OPTION_tls_session_caching,
                                                 CONFIG_OPTION_tls_session_cache_size,
                                                 CONFIG_OPTION_tls_session_cache_timeout};
    for (size_t i = 0; i < ARRAY_LEN(options); i++)
        config_on_change(net->options.config, options[i], apply_tls, net);
}

static enum brine_status open_workers(struct net *net, struct brine_error *err) {
    size_t wanted = net_choose_workers(net->options.config);
    net->workers = mem_alloc(net->options.mem, wanted * sizeof(struct worker));
    if (!net->workers) return brine_fail(err, BRINE_NO_MEMORY, 0, "out of memory for workers");
    net->workers_allocated = wanted;
    for (; net->workers_count < wanted; net->workers_count++)
        TRY(worker_open(&net->workers[net->workers_count], net, net->workers_count, err));
    return BRINE_OK;
}

/* From the first listener to the last connection a request to stop finds its handler or waits for
 * it: with the default action it would kill the process over clients that are being answered. */
static void hold_signals(int how) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(how, &set, NULL);
}

enum brine_status net_check_config(struct config *config, struct brine_error *err) {
    TRY(permission_check_config(config, err));
    return tls_check_config(config, err);
}

enum brine_status net_open(struct net *net, const struct net_options *options,
                           struct brine_error *err) {
    *net = (struct net){.options = *options, .started_at_ms = clock_wall_ms()};
    hold_signals(SIG_BLOCK);
    make_run_id(net, options->random_seed);
    net->services = (struct services){.server = net,
                                      .facts = tell_facts,
                                      .sleep_us = sleep_us,
                                      .wall_us = clock_wall_us,
                                      .clients_query = clients_query,
                                      .post = messages_post,
                                      .push = messages_push,
                                      .users_changed = clients_recheck,
                                      .stop = stop_server,
                                      .snapshots = options->snapshots,
                                      .may_defer = true};
    int code = uv_loop_init(&net->loop);
    if (code)
        return brine_fail(err, BRINE_IO, 0, "cannot start the main loop: %s", uv_strerror(code));
    net->loop_is_open = true;
    struct random random;
    random_init(&random, options->random_seed);
    struct command_shared_options shared = {.mem = options->mem,
                                            .workers = net_choose_workers(options->config),
                                            .secret = {random_u64(&random), random_u64(&random)}};
    if (command_shared_init(&net->shared, &shared) != BRINE_OK)
        return brine_fail(err, BRINE_NO_MEMORY, 0, "out of memory for users");
    net->shared_is_open = true;
    TRY(permission_configure(&net->shared, options->config, err));
    if (options->keyspace) room_watch_clients(options->keyspace, &net->budget.held_bytes);
    TRY(tls_server_init(&net->tls, err));
    net->tls_is_open = true;
    TRY(tls_server_reload(&net->tls, options->config, err));
    size_t commands = command_table_count();
    if (metrics_set_init(&net->metrics_set, options->mem,
                         NET_WORKERS_MAX + BACKGROUND_THREADS_MAX + 1, commands) ||
        metrics_init(&net->metrics, options->mem, commands))
        return brine_fail(err, BRINE_NO_MEMORY, 0, "out of memory for metrics");
    metrics_set_add(&net->metrics_set, &net->metrics);
    TRY(latency_check_percentiles(NULL, options->config, CONFIG_OPTION_latency_percentiles, err));
    TRY(inbox_open(&net->inbox, &net->loop, net, err));
    net->inbox_is_open = true;
    TRY(open_listeners(net, err));
    TRY(background_open(&net->background, net, err));
    return open_workers(net, err);
}

/* ---- running --------------------------------------------------------------------------------- */

static void notify(struct net *net, const char *state) {
    const char *socket_name = getenv("NOTIFY_SOCKET");
    if (!socket_name || !socket_name[0] || notify_send(socket_name, state)) return;
    log_write(net->options.log, LOG_WARNING, "NOTIFY_SOCKET=%s cannot be told %s", socket_name,
              state);
}

/* Once: by net_run when there is nothing to load, or by who loaded, whichever comes first. */
static void tell_ready(struct net *net) {
    if (!net->told_ready) notify(net, "READY=1");
    net->told_ready = true;
}

static void ready_here(struct message *message UNUSED, void *owner) {
    tell_ready(owner);
}

void net_loaded(struct net *net) {
    net->loaded_message.run = ready_here;
    inbox_push(&net->inbox, &net->loaded_message);
}

static void start_signals(struct net *net) {
    signal(SIGPIPE, SIG_IGN);
    const struct {
        uv_signal_t *handle;
        int number;
    } rows[] = {{&net->on_term, SIGTERM}, {&net->on_int, SIGINT}, {&net->on_hup, SIGHUP}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uv_signal_init(&net->loop, rows[i].handle);
        rows[i].handle->data = net;
        uv_signal_start(rows[i].handle, on_signal, rows[i].number);
    }
    net->signals_are_open = true;
}

/* SIGHUP: what was moved away or edited.  A broken policy changes nothing; the gate says so. */
static void begin_anew(struct net *net) {
    struct log *log = net->options.log;
    struct brine_error err;
    if (log_reopen(log, &err) == BRINE_OK)
        log_write(log, LOG_NOTICE, "Log reopened after SIGHUP");
    else
        log_write(log, LOG_WARNING, "SIGHUP: %s", err.text);
    audit_reopen(net->options.audit);
    (void)!gate_reload(net->options.keyspace->gate, &err);
    if (config_read(net->options.config->tls.port) == 0) return;
    if (tls_server_reload(&net->tls, net->options.config, &err) == BRINE_OK)
        log_write(log, LOG_NOTICE, "TLS: certificates were read again");
    else
        log_write(log, LOG_WARNING, "TLS: certificates stay as they were: %s", err.text);
}

static void on_signal(uv_signal_t *handle, int number) {
    struct net *net = handle->data;
    struct log *log = net->options.log;
    if (number == SIGHUP) {
        begin_anew(net);
        return;
    }
    if (net->stopping && number == SIGTERM) return;
    if (net->stopping) {
        log_write(log, LOG_WARNING,
                  "SIGINT while stopping: giving up on clients that were not answered");
        net->given_up = true;
        uv_stop(&net->loop);
        return;
    }
    log_write(log, LOG_NOTICE, "Received %s: stopping in order",
              number == SIGTERM ? "SIGTERM" : "SIGINT");
    begin_stop(net);
}

static enum brine_status start_all(struct net *net, struct brine_error *err) {
    TRY(background_start(&net->background, err));
    for (size_t i = 0; i < net->workers_count; i++) TRY(worker_start(&net->workers[i], err));
    for (size_t i = 0; i < net->listeners_count; i++)
        TRY(listener_start(&net->listeners[i], net, &net->loop, err));
    return BRINE_OK;
}

static void stop_workers(struct net *net) {
    for (size_t i = 0; i < net->workers_count; i++) worker_stop(&net->workers[i]);
    background_stop(&net->background);
}

enum net_end net_run(struct net *net, struct brine_error *err) {
    check_descriptor_limit(net);
    config_on_change(net->options.config, CONFIG_OPTION_server_max_clients, apply_max_clients, net);
    config_on_change(net->options.config, CONFIG_OPTION_latency_percentiles,
                     latency_check_percentiles, NULL);
    heed_tls_options(net);
    start_signals(net);
    if (start_all(net, err) != BRINE_OK) {
        stop_workers(net);
        return NET_NOT_STARTED;
    }
    hold_signals(SIG_UNBLOCK); /* in this thread alone: workers began with them blocked */
    for (size_t i = 0; i < net->listeners_count; i++)
        log_write(net->options.log, LOG_NOTICE, "Ready to accept connections on %s%s",
                  net->listeners[i].text, net->listeners[i].is_tls ? " (TLS)" : "");
    if (!net->options.snapshots || !snapshots_loading(net->options.snapshots)) tell_ready(net);
    uv_run(&net->loop, UV_RUN_DEFAULT);
    if (net->given_up) return NET_GIVEN_UP;
    stop_workers(net);
    return NET_STOPPED;
}

/* ---- the end --------------------------------------------------------------------------------- */

static void close_listeners(struct net *net) {
    for (size_t i = 0; i < net->listeners_count; i++) listener_close(&net->listeners[i]);
}

static void close_own_handles(struct net *net) {
    if (net->inbox_is_open) inbox_close(&net->inbox);
    net->inbox_is_open = false;
    if (net->signals_are_open) {
        hold_signals(SIG_BLOCK); /* closing a handle brings the default action back */
        uv_close((uv_handle_t *)&net->on_term, NULL);
        uv_close((uv_handle_t *)&net->on_int, NULL);
        uv_close((uv_handle_t *)&net->on_hup, NULL);
    }
    net->signals_are_open = false;
}

static void begin_stop(struct net *net) {
    if (net->stopping) return;
    net->stopping = true;
    notify(net, "STOPPING=1");
    close_listeners(net);
    for (size_t i = 0; i < net->workers_count; i++) worker_drain(&net->workers[i]);
}

static void stop_here(struct message *message UNUSED, void *owner) {
    begin_stop(owner);
}

void net_stop(struct net *net) {
    if (atomic_exchange(&net->stop_asked, true)) return;
    net->stop_message.run = stop_here;
    inbox_push(&net->inbox, &net->stop_message);
}

static void count_drained(struct message *message UNUSED, void *owner) {
    struct net *net = owner;
    if (++net->workers_drained == net->workers_count) uv_stop(&net->loop);
}

void net_worker_drained(struct net *net, struct worker *worker) {
    worker->drained_message.run = count_drained;
    inbox_push(&net->inbox, &worker->drained_message);
}

void net_close(struct net *net) {
    close_listeners(net);
    for (size_t i = 0; i < net->workers_count; i++) worker_close(&net->workers[i]);
    mem_free(net->options.mem, net->workers, net->workers_allocated * sizeof(struct worker));
    background_close(&net->background);
    metrics_deinit(&net->metrics);
    metrics_set_deinit(&net->metrics_set);
    if (net->shared_is_open) command_shared_deinit(&net->shared);
    if (net->tls_is_open) tls_server_deinit(&net->tls);
    bool inbox_was_open = net->inbox_is_open;
    close_own_handles(net);
    if (!net->loop_is_open) return;
    uv_run(&net->loop, UV_RUN_DEFAULT);
    int code = uv_loop_close(&net->loop);
    BRINE_ASSERT(code == 0, "the main loop has no handles left");
    if (inbox_was_open) inbox_deinit(&net->inbox);
}
