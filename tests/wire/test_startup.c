/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The command line and the configuration file, as an operator meets them; all of it is brine's own,
 * so redis-server passes these by. */

#include "support.h"

#include <criterion/criterion.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { OUTPUT_BYTES = 256 * 1024, CONFIG_PATH = 64 };

/* Ends the test, as skipped, where there is no brine-server to start. */
static void need_brine(void) {
    const char *server = getenv("BRINE_SERVER");
    if (getenv("BRINE_TEST_ADDR")) cr_skip_test("needs a server of its own");
    if (server && strstr(server, "redis-server")) cr_skip_test("an expectation of brine's own");
}

/* A configuration file; the caller unlinks it. */
static void write_config(char path[CONFIG_PATH], const char *text) {
    snprintf(path, CONFIG_PATH, "/tmp/brine-wire-conf-XXXXXX");
    int fd = mkostemp(path, O_CLOEXEC);
    cr_assert(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
}

Test(startup, what_asks_for_information_prints_it_and_ends_well) {
    static const struct {
        const char *flag, *expected;
    } rows[] = {
        {"--version", "brine-server "},
        {"--help", "--server.port"},
        {"--print-config", "port = 6379"},
        {"--check-config", "right"},
    };
    need_brine();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        static char output[OUTPUT_BYTES];
        int status = wire_run_to_exit((const char *[]){rows[i].flag, NULL}, output, sizeof output);
        cr_expect(status == 0, "%s: exit status %d", rows[i].flag, status);
        cr_expect(strstr(output, rows[i].expected), "%s: %s", rows[i].flag, output);
    }
}

Test(startup, a_wrong_flag_is_refused_with_what_would_be_right) {
    static const struct {
        const char *flag, *expected;
    } rows[] = {
        {"--server.prot=1", "server.port"},
        {"--server.port=99999", "65535"},
        {"--server.port=abc", "server.port"},
        {"--server.port", "server.port"},
        {"--memory.policy=nosuch", "noeviction"},
        {"--memory.max=12xb", "memory.max"},
        {"--gate.mode=nosuch", "off"},
        {"server.port=1", "server.port=1"},
        {"--nosuch.option=1", "nosuch"},
        {"--config=/nonexistent/brine.toml", "/nonexistent/brine.toml"},
    };
    need_brine();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        static char output[OUTPUT_BYTES];
        int status = wire_run_to_exit((const char *[]){rows[i].flag, NULL}, output, sizeof output);
        cr_expect(status > 0 && status < 128, "%s: exit status %d", rows[i].flag, status);
        cr_expect(strstr(output, rows[i].expected), "%s: %s", rows[i].flag, output);
    }
}

Test(startup, a_wrong_file_is_refused_at_its_line_and_column) {
    static const struct {
        const char *text, *place, *expected;
    } rows[] = {
        {"[server]\nport = 99999\n", ":2:8: ", "65535"},
        {"[server]\nprot = 1\n", ":2:1: ", "server.port"},
        {"[sever]\nport = 1\n", ":1:", "server"},
        {"[server]\nport = \"x\n", ":2:", ""},
        {"[server]\nport = 1\nport = 2\n", ":3:", ""},
        {"[memory]\nmax = -1\n", ":2:", "memory.max"},
        {"[server\n", ":1:", ""},
    };
    need_brine();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        static char output[OUTPUT_BYTES];
        char path[64], place[80];
        write_config(path, rows[i].text);
        int status = wire_run_to_exit((const char *[]){"--config", path, "--check-config", NULL},
                                      output, sizeof output);
        unlink(path);
        snprintf(place, sizeof place, "%s%s", path, rows[i].place);
        cr_expect(status > 0 && status < 128, "%s: exit status %d", rows[i].text, status);
        cr_expect(strstr(output, place), "%s: not at %s: %s", rows[i].text, place, output);
        cr_expect(strstr(output, rows[i].expected), "%s: %s", rows[i].text, output);
    }
}

/* default < file < environment < flag, seen from outside. */
Test(startup, the_strongest_source_of_an_option_wins) {
    need_brine();
    char path[64], flag[80];
    write_config(path, "[server]\nmax_clients = 200\nidle_timeout = \"20s\"\n"
                       "tcp_keepalive = \"20s\"\ndatabases = 4\n");
    snprintf(flag, sizeof flag, "config=%s", path);
    setenv("BRINE_SERVER_IDLE_TIMEOUT", "30s", 1);
    setenv("BRINE_SERVER_TCP_KEEPALIVE", "30s", 1);
    struct wire *wire = wire_open((const char *[]){flag, "server.tcp_keepalive=40s", NULL});
    PLAY(wire, {"CONFIG GET maxclients", "[\"maxclients\", \"200\"]"},
         {"CONFIG GET timeout", "[\"timeout\", \"30\"]"},
         {"CONFIG GET tcp-keepalive", "[\"tcp-keepalive\", \"40\"]"}, {"SELECT 3", "+OK"},
         {"SELECT 4", "-ERR DB index is out of range"});
    wire_close(wire);
    unlink(path);
}

