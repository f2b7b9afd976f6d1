/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* brine-cli: sends commands to a server that speaks the Redis protocol and shows the replies.
 * A command comes from the arguments, or, when there is none, line by line from standard input.
 * A first argument that is a row of `subcommands` is a tool of its own, which needs no server. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/version.h"
#include "client/show.h"
#include "client/verify.h"
#include "resp/command.h"

#include <errno.h>
#include <getopt.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };
enum { OUTPUT_BYTES_MAX = 1 << 30, LINE_BYTES_MAX = 512 << 20, LINE_ARGS_MAX = 1 << 20 };
enum { READ_BYTES = 64 * 1024, COMMAND_NAME = 0, COMMAND_SUBCOMMAND = 1 };

static const char usage_text[] =
    "usage: brine-cli [options] [command [argument ...]]\n"
    "       brine-cli verify PATH...   says what pickles may be loaded; brine-cli verify --help\n"
    "Without a command, commands are read from standard input, one a line.\n"
    "  -h, --host HOST       server (127.0.0.1)\n"
    "  -p, --port PORT       port (6379)\n"
    "  -s, --socket PATH     Unix socket instead of host and port\n"
    "  -a, --password WORD   password; better in the environment as BRINECLI_AUTH,\n"
    "                        where no list of processes shows it\n"
    "      --user NAME       user the password is for\n"
    "  -n, --db NUMBER       database (0)\n"
    "  -t, --timeout SECONDS to wait for a connection or a reply (for ever)\n"
    "      --raw             replies as they are (the default when output is no terminal)\n"
    "      --no-raw          replies formatted for people\n"
    "      --version, --help\n"
    "exit code: 0 answered, 1 error reply or no connection, 2 wrong usage\n";

struct options {
    const char *host, *socket, *password, *user;
    int port, db, timeout_s;
    enum show_form form;
    bool done; /* --help or --version was all that was asked */
};

struct client {
    struct options options;
    redisContext *redis;
    struct buf out;
    bool error_replied;
};

static bool parse_number(const char *text, int min, int max, const char *what, int *value) {
    char *end;
    errno = 0;
    long number = strtol(text, &end, 10);
    if (errno || *end || end == text || number < min || number > max) {
        fprintf(stderr, "brine-cli: %s must be a number from %d to %d, not '%s'\n", what, min, max,
                text);
        return false;
    }
    *value = (int)number;
    return true;
}

/* The redis-cli options that people have in their fingers, with the same letters. */
static bool parse_options(struct options *options, int argc, char **argv) {
    enum { RAW = 256, NO_RAW, VERSION, HELP, USER };
    static const struct option rows[] = {
        {"host", required_argument, NULL, 'h'},
        {"port", required_argument, NULL, 'p'},
        {"socket", required_argument, NULL, 's'},
        {"password", required_argument, NULL, 'a'},
        {"pass", required_argument, NULL, 'a'},
        {"user", required_argument, NULL, USER},
        {"db", required_argument, NULL, 'n'},
        {"timeout", required_argument, NULL, 't'},
        {"raw", no_argument, NULL, RAW},
        {"no-raw", no_argument, NULL, NO_RAW},
        {"version", no_argument, NULL, VERSION},
        {"help", no_argument, NULL, HELP},
        {NULL, 0, NULL, 0},
    };
    /* "+": what follows the command belongs to it, even when it starts with a dash. */
    for (int option; (option = getopt_long(argc, argv, "+h:p:s:a:n:t:", rows, NULL)) != -1;) {
        switch (option) {
        case 'h':
            options->host = optarg;
            break;
        case 'p':
            if (!parse_number(optarg, 1, 65535, "the port", &options->port)) return false;
            break;
        case 's':
            options->socket = optarg;
            break;
        case 'a':
            options->password = optarg;
            break;
        case USER:
            options->user = optarg;
            break;
        case 'n':
            if (!parse_number(optarg, 0, INT32_MAX, "the database", &options->db)) return false;
            break;
        case 't':
            if (!parse_number(optarg, 1, 86400, "the timeout", &options->timeout_s)) return false;
            break;
        case RAW:
        case NO_RAW:
            options->form = option == RAW ? SHOW_RAW : SHOW_FORMATTED;
            break;
        case VERSION:
            puts("brine-cli " BRINE_VERSION);
            options->done = true;
            return true;
        case HELP:
            fputs(usage_text, stdout);
            options->done = true;
            return true;
        default:
            fputs("try 'brine-cli --help'\n", stderr);
            return false;
        }
    }
    return true;
}

