/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "config/config.h"
#include "config/row.h"
#include "support/failing.h"

#include <criterion/criterion.h>

#define A_LIST "a list of 0 to 16 texts (an array in a file, elsewhere a,b)"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void config_begin(struct config *config) {
    cr_assert_eq(config_init(config, mem_system()), BRINE_OK);
}

static bool text_is(struct bytes text, const char *expected) {
    return bytes_equal(text, bytes_of_cstr(expected)) && text.data[text.len] == 0;
}

Test(config, every_option_starts_with_its_default) {
    struct config config;
    config_begin(&config);
    cr_expect_eq(config_read(config.server.port), 6379);
    cr_expect_eq(config_read(config.server.unix_socket_mode), 0770);
    cr_expect_eq(config_read(config.server.tcp_keepalive), 300000);
    cr_expect_eq(config_read(config.server.tcp_nodelay), true);
    cr_expect_eq(config_read(config.limits.bulk_bytes), 512 << 20);
    cr_expect_eq(config_read(config.memory.policy), CONFIG_MEMORY_POLICY_BRINE);
    cr_expect_eq(config_read(config.log.level), CONFIG_LOG_LEVEL_NOTICE);
    cr_expect_eq(config.server.bind.count, 1);
    cr_expect(text_is(config.server.bind.items[0], "127.0.0.1"));
    cr_expect(text_is(config.server.redis_version, "7.4.0"));
    cr_expect(text_is(config.server.unix_socket, ""));
    cr_expect(text_is(config.snapshot.dir, "."));
    cr_expect(config_text_is_empty(&config, &config.auth.password));
    config_deinit(&config);
}

Test(config, a_file_sets_what_it_names) {
    struct config config;
    struct brine_error err = {0};
    config_begin(&config);
    enum brine_status status =
        config_load_toml(&config, "brine.toml",
                         BYTES("server.port = 0x1F90\n"
                               "limits = {bulk_bytes = '10mb', args = 2_000}\n"
                               "[memory]\nmax = 1000000\npolicy = 'NoEviction'\n"
                               "[auth]\npassword = 's3cret'\n"
                               "[log]\nlevel = \"debug\" # loud\nfile = '/var/log/brine.log'\n"),
                         &err);
    cr_assert_eq(status, BRINE_OK, "%s", err.text);
    cr_expect_eq(config_read(config.server.port), 8080);
    cr_expect_eq(config_read(config.limits.bulk_bytes), 10 << 20);
    cr_expect_eq(config_read(config.limits.args), 2000);
    cr_expect_eq(config_read(config.memory.max), 1000000);
    cr_expect_eq(config_read(config.log.level), CONFIG_LOG_LEVEL_DEBUG);
    cr_expect(text_is(config.log.file, "/var/log/brine.log"));
    cr_expect(config_secret_equal(&config, &config.auth.password, BYTES("s3cret")));
    cr_expect_not(config_secret_equal(&config, &config.auth.password, BYTES("s3creT")));
    cr_expect_not(config_secret_equal(&config, &config.auth.password, BYTES("s3")));
    cr_expect_not(config_secret_equal(&config, &config.auth.password, BYTES("")));
    cr_expect_not(config_secret_equal(&config, &config.auth.password, BYTES("s3crets3cret")));
    struct buf copy;
    buf_init(&copy, mem_system(), 64);
    cr_expect_eq(config_copy_text(&config, &config.auth.password, &copy), BRINE_OK);
    cr_expect(bytes_equal(buf_view(&copy), BYTES("s3cret")));
    buf_deinit(&copy);
    config_deinit(&config);
}

