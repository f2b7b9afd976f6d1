/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The rows of scripts.def against the texts of tests/corpus/scripts; what they do is compared with
 * Redis by tests/tools/known_scripts.py. */

#include "world.h"

#include "cmd/script_run.h"

#include <dirent.h>
#include <stdio.h>

#define TEXTS "tests/corpus/scripts"

static struct bytes read_text(const char *name, uint8_t *text, size_t size) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", TEXTS, name);
    FILE *file = fopen(path, "rb");
    cr_assert(file, "%s", path);
    size_t len = fread(text, 1, size, file);
    fclose(file);
    return bytes_view(text, len);
}

/* "redis-py lock release" is "redis-py_lock_release.lua", or begins a longer name. */
static bool is_named(const char *file, const char *program) {
    size_t len = strlen(program);
    for (size_t i = 0; i < len; i++)
        if (file[i] != (program[i] == ' ' ? '_' : program[i])) return false;
    return file[len] == '.' || file[len] == '_';
}

static const struct script_program *program_of(const struct script_normal *normal) {
    const struct script_program *program;
    char text[SCRIPT_DIGEST_TEXT_BYTES];
    script_digest_text(&normal->digest, text);
    for (size_t i = 0; (program = script_program_at(i)); i++)
        if (strcmp(program->digest, text) == 0) return program;
    return NULL;
}

Test(scripts, every_text_is_the_program_that_its_name_says) {
    static uint8_t space[SCRIPT_TEXT_BYTES_MAX];
    DIR *folder = opendir(TEXTS);
    cr_assert(folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        struct script_normal normal;
        char text[SCRIPT_DIGEST_TEXT_BYTES];
        if (!strstr(entry->d_name, ".lua")) continue;
        struct bytes script = read_text(entry->d_name, space, sizeof space);
        must(script_normalise(script, &normal, NULL));
        const struct script_program *program = program_of(&normal);
        cr_expect(program && is_named(entry->d_name, program->name), "%s has the digest %s",
                  entry->d_name, script_digest_text(&normal.digest, text));
    }
    closedir(folder);
}

Test(scripts, every_program_has_a_text_and_a_digest_of_its_own) {
    const struct script_program *program, *other;
    for (size_t i = 0; (program = script_program_at(i)); i++) {
        char name[256];
        uint8_t byte;
        snprintf(name, sizeof name, "%s.lua", program->name);
        for (char *c = name; *c; c++)
            if (*c == ' ') *c = '_';
        (void)read_text(name, &byte, 1);
        cr_expect((program->run == NULL) == (program->needs != NULL), "%s", program->name);
        for (size_t k = 0; k < i && (other = script_program_at(k)); k++)
            cr_expect(strcmp(program->digest, other->digest) != 0, "%s", program->name);
    }
}

#define UNLOCK                                                                                     \
    "\"if redis.call('get',KEYS[1]) == ARGV[1] then return redis.call('del',KEYS[1]) else return " \
    "0 end\""

Test(scripts, a_refused_allocation_leaves_all_as_it_was) {
    for (size_t n = 0; n < 40; n++) {
        struct world world;
        world_init(&world);
        ask(&world, "SET k token\r\n");
        world.mem.fail_at = world.mem.requests + n;
        const char *reply = ask(&world, "EVAL " UNLOCK " 1 k token\r\n");
        world.mem.fail_at = SIZE_MAX;
        bool done = strcmp(reply, ":1\r\n") == 0;
        cr_expect(done || strncmp(reply, "-OOM", 4) == 0 || *reply == 0, "%s", reply);
        cr_expect_str_eq(ask(&world, "EXISTS k\r\n"), done ? ":0\r\n" : ":1\r\n");
        world_deinit(&world);
    }
}
