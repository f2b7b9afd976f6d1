/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* brine-server: options in, modules set up in dependency order, the loop, and down again in
 * reverse. */

#include "server.h"

#include "base/random.h"
#include "cmd/events.h"
#include "keyspace/room.h"
#include "observe/clock.h"
#include "observe/machine.h"
#include "snapshot/recover.h"
#include "store/huge.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

/* Read by jemalloc when the process starts.  Pages that were given back go to the system soon, and
 * by a thread of its own: a loop that frees a giant value would stop for as long as that takes. */
extern const char *const malloc_conf;
const char *const malloc_conf = "background_thread:true,dirty_decay_ms:50,muzzy_decay_ms:0";

enum { PRINTED_BYTES_MAX = 1 << 20 };

typedef enum brine_status setup_fn(struct server *server, struct brine_error *err);
typedef void teardown_fn(struct server *server);

static setup_fn setup_log, setup_audit, setup_store, setup_gate, setup_keyspace, setup_snapshots,
    setup_net, setup_http, setup_pid_file;
static teardown_fn teardown_log, teardown_audit, teardown_store, teardown_gate, teardown_keyspace,
    teardown_snapshots, teardown_net, teardown_http, teardown_pid_file;

/* In the order of dependence: each uses those above it. */
static const struct {
    setup_fn *setup;
    teardown_fn *teardown;
} modules[] = {
    {setup_log, teardown_log},           {setup_audit, teardown_audit},
    {setup_store, teardown_store},       {setup_gate, teardown_gate},
    {setup_keyspace, teardown_keyspace}, {setup_snapshots, teardown_snapshots},
    {setup_net, teardown_net},           {setup_http, teardown_http},
    {setup_pid_file, teardown_pid_file},
};

static int configure(struct server *server, int argc, char **argv, bool *run);
static int serve(struct server *server);

int main(int argc, char **argv) {
    struct server server = {0};
    struct brine_error err = {0};
    bool run = false;
    int code = configure(&server, argc, argv, &run);
    size_t ready = 0;
    while (run && ready < ARRAY_LEN(modules)) {
        if (modules[ready].setup(&server, &err) != BRINE_OK) {
            fprintf(stderr, "brine-server: %s\n", err.text);
            code = EXIT_NOT_STARTED;
            run = false;
        } else {
            ready++;
        }
    }
    if (run) code = serve(&server);
    while (ready > 0) modules[--ready].teardown(&server);
    config_deinit(&server.config);
    return code;
}

/* ---- options --------------------------------------------------------------------------------- */

static enum brine_status check_config(struct config *config, struct brine_error *err) {
    TRY(gate_check_config(config, err));
    TRY(http_check_config(config, err));
    return net_check_config(config, err);
}

static int configure(struct server *server, int argc, char **argv, bool *run) {
    if (config_init(&server->config, mem_system()) != BRINE_OK) {
        fprintf(stderr, "brine-server: out of memory while starting\n");
        exit(EXIT_NOT_STARTED);
    }
    server->config.check = check_config;
    struct buf printed;
    buf_init(&printed, mem_system(), PRINTED_BYTES_MAX);
    enum config_action action = config_start(&server->config, argc, (const char *const *)argv,
                                             (const char *const *)environ, BRINE_VERSION, &printed);
    FILE *stream = action == CONFIG_REFUSE ? stderr : stdout;
    if (printed.len > 0) fwrite(printed.data, 1, printed.len, stream);
    int failed = fflush(stream);
    buf_deinit(&printed);
    *run = action == CONFIG_RUN;
    if (action == CONFIG_REFUSE) return CONFIG_EXIT_REFUSED;
    return failed ? EXIT_NOT_STARTED : EXIT_STOPPED;
}

/* ---- modules --------------------------------------------------------------------------------- */

