/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The gate by many threads while its setup changes under them.  A changer alternates between two
 * files, one of which allows a class and one of which does not, a broken file between them, and
 * between modes.  Askers ask about three values.  What is claimed: what both files refuse is never
 * admitted while the mode is enforce or learn, what both admit is never refused, a broken file
 * changes nothing, and every answer is one that some whole setup gives.  Run under TSan as well. */

#include "gate/keeper.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { ASKERS = 3, CHANGES = 100 };

static const char with_cart[] = "[policy.shop]\nallow = [\"shop.Cart\"]\n"
                                "[[rule]]\nkeys = \"k*\"\npolicy = [\"stdlib\", \"shop\"]\n";
static const char without[] = "[[rule]]\nkeys = \"nothing\"\nvalues = \"opaque\"\n"
                              "[[rule]]\nkeys = \"k*\"\npolicy = \"stdlib\"\n";
static const char broken[] = "[[rule]]\nkeys = \"*\"\nvalues = \"opaqe\"\n";

struct stress {
    char path[64];
    struct config config;
    struct gate_kinds *kinds;
    struct learn *learn;
    struct gate_keeper *keeper;
    struct gate gate;
    atomic_bool done;
    atomic_size_t passed, failed, cart_admitted, cart_refused;
};

static void check(struct stress *stress, bool ok, const char *what) {
    atomic_fetch_add(ok ? &stress->passed : &stress->failed, 1);
    if (!ok) fprintf(stderr, "failed: %s\n", what);
}

static enum gate_verdict ask(struct stress *stress, struct gate_desk *desk, struct bytes value) {
    struct gate_question question = {.key = BYTES("k1"), .value = value, .command = "set"};
    struct gate_answer answer;
    return gate_admit(&stress->gate, desk, &question, &answer);
}

static void *ask_on(void *argument) {
    struct stress *stress = argument;
    struct gate_desk desk;
    gate_desk_init(&desk, mem_system(), mem_system());
    while (!atomic_load(&stress->done)) {
        check(stress, ask(stress, &desk, BYTES("\x80\x02}q\x00.")) == GATE_ADMIT,
              "a dict is always admitted");
        check(stress, ask(stress, &desk, BYTES("cos\nsystem\n(S'id'\ntR.")) == GATE_REFUSE,
              "os.system is never admitted");
        bool admitted = ask(stress, &desk, BYTES("cshop\nCart\n)R.")) == GATE_ADMIT;
        atomic_fetch_add(admitted ? &stress->cart_admitted : &stress->cart_refused, 1);
    }
    gate_desk_deinit(&desk);
    return NULL;
}

static void write_file(const struct stress *stress, const char *text) {
    FILE *file = fopen(stress->path, "wbe");
    if (!file || fputs(text, file) < 0 || fclose(file) != 0) exit(1);
}

static void set_mode(struct stress *stress, struct bytes mode) {
    struct bytes args[] = {BYTES("gate.mode"), mode};
    struct brine_error err;
    check(stress, config_set(&stress->config, args, 1, &err) == BRINE_OK, "a mode can be set");
}

static void *change_on(void *argument) {
    struct stress *stress = argument;
    struct gate_desk desk;
    struct brine_error err;
    gate_desk_init(&desk, mem_system(), mem_system());
    for (size_t i = 0; i < CHANGES; i++) {
        bool cart = i % 2 == 0;
        write_file(stress, cart ? with_cart : without);
        check(stress, gate_reload(&stress->gate, &err) == BRINE_OK, "a right file is taken");
        enum gate_verdict expected = cart ? GATE_ADMIT : GATE_REFUSE;
        check(stress, ask(stress, &desk, BYTES("cshop\nCart\n)R.")) == expected,
              "a change holds for the next question");
        write_file(stress, broken);
        uint32_t generation = gate_keeper_generation(stress->keeper);
        check(stress, gate_reload(&stress->gate, &err) != BRINE_OK, "a broken file is refused");
        check(stress, gate_keeper_generation(stress->keeper) == generation,
              "a broken file changes nothing");
        set_mode(stress, BYTES("learn"));
        check(stress, ask(stress, &desk, BYTES("cshop\nCart\n)R.")) == GATE_ADMIT,
              "learning admits what is not known");
        set_mode(stress, BYTES("enforce"));
    }
    atomic_store(&stress->done, true);
    gate_desk_deinit(&desk);
    return NULL;
}

static bool begin(struct stress *stress) {
    struct brine_error err = {0};
    *stress = (struct stress){.path = "/tmp/brine-stress-XXXXXX"};
    int fd = mkstemp(stress->path);
    if (fd < 0 || close(fd) != 0) return false;
    write_file(stress, without);
    stress->kinds = gate_kinds_create(&(struct gate_kinds_options){.mem = mem_system()});
    struct gate_keeper_options options = {
        .mem = mem_system(), .config = &stress->config, .kinds = stress->kinds};
    bool ready = stress->kinds &&
                 learn_create(mem_system(), LEARN_BYTES_MAX, &stress->learn) == BRINE_OK &&
                 config_init(&stress->config, mem_system()) == BRINE_OK &&
                 config_load_file(&stress->config, stress->path, &err) == BRINE_OK;
    options.learn = stress->learn;
    ready = ready && gate_keeper_create(&options, &stress->keeper, &err) == BRINE_OK;
    if (!ready) fprintf(stderr, "stress_gate: %s\n", err.text);
    if (ready) gate_init_keeper(&stress->gate, stress->keeper);
    return ready;
}

int main(void) {
    static struct stress stress;
    pthread_t threads[ASKERS + 1];
    if (!begin(&stress)) return 1;
    for (size_t i = 0; i <= ASKERS; i++)
        if (pthread_create(&threads[i], NULL, i < ASKERS ? ask_on : change_on, &stress) != 0)
            return 1;
    for (size_t i = 0; i <= ASKERS; i++) pthread_join(threads[i], NULL);
    check(&stress, atomic_load(&stress.cart_admitted) > 0 && atomic_load(&stress.cart_refused) > 0,
          "askers met both setups");
    gate_keeper_destroy(stress.keeper);
    learn_destroy(stress.learn);
    gate_kinds_destroy(stress.kinds);
    config_deinit(&stress.config);
    unlink(stress.path);
    printf("%zu passed, %zu failed\n", atomic_load(&stress.passed), atomic_load(&stress.failed));
    return atomic_load(&stress.failed) > 0;
}
