/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* load: one thread that keeps a Redis-speaking server busy, and one line of JSON about it.
 *
 *     load --port 6379 --set 10 --pipeline 16 --keys 1000000 --value-file v64.pickle --seconds 2
 *
 * A closed loop: each connection sends a batch of --pipeline commands, waits for all its replies,
 * and sends the next.  The batch lies ready in memory; only the digits of its keys change, and its
 * order of SET and GET when they are mixed.  Latency is that of a batch, from send to last reply.
 *
 *   --fill        SET each of the keys once, in order, and stop; --first N begins with that one
 *   --check       compare what GET returns with the value, byte for byte
 *   --churn N     after N batches leave the connection and open another: in turn politely, with
 *                 replies unread, and in the middle of a command
 *
 * The tool must not be the limit: it costs about 0.2 us a command at --pipeline 16.
 * README.md beside it says what the figures do not show. */
#include "base/bytes.h"
#include "base/mem.h"
#include "base/random.h"
#include "observe/histogram.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum {
    KEY_DIGITS = 12,
    KEY_BYTES_MIN = KEY_DIGITS,
    KEY_BYTES_MAX = 256,
    LINE_BYTES_MAX = 512,
    READ_BYTES = 256 * 1024,
    EVENTS_PER_TURN = 256,
    HEAD_BYTES_MAX = 512, /* of a command, up to its value */
    DRAIN_NS = 2000000000,
    LATE_NS = 1000000,
    /* From this length on a value is sent from where it lies, once for all connections: with a copy
     * in each batch what is sent comes from memory, and the generator was the limit at 1 MB. */
    SHARED_BYTES_MIN = 16 * 1024,
    PARTS_MAX = 64,
};

struct options {
    const char *host, *value_file;
    uint64_t port, connections, pipeline, set_percent, keys, first, key_bytes, ttl_s, seed, churn;
    double seconds;
    bool fill, check;
};

/* A command with blanks where the digits of its key go.  A value that is shared is not among its
 * bytes, but goes between those before value_at and those behind. */
struct template {
    uint8_t *bytes;
    size_t len, key_at, value_at;
};

enum leave { LEAVE_POLITELY, LEAVE_REPLIES_UNREAD, LEAVE_WITHIN_COMMAND, LEAVE_WAYS };

struct connection {
    int fd;
    uint8_t *batch;
    size_t batch_len, sent;
    bool waits_for_room; /* EPOLLOUT is asked for */
    size_t replies_owed;
    uint64_t sent_at_ns, batches;
    size_t payload_left; /* of a bulk reply, with its CR LF */
    size_t line_len;
    char line[LINE_BYTES_MAX];
};

struct load {
    struct options options;
    struct bytes value;
    struct template set, get;
    struct random random;
    struct connection *connections;
    uint8_t *read_buffer;
    int epoll_fd;
    bool stopping, shares_value;
    uint64_t next_fill, issued, replies, batches, late_batches, misses, errors, mismatches,
        reconnects, owed;
    uint64_t last_reply_ns;
    char first_error[LINE_BYTES_MAX];
    struct histogram latency;
};

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static double cpu_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool complain(const char *what) {
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    return false;
}

/* ---- commands ---------------------------------------------------------------------------------*/

static void put_digits(uint8_t *at, uint64_t number) {
    for (size_t i = KEY_DIGITS; i-- > 0; number /= 10) at[i] = (uint8_t)('0' + number % 10);
}

static bool make_template(struct load *load, struct template *template, bool is_set) {
    const struct options *options = &load->options;
    char key[KEY_BYTES_MAX + 1], head[HEAD_BYTES_MAX + KEY_BYTES_MAX], tail[64] = "";
    size_t prefix = (size_t)options->key_bytes - KEY_DIGITS;
    memset(key, 'k', (size_t)options->key_bytes);
    if (prefix) key[prefix - 1] = ':';
    key[options->key_bytes] = '\0';
    int ttl_len = 0, head_len;
    char ttl[24];
    if (options->ttl_s) ttl_len = snprintf(ttl, sizeof(ttl), "%zu", (size_t)options->ttl_s);
    if (is_set)
        head_len = snprintf(head, sizeof(head), "*%d\r\n$3\r\nSET\r\n$%zu\r\n%s\r\n$%zu\r\n",
                            ttl_len ? 5 : 3, (size_t)options->key_bytes, key, load->value.len);
    else
        head_len = snprintf(head, sizeof(head), "*2\r\n$3\r\nGET\r\n$%zu\r\n%s\r\n",
                            (size_t)options->key_bytes, key);
    if (is_set)
        snprintf(tail, sizeof(tail), ttl_len ? "\r\n$2\r\nEX\r\n$%d\r\n%s\r\n" : "\r\n", ttl_len,
                 ttl);
    struct bytes value = is_set && !load->shares_value ? load->value : (struct bytes){0};
    struct bytes ends = bytes_of_cstr(tail);
    template->len = (size_t)head_len + value.len + ends.len;
    template->bytes = mem_alloc(mem_system(), template->len);
    if (!template->bytes) return complain("memory");
    bytes_copy_to(template->bytes, bytes_view(head, (size_t)head_len));
    bytes_copy_to(template->bytes + head_len, value);
    bytes_copy_to(template->bytes + head_len + value.len, ends);
    template->key_at = (size_t)(strstr(head, key) - head) + prefix;
    template->value_at = (size_t)head_len;
    return true;
}