/* ORDER log_level */
_Static_assert((int)CONFIG_LOG_LEVEL_DEBUG == (int)LOG_DEBUG &&
                   (int)CONFIG_LOG_LEVEL_WARNING == (int)LOG_WARNING,
               "the option's words are the log's levels, in their order");

static enum brine_status apply_log_level(void *context, struct config *config,
                                         enum config_option option UNUSED,
                                         struct brine_error *err UNUSED) {
    log_set_level(context, (enum log_level)config_read(config->log.level));
    return BRINE_OK;
}

static enum brine_status setup_log(struct server *server, struct brine_error *err) {
    struct log_options options = {
        .path = (const char *)server->config.log.file.data,
        .level = (enum log_level)config_read(server->config.log.level),
    };
    TRY(log_open(&server->log, &options, err));
    config_on_change(&server->config, CONFIG_OPTION_log_level, apply_log_level, &server->log);
    mem_account_init(&server->memory, mem_system(), 0);
    mem_account_init(&server->clients_memory, &server->memory.allocator, 0);
    return BRINE_OK;
}

static void teardown_log(struct server *server) {
    log_close(&server->log);
}

/* Its ring counts as little as the log's buffers: it is taken at once and touched as it fills. */
static enum brine_status setup_audit(struct server *server, struct brine_error *err) {
    const struct config *config = &server->config;
    struct audit_options options = {
        .mem = mem_system(),
        .path = (const char *)config->audit.file.data,
        .queue_bytes = (size_t)config_read(config->audit.queue_bytes),
        .keep = (size_t)config_read(config->audit.keep),
        .sync = config_read(config->audit.fsync) == CONFIG_AUDIT_FSYNC_EVERYSEC,
        .log = &server->log,
    };
    return audit_open(&server->audit, &options, err);
}

static void teardown_audit(struct server *server) {
    audit_close(server->audit);
}

static enum brine_status draw_random(void *target, size_t bytes, struct brine_error *err) {
    if (getrandom(target, bytes, 0) == (ssize_t)bytes) return BRINE_OK;
    return brine_fail(err, BRINE_IO, 0, "the operating system gave no random bytes: %s",
                      strerror(errno));
}

static enum brine_status setup_store(struct server *server, struct brine_error *err) {
    struct config *config = &server->config;
    struct store_options options = {
        .mem = &server->memory.allocator,
        .threads = net_choose_workers(config),
        .shards = (size_t)config_read(config->server.shards),
        .databases = (size_t)config_read(config->server.databases),
        .key_bytes_max = (size_t)config_read(config->limits.key_bytes),
        .forecast_bytes = (size_t)config_read(config->memory.forecast_bytes),
        .huge = huge_pages(),
        .huge_ahead = config_read(config->memory.pages_ahead),
        .notes = config_read(config->audit.provenance) ? STORE_NOTES_FULL : STORE_NOTES_LABEL,
    };
    TRY(draw_random(&options.secret, sizeof(options.secret), err));
    server->store = store_create(&options);
    return server->store ? BRINE_OK
                         : brine_fail(err, BRINE_NO_MEMORY, 0, "out of memory for the store");
}

static void teardown_store(struct server *server) {
    store_destroy(server->store);
}

static enum brine_status setup_gate(struct server *server, struct brine_error *err) {
    struct allocator *mem = &server->memory.allocator;
    struct gate_kinds_options kinds = {
        .mem = mem,
        .kinds_max = (size_t)config_read(server->config.gate.kinds_max),
    };
    TRY(draw_random(&kinds.secret, sizeof(kinds.secret), err));
    server->kinds = gate_kinds_create(&kinds);
    if (!server->kinds || learn_create(mem, LEARN_BYTES_MAX, &server->learn) != BRINE_OK) {
        teardown_gate(server);
        return brine_fail(err, BRINE_NO_MEMORY, 0, "out of memory for the gate");
    }
    struct gate_keeper_options options = {
        .mem = mem,
        .config = &server->config,
        .log = &server->log,
        .audit = server->audit,
        .kinds = server->kinds,
        .learn = server->learn,
    };
    enum brine_status status = gate_keeper_create(&options, &server->keeper, err);
    if (status == BRINE_OK)
        gate_init_keeper(&server->gate, server->keeper);
    else
        teardown_gate(server);
    return status;
}