Test(startup, rewrite_keeps_comments_and_writes_what_changed) {
    need_brine();
    static char text[4096];
    char path[64], flag[80];
    write_config(path, "# my server\n[server]\nmax_clients = 200 # enough\n");
    snprintf(flag, sizeof flag, "config=%s", path);
    struct wire *wire = wire_open((const char *[]){flag, NULL});
    PLAY(wire, {"CONFIG SET maxclients 300 maxmemory 100mb", "+OK"}, {"CONFIG REWRITE", "+OK"});
    wire_close(wire);
    FILE *file = fopen(path, "re");
    cr_assert(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    cr_expect(strstr(text, "# my server"), "%s", text);
    cr_expect(strstr(text, "max_clients = 300 # enough"), "%s", text);
    cr_expect(strstr(text, "[memory]"), "%s", text);

    wire = wire_open((const char *[]){flag, NULL});
    PLAY(wire, {"CONFIG GET maxclients", "[\"maxclients\", \"300\"]"},
         {"CONFIG GET maxmemory", "[\"maxmemory\", \"104857600\"]"});
    wire_close(wire);
    unlink(path);
}

Test(startup, a_port_that_is_taken_is_said_and_ends_the_start) {
    need_brine();
    static char output[OUTPUT_BYTES];
    struct wire *wire = wire_open(NULL);
    char flag[64], port[16];
    snprintf(flag, sizeof flag, "--server.port=%d", wire->port);
    snprintf(port, sizeof port, "%d", wire->port);
    int status = wire_run_to_exit((const char *[]){flag, "--server.bind=127.0.0.1", NULL}, output,
                                  sizeof output);
    cr_expect(status > 0 && status < 128, "exit status %d", status);
    cr_expect(strstr(output, port), "%s", output);
    PLAY(wire, {"PING", "+PONG"});
    wire_close(wire);
}

Test(startup, systemd_is_told_when_the_server_is_ready) {
    need_brine();
    struct wire *wire = wire_open(NULL); /* which waits for READY=1 */
    char message[256] = "";
    int fd = dup(wire->notify_fd);
    PLAY(wire, {"PING", "+PONG"});
    wire_close(wire);
    cr_expect(wire_raw_read_some(fd, message, sizeof message - 1) > 0);
    cr_expect(strstr(message, "STOPPING=1"), "%s", message);
    close(fd);
}

static bool file_appears(const char *path) {
    for (long long deadline = wire_now_ms() + WIRE_DEADLINE_MS; wire_now_ms() < deadline;) {
        if (access(path, F_OK) == 0) return true;
    }
    return false;
}

/* The line of memory.max in the log that a server wrote when it started. */
static void read_memory_line(const char *path, char *line, size_t size) {
    static const char before[] = "memory.max is ";
    char text[1024];
    FILE *file = fopen(path, "re");
    cr_assert_not_null(file);
    line[0] = 0;
    while (fgets(text, sizeof text, file)) {
        const char *at = strstr(text, before);
        if (at) snprintf(line, size, "%s", at + strlen(before));
    }
    fclose(file);
}

Test(startup, how_much_memory_it_may_take_and_why_is_in_the_log) {
    static const struct {
        const char *flag, *expected;
    } rows[] = {
        {"memory.max=0", "three quarters of what the "},
        {"memory.max=96mb", "100663296 bytes, memory.policy brine"},
        {"memory.max=32mb", "33554432 bytes, and the program's own 10 MB come on top, "},
    };
    need_brine();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char path[128], line[512];
        unsigned long long bytes = 0;
        struct wire *wire = wire_open(
            (const char *[]){rows[i].flag, "log.file=memory.log", "log.level=notice", NULL});
        snprintf(path, sizeof path, "%s/memory.log", wire->dir);
        read_memory_line(path, line, sizeof line);
        cr_expect(strstr(line, rows[i].expected), "%s: %s", rows[i].flag, line);
        cr_expect(sscanf(line, "%llu", &bytes) == 1 && bytes > 0, "%s: %s", rows[i].flag, line);
        char info[64];
        snprintf(info, sizeof info, "~*maxmemory:%llu*", bytes);
        cr_expect(wire_matches(wire_ask(wire, 0, "INFO memory"), info), "%s", info);
        wire_close(wire);
    }
}

Test(startup, sighup_opens_the_log_anew) {
    need_brine();
    char log[128], moved[160];
    struct wire *wire = wire_open((const char *[]){"log.file=hup.log", "log.level=notice", NULL});
    snprintf(log, sizeof log, "%s/hup.log", wire->dir);
    snprintf(moved, sizeof moved, "%s.1", log);
    cr_expect(file_appears(log));
    cr_expect(rename(log, moved) == 0);
    kill(wire->pid, SIGHUP);
    cr_expect(file_appears(log), "the log is not opened anew");
    PLAY(wire, {"PING", "+PONG"});
    wire_close(wire);
}
