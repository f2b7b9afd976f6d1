/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "config/config.h"
#include "support/failing.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ARGUMENTS_MAX = 10 };

struct rewritten {
    char folder[64], path[96];
    struct config config;
    struct brine_error err;
};

static void put_file(const char *path, const char *text) {
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(text, 1, strlen(text), file), strlen(text));
    cr_assert_eq(fclose(file), 0);
}

static void expect_file(const char *path, const char *expected) {
    char text[4096] = {0};
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file);
    size_t len = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    cr_expect(len == strlen(expected) && memcmp(text, expected, len) == 0, "gave\n%s\nwanted\n%s",
              text, expected);
}

static void rewritten_init(struct rewritten *rewritten, struct allocator *mem, const char *text) {
    snprintf(rewritten->folder, sizeof rewritten->folder, "/tmp/brine_test_rewrite_XXXXXX");
    cr_assert_not_null(mkdtemp(rewritten->folder));
    snprintf(rewritten->path, sizeof rewritten->path, "%s/brine.toml", rewritten->folder);
    put_file(rewritten->path, text);
    rewritten->err = (struct brine_error){0};
    cr_assert_eq(config_init(&rewritten->config, mem), BRINE_OK);
    cr_assert_eq(config_load_file(&rewritten->config, rewritten->path, &rewritten->err), BRINE_OK,
                 "%s", rewritten->err.text);
}

static void set(struct config *config, const char *const *words) {
    struct bytes args[ARGUMENTS_MAX];
    size_t count = 0;
    for (; words[count]; count++) args[count] = bytes_of_cstr(words[count]);
    struct brine_error err = {0};
    cr_assert_eq(config_set(config, args, count / 2, &err), BRINE_OK, "%s", err.text);
}

/* That the folder can be removed shows that no temporary file was left behind. */
static void rewritten_deinit(struct rewritten *rewritten) {
    config_deinit(&rewritten->config);
    unlink(rewritten->path);
    cr_expect_eq(rmdir(rewritten->folder), 0, "something was left in %s", rewritten->folder);
}