Test(config, every_kind_of_value_has_its_forms) {
    static const struct {
        const char *flag;
        enum config_option option;
        int64_t value;
    } rows[] = {
        {"--server.port=0", CONFIG_OPTION_server_port, 0},
        {"--memory.max=64kb", CONFIG_OPTION_memory_max, 65536},
        {"--memory.max=64k", CONFIG_OPTION_memory_max, 64000},
        {"--memory.max=2MB", CONFIG_OPTION_memory_max, 2 << 20},
        {"--memory.max=3m", CONFIG_OPTION_memory_max, 3000000},
        {"--memory.max=1gb", CONFIG_OPTION_memory_max, 1 << 30},
        {"--memory.max=1g", CONFIG_OPTION_memory_max, 1000000000},
        {"--memory.max=17b", CONFIG_OPTION_memory_max, 17},
        {"--memory.max=0017", CONFIG_OPTION_memory_max, 17},
        {"--memory.max=9223372036854775807", CONFIG_OPTION_memory_max, INT64_MAX},
        {"--server.idle_timeout=7", CONFIG_OPTION_server_idle_timeout, 7000},
        {"--server.idle_timeout=100ms", CONFIG_OPTION_server_idle_timeout, 100},
        {"--server.idle_timeout=30s", CONFIG_OPTION_server_idle_timeout, 30000},
        {"--server.idle_timeout=5m", CONFIG_OPTION_server_idle_timeout, 300000},
        {"--server.idle_timeout=2h", CONFIG_OPTION_server_idle_timeout, 7200000},
        {"--server.idle_timeout=1d", CONFIG_OPTION_server_idle_timeout, 86400000},
        {"--server.unix_socket_mode=700", CONFIG_OPTION_server_unix_socket_mode, 0700},
        {"--server.unix_socket_mode=0666", CONFIG_OPTION_server_unix_socket_mode, 0666},
        {"--server.shards=256", CONFIG_OPTION_server_shards, 256},
        {"--log.level=WARNING", CONFIG_OPTION_log_level, CONFIG_LOG_LEVEL_WARNING},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct config config;
        config_begin(&config);
        struct buf out;
        buf_init(&out, mem_system(), 1 << 16);
        const char *argv[] = {"brine-server", rows[i].flag};
        cr_expect_eq(config_start(&config, 2, argv, NULL, "1", &out), CONFIG_RUN, "%s: %.*s",
                     rows[i].flag, (int)out.len, (const char *)out.data);
        int64_t value = -1;
        if (rows[i].option == CONFIG_OPTION_server_port) value = config_read(config.server.port);
        if (rows[i].option == CONFIG_OPTION_memory_max) value = config_read(config.memory.max);
        if (rows[i].option == CONFIG_OPTION_server_idle_timeout)
            value = config_read(config.server.idle_timeout);
        if (rows[i].option == CONFIG_OPTION_server_unix_socket_mode)
            value = config_read(config.server.unix_socket_mode);
        if (rows[i].option == CONFIG_OPTION_server_shards)
            value = config_read(config.server.shards);
        if (rows[i].option == CONFIG_OPTION_log_level) value = config_read(config.log.level);
        cr_expect_eq(value, rows[i].value, "%s gave %lld", rows[i].flag, (long long)value);
        buf_deinit(&out);
        config_deinit(&config);
    }
}