static uint64_t next_key(struct load *load) {
    if (load->options.fill) return load->next_fill++;
    return random_below(&load->random, load->options.keys);
}

/* Cost: the digits alone when all commands are alike, else a copy of each. */
static size_t compose_batch(struct load *load, struct connection *c) {
    const struct options *options = &load->options;
    bool alike = options->set_percent == 0 || options->set_percent == 100;
    bool fresh = c->batch_len == 0 || !alike;
    size_t count = (size_t)options->pipeline, at = 0;
    if (options->fill) count = MIN(count, (size_t)(options->keys - load->next_fill));
    for (size_t i = 0; i < count; i++) {
        bool is_set = options->set_percent == 100 ||
                      (!alike && random_below(&load->random, 100) < options->set_percent);
        const struct template *template = is_set ? &load->set : &load->get;
        if (fresh) bytes_copy_to(c->batch + at, bytes_view(template->bytes, template->len));
        put_digits(c->batch + at + template->key_at, next_key(load));
        at += template->len;
    }
    c->batch_len = at + (load->shares_value ? count * load->value.len : 0);
    return count;
}

/* What of a batch with a shared value is not sent, as the pieces it consists of. */
static size_t gather(const struct load *load, const struct connection *c,
                     struct iovec parts[static PARTS_MAX]) {
    const struct template *template = &load->set;
    size_t at = 0, count = 0, batch_at = 0;
    while (at < c->batch_len && count + 3 <= PARTS_MAX) {
        const struct bytes pieces[] = {
            bytes_view(c->batch + batch_at, template->value_at),
            load->value,
            bytes_view(c->batch + batch_at + template->value_at,
                       template->len - template->value_at),
        };
        for (size_t i = 0; i < ARRAY_LEN(pieces); at += pieces[i++].len) {
            size_t skip = MIN(c->sent - MIN(c->sent, at), pieces[i].len);
            if (skip == pieces[i].len) continue;
            parts[count++] = (struct iovec){.iov_base = (void *)(uintptr_t)(pieces[i].data + skip),
                                            .iov_len = pieces[i].len - skip};
        }
        batch_at += template->len;
    }
    return count;
}

/* ---- connections ------------------------------------------------------------------------------*/

static bool open_connection(struct load *load, struct connection *c) {
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)load->options.port)};
    int on = 1;
    if (inet_pton(AF_INET, load->options.host, &address.sin_addr) != 1) return complain("address");
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0) return complain("socket");
    if (connect(c->fd, (struct sockaddr *)&address, sizeof(address)) != 0)
        return complain("connect");
    if (setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0)
        return complain("nodelay");
    /* Pacing (BBR, where the system has it) is for networks: it costs a timer for each part of a
     * long value, on the generator's core.  Not everywhere to be had, and not needed. */
    (void)setsockopt(c->fd, IPPROTO_TCP, TCP_CONGESTION, "reno", sizeof("reno") - 1);
    if (fcntl(c->fd, F_SETFL, O_NONBLOCK) != 0) return complain("fcntl");
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    if (epoll_ctl(load->epoll_fd, EPOLL_CTL_ADD, c->fd, &event) != 0) return complain("epoll");
    return true;
}

static bool wait_for_room(struct load *load, struct connection *c, bool wait) {
    if (c->waits_for_room == wait) return true;
    c->waits_for_room = wait;
    struct epoll_event event = {.events = wait ? EPOLLIN | EPOLLOUT : EPOLLIN, .data.ptr = c};
    return epoll_ctl(load->epoll_fd, EPOLL_CTL_MOD, c->fd, &event) == 0 || complain("epoll");
}