static void teardown_gate(struct server *server) {
    gate_keeper_destroy(server->keeper);
    learn_destroy(server->learn);
    gate_kinds_destroy(server->kinds);
}

/* ORDER keyspace_recheck, keyspace_denied */
_Static_assert((int)CONFIG_GATE_RECHECK_SWEEP == (int)KEYSPACE_RECHECK_SWEEP &&
                   (int)CONFIG_GATE_RECHECK_OFF == (int)KEYSPACE_RECHECK_OFF &&
                   (int)CONFIG_GATE_DENIED_ERROR == (int)KEYSPACE_DENIED_ERROR,
               "the options' words are the keyspace's, in their order");

static enum brine_status apply_recheck(void *context, struct config *config,
                                       enum config_option option UNUSED,
                                       struct brine_error *err UNUSED) {
    keyspace_set_recheck(context, (enum keyspace_recheck)config_read(config->gate.recheck),
                         (enum keyspace_denied)config_read(config->gate.denied));
    return BRINE_OK;
}

/* ORDER store_policy */
_Static_assert((int)CONFIG_MEMORY_POLICY_BRINE == (int)STORE_POLICY_BRINE &&
                   (int)CONFIG_MEMORY_POLICY_VOLATILE_TTL == (int)STORE_POLICY_VOLATILE_TTL &&
                   (int)CONFIG_MEMORY_POLICY_NOEVICTION == (int)STORE_POLICY_NOEVICTION,
               "the option's words are the store's policies, in their order");

enum { MEMORY_SHARE_PERCENT = 75, MEMORY_SMALL_BYTES = 42 << 20 };

/* memory.max, or three quarters of what there is. */
static size_t memory_limit(const struct config *config, const char **source) {
    size_t max = (size_t)config_read(config->memory.max);
    *source = "";
    return max ? max : machine_memory_bytes(source) / 100 * MEMORY_SHARE_PERCENT;
}

static enum brine_status apply_memory(void *context, struct config *config,
                                      enum config_option option UNUSED,
                                      struct brine_error *err UNUSED) {
    const char *source;
    struct keyspace_memory memory = {
        .bytes_max = memory_limit(config, &source),
        .policy = {.policy = (enum store_policy)config_read(config->memory.policy),
                   .lfu_log_factor = (uint32_t)config_read(config->memory.lfu_log_factor),
                   .lfu_decay_minutes = (uint32_t)config_read(config->memory.lfu_decay_time)},
    };
    room_set(context, &memory);
    return BRINE_OK;
}

static void setup_memory(struct server *server) {
    static const enum config_option options[] = {
        CONFIG_OPTION_memory_max, CONFIG_OPTION_memory_policy, CONFIG_OPTION_memory_lfu_log_factor,
        CONFIG_OPTION_memory_lfu_decay_time};
    (void)apply_memory(&server->keyspace, &server->config, CONFIG_OPTION_memory_max, NULL);
    for (size_t i = 0; i < ARRAY_LEN(options); i++)
        config_on_change(&server->config, options[i], apply_memory, &server->keyspace);
}

static enum brine_status apply_events(void *context, struct config *config,
                                      enum config_option option UNUSED,
                                      struct brine_error *err UNUSED) {
    events_apply_classes(context, config_read(config->events.notify));
    return BRINE_OK;
}

