/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* struct gate_keeper, for keeper.c (setups and their change) and judge.c (questions).  Private.
 *
 * Lock order: the config's set_lock, then `changing`, then the config's text_lock or `lock`, which
 * are leaves. */
#ifndef BRINE_GATE_KEEPER_STATE_H
#define BRINE_GATE_KEEPER_STATE_H

#include "gate/keeper.h"

#include <pthread.h>

/* The files as they were read last: CONFIG SET compiles them again without reading them. */
struct gate_files {
    struct gate_sources sources;
    struct buf texts[GATE_SOURCES_MAX];
};

struct gate_keeper {
    struct gate_keeper_options options; /* fixed */
    _Atomic uint32_t generation;        /* of `setup`: read by every question */
    pthread_mutex_t changing;           /* one change at a time; files, generations_given */
    struct gate_files *files;
    uint32_t generations_given;
    pthread_mutex_t lock; /* held for a reference: setup */
    struct gate_setup *setup;
};

/* The desk's setup, taken over from the keeper when there is a newer one. */
const struct gate_setup *gate_keeper_desk_setup(struct gate_keeper *keeper, struct gate_desk *desk);

/* Whether the value is one that gate_keeper_look would admit and nobody would record; then
 * answer->label is what it would be, and the same is counted.  False: look. */
bool gate_keeper_admits_at_once(struct gate_keeper *keeper, struct gate_desk *desk,
                                const struct gate_question *question, struct gate_answer *answer);

/* What the audit trail gets of a finding, by the rule's wish.  NULL audit: nothing. */
void gate_record_finding(struct audit *audit, const struct gate_question *question,
                         const struct gate_finding *finding, const struct gate_answer *answer);

#endif