static ssize_t send_some(const struct load *load, const struct connection *c) {
    struct iovec parts[PARTS_MAX];
    if (!load->shares_value)
        return send(c->fd, c->batch + c->sent, c->batch_len - c->sent, MSG_NOSIGNAL);
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = gather(load, c, parts)};
    return sendmsg(c->fd, &message, MSG_NOSIGNAL);
}

static bool send_rest(struct load *load, struct connection *c) {
    while (c->sent < c->batch_len) {
        ssize_t wrote = send_some(load, c);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote < 0 && errno == EAGAIN) return wait_for_room(load, c, true);
        if (wrote < 0) return complain("send");
        c->sent += (size_t)wrote;
    }
    return wait_for_room(load, c, false);
}

static bool start_batch(struct load *load, struct connection *c) {
    bool filled = load->options.fill && load->next_fill >= load->options.keys;
    if (load->stopping || filled) return true;
    c->replies_owed = compose_batch(load, c);
    c->sent = 0;
    c->sent_at_ns = now_ns();
    load->issued += c->replies_owed;
    load->owed += c->replies_owed;
    return send_rest(load, c);
}

/* Closes and opens anew, each time in the next of the three ways. */
static bool churn(struct load *load, struct connection *c) {
    enum leave way = (enum leave)(load->reconnects++ % LEAVE_WAYS);
    if (way != LEAVE_POLITELY) {
        size_t count = compose_batch(load, c);
        size_t len = way == LEAVE_WITHIN_COMMAND ? c->batch_len - count : c->batch_len;
        /* What the server makes of it is its own matter; nothing is read. */
        (void)!send(c->fd, c->batch, len, MSG_NOSIGNAL);
    }
    close(c->fd);
    c->waits_for_room = false;
    c->payload_left = c->line_len = 0;
    return open_connection(load, c) && start_batch(load, c);
}

/* ---- replies ----------------------------------------------------------------------------------*/

static bool end_of_reply(struct load *load, struct connection *c) {
    load->replies++;
    load->owed--;
    if (--c->replies_owed) return true;
    load->last_reply_ns = now_ns();
    histogram_record(&load->latency, load->last_reply_ns - c->sent_at_ns);
    load->batches++;
    load->late_batches += load->last_reply_ns - c->sent_at_ns > LATE_NS;
    c->batches++;
    if (load->options.churn && !load->stopping && c->batches % load->options.churn == 0)
        return churn(load, c);
    return start_batch(load, c);
}

static void note_error(struct load *load, struct bytes text) {
    if (load->errors++) return;
    snprintf(load->first_error, sizeof(load->first_error), "%.*s", (int)text.len,
             (const char *)text.data);
    for (char *at = load->first_error; *at; at++)
        if (*at == '"' || *at == '\\' || (unsigned char)*at < ' ') *at = '\'';
}

/* A whole line without CR LF: true when the reply ends with it, else its payload comes. */
static bool line_ends_reply(struct load *load, struct connection *c, struct bytes line) {
    uint8_t kind = line.len ? line.data[0] : 0;
    if (kind == '+' || kind == ':') return true;
    if (kind == '_' || (kind == '$' && line.len > 1 && line.data[1] == '-')) {
        load->misses++;
        return true;
    }
    if (kind != '$') {
        note_error(load, line);
        return true;
    }
    size_t length = 0;
    for (size_t i = 1; i < line.len && byte_is_digit(line.data[i]); i++)
        length = length * 10 + (size_t)(line.data[i] - '0');
    c->payload_left = length + 2;
    return false;
}

static void check_payload(struct load *load, const struct connection *c, const uint8_t *data,
                          size_t len) {
    /* The value is one and the same for all keys: what is at hand must be its next part. */
    size_t whole = load->value.len + 2, at = whole - c->payload_left;
    if (c->payload_left > whole) {
        load->mismatches++;
        return;
    }
    len = MIN(len, load->value.len - MIN(at, load->value.len));
    if (!bytes_equal(bytes_view(data, len), bytes_slice(load->value, at, len))) load->mismatches++;
}

/* The line at the start of *data, which moves behind it; NULL data when it has no end yet, and then
 * what is there is kept.  A line that lies whole in the input is not copied. */
