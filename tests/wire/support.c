/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Starting, finding and ending the server, and transcripts over hiredis.  Raw sockets are in
 * support_raw.c.
 *
 * Nothing here sleeps to wait for something to be true: the server is ready when a connect
 * succeeds and it is gone when waitpid says so, both asked for again every few milliseconds until a
 * deadline.  A server that outlives its test (a crash, a timeout) is killed by the kernel:
 * PR_SET_PDEATHSIG. */

#include "support.h"

#include "tests/support/process.h"

#include <criterion/criterion.h>
#include <hiredis/hiredis.h>
#include <hiredis/sds.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    ARGUMENTS_MAX = 48,
    ARGUMENT_BYTES = 256,
    POLL_MS = 5,
    START_ATTEMPTS = 5, /* a port found free may be taken by somebody else before the server */
};

/* What a brine option is called on redis-server's command line. */
static const struct {
    const char *brine, *redis;
} redis_names[] = {
    {"server.bind", "bind"},
    {"server.unix_socket", "unixsocket"},
    {"server.unix_socket_mode", "unixsocketperm"},
    {"server.databases", "databases"},
    {"server.max_clients", "maxclients"},
    {"server.tcp_keepalive", "tcp-keepalive"},
    {"server.idle_timeout", "timeout"},
    {"auth.password", "requirepass"},
    {"limits.bulk_bytes", "proto-max-bulk-len"},
    {"limits.query_buffer_bytes", "client-query-buffer-limit"},
    {"memory.max", "maxmemory"},
    {"memory.policy", "maxmemory-policy"},
    {"debug.commands", "enable-debug-command"},
};

/* What brine is started with unless the test says otherwise; it refuses a flag given twice. */
static const char *const brine_defaults[] = {"server.bind=127.0.0.1", "server.threads=2",
                                             "log.level=warning", "log.file=server.log"};

/* brine reads BRINE_* as its configuration and refuses what it does not know. */
static const char *const harness_variables[] = {"BRINE_SERVER", "BRINE_CLI", "BRINE_BUILD",
                                                "BRINE_VARIANT"};

struct command_line {
    char text[ARGUMENTS_MAX][ARGUMENT_BYTES];
    char *argv[ARGUMENTS_MAX + 1];
    int argc;
    bool untranslatable; /* redis-server has no such option */
};

size_t wire_resident_bytes(const struct wire *wire) {
    char path[64];
    unsigned long total = 0, resident = 0;
    snprintf(path, sizeof path, "/proc/%d/statm", (int)wire->pid);
    FILE *file = wire->pid > 0 ? fopen(path, "re") : NULL;
    if (!file) return 0;
    if (fscanf(file, "%lu %lu", &total, &resident) != 2) resident = 0;
    fclose(file);
    return resident * (size_t)sysconf(_SC_PAGESIZE);
}

long long wire_now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void pause_briefly(void) {
    struct timespec pause = {.tv_nsec = POLL_MS * 1000000L};
    nanosleep(&pause, NULL); /* the caller waits for the server and will look again */
}

/* ---- the command line ------------------------------------------------------------------------ */

static void add_argument(struct command_line *line, const char *format, ...) {
    cr_assert(line->argc < ARGUMENTS_MAX, "too many flags");
    va_list args;
    va_start(args, format);
    vsnprintf(line->text[line->argc], ARGUMENT_BYTES, format, args);
    va_end(args);
    line->argv[line->argc] = line->text[line->argc];
    line->argc++;
}

static void add_redis_flag(struct command_line *line, const char *flag) {
    const char *value = strchr(flag, '=');
    cr_assert(value, "flag without a value: %s", flag);
    for (size_t i = 0; i < sizeof redis_names / sizeof *redis_names; i++) {
        const char *name = redis_names[i].brine;
        if (strlen(name) != (size_t)(value - flag) || memcmp(name, flag, strlen(name)) != 0) {
            continue;
        }
        add_argument(line, "--%s", redis_names[i].redis);
        add_argument(line, "%s", value + 1);
        return;
    }
    line->untranslatable = true;
}

