/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A setup: all that verdicts depend on, compiled and never changed: mode, rules, policies, limits,
 * and a generation number.  A new configuration is a new setup; a broken one is none.
 *
 *     struct gate_setup *setup;
 *     TRY(gate_setup_create(&sources, mem, &setup, err));
 *     const struct gate_rule *rule = gate_setup_rule(setup, db, key);
 *     gate_setup_unref(setup);
 *
 * Ownership: counted references, by any thread; the last one frees it.  Thread: any may read.
 * Cost: 4 ms to make with the presets, for reading and compiling them. */
#ifndef BRINE_GATE_SETUP_H
#define BRINE_GATE_SETUP_H

#include "config/config.h"
#include "gate/rules.h"
#include "pickle/verify.h"
#include "policy/policy.h"

#include <stdatomic.h>

/* A file as it was read. */
struct gate_source {
    const char *path;
    struct bytes text;
};

enum { GATE_SOURCES_MAX = 33 }; /* the server's file and gate.policy_files */

struct gate_sources {
    struct gate_source files[GATE_SOURCES_MAX];
    size_t count;
    bool has_server_file; /* the first one is it: it may hold more than policies, and has rules */
};

struct gate_setup {
    uint32_t generation; /* set by who puts it in place; from 1 */
    enum config_gate_mode mode;
    struct pickle_limits limits;
    uint64_t offload_bytes;           /* values above it are deferred */
    struct gate_rule *rules;          /* the default rule is the last */
    size_t rules_count;               /* at least 1 */
    struct bytes policy_text;         /* gate.policy */
    struct policy_book *book;         /* what PICKLE.POLICY lists */
    struct policy_compiled *policies; /* each used by one rule or several */
    size_t policies_count;
    /* The module's own. */
    struct arena arena;
    struct allocator *mem;
    _Atomic uint32_t references;
};

/* From the options as they are now and the given texts.  The caller holds the one reference. */
enum brine_status gate_setup_create(struct config *config, const struct gate_sources *sources,
                                    struct allocator *mem, struct gate_setup **setup,
                                    struct brine_error *err) MUST_USE;
struct gate_setup *gate_setup_ref(struct gate_setup *setup);
void gate_setup_unref(struct gate_setup *setup); /* NULL is nobody's */

/* The first rule that fits; the default rule fits always. */
const struct gate_rule *gate_setup_rule(const struct gate_setup *setup, uint32_t db,
                                        struct bytes key);

#endif