static struct bytes take_line(struct connection *c, struct bytes *data) {
    const uint8_t *end = memchr(data->data, '\n', data->len);
    size_t part = end ? (size_t)(end - data->data) + 1 : data->len;
    struct bytes line = bytes_view(data->data, part);
    *data = bytes_slice(*data, part, data->len);
    if (!end || c->line_len) {
        part = MIN(part, sizeof(c->line) - c->line_len);
        bytes_copy_to(c->line + c->line_len, bytes_view(line.data, part));
        c->line_len += part;
        line = bytes_view(c->line, c->line_len);
    }
    if (!end) return (struct bytes){0};
    c->line_len = 0;
    return bytes_slice(line, 0, line.len - MIN(line.len, 2));
}

/* False when the connection cannot be used on. */
static bool take_bytes(struct load *load, struct connection *c, struct bytes data) {
    while (data.len) {
        if (!c->replies_owed) {
            fputs("load: more replies than commands\n", stderr);
            return false;
        }
        bool ended;
        if (c->payload_left) {
            size_t part = MIN(c->payload_left, data.len);
            if (load->options.check) check_payload(load, c, data.data, part);
            c->payload_left -= part;
            data = bytes_slice(data, part, data.len);
            ended = c->payload_left == 0;
        } else {
            struct bytes line = take_line(c, &data);
            if (!line.data) return true;
            ended = line_ends_reply(load, c, line);
        }
        if (ended && !end_of_reply(load, c)) return false;
    }
    return true;
}

static bool on_readable(struct load *load, struct connection *c) {
    ssize_t got = recv(c->fd, load->read_buffer, READ_BYTES, 0);
    if (got > 0) return take_bytes(load, c, bytes_view(load->read_buffer, (size_t)got));
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return true;
    if (got == 0) errno = ECONNRESET;
    return complain("recv");
}

static bool on_event(struct load *load, const struct epoll_event *event) {
    struct connection *c = event->data.ptr;
    if ((event->events & EPOLLOUT) && !send_rest(load, c)) return false;
    return !(event->events & ~(uint32_t)EPOLLOUT) || on_readable(load, c);
}

/* ---- the run ----------------------------------------------------------------------------------*/

static bool run(struct load *load, uint64_t *started_ns) {
    struct epoll_event events[EVENTS_PER_TURN];
    uint64_t start = now_ns(), end = start + (uint64_t)(load->options.seconds * 1e9);
    *started_ns = load->last_reply_ns = start;
    for (size_t i = 0; i < load->options.connections; i++)
        if (!start_batch(load, &load->connections[i])) return false;
    while (load->owed) {
        int count = epoll_wait(load->epoll_fd, events, EVENTS_PER_TURN, 1000);
        for (int i = 0; i < count; i++)
            if (!on_event(load, &events[i])) return false;
        uint64_t now = now_ns();
        load->stopping = !load->options.fill && now >= end;
        if (load->stopping && now > end + DRAIN_NS) {
            fputs("load: replies are missing after the end\n", stderr);
            return false;
        }
    }
    return true;
}

static bool open_all(struct load *load) {
    const struct options *options = &load->options;
    size_t bytes = sizeof(struct connection) * (size_t)options->connections;
    size_t batch = MAX(load->set.len, load->get.len) * (size_t)options->pipeline;
    load->connections = mem_alloc_zeroed(mem_system(), bytes);
    load->read_buffer = mem_alloc(mem_system(), READ_BYTES);
    load->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (!load->connections || !load->read_buffer) return complain("memory");
    if (load->epoll_fd < 0) return complain("epoll");
    for (size_t i = 0; i < options->connections; i++) {
        load->connections[i].batch = mem_alloc(mem_system(), batch);
        if (!load->connections[i].batch) return complain("memory");
        if (!open_connection(load, &load->connections[i])) return false;
    }
    return true;
}

static bool read_value(struct load *load) {
    struct stat about;
    int fd = open(load->options.value_file, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &about) != 0) return complain(load->options.value_file);
    size_t len = (size_t)about.st_size, have = 0;
    uint8_t *data = mem_alloc(mem_system(), MAX(len, 1));
    if (!data) return complain("memory");
    for (ssize_t got; have < len && (got = read(fd, data + have, len - have)) > 0;)
        have += (size_t)got;
    close(fd);
    load->value = bytes_view(data, have);
    return have == len || complain(load->options.value_file);
}