static const char *server_path(void) {
    const char *path = getenv("BRINE_SERVER");
    return path ? path : "build/brine-server";
}

static bool path_is_redis(const char *path) {
    const char *slash = strrchr(path, '/');
    return strcmp(slash ? slash + 1 : path, "redis-server") == 0;
}

/* The path is made absolute, for the server runs elsewhere; not resolved, for Debian's redis-server
 * is a link to a program that goes by its name. */
static void start_command_line(struct command_line *line) {
    char here[ARGUMENT_BYTES];
    *line = (struct command_line){.argc = 0};
    cr_assert(getcwd(here, sizeof here), "getcwd: %s", strerror(errno));
    cr_assert(strlen(here) + strlen(server_path()) + 2 <= ARGUMENT_BYTES, "the path is too long");
    add_argument(line, "%s%s%s", server_path()[0] == '/' ? "" : here,
                 server_path()[0] == '/' ? "" : "/", server_path());
    cr_assert(access(line->argv[0], X_OK) == 0, "%s: %s", line->argv[0], strerror(errno));
}

static bool is_given(const char *const *flags, const char *flag) {
    size_t name_len = strcspn(flag, "=") + 1;
    for (; *flags; flags++) {
        if (strncmp(*flags, flag, name_len) == 0) return true;
    }
    return false;
}

static void fill_command_line(struct command_line *line, const struct wire *wire,
                              const char *const *flags) {
    static const char *const none[] = {NULL};
    if (!flags) flags = none;
    start_command_line(line);
    if (!wire->is_brine) {
        add_argument(line, "--port");
        add_argument(line, "%d", wire->port);
        add_argument(line, "--save");
        add_argument(line, "%s", "");
        add_argument(line, "--bind");
        add_argument(line, "127.0.0.1");
        add_argument(line, "--loglevel");
        add_argument(line, "warning");
        add_argument(line, "--supervised");
        add_argument(line, "systemd");
        for (; *flags; flags++) add_redis_flag(line, *flags);
        return;
    }
    add_argument(line, "--server.port=%d", wire->port);
    for (size_t i = 0; i < sizeof brine_defaults / sizeof *brine_defaults; i++) {
        if (!is_given(flags, brine_defaults[i])) add_argument(line, "--%s", brine_defaults[i]);
    }
    for (; *flags; flags++) add_argument(line, "--%s", *flags);
}

/* ---- the server's process -------------------------------------------------------------------- */

static int port_that_is_free(void) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof addr;
    cr_assert(fd >= 0 && bind(fd, (struct sockaddr *)&addr, sizeof addr) == 0 &&
                  getsockname(fd, (struct sockaddr *)&addr, &len) == 0,
              "no free port: %s", strerror(errno));
    close(fd);
    return ntohs(addr.sin_port);
}

/* The child keeps the test's stderr, so that a sanitizer's report is seen; stdout goes to out_fd.
 */
static pid_t spawn(struct command_line *line, const char *dir, int out_fd, const char *notify) {
    pid_t parent = getpid();
    pid_t pid = fork();
    cr_assert(pid >= 0, "fork: %s", strerror(errno));
    if (pid > 0) return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(126);
    for (size_t i = 0; i < sizeof harness_variables / sizeof *harness_variables; i++) {
        unsetenv(harness_variables[i]);
    }
    if (notify) setenv("NOTIFY_SOCKET", notify, 1);
    if (chdir(dir) != 0) _exit(126);
    int null_fd = open("/dev/null", O_RDWR);
    dup2(null_fd, STDIN_FILENO);
    dup2(out_fd >= 0 ? out_fd : null_fd, STDOUT_FILENO);
    if (out_fd >= 0) dup2(out_fd, STDERR_FILENO);
    execv(line->argv[0], line->argv);
    _exit(127);
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *walk) {
    (void)info, (void)kind, (void)walk;
    return remove(path);
}

