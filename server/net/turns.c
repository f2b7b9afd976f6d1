/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "net/turns.h"

#include "base/assert.h"

static void begin_finish(struct turns *turns, struct turns_flow *flow) {
    flow->finish = MAX(flow->finish, turns->now) + flow->oldest->cost;
}

void turns_add(struct turns *turns, struct turn *turn, uint64_t flow_hash, uint64_t cost) {
    /* The hash's highest bits chose the shard. */
    turn->flow = (uint32_t)(flow_hash % TURNS_FLOWS);
    turn->cost = MAX(cost, 1);
    turn->next = NULL;
    struct turns_flow *flow = &turns->flows[turn->flow];
    if (flow->oldest)
        flow->newest->next = turn;
    else
        flow->oldest = turn;
    flow->newest = turn;
    if (flow->oldest == turn) begin_finish(turns, flow);
    turns->waiting++;
}

struct turn *turns_take(struct turns *turns, uint64_t cost_max) {
    struct turns_flow *next = NULL;
    if (turns->waiting == 0) return NULL;
    for (size_t i = 0; i < TURNS_FLOWS; i++) {
        struct turns_flow *flow = &turns->flows[i];
        if (!flow->oldest || flow->busy || flow->oldest->cost > cost_max) continue;
        if (!next || flow->finish < next->finish) next = flow;
    }
    if (!next) return NULL;
    struct turn *turn = next->oldest;
    turns->now = MAX(turns->now, next->finish);
    turns->waiting--;
    next->busy = true;
    next->oldest = turn->next;
    if (next->oldest) begin_finish(turns, next);
    return turn;
}

void turns_end(struct turns *turns, const struct turn *turn) {
    struct turns_flow *flow = &turns->flows[turn->flow];
    BRINE_ASSERT(flow->busy, "a turn ends once");
    flow->busy = false;
}