/* ---- one command ------------------------------------------------------------------------------*/

static bool connection_failed(const struct client *client) {
    fprintf(stderr, "brine-cli: %s\n",
            client->redis->err ? client->redis->errstr : "the connection failed");
    return false;
}

/* Replies that are text for people even when others are formatted, as redis-cli has it. */
static bool is_report(const struct bytes *args, size_t count) {
    static const struct {
        const char *name, *subcommand;
    } rows[] = {{"info", NULL},
                {"client", "list"},
                {"client", "info"},
                {"memory", "doctor"},
                {"latency", "doctor"},
                {"latency", "graph"},
                {"memory", "malloc-stats"}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (!bytes_is(args[COMMAND_NAME], rows[i].name)) continue;
        if (!rows[i].subcommand) return true;
        if (count > COMMAND_SUBCOMMAND && bytes_is(args[COMMAND_SUBCOMMAND], rows[i].subcommand))
            return true;
    }
    return false;
}

/* After these the server talks until one side hangs up. */
static bool is_stream(struct bytes name) {
    return bytes_is(name, "subscribe") || bytes_is(name, "psubscribe") ||
           bytes_is(name, "ssubscribe") || bytes_is(name, "monitor");
}

/* False when the connection is of no more use, which has been said then. */
static bool show_next_reply(struct client *client, enum show_form form) {
    void *answer = NULL;
    if (redisGetReply(client->redis, &answer) != REDIS_OK || !answer)
        return connection_failed(client);
    redisReply *reply = answer;
    client->error_replied = reply->type == REDIS_REPLY_ERROR;
    buf_clear(&client->out);
    enum brine_status status = show_reply(&client->out, reply, form);
    freeReplyObject(reply);
    if (status != BRINE_OK) {
        fprintf(stderr, "brine-cli: cannot show the reply: %s\n", brine_status_meaning(status));
        return false;
    }
    bool written = fwrite(client->out.data, 1, client->out.len, stdout) == client->out.len;
    if (fflush(stdout) == 0 && written) return true;
    fprintf(stderr, "brine-cli: standard output: %s\n", strerror(errno));
    return false;
}

/* *3 CR LF $3 CR LF SET CR LF ... */
static enum brine_status encode_command(struct buf *out, const struct bytes *args, size_t count) {
    TRY(buf_printf(out, "*%zu\r\n", count));
    for (size_t i = 0; i < count; i++) {
        TRY(buf_printf(out, "$%zu\r\n", args[i].len));
        TRY(buf_append(out, args[i]));
        TRY(buf_append(out, BYTES("\r\n")));
    }
    return BRINE_OK;
}

static bool send_command(struct client *client, const struct bytes *args, size_t count) {
    buf_clear(&client->out);
    if (encode_command(&client->out, args, count) != BRINE_OK) {
        fputs("brine-cli: the command is too long\n", stderr);
        return false;
    }
    if (redisAppendFormattedCommand(client->redis, (const char *)client->out.data,
                                    client->out.len) != REDIS_OK)
        return connection_failed(client);
    return true;
}

/* False when no further command can be run. */
static bool run_command(struct client *client, const struct bytes *args, size_t count) {
    enum show_form form = is_report(args, count) ? SHOW_REPORT : client->options.form;
    if (!send_command(client, args, count)) return false;
    bool go_on;
    do go_on = show_next_reply(client, form);
    while (go_on && is_stream(args[COMMAND_NAME]) && !client->error_replied);
    return go_on;
}