static enum brine_status setup_keyspace(struct server *server, struct brine_error *err UNUSED) {
    keyspace_init(&server->keyspace, &(struct keyspace_options){
                                         .store = server->store,
                                         .gate = &server->gate,
                                         .provenance = config_read(server->config.audit.provenance),
                                     });
    keyspace_set_recheck(&server->keyspace,
                         (enum keyspace_recheck)config_read(server->config.gate.recheck),
                         (enum keyspace_denied)config_read(server->config.gate.denied));
    config_on_change(&server->config, CONFIG_OPTION_gate_recheck, apply_recheck, &server->keyspace);
    config_on_change(&server->config, CONFIG_OPTION_gate_denied, apply_recheck, &server->keyspace);
    setup_memory(server);
    events_apply_classes(&server->keyspace, config_read(server->config.events.notify));
    config_on_change(&server->config, CONFIG_OPTION_events_notify, apply_events, &server->keyspace);
    return BRINE_OK;
}

static void teardown_keyspace(struct server *server) {
    keyspace_deinit(&server->keyspace);
}

/* ORDER recover_damaged */
_Static_assert((int)CONFIG_SNAPSHOT_DAMAGED_SALVAGE == (int)RECOVER_SALVAGE &&
                   (int)CONFIG_SNAPSHOT_DAMAGED_EMPTY == (int)RECOVER_EMPTY,
               "the option's words are the snapshots', in their order");

static void on_load_failed(void *context, const struct brine_error *err) {
    struct server *server = context;
    server->load_error = *err;
    net_stop(&server->net);
}

static void on_loaded(void *context) {
    struct server *server = context;
    net_loaded(&server->net);
}

static enum brine_status setup_snapshots(struct server *server, struct brine_error *err) {
    struct snapshots_options options = {
        .mem = &server->memory.allocator,
        .config = &server->config,
        .keyspace = &server->keyspace,
        .log = &server->log,
        .audit = server->audit,
        .on_loaded = on_loaded,
        .on_load_failed = on_load_failed,
        .context = server,
    };
    return snapshots_open(&server->snapshots, &options, err);
}

static void teardown_snapshots(struct server *server) {
    snapshots_close(server->snapshots);
}

static enum brine_status setup_net(struct server *server, struct brine_error *err) {
    struct net_options options = {
        .mem = &server->clients_memory.allocator,
        .memory = &server->memory,
        .config = &server->config,
        .log = &server->log,
        .audit = server->audit,
        .keyspace = &server->keyspace,
        .snapshots = server->snapshots,
        .version = BRINE_VERSION,
        .executable = server->executable,
    };
    ssize_t len = readlink("/proc/self/exe", server->executable, sizeof(server->executable) - 1);
    server->executable[MAX(len, 0)] = 0;
    TRY(draw_random(&options.random_seed, sizeof(options.random_seed), err));
    enum brine_status status = net_open(&server->net, &options, err);
    if (status != BRINE_OK) net_close(&server->net);
    return status;
}

static void teardown_net(struct server *server) {
    net_close(&server->net);
}

static enum brine_status setup_http(struct server *server, struct brine_error *err) {
    struct http_options options = {
        .mem = &server->clients_memory.allocator,
        .sources = {.config = &server->config,
                    .keyspace = &server->keyspace,
                    .shared = &server->net.shared,
                    .metrics_set = &server->net.metrics_set,
                    .services = &server->net.services,
                    .audit = server->audit,
                    .log = &server->log},
    };
    return http_open(&server->http, &options, err);
}

static void teardown_http(struct server *server) {
    http_stop(server->http);
    http_close(server->http);
}

static const char *pid_file_path(const struct server *server) {
    return (const char *)server->config.server.pid_file.data;
}

static enum brine_status setup_pid_file(struct server *server, struct brine_error *err) {
    if (server->config.server.pid_file.len == 0) return BRINE_OK;
    const char *path = pid_file_path(server);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0 || dprintf(fd, "%d\n", (int)getpid()) < 0) {
        int error = errno;
        if (fd >= 0) close(fd);
        return brine_fail(err, BRINE_IO, 0, "%s: cannot write server.pid_file: %s", path,
                          strerror(error));
    }
    close(fd);
    return BRINE_OK;
}

