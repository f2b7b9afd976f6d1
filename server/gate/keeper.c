/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The setup in force and how it changes.
 *
 * A change makes a whole setup beside the one in force and swaps a pointer under `lock`; then the
 * generation is stored, which every desk compares before each question.  A desk that has not asked
 * since keeps the old setup alive, so that no question ever waits for a change or sees half of one.
 *
 * Careful: on CONFIG SET's undo a setup is made from the old values.  When there is no memory for
 * it, the one in force stays, although the options say otherwise; the log says so. */

#include "gate/keeper_state.h"

#include "base/assert.h"

static config_apply_fn apply_option;
static gate_judge judge;

/* ---- files ------------------------------------------------------------------------------------*/

static void files_destroy(struct gate_files *files, struct allocator *mem) {
    for (size_t i = 0; i < files->sources.count; i++) buf_deinit(&files->texts[i]);
    mem_free(mem, files, sizeof *files);
}

static enum brine_status read_file(struct gate_files *files, const char *path,
                                   struct allocator *mem, struct brine_error *err) {
    BRINE_ASSERT(files->sources.count < GATE_SOURCES_MAX, "the option's list is no longer");
    size_t at = files->sources.count++;
    buf_init(&files->texts[at], mem, CONFIG_FILE_BYTES_MAX);
    TRY(config_read_file(path, &files->texts[at], err));
    files->sources.files[at] =
        (struct gate_source){.path = path, .text = buf_view(&files->texts[at])};
    return BRINE_OK;
}

/* Paths stay the config's, which never changes them. */
static enum brine_status read_files(struct config *config, struct allocator *mem,
                                    struct gate_files **result, struct brine_error *err) {
    struct gate_files *files = mem_alloc_zeroed(mem, sizeof *files);
    if (!files) return brine_fail(err, BRINE_NO_MEMORY, 0, "gate: out of memory for files");
    enum brine_status status = BRINE_OK;
    files->sources.has_server_file = config->file_path.len > 0;
    if (files->sources.has_server_file)
        status = read_file(files, (const char *)config->file_path.data, mem, err);
    const struct config_list *more = &config->gate.policy_files;
    for (size_t i = 0; status == BRINE_OK && i < more->count; i++)
        status = read_file(files, (const char *)more->items[i].data, mem, err);
    if (status == BRINE_OK)
        *result = files;
    else
        files_destroy(files, mem);
    return status;
}

enum brine_status gate_check_config(struct config *config, struct brine_error *err) {
    struct allocator *mem = config->mem;
    struct gate_files *files;
    TRY(read_files(config, mem, &files, err));
    struct gate_setup *setup = NULL;
    enum brine_status status = gate_setup_create(config, &files->sources, mem, &setup, err);
    gate_setup_unref(setup);
    files_destroy(files, mem);
    return status;
}

/* ---- life -------------------------------------------------------------------------------------*/

static const enum config_option options_heeded[] = {CONFIG_OPTION_gate_mode,
                                                    CONFIG_OPTION_gate_policy,
                                                    CONFIG_OPTION_gate_offload_bytes,
                                                    CONFIG_OPTION_gate_framing_depth_max,
                                                    CONFIG_OPTION_gate_unpacked_bytes_max,
                                                    CONFIG_OPTION_gate_unpacked_ratio_max,
                                                    CONFIG_OPTION_gate_unpack_ms,
#define L(field, value, doc) CONFIG_OPTION_gate_##field,
                                                    PICKLE_LIMITS(L)
#undef L
};

/* With `changing` held.  Takes the setup. */
static void put_in_force(struct gate_keeper *keeper, struct gate_setup *setup) {
    setup->generation = ++keeper->generations_given;
    pthread_mutex_lock(&keeper->lock);
    struct gate_setup *old = keeper->setup;
    keeper->setup = setup;
    pthread_mutex_unlock(&keeper->lock);
    atomic_store_explicit(&keeper->generation, setup->generation, memory_order_release);
    bool off = setup->mode == CONFIG_GATE_MODE_OFF;
    if (keeper->options.kinds)
        gate_kinds_set_generation(keeper->options.kinds, off ? 0 : setup->generation);
    gate_setup_unref(old);
}

enum brine_status gate_keeper_create(const struct gate_keeper_options *options,
                                     struct gate_keeper **result, struct brine_error *err) {
    struct gate_files *files;
    TRY(read_files(options->config, options->mem, &files, err));
    struct gate_keeper *keeper = mem_alloc_zeroed(options->mem, sizeof *keeper);
    if (!keeper) {
        files_destroy(files, options->mem);
        return brine_fail(err, BRINE_NO_MEMORY, 0, "gate: out of memory");
    }
    struct gate_setup *setup;
    enum brine_status status =
        gate_setup_create(options->config, &files->sources, options->mem, &setup, err);
    if (status != BRINE_OK) {
        mem_free(options->mem, keeper, sizeof *keeper);
        files_destroy(files, options->mem);
        return status;
    }
    keeper->options = *options;
    keeper->files = files;
    int codes =
        pthread_mutex_init(&keeper->changing, NULL) | pthread_mutex_init(&keeper->lock, NULL);
    BRINE_ASSERT(codes == 0, "a plain mutex needs nothing that can be missing");
    put_in_force(keeper, setup);
    for (size_t i = 0; i < ARRAY_LEN(options_heeded); i++)
        config_on_change(options->config, options_heeded[i], apply_option, keeper);
    *result = keeper;
    return BRINE_OK;
}