/* ---- the connection ---------------------------------------------------------------------------*/

/* AUTH and SELECT: silent when they succeed, the error as it came when not. */
static bool run_silently(struct client *client, const struct bytes *args, size_t count) {
    void *answer = NULL;
    if (!send_command(client, args, count)) return false;
    if (redisGetReply(client->redis, &answer) != REDIS_OK || !answer)
        return connection_failed(client);
    redisReply *reply = answer;
    bool ok = reply->type != REDIS_REPLY_ERROR;
    if (!ok)
        fprintf(stderr, "brine-cli: %.*s: %s\n", (int)args[COMMAND_NAME].len,
                (const char *)args[COMMAND_NAME].data, reply->str);
    freeReplyObject(reply);
    return ok;
}

static bool authenticate(struct client *client) {
    const struct options *options = &client->options;
    struct bytes args[3] = {BYTES("AUTH")};
    size_t count = 1;
    if (!options->password) return true;
    if (options->user) args[count++] = bytes_of_cstr(options->user);
    args[count++] = bytes_of_cstr(options->password);
    return run_silently(client, args, count);
}

static bool select_db(struct client *client) {
    char number[16];
    if (client->options.db == 0) return true;
    snprintf(number, sizeof(number), "%d", client->options.db);
    return run_silently(client, (struct bytes[]){BYTES("SELECT"), bytes_of_cstr(number)}, 2);
}

static bool connect_client(struct client *client) {
    const struct options *options = &client->options;
    struct timeval wait = {.tv_sec = options->timeout_s};
    if (options->socket)
        client->redis = options->timeout_s ? redisConnectUnixWithTimeout(options->socket, wait)
                                           : redisConnectUnix(options->socket);
    else
        client->redis = options->timeout_s
                            ? redisConnectWithTimeout(options->host, options->port, wait)
                            : redisConnect(options->host, options->port);
    if (!client->redis || client->redis->err) {
        const char *why = client->redis ? client->redis->errstr : "out of memory";
        if (options->socket)
            fprintf(stderr, "Could not connect to %s: %s\n", options->socket, why);
        else
            fprintf(stderr, "Could not connect to %s:%d: %s\n", options->host, options->port, why);
        return false;
    }
    if (options->timeout_s && redisSetTimeout(client->redis, wait) != REDIS_OK)
        return connection_failed(client);
    return authenticate(client) && select_db(client);
}

/* ---- commands from the arguments, or from standard input --------------------------------------*/

static bool run_arguments(struct client *client, char **words, size_t count) {
    size_t bytes = count * sizeof(struct bytes);
    struct bytes *items = mem_alloc(mem_system(), bytes);
    bool ok = items != NULL;
    for (size_t i = 0; ok && i < count; i++) items[i] = bytes_of_cstr(words[i]);
    if (ok) ok = run_command(client, items, count);
    mem_free(mem_system(), items, bytes);
    return ok;
}

struct line_reader {
    struct buf input;
    struct resp_args args;
    struct arena scratch;
};

/* One line with its end.  False when no further command can be run, or none is wanted. */
static bool run_line(struct client *client, struct line_reader *reader, struct bytes line) {
    static const struct resp_limits limits = {.bulk_bytes_max = LINE_BYTES_MAX,
                                              .args_max = LINE_ARGS_MAX,
                                              .inline_bytes_max = LINE_BYTES_MAX};
    struct resp_decoder decoder = {0};
    struct resp_command command;
    resp_args_clear(&reader->args);
    arena_reset(&reader->scratch);
    enum resp_result result =
        resp_decode(&decoder, &limits, line, &reader->args, &reader->scratch, &command, NULL);
    if (result == RESP_EMPTY) return true;
    if (result != RESP_COMMAND) {
        puts("Invalid argument(s)");
        return true;
    }
    const struct bytes *args = reader->args.items + command.first_arg;
    if (bytes_is(args[COMMAND_NAME], "quit") || bytes_is(args[COMMAND_NAME], "exit")) return false;
    return run_command(client, args, command.argc);
}