static void teardown_pid_file(struct server *server) {
    if (server->config.server.pid_file.len > 0) unlink(pid_file_path(server));
}

/* ---- running --------------------------------------------------------------------------------- */

static void log_memory(struct server *server) {
    static const char *const words[] = {
#define W(constant, word) [CONFIG_##constant] = word,
        CONFIG_MEMORY_POLICIES(W)
#undef W
    };
    const char *source, *policy = words[config_read(server->config.memory.policy)];
    size_t bytes = memory_limit(&server->config, &source);
    const char *small =
        bytes < MEMORY_SMALL_BYTES ? ", and the program's own 10 MB come on top" : "";
    if (bytes == 0)
        log_write(&server->log, LOG_WARNING,
                  "memory.max is 0 and this machine does not say what it has: no limit");
    else if (source[0])
        log_write(&server->log, LOG_NOTICE,
                  "memory.max is %zu bytes, three quarters of what %s has%s; memory.policy %s",
                  bytes, source, small, policy);
    else
        log_write(&server->log, LOG_NOTICE, "memory.max is %zu bytes%s, memory.policy %s", bytes,
                  small, policy);
}

static void log_start(struct server *server) {
    log_write(&server->log, LOG_NOTICE, "brine %s, pid %d, %zu worker threads", BRINE_VERSION,
              (int)getpid(), server->net.workers_count);
    log_memory(server);
    struct gate_setup *setup = gate_keeper_setup(server->keeper);
    const char *policy = (const char *)setup->policy_text.data;
    switch (setup->mode) {
    case CONFIG_GATE_MODE_ENFORCE:
        log_write(&server->log, LOG_NOTICE, "gate.mode is enforce, gate.policy %s, %zu rules",
                  policy, setup->rules_count);
        break;
    case CONFIG_GATE_MODE_LEARN:
        log_write(&server->log, LOG_WARNING,
                  "gate.mode is learn: pickles that policy %s does not know are stored", policy);
        break;
    case CONFIG_GATE_MODE_OFF:
        log_write(&server->log, LOG_WARNING,
                  "gate.mode is off: pickles are stored without being verified");
        break;
    }
    gate_setup_unref(setup);
}

static int serve(struct server *server) {
    struct brine_error err = {0};
    log_start(server);
    /* HTTP behind the snapshots: /readyz asks them whether they are loading. */
    struct brine_error ignored;
    if (snapshots_start(server->snapshots, &err) != BRINE_OK) {
        fprintf(stderr, "brine-server: %s\n", err.text);
        return EXIT_NOT_STARTED;
    }
    if (http_start(server->http, &err) != BRINE_OK) {
        fprintf(stderr, "brine-server: %s\n", err.text);
        (void)!snapshots_stop(server->snapshots, false, &ignored);
        return EXIT_NOT_STARTED;
    }
    enum net_end end = net_run(&server->net, &err);
    if (end != NET_GIVEN_UP) {
        bool save = end == NET_STOPPED && snapshots_wants_last(server->snapshots);
        enum brine_status status = snapshots_stop(server->snapshots, save, &err);
        if (status != BRINE_OK && end == NET_STOPPED) end = NET_NOT_STARTED;
    }
    if (server->load_error.status != BRINE_OK) {
        end = NET_NOT_STARTED;
        err = server->load_error;
    }
    switch (end) {
    case NET_STOPPED:
        break;
    case NET_GIVEN_UP:
        _exit(EXIT_GIVEN_UP); /* workers still use what would be torn down */
    case NET_NOT_STARTED:
        fprintf(stderr, "brine-server: %s\n", err.text);
        return EXIT_NOT_STARTED;
    }
    log_write(&server->log, LOG_NOTICE, "brine is now ready to exit, bye bye...");
    return EXIT_STOPPED;
}