static bool parse_options(struct options *options, int argc, char **argv) {
    const struct {
        const char *name;
        uint64_t *value, min, max;
    } numbers[] = {
        {"port", &options->port, 1, 65535},
        {"connections", &options->connections, 1, 60000},
        {"pipeline", &options->pipeline, 1, 10000},
        {"set", &options->set_percent, 0, 100},
        {"keys", &options->keys, 1, 999999999999},
        {"first", &options->first, 0, 999999999999},
        {"key-bytes", &options->key_bytes, KEY_BYTES_MIN, KEY_BYTES_MAX},
        {"ttl", &options->ttl_s, 0, UINT32_MAX},
        {"seed", &options->seed, 0, UINT64_MAX},
        {"churn", &options->churn, 0, UINT64_MAX},
    };
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i] + (strncmp(argv[i], "--", 2) == 0 ? 2 : 0), *value = argv[i + 1];
        bool known = true;
        if (bytes_is(bytes_of_cstr(name), "fill"))
            options->fill = true;
        else if (bytes_is(bytes_of_cstr(name), "check"))
            options->check = true;
        else
            known = false;
        if (known) continue;
        if (!value) return false;
        i++;
        if (bytes_is(bytes_of_cstr(name), "host")) options->host = value, known = true;
        if (bytes_is(bytes_of_cstr(name), "value-file")) options->value_file = value, known = true;
        if (bytes_is(bytes_of_cstr(name), "seconds"))
            options->seconds = strtod(value, NULL), known = true;
        for (size_t row = 0; row < ARRAY_LEN(numbers); row++) {
            if (!bytes_is(bytes_of_cstr(name), numbers[row].name)) continue;
            char *end;
            *numbers[row].value = strtoull(value, &end, 10);
            known = *end == '\0' && *numbers[row].value >= numbers[row].min &&
                    *numbers[row].value <= numbers[row].max;
        }
        if (!known) {
            fprintf(stderr, "load: --%s %s is not understood\n", name, value);
            return false;
        }
    }
    if (options->fill) options->set_percent = 100;
    return options->value_file && options->seconds > 0;
}

static void report(const struct load *load, double seconds, double cpu) {
    static const double us = 1e3;
    printf("{\"requests\": %zu, \"seconds\": %.6f, \"per_second\": %.1f, \"misses\": %zu, "
           "\"errors\": %zu, \"mismatches\": %zu, \"reconnects\": %zu, \"first_error\": \"%s\", "
           "\"p50_us\": %.1f, \"p99_us\": %.1f, \"p999_us\": %.1f, \"max_us\": %.1f, "
           "\"batches\": %zu, \"over_1_ms\": %zu, \"client_cpu_seconds\": %.3f}\n",
           (size_t)load->replies, seconds, seconds > 0 ? (double)load->replies / seconds : 0,
           (size_t)load->misses, (size_t)load->errors, (size_t)load->mismatches,
           (size_t)load->reconnects, load->first_error,
           (double)histogram_quantile(&load->latency, 0.5) / us,
           (double)histogram_quantile(&load->latency, 0.99) / us,
           (double)histogram_quantile(&load->latency, 0.999) / us,
           (double)histogram_max(&load->latency) / us, (size_t)load->batches,
           (size_t)load->late_batches, cpu);
}

int main(int argc, char **argv) {
    static struct load load = {.options = {.host = "127.0.0.1",
                                           .port = 6379,
                                           .connections = 50,
                                           .pipeline = 1,
                                           .keys = 1000000,
                                           .key_bytes = 16,
                                           .seed = 1,
                                           .seconds = 1}};
    if (!parse_options(&load.options, argc, argv)) {
        fputs("usage: load --value-file FILE [--host H] [--port P] [--connections N] "
              "[--pipeline N]\n  [--set PERCENT] [--keys N] [--key-bytes N] [--ttl S] "
              "[--seconds S] [--seed N]\n  [--churn BATCHES] [--fill [--first N]] [--check]\n",
              stderr);
        return 2;
    }
    random_init(&load.random, load.options.seed);
    load.next_fill = load.options.first;
    uint64_t started_ns = 0;
    if (!read_value(&load)) return 1;
    load.shares_value = load.options.set_percent == 100 && !load.options.churn &&
                        load.value.len >= SHARED_BYTES_MIN;
    if (!make_template(&load, &load.set, true) || !make_template(&load, &load.get, false) ||
        !open_all(&load) || !run(&load, &started_ns))
        return 1;
    report(&load, (double)(load.last_reply_ns - started_ns) / 1e9, cpu_seconds());
    return load.errors || load.mismatches ? 1 : 0;
}