static void remove_tree(const char *dir) {
    nftw(dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* False when the server ended instead, as one does that lost its port. */
static bool spawn_and_await(struct wire *wire, struct command_line *line) {
    char name[PROCESS_NOTIFY_BYTES];
    wire->notify_fd = process_notify_open(name);
    cr_assert(wire->notify_fd >= 0, "no socket: %s", strerror(errno));
    wire->pid = spawn(line, wire->dir, -1, name);
    enum process_state state = process_await_ready(wire->notify_fd, wire->pid, WIRE_DEADLINE_MS);
    cr_assert(state != PROCESS_LATE, "%s does not become ready", server_path());
    if (state == PROCESS_READY) return true;
    close(wire->notify_fd);
    waitpid(wire->pid, NULL, 0);
    return false;
}

static void start_server(struct wire *wire, const char *const *flags) {
    wire->is_brine = !path_is_redis(server_path());
    snprintf(wire->host, sizeof wire->host, "127.0.0.1");
    snprintf(wire->dir, sizeof wire->dir, "/tmp/brine-wire-XXXXXX");
    cr_assert(mkdtemp(wire->dir), "mkdtemp: %s", strerror(errno));
    for (int attempt = 0; attempt < START_ATTEMPTS; attempt++) {
        struct command_line line;
        wire->port = port_that_is_free();
        fill_command_line(&line, wire, flags);
        if (line.untranslatable) {
            remove_tree(wire->dir);
            cr_skip_test("redis-server has no such option");
        }
        if (spawn_and_await(wire, &line)) return;
    }
    remove_tree(wire->dir);
    cr_assert_fail("%s does not start", server_path());
}

static void use_running_server(struct wire *wire, const char *address, const char *const *flags) {
    if (flags) cr_skip_test("needs a server with flags of its own");
    const char *colon = strrchr(address, ':');
    cr_assert(colon && (size_t)(colon - address) < sizeof wire->host,
              "BRINE_TEST_ADDR is host:port, not %s", address);
    memcpy(wire->host, address, (size_t)(colon - address));
    wire->port = (int)strtol(colon + 1, NULL, 10);
    char lock[64];
    snprintf(lock, sizeof lock, "/tmp/brine-wire-%d.lock", wire->port);
    wire->lock_fd = open(lock, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    cr_assert(wire->lock_fd >= 0 && flock(wire->lock_fd, LOCK_EX) == 0, "%s: %s", lock,
              strerror(errno));
    wire->is_brine = strstr(wire_ask(wire, 0, "INFO server"), "brine_version:") != NULL;
    PLAY(wire, {"FLUSHALL", "+OK"});
}

struct wire *wire_open(const char *const *flags) {
    static struct wire wire; /* a test is a process */
    wire = (struct wire){.lock_fd = -1};
    signal(SIGPIPE, SIG_IGN);
    const char *address = getenv("BRINE_TEST_ADDR");
    if (address)
        use_running_server(&wire, address, flags);
    else
        start_server(&wire, flags);
    return &wire;
}

void wire_only_for(struct wire *wire, enum wire_only only) {
    if (only == BOTH || wire->is_brine == (only == BRINE_ONLY)) return;
    wire_close(wire);
    cr_skip_test("an expectation of %s", only == BRINE_ONLY ? "brine's own" : "Redis alone");
}

/* TSan's runtime puts signals off and now and then loses one that arrives on the way into
 * epoll_wait: 1 of some 100 starts, 0 of 900 without it.  There alone it is asked again, which
 * changes nothing for a server that has heard it. */
static bool asks_again(void) {
    const char *variant = getenv("BRINE_VARIANT");
    return variant && strcmp(variant, "tsan") == 0;
}

/* Waits for the end of the child; kills it at the deadline and returns -1. */
static int exit_status_of(pid_t pid, bool again) {
    enum { AGAIN_MS = 1000 };
    int status = 0;
    for (int waited_ms = 0; waited_ms < WIRE_DEADLINE_MS; waited_ms += AGAIN_MS) {
        if (process_await_end(pid, AGAIN_MS, &status)) {
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        }
        if (again) kill(pid, SIGTERM);
    }
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    return -1;
}

void wire_close(struct wire *wire) {
    for (int i = 0; i < WIRE_CLIENTS; i++) wire_forget_client(wire, i);
    if (wire->lock_fd >= 0) close(wire->lock_fd);
    if (wire->pid <= 0) return;
    kill(wire->pid, SIGTERM);
    int status = exit_status_of(wire->pid, asks_again());
    close(wire->notify_fd);
    if (!wire->may_die) cr_expect(status == 0, "the server ended with exit status %d", status);
    remove_tree(wire->dir);
}

int wire_run_to_exit(const char *const *arguments, char *output, size_t output_size) {
    struct command_line line;
    start_command_line(&line);
    for (; *arguments; arguments++) add_argument(&line, "%s", *arguments);
    int out[2];
    cr_assert(pipe2(out, O_CLOEXEC) == 0, "pipe: %s", strerror(errno));
    pid_t pid = spawn(&line, ".", out[1], NULL);
    close(out[1]);
    size_t len = wire_raw_read(out[0], output, output_size - 1);
    output[len] = '\0';
    close(out[0]);
    return exit_status_of(pid, false);
}

/* ---- replies as text ------------------------------------------------------------------------- */

struct rendering {
    char *text;
    size_t len, size;
};

static void put(struct rendering *out, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int wanted = vsnprintf(out->text + out->len, out->size - out->len, format, args);
    va_end(args);
    size_t room = out->size - out->len - 1;
    out->len += (size_t)wanted < room ? (size_t)wanted : room;
}

static void put_quoted(struct rendering *out, const char *data, size_t len) {
    put(out, "\"");
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)data[i];
        if (c == '"' || c == '\\')
            put(out, "\\%c", c);
        else if (c == '\n')
            put(out, "\\n");
        else if (c == '\r')
            put(out, "\\r");
        else if (c >= ' ' && c < 0x7f)
            put(out, "%c", c);
        else
            put(out, "\\x%02x", c);
    }
    put(out, "\"");
}

/* Recursion is bounded: hiredis refuses replies nested deeper than seven. */
static void put_reply(struct rendering *out, const redisReply *reply) {
    switch (reply->type) {
    case REDIS_REPLY_STATUS:
        put(out, "+%s", reply->str);
        break;
    case REDIS_REPLY_ERROR:
        put(out, "-%s", reply->str);
        break;
    case REDIS_REPLY_INTEGER:
        put(out, "%lld", reply->integer);
        break;
    case REDIS_REPLY_NIL:
        put(out, "nil");
        break;
    case REDIS_REPLY_STRING:
        put_quoted(out, reply->str, (size_t)reply->len);
        break;
    case REDIS_REPLY_ARRAY:
        put(out, "[");
        for (size_t i = 0; i < reply->elements; i++) {
            if (i > 0) put(out, ", ");
            put_reply(out, reply->element[i]);
        }
        put(out, "]");
        break;
    default:
        put(out, "(type %d)", reply->type);
    }
}

/* ---- transcripts ----------------------------------------------------------------------------- */

redisContext *wire_client(struct wire *wire, int client) {
    cr_assert(client >= 0 && client < WIRE_CLIENTS, "no client %d", client);
    if (wire->clients[client]) return wire->clients[client];
    struct timeval timeout = {.tv_sec = WIRE_DEADLINE_MS / 1000};
    redisContext *context = redisConnectWithTimeout(wire->host, wire->port, timeout);
    cr_assert(context && !context->err, "cannot connect to %s:%d", wire->host, wire->port);
    redisSetTimeout(context, timeout);
    wire->clients[client] = context;
    return context;
}

void wire_forget_client(struct wire *wire, int client) {
    if (wire->clients[client]) redisFree(wire->clients[client]);
    wire->clients[client] = NULL;
}

bool wire_client_is_closed(struct wire *wire, int client) {
    return wire_raw_is_closed(wire_client(wire, client)->fd);
}

const char *wire_ask_argv(struct wire *wire, int client, int argc, const char **argv,
                          const size_t *lens) {
    redisReply *reply = redisCommandArgv(wire_client(wire, client), argc, argv, lens);
    struct rendering out = {.text = wire->text, .size = sizeof wire->text};
    if (reply)
        put_reply(&out, reply);
    else
        put(&out, "(closed)");
    if (reply)
        freeReplyObject(reply);
    else
        wire_forget_client(wire, client);
    return wire->text;
}

const char *wire_ask(struct wire *wire, int client, const char *command) {
    int argc = 0;
    sds *words = sdssplitargs(command, &argc);
    cr_assert(words && argc > 0 && argc <= ARGUMENTS_MAX, "not a command: %s", command);
    size_t lens[ARGUMENTS_MAX];
    for (int i = 0; i < argc; i++) lens[i] = sdslen(words[i]);
    const char *text = wire_ask_argv(wire, client, argc, (const char **)words, lens);
    sdsfreesplitres(words, argc);
    return text;
}

/* `*` stands for any text; the rendering itself has no stars worth matching literally. */
static bool matches_glob(const char *text, const char *glob) {
    const char *star = NULL, *resume = NULL;
    while (*text) {
        if (*glob == '*') {
            star = ++glob;
            resume = text;
        } else if (*glob == *text) {
            glob++;
            text++;
        } else if (star) {
            glob = star;
            text = ++resume;
        } else {
            return false;
        }
    }
    while (*glob == '*') glob++;
    return !*glob;
}

bool wire_matches(const char *reply, const char *expected) {
    if (expected[0] == '~') return matches_glob(reply, expected + 1);
    const char *dots = strstr(expected, "..");
    if (dots && strspn(expected, "-.0123456789") == strlen(expected)) {
        char *end;
        long long value = strtoll(reply, &end, 10);
        return end != reply && !*end && value >= strtoll(expected, NULL, 10) &&
               value <= strtoll(dots + 2, NULL, 10);
    }
    return strcmp(reply, expected) == 0;
}

/* Takes the mark off a row's command; false where the row is not for this server. */
static bool read_mark(const struct wire *wire, const char **command, int *client) {
    *client = 0;
    if (**command != '@') return true;
    const char *mark = *command + 1;
    *command = strchr(mark, ' ') + 1;
    if (strncmp(mark, "brine ", 6) == 0) return wire->is_brine;
    if (strncmp(mark, "redis ", 6) == 0) return !wire->is_brine;
    *client = *mark - '0';
    return true;
}

void wire_play(struct wire *wire, const char *const rows[][2], size_t count) {
    for (size_t i = 0; i < count; i++) {
        const char *command = rows[i][0], *expected = rows[i][1];
        int client;
        if (!read_mark(wire, &command, &client)) continue;
        const char *reply = wire_ask(wire, client, command);
        cr_expect(wire_matches(reply, expected), "row %zu: %s\n  expected %s\n  got      %s", i + 1,
                  command, expected, reply);
    }
}

void wire_await(struct wire *wire, int client, const char *command, const char *expected) {
    for (long long deadline = wire_now_ms() + WIRE_DEADLINE_MS; wire_now_ms() < deadline;) {
        if (wire_matches(wire_ask(wire, client, command), expected)) return;
        pause_briefly();
    }
    cr_expect(false, "%s never became %s, it is %s", command, expected, wire->text);
}