/* The lines that input holds whole.  False as run_line. */
static bool run_whole_lines(struct client *client, struct line_reader *reader) {
    size_t at = 0;
    bool go_on = true;
    while (go_on && at < reader->input.len) {
        const uint8_t *line = reader->input.data + at;
        const uint8_t *end = memchr(line, '\n', reader->input.len - at);
        if (!end) break;
        size_t len = (size_t)(end - line) + 1;
        go_on = run_line(client, reader, bytes_view(line, len));
        at += len;
    }
    buf_consume(&reader->input, at);
    return go_on;
}

static void prompt(const struct client *client) {
    if (!isatty(STDIN_FILENO)) return;
    const struct options *options = &client->options;
    if (options->socket)
        printf("%s> ", options->socket);
    else
        printf("%s:%d> ", options->host, options->port);
    fflush(stdout);
}

/* Returns the exit code: ending input is success, and so is what an error reply said. */
static int run_input(struct client *client) {
    struct line_reader reader;
    int code = EXIT_OK;
    buf_init(&reader.input, mem_system(), LINE_BYTES_MAX);
    resp_args_init(&reader.args, mem_system(), LINE_ARGS_MAX);
    arena_init(&reader.scratch, mem_system(), LINE_BYTES_MAX);
    for (;;) {
        prompt(client);
        if (buf_reserve(&reader.input, READ_BYTES) != BRINE_OK) {
            fputs("brine-cli: a line is too long\n", stderr);
            code = EXIT_FAILED;
            break;
        }
        ssize_t got = read(STDIN_FILENO, reader.input.data + reader.input.len, READ_BYTES - 1);
        if (got < 0 && errno == EINTR) continue;
        if (got > 0) reader.input.len += (size_t)got;
        /* The last line may lack its end. */
        if (got <= 0 && reader.input.len) reader.input.data[reader.input.len++] = '\n';
        if (!run_whole_lines(client, &reader)) {
            if (client->redis->err) code = EXIT_FAILED;
            break;
        }
        if (got <= 0) break;
    }
    arena_deinit(&reader.scratch);
    resp_args_deinit(&reader.args);
    buf_deinit(&reader.input);
    return code;
}

static const struct {
    const char *name;
    int (*run)(int argc, char **argv); /* argv[0] is the name; returns the exit code */
} subcommands[] = {{"verify", verify_main}};

int main(int argc, char **argv) {
    signal(SIGPIPE, SIG_IGN); /* a closed pipe is an error of fwrite, said in words */
    for (size_t i = 0; i < ARRAY_LEN(subcommands); i++)
        if (argc > 1 && strcmp(argv[1], subcommands[i].name) == 0)
            return subcommands[i].run(argc - 1, argv + 1);
    struct client client = {.options = {.host = "127.0.0.1",
                                        .port = 6379,
                                        .password = getenv("BRINECLI_AUTH"),
                                        .form = isatty(STDOUT_FILENO) ? SHOW_FORMATTED : SHOW_RAW}};
    if (!parse_options(&client.options, argc, argv)) return EXIT_USAGE;
    if (client.options.done) return EXIT_OK;

    buf_init(&client.out, mem_system(), OUTPUT_BYTES_MAX);
    int code = EXIT_FAILED;
    if (connect_client(&client)) {
        if (optind == argc)
            code = run_input(&client);
        else if (run_arguments(&client, argv + optind, (size_t)(argc - optind)))
            code = client.error_replied ? EXIT_FAILED : EXIT_OK;
    }
    if (client.redis) redisFree(client.redis);
    buf_deinit(&client.out);
    return code;
}