void gate_keeper_destroy(struct gate_keeper *keeper) {
    if (!keeper) return;
    for (size_t i = 0; i < ARRAY_LEN(options_heeded); i++)
        config_on_change(keeper->options.config, options_heeded[i], NULL, NULL);
    gate_setup_unref(keeper->setup);
    files_destroy(keeper->files, keeper->options.mem);
    pthread_mutex_destroy(&keeper->changing);
    pthread_mutex_destroy(&keeper->lock);
    mem_free(keeper->options.mem, keeper, sizeof *keeper);
}

/* ---- change -----------------------------------------------------------------------------------*/

static void say(struct gate_keeper *keeper, enum log_level level, const char *what,
                const char *why) {
    if (keeper->options.log) log_write(keeper->options.log, level, "gate: %s%s", what, why);
    struct audit_record record = AUDIT_RECORD(POLICY);
    record.generation = (int64_t)gate_keeper_generation(keeper);
    record.verdict = why[0] ? BYTES("refused") : BYTES("loaded");
    record.text = bytes_of_cstr(why);
    audit_write(keeper->options.audit, &record);
}

static enum brine_status apply_option(void *context, struct config *config,
                                      enum config_option option UNUSED, struct brine_error *err) {
    struct gate_keeper *keeper = context;
    struct brine_error why = {0};
    struct gate_setup *setup;
    pthread_mutex_lock(&keeper->changing);
    enum brine_status status =
        gate_setup_create(config, &keeper->files->sources, keeper->options.mem, &setup, &why);
    if (status == BRINE_OK) put_in_force(keeper, setup);
    pthread_mutex_unlock(&keeper->changing);
    if (status == BRINE_OK) return BRINE_OK;
    if (err) return brine_fail(err, status, 0, "%s", why.text);
    say(keeper, LOG_WARNING, "the old options could not be put back in force: ", why.text);
    return BRINE_OK;
}

enum brine_status gate_keeper_reload(struct gate_keeper *keeper, struct brine_error *err) {
    struct allocator *mem = keeper->options.mem;
    struct config *config = keeper->options.config;
    struct brine_error why = {0};
    struct gate_files *files = NULL;
    struct gate_setup *setup = NULL;
    pthread_mutex_lock(&keeper->changing);
    enum brine_status status = read_files(config, mem, &files, &why);
    if (status == BRINE_OK) status = gate_setup_create(config, &files->sources, mem, &setup, &why);
    if (status == BRINE_OK) {
        struct gate_files *old = keeper->files;
        keeper->files = files;
        files = old;
        put_in_force(keeper, setup);
    }
    pthread_mutex_unlock(&keeper->changing);
    if (files) files_destroy(files, mem);
    if (status == BRINE_OK) {
        say(keeper, LOG_NOTICE, "rules and policies were read again", "");
        return BRINE_OK;
    }
    say(keeper, LOG_WARNING, "rules and policies stay as they were: ", why.text);
    return brine_fail(err, status, why.offset, "%s", why.text);
}

const struct gate_keeper_options *gate_keeper_parts(const struct gate_keeper *keeper) {
    return &keeper->options;
}

/* ---- the setup in force -----------------------------------------------------------------------*/

uint32_t gate_keeper_generation(const struct gate_keeper *keeper) {
    return atomic_load_explicit(&keeper->generation, memory_order_acquire);
}

struct gate_setup *gate_keeper_setup(struct gate_keeper *keeper) {
    pthread_mutex_lock(&keeper->lock);
    struct gate_setup *setup = gate_setup_ref(keeper->setup);
    pthread_mutex_unlock(&keeper->lock);
    return setup;
}

const struct gate_setup *gate_keeper_desk_setup(struct gate_keeper *keeper,
                                                struct gate_desk *desk) {
    if (LIKELY(desk->keeper == keeper && desk->setup->generation == gate_keeper_generation(keeper)))
        return desk->setup;
    struct gate_setup *setup = gate_keeper_setup(keeper);
    gate_desk_leave_setup(desk);
    desk->setup = setup;
    desk->keeper = keeper;
    return setup;
}

void gate_desk_leave_setup(struct gate_desk *desk) {
    gate_setup_unref(desk->setup);
    desk->setup = NULL;
    desk->keeper = NULL;
}

/* ---- the gate ---------------------------------------------------------------------------------*/

static enum gate_verdict judge(void *context, struct gate_desk *desk,
                               const struct gate_question *question, struct gate_answer *answer) {
    static const struct gate_look plain = {0};
    struct gate_finding finding;
    if (gate_keeper_desk_setup(context, desk)->mode == CONFIG_GATE_MODE_OFF) return GATE_ADMIT;
    if (gate_keeper_admits_at_once(context, desk, question, answer)) return GATE_ADMIT;
    return gate_keeper_look(context, desk, question, &plain, answer, &finding);
}

void gate_init_keeper(struct gate *gate, struct gate_keeper *keeper) {
    gate_init(gate, judge, keeper);
    gate->keeper = keeper;
    gate->kinds = keeper->options.kinds;
}