/* Each row is a file that is refused, and the line that says so. */
static const struct {
    const char *text, *error;
} refused_files[] = {
    {"[server]\nport = \"abc\"",
     "b.toml:2:8: server.port: expected a whole number from 0 to 65535, found \"abc\""},
    {"[server]\nport = 70000",
     "b.toml:2:8: server.port: expected a whole number from 0 to 65535, found 70000"},
    {"server.port = -1",
     "b.toml:1:15: server.port: expected a whole number from 0 to 65535, found -1"},
    {"server.port = 1.5",
     "b.toml:1:15: server.port: expected a whole number from 0 to 65535, found 1.5"},
    {"server.port = [1]",
     "b.toml:1:15: server.port: expected a whole number from 0 to 65535, found an array"},
    {"server.port.x = 1",
     "b.toml:1:8: server.port: expected a whole number from 0 to 65535, found a table"},
    {"[server.port]",
     "b.toml:1:1: server.port: expected a whole number from 0 to 65535, found a table"},
    {"[server]\nprot = 1", "b.toml:2:1: unknown option server.prot; did you mean server.port?"},
    {"[server]\nmax_client = 1",
     "b.toml:2:1: unknown option server.max_client; did you mean server.max_clients?"},
    {"[server]\n'quite other' = 1", "b.toml:2:1: unknown option server.\"quite other\""},
    {"[memory]\nmax_clients = 1",
     "b.toml:2:1: unknown option memory.max_clients; did you mean server.max_clients?"},
    {"port = 1", "b.toml:1:1: unknown option port; did you mean server.port?"},
    {"[sever]\nport = 1", "b.toml:1:2: unknown section [sever]; did you mean [server]?"},
    {"[elsewhere]", "b.toml:1:2: unknown section [elsewhere]"},
    {"[[server]]", "b.toml:1:1: expected the table [server], found an array"},
    {"server = 5", "b.toml:1:10: expected the table [server], found an integer"},
    {"[server]\ntcp_nodelay = \"yes\"",
     "b.toml:2:15: server.tcp_nodelay: expected true or false, found \"yes\""},
    {"[server]\ntcp_nodelay = 1",
     "b.toml:2:15: server.tcp_nodelay: expected true or false, found 1"},
    {"[server]\nbind = 'x'", "b.toml:2:8: server.bind: expected " A_LIST ", found \"x\""},
    {"[server]\nbind = ['x', 1]", "b.toml:2:8: server.bind: expected " A_LIST ", found an array"},
    {"[server]\nbind = ['a','a','a','a','a','a','a','a','a','a','a','a','a','a','a','a','a']",
     "b.toml:2:8: server.bind: expected " A_LIST ", found an array"},
    {"[server]\nshards = 3",
     "b.toml:2:10: server.shards: expected a power of two, or 0, from 0 to 4096, found 3"},
    {"[server]\nunix_socket_mode = '0888'",
     "b.toml:2:20: server.unix_socket_mode: expected permissions in octal, such as \"0770\", up to "
     "\"0777\", found \"0888\""},
    {"[server]\nunix_socket_mode = 0o770",
     "b.toml:2:20: server.unix_socket_mode: expected permissions in octal, such as \"0770\", up to "
     "\"0777\", found 504"},
    {"[server]\nidle_timeout = '5 m'",
     "b.toml:2:16: server.idle_timeout: expected a time, such as \"100ms\", \"30s\" or \"5m\" (a "
     "plain number is seconds), from 0 to 2147483647s, found \"5 m\""},
    {"[server]\nidle_timeout = 9223372036854775807",
     "b.toml:2:16: server.idle_timeout: expected a time, such as \"100ms\", \"30s\" or \"5m\" (a "
     "plain number is seconds), from 0 to 2147483647s, found 9223372036854775807"},
    {"[limits]\nkey_bytes = '64kb'", "b.toml:2:13: limits.key_bytes: expected bytes, such as "
                                     "65536, \"64kb\" or \"2gb\", from 1 to 65535, found \"64kb\""},
    {"[limits]\nbulk_bytes = 5", "b.toml:2:14: limits.bulk_bytes: expected bytes, such as 65536, "
                                 "\"64kb\" or \"2gb\", from 1mb on, found 5"},
    {"[memory]\nmax = '16eb'", "b.toml:2:7: memory.max: expected bytes, such as 65536, \"64kb\" or "
                               "\"2gb\", from 0 on, found \"16eb\""},
    {"[memory]\nmax = '99999999999gb'", "b.toml:2:7: memory.max: expected bytes, such as 65536, "
                                        "\"64kb\" or \"2gb\", from 0 on, found \"99999999999gb\""},
    {"[memory]\nmax = '9223372036854775808'",
     "b.toml:2:7: memory.max: expected bytes, such as 65536, \"64kb\" or \"2gb\", from 0 on, found "
     "\"9223372036854775808\""},
    {"[memory]\nmax = ''", "b.toml:2:7: memory.max: expected bytes, such as 65536, \"64kb\" or "
                           "\"2gb\", from 0 on, found \"\""},
    {"[memory]\nmax = -1", "b.toml:2:7: memory.max: expected bytes, such as 65536, \"64kb\" or "
                           "\"2gb\", from 0 on, found -1"},
    {"[memory]\npolicy = 'lru'",
     "b.toml:2:10: memory.policy: expected one of brine, volatile-lru, volatile-lfu, "
     "volatile-random, volatile-ttl, allkeys-lru, allkeys-lfu, allkeys-random, noeviction, found "
     "\"lru\""},
    {"[log]\nlevel = ''",
     "b.toml:2:9: log.level: expected one of debug, verbose, notice, warning, found \"\""},
    {"[log]\nfile = \"a\\u0000b\"",
     "b.toml:2:8: log.file: expected text of 0 to 4095 bytes without NUL, found \"a\\u0000b\""},
    {"[snapshot]\ndir = ''",
     "b.toml:2:7: snapshot.dir: expected text of 1 to 4095 bytes without NUL, found \"\""},
    {"[auth]\npassword = \"a\\u0000b\"", "b.toml:2:12: auth.password: expected text of 0 to 512 "
                                         "bytes without NUL, found a text of 3 bytes"},
    {"[auth]\npassword = 12345",
     "b.toml:2:12: auth.password: expected text of 0 to 512 bytes without NUL, found an integer"},
    {"[server]\nunix_socket = "
     "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaa'",
     "b.toml:2:15: server.unix_socket: expected text of 0 to 107 bytes without NUL, found "
     "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"..."},
    {"[server]\nport = 1\nport = 2",
     "b.toml:3:1: expected a new key, but 'port' is already a value at line 2"},
    {"[server\n", "b.toml:1:8: expected ] to close the header, found the end of the line"},
};

Test(config, a_wrong_file_is_refused_with_its_place) {
    for (size_t i = 0; i < ARRAY_LEN(refused_files); i++) {
        struct config config;
        struct brine_error err = {0};
        config_begin(&config);
        enum brine_status status =
            config_load_toml(&config, "b.toml", bytes_of_cstr(refused_files[i].text), &err);
        cr_expect_neq(status, BRINE_OK, "%s", refused_files[i].text);
        cr_expect_str_eq(err.text, refused_files[i].error, "%s\ngave   %s\nwanted %s",
                         refused_files[i].text, err.text, refused_files[i].error);
        config_deinit(&config);
    }
}

struct started {
    struct config config;
    struct buf out;
    enum config_action action;
};

enum { ARGUMENTS_MAX = 4 };

static void started_init(struct started *started, const char *const *flags,
                         const char *const *environment) {
    const char *argv[ARGUMENTS_MAX + 1] = {"brine-server"};
    int argc = 1;
    while (argc <= ARGUMENTS_MAX && flags[argc - 1]) {
        argv[argc] = flags[argc - 1];
        argc++;
    }
    config_begin(&started->config);
    buf_init(&started->out, mem_system(), 1 << 20);
    started->action =
        config_start(&started->config, argc, argv, environment, "1.2.3", &started->out);
    cr_assert_eq(buf_append_byte(&started->out, 0), BRINE_OK);
}

static void started_deinit(struct started *started) {
    buf_deinit(&started->out);
    config_deinit(&started->config);
}

Test(config, a_wrong_command_line_or_environment_is_refused) {
    static const struct {
        const char *flags[ARGUMENTS_MAX + 1], *environment[3], *error;
    } rows[] = {
        {{"--server.prot=1"}, {0}, "--server.prot: unknown option; did you mean --server.port?\n"},
        {{"--port=1"}, {0}, "--port: unknown option; did you mean --server.port?\n"},
        {{"--zzzzzzzz=1"}, {0}, "--zzzzzzzz: unknown option\n"},
        {{"--server.port"}, {0}, "--server.port: expected --server.port=VALUE\n"},
        {{"--server.port="},
         {0},
         "--server.port: expected a whole number from 0 to 65535, found \"\"\n"},
        {{"--server.port=0x10"},
         {0},
         "--server.port: expected a whole number from 0 to 65535, found \"0x10\"\n"},
        {{"--server.port=1", "--server.port=2"}, {0}, "--server.port: given twice\n"},
        {{"--server.tcp_nodelay=maybe"},
         {0},
         "--server.tcp_nodelay: expected true or false, found \"maybe\"\n"},
        {{"--log.level=loud\n"},
         {0},
         "--log.level: expected one of debug, verbose, notice, warning, found \"loud\\n\"\n"},
        {{"brine.toml"},
         {0},
         "brine.toml: unexpected argument; a file is given as --config FILE, an option as "
         "--section.key=VALUE\n"},
        {{"-x"},
         {0},
         "-x: unexpected argument; a file is given as --config FILE, an option as "
         "--section.key=VALUE\n"},
        {{"--config"}, {0}, "--config: expected a file\n"},
        {{"--config="}, {0}, "--config: expected a file\n"},
        {{"--config=a", "--config", "b"}, {0}, "--config: given twice\n"},
        {{"--config=/nonexistent/x.toml"},
         {0},
         "/nonexistent/x.toml: cannot open: No such file or directory\n"},
        {{"--config=/"}, {0}, "/: cannot read: Is a directory\n"},
        {{"--check-config", "--server.port=x"},
         {0},
         "--server.port: expected a whole number from 0 to 65535, found \"x\"\n"},
        {{0},
         {"BRINE_SERVER_PROT=1"},
         "BRINE_SERVER_PROT: unknown variable; did you mean BRINE_SERVER_PORT?\n"},
        {{0},
         {"BRINE_LIMITS_BULKBYTES=1"},
         "BRINE_LIMITS_BULKBYTES: unknown variable; did you mean BRINE_LIMITS_BULK_BYTES?\n"},
        {{0}, {"BRINE_=1"}, "BRINE_: unknown variable\n"},
        {{0}, {"BRINE_HOSTILE_X=1"}, "BRINE_HOSTILE_X: unknown variable\n"},
        {{0},
         {"HOME=/", "BRINE_SERVER_PORT=x"},
         "BRINE_SERVER_PORT: expected a whole number from 0 to 65535, found \"x\"\n"},
        {{0},
         {"BRINE_AUTH_PASSWORD=\xFF", "BRINE_MEMORY_MAX=10zb"},
         "BRINE_MEMORY_MAX: expected bytes, such as 65536, \"64kb\" or \"2gb\", from 0 on, found "
         "\"10zb\"\n"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct started started;
        started_init(&started, rows[i].flags, rows[i].environment);
        cr_expect_eq(started.action, CONFIG_REFUSE, "%s", rows[i].error);
        cr_expect_str_eq((const char *)started.out.data, rows[i].error);
        started_deinit(&started);
    }
}

Test(config, variables_that_are_not_ours_are_left_alone) {
    static const char *const environment[] = {"BRINE_TEST_ADDR=x", "BRINE_HOSTILE=1", "PATH=/bin",
                                              "BRINER=1",          "BRINE_BROKEN",    NULL};
    struct started started;
    started_init(&started, (const char *const[]){NULL}, environment);
    cr_expect_eq(started.action, CONFIG_RUN);
    cr_expect_eq(started.out.len, 1);
    started_deinit(&started);
}

/* A server that got its default by the given way says that it came that way. */
static void expect_taken(const struct option_row *row, const char *flag, const char *variable,
                         enum config_source source) {
    struct started started;
    started_init(&started, (const char *const[]){flag, NULL},
                 (const char *const[]){variable, NULL});
    cr_expect_eq(started.action, CONFIG_RUN, "%s: %s", row->name, (const char *)started.out.data);
    cr_expect_eq(started.config.origins[row - config_rows].source, source, "%s", row->name);
    started_deinit(&started);
}

Test(config, every_option_has_a_flag_and_a_variable) {
    for (size_t i = 0; i < CONFIG_OPTIONS; i++) {
        const struct option_row *row = &config_rows[i];
        struct buf variable, flag;
        buf_init(&variable, mem_system(), 4096);
        buf_init(&flag, mem_system(), 4096);
        cr_assert_eq(option_environment_name(row, &variable), BRINE_OK);
        cr_assert_eq(buf_printf(&variable, "=%s%c", row->default_text, 0), BRINE_OK);
        cr_assert_eq(buf_printf(&flag, "--%s=%s%c", row->name, row->default_text, 0), BRINE_OK);
        expect_taken(row, NULL, (const char *)variable.data, CONFIG_FROM_ENVIRONMENT);
        expect_taken(row, (const char *)flag.data, NULL, CONFIG_FROM_FLAG);
        buf_deinit(&variable);
        buf_deinit(&flag);
    }
}

static void write_file(char *path, const char *text) {
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

Test(config, a_flag_beats_the_environment_which_beats_the_file_which_beats_the_default) {
    char path[] = "/tmp/brine_test_load_XXXXXX";
    write_file(path, "[server]\nport = 1\nthreads = 1\nbacklog = 1\n");
    static const char *const environment[] = {"BRINE_SERVER_PORT=2", "BRINE_SERVER_THREADS=2",
                                              NULL};
    struct started started;
    started_init(&started, (const char *const[]){"--config", path, "--server.port=3", NULL},
                 environment);
    cr_expect_eq(started.action, CONFIG_RUN, "%s", (const char *)started.out.data);
    cr_expect_eq(config_read(started.config.server.port), 3);
    cr_expect_eq(config_read(started.config.server.threads), 2);
    cr_expect_eq(config_read(started.config.server.backlog), 1);
    cr_expect_eq(config_read(started.config.server.databases), 16);
    started.out.len = 0;
    cr_assert_eq(config_print(&started.config, &started.out), BRINE_OK);
    cr_assert_eq(buf_append_byte(&started.out, 0), BRINE_OK);
    const char *printed = (const char *)started.out.data;
    char expected[128];
    snprintf(expected, sizeof expected, "backlog = 1 # %s:4\n", path);
    cr_expect(strstr(printed, expected), "%s", printed);
    cr_expect(strstr(printed, "port = 3 # flag --server.port\n"), "%s", printed);
    cr_expect(strstr(printed, "threads = 2 # environment BRINE_SERVER_THREADS\n"), "%s", printed);
    cr_expect(strstr(printed, "databases = 16 # default\n"), "%s", printed);
    unlink(path);
    started_deinit(&started);
}

Test(config, the_tasks_print_and_are_done) {
    static const struct {
        const char *flags[ARGUMENTS_MAX + 1], *part;
    } rows[] = {
        {{"--version"}, "brine-server 1.2.3\n"},
        {{"-v", "--server.port=nonsense"}, "brine-server 1.2.3\n"},
        {{"--version", "--help"}, "usage: brine-server"},
        {{"--help", "--version"}, "usage: brine-server"},
        {{"--help"}, "\n  --server.bind=127.0.0.1\n"},
        {{"--help"}, "\n  --server.tcp_keepalive=5m\n"},
        {{"--check-config", "--server.port=1"}, "The configuration is right.\n"},
        {{"--print-config", "--server.port=1"}, "port = 1 # flag --server.port\n"},
        {{"--print-config", "--auth.password=hush"},
         "# password = (a secret, not shown) # flag --auth.password\n"},
        {{"--print-config"}, "password = \"\" # default\n"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct started started;
        started_init(&started, rows[i].flags, NULL);
        cr_expect_eq(started.action, CONFIG_DONE, "%s", rows[i].flags[0]);
        cr_expect(strstr((const char *)started.out.data, rows[i].part), "%s: %s", rows[i].flags[0],
                  (const char *)started.out.data);
        cr_expect_not(strstr((const char *)started.out.data, "hush"));
        started_deinit(&started);
    }
}

Test(config, what_is_printed_loads_to_the_same_values) {
    struct started started;
    started_init(&started,
                 (const char *const[]){"--server.bind=::1 10.0.0.1,x", "--memory.max=12345",
                                       "--server.idle_timeout=1500ms",
                                       "--log.file=a\"b\\\xC3\xA9\t", NULL},
                 NULL);
    cr_assert_eq(started.action, CONFIG_RUN);
    started.out.len = 0;
    cr_assert_eq(config_print(&started.config, &started.out), BRINE_OK);
    struct config again;
    struct brine_error err = {0};
    config_begin(&again);
    cr_expect_eq(config_load_toml(&again, "p", buf_view(&started.out), &err), BRINE_OK, "%s",
                 err.text);
    cr_expect_eq(again.server.bind.count, 3);
    cr_expect(text_is(again.server.bind.items[2], "x"));
    cr_expect_eq(config_read(again.memory.max), 12345);
    cr_expect_eq(config_read(again.server.idle_timeout), 1500);
    cr_expect(text_is(again.log.file, "a\"b\\\xC3\xA9\t"));
    config_deinit(&again);
    started_deinit(&started);
}

/* ---- the example file ---- */

Test(config, the_example_file_is_the_one_generated_from_the_rows) {
    struct buf generated, file;
    buf_init(&generated, mem_system(), 1 << 20);
    buf_init(&file, mem_system(), 1 << 20);
    cr_assert_eq(config_print_example(&generated), BRINE_OK);
    FILE *stream = fopen("config.example.toml", "rb");
    cr_assert_not_null(stream, "the test runs in the top folder");
    cr_assert_eq(buf_reserve(&file, 1 << 19), BRINE_OK);
    file.len = fread(file.data, 1, 1 << 19, stream);
    fclose(stream);
    cr_expect(
        bytes_equal(buf_view(&generated), buf_view(&file)),
        "config.example.toml is old: brine-server --print-example-config > config.example.toml");
    buf_deinit(&file);
    buf_deinit(&generated);
}

Test(config, the_example_with_every_option_uncommented_says_the_defaults) {
    struct buf example, uncommented, printed, defaults;
    struct buf *all[] = {&example, &uncommented, &printed, &defaults};
    for (size_t i = 0; i < ARRAY_LEN(all); i++) buf_init(all[i], mem_system(), 1 << 20);
    cr_assert_eq(config_print_example(&example), BRINE_OK);
    for (size_t i = 0; i < example.len; i++) {
        bool line_start = i == 0 || example.data[i - 1] == '\n';
        bool is_option = line_start && example.data[i] == '#' && example.data[i + 1] != ' ';
        if (!is_option) cr_assert_eq(buf_append_byte(&uncommented, example.data[i]), BRINE_OK);
    }
    struct config config, fresh;
    struct brine_error err = {0};
    config_begin(&config);
    config_begin(&fresh);
    cr_expect_eq(config_load_toml(&config, "e", buf_view(&uncommented), &err), BRINE_OK, "%s",
                 err.text);
    for (size_t i = 0; i < CONFIG_OPTIONS; i++) {
        cr_expect_eq(config.origins[i].source, CONFIG_FROM_FILE, "option %zu is not in the example",
                     i);
        config.origins[i].source = CONFIG_FROM_DEFAULT;
    }
    cr_assert_eq(config_print(&config, &printed), BRINE_OK);
    cr_assert_eq(config_print(&fresh, &defaults), BRINE_OK);
    cr_expect(bytes_equal(buf_view(&printed), buf_view(&defaults)));
    config_deinit(&fresh);
    config_deinit(&config);
    for (size_t i = 0; i < ARRAY_LEN(all); i++) buf_deinit(all[i]);
}

/* ---- allocations that fail ---- */

Test(config, any_allocation_of_the_start_may_fail_and_nothing_leaks) {
    char path[] = "/tmp/brine_test_load_XXXXXX";
    write_file(path, "[server]\nbind = ['::1', '127.0.0.1']\nunix_socket = '/tmp/s'\n");
    static const char *const environment[] = {"BRINE_LOG_FILE=x", NULL};
    const char *argv[] = {"brine-server", "--config", path, "--server.prot=1"};
    for (size_t n = 0;; n++) {
        struct failing_allocator mem;
        failing_init(&mem, n);
        struct config config;
        bool initialised = config_init(&config, &mem.allocator) == BRINE_OK;
        if (initialised) {
            struct buf out;
            buf_init(&out, &mem.allocator, 1 << 16);
            cr_expect_eq(config_start(&config, 4, argv, environment, "1", &out), CONFIG_REFUSE);
            buf_deinit(&out);
            config_deinit(&config);
        }
        cr_expect_eq(mem.taken_bytes, 0, "allocation %zu", n);
        if (!mem.refused) break;
    }
    unlink(path);
}
