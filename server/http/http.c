/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "http/http.h"

#include "base/assert.h"
#include "http/exchange.h"
#include "observe/clock.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>

enum { HTTP_BACKLOG = 128 };

/* ---- opening ----------------------------------------------------------------------------------*/

enum brine_status http_check_config(const struct config *config, struct brine_error *err) {
    struct http_guard guard;
    return config->http.listen.len == 0 ? BRINE_OK : http_guard_init(&guard, config, err);
}

static void note_address(struct http *http) {
    union http_address address = {0};
    int size = sizeof address;
    char host[INET6_ADDRSTRLEN] = "?";
    uv_tcp_getsockname(&http->listener, &address.any, &size);
    if (address.any.sa_family == AF_INET6) {
        inet_ntop(AF_INET6, &address.v6.sin6_addr, host, sizeof host);
        snprintf(http->address_text, sizeof http->address_text, "[%s]:%d", host,
                 ntohs(address.v6.sin6_port));
    } else {
        inet_ntop(AF_INET, &address.v4.sin_addr, host, sizeof host);
        snprintf(http->address_text, sizeof http->address_text, "%s:%d", host,
                 ntohs(address.v4.sin_port));
    }
}

static void on_connection(uv_stream_t *listener, int status) {
    if (status == 0) http_exchange_accept(listener->data);
}

static enum brine_status listen_at(struct http *http, struct brine_error *err) {
    union http_address address;
    struct bytes text = http->options.sources.config->http.listen;
    TRY(http_parse_address(text, &address, err));
    int code = uv_tcp_bind(&http->listener, &address.any, 0);
    if (!code) code = uv_listen((uv_stream_t *)&http->listener, HTTP_BACKLOG, on_connection);
    if (code)
        return brine_fail(err, BRINE_IO, 0,
                          "cannot listen on %.*s for HTTP: %s; choose another with --http.listen",
                          (int)MIN(text.len, (size_t)64), (const char *)text.data,
                          uv_strerror(code));
    note_address(http);
    return BRINE_OK;
}

static void sample(struct http *http) {
    http_history_sample(&http->history, &http->options.sources, clock_wall_ms(), clock_mono_ms());
}

static void on_sampling(uv_timer_t *timer) {
    struct http *http = timer->data;
    sample(http);
    if (http->unaccepted) http_exchange_accept(http);
}

static void close_handles(struct http *http) {
    http_exchange_close_all(http);
    uv_close((uv_handle_t *)&http->listener, NULL);
    uv_close((uv_handle_t *)&http->stop, NULL);
    uv_close((uv_handle_t *)&http->tick, NULL);
    uv_close((uv_handle_t *)&http->sampling, NULL);
}

static void on_stop(uv_async_t *stop) {
    close_handles(stop->data);
}

static enum brine_status open_loop(struct http *http, struct brine_error *err) {
    int code = uv_loop_init(&http->loop);
    if (code)
        return brine_fail(err, BRINE_IO, 0, "cannot start the loop for HTTP: %s",
                          uv_strerror(code));
    code = uv_async_init(&http->loop, &http->stop, on_stop);
    if (code) {
        uv_loop_close(&http->loop);
        return brine_fail(err, BRINE_IO, 0, "cannot start the loop for HTTP: %s",
                          uv_strerror(code));
    }
    code = uv_tcp_init(&http->loop, &http->listener) | uv_timer_init(&http->loop, &http->tick) |
           uv_timer_init(&http->loop, &http->sampling);
    BRINE_ASSERT(code == 0, "handles without a descriptor can always be made");
    http->listener.data = http->stop.data = http->tick.data = http->sampling.data = http;
    return BRINE_OK;
}

static void close_loop(struct http *http) {
    uv_run(&http->loop, UV_RUN_DEFAULT);
    int code = uv_loop_close(&http->loop);
    BRINE_ASSERT(code == 0, "the loop for HTTP has no handles left");
}

static void free_http(struct http *http) {
    mem_free(http->options.mem, http, sizeof *http);
}

enum brine_status http_open(struct http **opened, const struct http_options *options,
                            struct brine_error *err) {
    const struct http_sources *sources = &options->sources;
    *opened = NULL;
    if (sources->config->http.listen.len == 0) return BRINE_OK;
    struct http *http = mem_alloc_zeroed(options->mem, sizeof *http);
    if (!http) return brine_fail(err, BRINE_NO_MEMORY, 0, "out of memory for HTTP");
    http->options = *options;
    http->exchanges_max = (size_t)config_read(sources->config->http.max_connections);
    enum brine_status status = http_guard_init(&http->guard, sources->config, err);
    if (status == BRINE_OK && http_history_init(&http->history, options->mem) != BRINE_OK)
        status = brine_fail(err, BRINE_NO_MEMORY, 0, "out of memory for HTTP");
    if (status == BRINE_OK) status = open_loop(http, err);
    if (status != BRINE_OK) {
        http_history_deinit(&http->history);
        free_http(http);
        return status;
    }
    http_desk_init(&http->desk, &(struct worker_options){
                                    .mem = options->mem,
                                    .config = sources->config,
                                    .keyspace = sources->keyspace,
                                    .shared = sources->shared,
                                    .services = sources->services,
                                    .log = sources->log,
                                    .index = WORKER_NONE,
                                });
    status = listen_at(http, err);
    if (status == BRINE_OK)
        *opened = http;
    else
        http_close(http);
    return status;
}

const char *http_address_text(const struct http *http) {
    return http->address_text;
}

/* ---- running ----------------------------------------------------------------------------------*/

static void run(void *arg) {
    struct http *http = arg;
    brine_assert_doing("answering HTTP");
    uv_run(&http->loop, UV_RUN_DEFAULT);
}

enum brine_status http_start(struct http *http, struct brine_error *err) {
    if (!http) return BRINE_OK;
    sample(http);
    uv_timer_start(&http->sampling, on_sampling, HTTP_SAMPLE_MS, HTTP_SAMPLE_MS);
    /* Signals are the main thread's: a new thread inherits what is blocked now. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int code = uv_thread_create(&http->thread, run, http);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (code)
        return brine_fail(err, BRINE_IO, 0, "cannot start the thread for HTTP: %s",
                          uv_strerror(code));
    http->running = true;
    log_write(http->options.sources.log, LOG_NOTICE, "HTTP on %s%s", http->address_text,
              http->guard.has_password ? ", with a password" : "");
    return BRINE_OK;
}

void http_stop(struct http *http) {
    if (!http || !http->running) return;
    uv_async_send(&http->stop);
    uv_thread_join(&http->thread);
    http->running = false;
}

void http_close(struct http *http) {
    if (!http) return;
    BRINE_ASSERT(!http->running, "HTTP is stopped before it is closed");
    if (!uv_is_closing((uv_handle_t *)&http->stop)) close_handles(http);
    close_loop(http);
    http_desk_deinit(&http->desk);
    http_history_deinit(&http->history);
    free_http(http);
}
