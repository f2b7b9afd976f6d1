/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A gate with a keeper and a file of its own, as a server has it. */
#ifndef BRINE_TESTS_GATE_WORLD_H
#define BRINE_TESTS_GATE_WORLD_H

#include "gate/keeper.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct world {
    char path[64];
    struct config config;
    struct gate_kinds *kinds;
    struct learn *learn;
    struct gate_keeper *keeper;
    struct gate gate;
    struct gate_desk desk;
    struct gate_answer answer;
    struct brine_error err;
};

static UNUSED void world_write_file(const char *path, const char *text) {
    FILE *file = fopen(path, "wbe");
    cr_assert(file && fputs(text, file) >= 0 && fclose(file) == 0, "%s", path);
}

/* The config alone; *status: whether it could be read. */
static UNUSED enum brine_status world_config(struct world *world, const char *toml) {
    *world = (struct world){.path = "/tmp/brine-gate-XXXXXX"};
    int fd = mkstemp(world->path);
    cr_assert(fd >= 0 && close(fd) == 0);
    world_write_file(world->path, toml);
    cr_assert_eq(config_init(&world->config, mem_system()), BRINE_OK);
    return config_load_file(&world->config, world->path, &world->err);
}

static UNUSED void world_begin(struct world *world, const char *toml) {
    enum brine_status status = world_config(world, toml);
    cr_assert_eq(status, BRINE_OK, "%s", world->err.text);
    world->kinds = gate_kinds_create(&(struct gate_kinds_options){.mem = mem_system()});
    cr_assert(world->kinds);
    cr_assert_eq(learn_create(mem_system(), LEARN_BYTES_MAX, &world->learn), BRINE_OK);
    struct gate_keeper_options options = {.mem = mem_system(),
                                          .config = &world->config,
                                          .kinds = world->kinds,
                                          .learn = world->learn};
    status = gate_keeper_create(&options, &world->keeper, &world->err);
    cr_assert_eq(status, BRINE_OK, "%s", world->err.text);
    gate_init_keeper(&world->gate, world->keeper);
    gate_desk_init(&world->desk, mem_system(), mem_system());
}

static UNUSED void world_end(struct world *world) {
    if (world->keeper) gate_desk_deinit(&world->desk);
    gate_keeper_destroy(world->keeper);
    learn_destroy(world->learn);
    gate_kinds_destroy(world->kinds);
    config_deinit(&world->config);
    unlink(world->path);
}

static UNUSED enum gate_verdict world_ask(struct world *world, uint32_t db, const char *key,
                                          struct bytes value) {
    struct gate_question question = {
        .db = db, .key = bytes_of_cstr(key), .value = value, .command = "set"};
    world->answer.text[0] = 0;
    return gate_admit(&world->gate, &world->desk, &question, &world->answer);
}

/* "" or the error of CONFIG SET. */
static UNUSED const char *world_set(struct world *world, const char *name, const char *value) {
    struct bytes args[] = {bytes_of_cstr(name), bytes_of_cstr(value)};
    world->err.text[0] = 0;
    (void)!config_set(&world->config, args, 1, &world->err);
    return world->err.text;
}

#endif