Test(config_rewrite, comments_and_order_are_kept) {
    static const struct {
        const char *before, *words[ARGUMENTS_MAX], *after;
    } rows[] = {
        /* a value in place */
        {"# mine\n[memory] # here\nmax = '1mb' # a comment\npolicy = \"noeviction\"\n",
         {"maxmemory", "3mb"},
         "# mine\n[memory] # here\nmax = \"3mb\" # a comment\npolicy = \"noeviction\"\n"},
        {"server = { max_clients = 5, idle_timeout = \"\"\"5m\"\"\" }\n",
         {"maxclients", "6", "timeout", "90"},
         "server = { max_clients = 6, idle_timeout = \"90s\" }\n"},
        /* what is new stands behind its section's last line */
        {"[memory]\nmax = 5\n\n# the log\n[log]\nlevel = 'debug'",
         {"timeout", "1", "maxmemory", "6", "loglevel", "notice"},
         "[memory]\nmax = 6\n\n# the log\n[log]\nlevel = \"notice\"\n\n[server]\nidle_timeout = "
         "\"1s\"\n"},
        {"[server]\nport = 1 # one\n\n[log]\n",
         {"maxclients", "7", "tcp-keepalive", "0", "loglevel", "debug"},
         "[server]\nport = 1 # one\nmax_clients = 7\ntcp_keepalive = 0\n\n[log]\nlevel = "
         "\"debug\"\n"},
        {"[server]\nbind = [ # where\n  '::1',\n] # end\n# next\n",
         {"maxclients", "7"},
         "[server]\nbind = [ # where\n  '::1',\n] # end\nmax_clients = 7\n# next\n"},
        {"server.port = 1 # one\nlog.level = 'debug'\n",
         {"maxclients", "7", "timeout", "2", "maxmemory", "1"},
         "server.port = 1 # one\nserver.max_clients = 7\nserver.idle_timeout = \"2s\"\nlog.level = "
         "'debug'\n\n[memory]\nmax = 1\n"},
        {"server = {port = 1} # one\nlog = {}\nmemory = { }",
         {"maxclients", "7", "timeout", "2", "loglevel", "debug", "maxmemory", "1"},
         "server = {port = 1, max_clients = 7, idle_timeout = \"2s\"} # one\nlog = {level = "
         "\"debug\"}\nmemory = {max = 1 }\n"},
        {"",
         {"maxmemory", "1", "requirepass", "a\"b"},
         "[auth]\npassword = \"a\\\"b\"\n\n[memory]\nmax = 1\n"},
        {"# only a comment", {"maxmemory", "1"}, "# only a comment\n\n[memory]\nmax = 1\n"},
        /* nothing to say */
        {"[memory]\nmax = 0x10", {"maxmemory", "16"}, "[memory]\nmax = 0x10"},
        {"# x", {"maxmemory", "0"}, "# x"},
        {"[memory]\nmax = 5 # five\n", {"maxmemory", "0"}, "[memory]\nmax = 0 # five\n"},
        {"[log]\r\nlevel = 'debug'\r\n", {"loglevel", "notice"}, "[log]\r\nlevel = \"notice\"\r\n"},
        /* remembered names have no place in the file */
        {"# x", {"hz", "50"}, "# x"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rewritten rewritten;
        rewritten_init(&rewritten, mem_system(), rows[i].before);
        set(&rewritten.config, rows[i].words);
        cr_expect_eq(config_rewrite(&rewritten.config, &rewritten.err), BRINE_OK, "%s",
                     rewritten.err.text);
        expect_file(rewritten.path, rows[i].after);
        cr_expect_eq(config_rewrite(&rewritten.config, &rewritten.err), BRINE_OK);
        expect_file(rewritten.path, rows[i].after);
        rewritten_deinit(&rewritten);
    }
}

Test(config_rewrite, without_a_file_it_says_what_redis_says) {
    struct config config;
    struct brine_error err;
    cr_assert_eq(config_init(&config, mem_system()), BRINE_OK);
    cr_expect_eq(config_rewrite(&config, &err), BRINE_INVALID);
    cr_expect_str_eq(err.text, "The server is running without a config file");
    config_deinit(&config);
}

Test(config_rewrite, values_of_environment_and_flags_are_not_written) {
    struct rewritten rewritten;
    rewritten_init(&rewritten, mem_system(), "[memory]\nmax = 1\n");
    static const char *const environment[] = {"BRINE_AUTH_PASSWORD=secret", "BRINE_MEMORY_MAX=2",
                                              NULL};
    cr_assert_eq(config_load_environment(&rewritten.config, environment, &rewritten.err), BRINE_OK);
    set(&rewritten.config, (const char *const[]){"maxclients", "9", NULL});
    cr_expect_eq(config_rewrite(&rewritten.config, &rewritten.err), BRINE_OK);
    expect_file(rewritten.path, "[memory]\nmax = 1\n\n[server]\nmax_clients = 9\n");
    rewritten_deinit(&rewritten);
}

Test(config_rewrite, permissions_and_a_link_to_the_file_are_kept) {
    struct rewritten rewritten;
    rewritten_init(&rewritten, mem_system(), "[memory]\nmax = 1\n");
    cr_assert_eq(chmod(rewritten.path, 0640), 0);
    char link[128];
    snprintf(link, sizeof link, "%s/link.toml", rewritten.folder);
    cr_assert_eq(symlink("brine.toml", link), 0);
    cr_assert_eq(config_load_file(&rewritten.config, link, &rewritten.err), BRINE_OK);
    set(&rewritten.config, (const char *const[]){"maxmemory", "9", NULL});
    cr_expect_eq(config_rewrite(&rewritten.config, &rewritten.err), BRINE_OK);
    expect_file(rewritten.path, "[memory]\nmax = 9\n");
    struct stat status;
    cr_assert_eq(stat(rewritten.path, &status), 0);
    cr_expect_eq(status.st_mode & 07777, 0640);
    cr_assert_eq(lstat(link, &status), 0);
    cr_expect(S_ISLNK(status.st_mode));
    unlink(link);
    rewritten_deinit(&rewritten);
}

Test(config_rewrite, a_file_that_became_wrong_or_went_away_is_left_alone) {
    struct rewritten rewritten;
    rewritten_init(&rewritten, mem_system(), "[memory]\nmax = 1\n");
    set(&rewritten.config, (const char *const[]){"maxmemory", "9", NULL});
    put_file(rewritten.path, "[memory]\nmax = oops\n");
    cr_expect_eq(config_rewrite(&rewritten.config, &rewritten.err), BRINE_MALFORMED);
    cr_expect_str_eq(
        rewritten.err.text,
        "Rewriting config file: 2:7: expected a value (text stands in quotes), found 'oops'");
    expect_file(rewritten.path, "[memory]\nmax = oops\n");
    put_file(rewritten.path, "[memory]\nmaxx = 5\n");
    cr_expect_eq(config_rewrite(&rewritten.config, &rewritten.err), BRINE_INVALID);
    cr_expect(strstr(rewritten.err.text,
                     "brine.toml:2:1: unknown option memory.maxx; did you mean memory.max?"),
              "%s", rewritten.err.text);
    expect_file(rewritten.path, "[memory]\nmaxx = 5\n");
    unlink(rewritten.path);
    cr_expect_eq(config_rewrite(&rewritten.config, &rewritten.err), BRINE_IO);
    cr_expect(strstr(rewritten.err.text, "cannot open: No such file or directory"), "%s",
              rewritten.err.text);
    rewritten_deinit(&rewritten);
}

Test(config_rewrite, any_allocation_may_fail_and_the_file_stays_whole) {
    for (size_t n = 0;; n++) {
        struct failing_allocator mem;
        failing_init(&mem, SIZE_MAX);
        struct rewritten rewritten;
        rewritten_init(&rewritten, &mem.allocator, "[memory]\nmax = 1\n");
        set(&rewritten.config, (const char *const[]){"maxmemory", "9", "maxclients", "5", NULL});
        mem.fail_at = mem.requests + n;
        mem.refused = false;
        enum brine_status status = config_rewrite(&rewritten.config, &rewritten.err);
        bool refused = mem.refused;
        cr_expect_eq(status == BRINE_OK, !refused, "allocation %zu: %s", n, rewritten.err.text);
        expect_file(rewritten.path, refused ? "[memory]\nmax = 1\n"
                                            : "[memory]\nmax = 9\n\n[server]\nmax_clients = 5\n");
        rewritten_deinit(&rewritten);
        cr_expect_eq(mem.taken_bytes, 0);
        if (!refused) break;
        cr_assert_lt(n, 100);
    }
}
