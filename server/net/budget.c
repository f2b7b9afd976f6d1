/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "net/budget.h"

void budget_share_init(struct budget_share *share, struct budget *budget) {
    *share = (struct budget_share){.budget = budget};
    atomic_init(&share->largest_class, -1);
}

/* -1 for nothing. */
static int class_of(size_t bytes) {
    return bytes ? 63 - __builtin_clzll((unsigned long long)bytes) : -1;
}

static void leave(struct budget_share *share, struct budget_member *member, int from) {
    if (from < 0) return;
    if (member->previous)
        member->previous->next = member->next;
    else
        share->classes[from] = member->next;
    if (member->next) member->next->previous = member->previous;
    if (!share->classes[from]) share->used_classes &= ~((uint64_t)1 << from);
    member->previous = member->next = NULL;
}

static void enter(struct budget_share *share, struct budget_member *member, int into) {
    if (into < 0) return;
    member->next = share->classes[into];
    if (member->next) member->next->previous = member;
    share->classes[into] = member;
    share->used_classes |= (uint64_t)1 << into;
}

void budget_hold(struct budget_share *share, struct budget_member *member, size_t bytes) {
    if (bytes == member->held_bytes) return;
    /* Unsigned wrap makes this a subtraction when less is held. */
    atomic_fetch_add_explicit(&share->budget->held_bytes, bytes - member->held_bytes,
                              memory_order_relaxed);
    int from = class_of(member->held_bytes), into = class_of(bytes);
    member->held_bytes = bytes;
    if (from == into) return;
    leave(share, member, from);
    enter(share, member, into);
    atomic_store_explicit(&share->largest_class, class_of(share->used_classes),
                          memory_order_relaxed);
}

struct budget_member *budget_greediest(const struct budget_share *share) {
    int largest = class_of(share->used_classes);
    return largest < 0 ? NULL : share->classes[largest];
}

void budget_visit(struct budget_share *share, void (*fn)(struct budget_member *member)) {
    share->visits++;
    for (int class = 0; class < BUDGET_CLASSES; class ++) {
        struct budget_member *member = share->classes[class];
        while (member) {
            struct budget_member *next = member->next;
            if (member->visit != share->visits) {
                member->visit = share->visits;
                fn(member);
            }
            member = next;
        }
    }
}
