/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The programs of scripts.def, each as its Lua says it: the order of its calls, which of them an
 * error stops, and what becomes of arguments that are missing or no numbers.  Sites are counted in
 * the text, so they stand in its order. */

#include "cmd/script_run.h"

#include <math.h>

/* ---- locks ----------------------------------------------------------------------------------- */

/* if get == ARGV[1] then return del else return 0 */
void script_compare_and_delete(struct script_run *run) {
    bool same = script_same(CALL(run, 0, TEXT("get"), KEY(run, 1)), ARG(run, 1));
    script_return(run, same ? CALL(run, 1, TEXT("del"), KEY(run, 1)) : NUMBER(0));
}

/* if get == ARGV[1] then return unlink else return 0 */
void script_compare_and_unlink(struct script_run *run) {
    bool same = script_same(CALL(run, 0, TEXT("get"), KEY(run, 1)), ARG(run, 1));
    script_return(run, same ? CALL(run, 1, TEXT("unlink"), KEY(run, 1)) : NUMBER(0));
}

/* if get == ARGV[1] then return pexpire ARGV[2] else return 0 */
void script_compare_and_pexpire(struct script_run *run) {
    bool same = script_same(CALL(run, 0, TEXT("get"), KEY(run, 1)), ARG(run, 1));
    script_return(run, same ? CALL(run, 1, TEXT("pexpire"), KEY(run, 1), ARG(run, 2)) : NUMBER(0));
}

/* if get == ARGV[1] then return expire ARGV[2] else return 0 */
void script_compare_and_expire(struct script_run *run) {
    bool same = script_same(CALL(run, 0, TEXT("get"), KEY(run, 1)), ARG(run, 1));
    script_return(run, same ? CALL(run, 1, TEXT("expire"), KEY(run, 1), ARG(run, 2)) : NUMBER(0));
}

/* `local token = get; if not token or token ~= ARGV[1] then return 0`: false, and that is returned.
 */
static bool holds_lock(struct script_run *run) {
    struct script_value token = CALL(run, 0, TEXT("get"), KEY(run, 1));
    bool holds = script_is_true(token) && script_same(token, ARG(run, 1));
    if (!holds) script_return(run, NUMBER(0));
    return holds;
}

void script_lock_release(struct script_run *run) {
    if (!holds_lock(run)) return;
    CALL(run, 1, TEXT("del"), KEY(run, 1));
    script_return(run, NUMBER(1));
}

/* Adds to the time that is left, or where ARGV[3] is not "0" begins it anew. */
void script_lock_extend(struct script_run *run) {
    if (!holds_lock(run)) return;
    struct script_value expiration = CALL(run, 1, TEXT("pttl"), KEY(run, 1));
    if (!run->failed && expiration.number < 0) {
        script_return(run, NUMBER(0));
        return;
    }
    struct script_value new_ttl = ARG(run, 2);
    if (!run->failed && script_same(ARG(run, 3), TEXT("0")))
        new_ttl = NUMBER(script_operand(run, 1, new_ttl, "field '?'") + expiration.number);
    CALL(run, 2, TEXT("pexpire"), KEY(run, 1), new_ttl);
    script_return(run, NUMBER(1));
}

void script_lock_reacquire(struct script_run *run) {
    if (!holds_lock(run)) return;
    CALL(run, 1, TEXT("pexpire"), KEY(run, 1), ARG(run, 2));
    script_return(run, NUMBER(1));
}

/* A lock that has no end is not given one. */
void script_lock_extend_to(struct script_run *run) {
    if (!holds_lock(run)) return;
    if (CALL(run, 1, TEXT("pttl"), KEY(run, 1)).number < 0) {
        script_return(run, NUMBER(0));
        return;
    }
    CALL(run, 2, TEXT("pexpire"), KEY(run, 1), ARG(run, 2));
    script_return(run, NUMBER(1));
}

/* 1: another's; 2: it has no end; 0: done. */
void script_lock_extend_or_tell(struct script_run *run) {
    if (!script_same(CALL(run, 0, TEXT("get"), KEY(run, 1)), ARG(run, 1))) {
        script_return(run, NUMBER(1));
        return;
    }
    if (CALL(run, 1, TEXT("ttl"), KEY(run, 1)).number < 0) {
        script_return(run, NUMBER(2));
        return;
    }
    CALL(run, 2, TEXT("expire"), KEY(run, 1), ARG(run, 2));
    script_return(run, NUMBER(0));
}

/* The milliseconds that are left of one's own lock, or 0. */
void script_lock_time_left(struct script_run *run) {
    if (!script_same(CALL(run, 0, TEXT("get"), KEY(run, 1)), ARG(run, 1))) {
        script_return(run, NUMBER(0));
        return;
    }
    struct script_value left = CALL(run, 1, TEXT("pttl"), KEY(run, 1));
    script_return(run, left.number > 0 ? left : NUMBER(0));
}

/* Takes the lock, or one's own anew. */
void script_lock_set(struct script_run *run) {
    struct script_value owner = CALL(run, 0, TEXT("get"), KEY(run, 1));
    if (!script_is_true(owner) || script_same(owner, ARG(run, 1)))
        script_return(run,
                      CALL(run, 1, TEXT("set"), KEY(run, 1), ARG(run, 1), TEXT("PX"), ARG(run, 2)));
    else
        script_return_error(run, "ERR ERROR");
}

void script_lock_unset(struct script_run *run) {
    struct script_value owner = CALL(run, 0, TEXT("get"), KEY(run, 1));
    if (!script_is_true(owner))
        script_return(run, (struct script_value){.kind = SCRIPT_STATUS, .text = BYTES("OK")});
    else if (script_same(owner, ARG(run, 1)))
        script_return(run, CALL(run, 1, TEXT("del"), KEY(run, 1)));
    else
        script_return_error(run, "ERR ERROR");
}

void script_lock_ttl(struct script_run *run) {
    struct script_value owner = CALL(run, 0, TEXT("get"), KEY(run, 1));
    if (script_is_true(owner) && script_same(owner, ARG(run, 1)))
        script_return(run, CALL(run, 1, TEXT("TTL"), KEY(run, 1)));
    else
        script_return_error(run, "ERR ERROR");
}

/* What is compared with -1 is a string, so it always differs. */
void script_lock_setnx(struct script_run *run) {
    struct script_value result = CALL(run, 0, TEXT("SETNX"), KEY(run, 1), ARG(run, 1));
    if (result.number == 1) CALL(run, 1, TEXT("EXPIRE"), KEY(run, 1), ARG(run, 2));
    script_return(run, result);
}

void script_lock_delete_own(struct script_run *run) {
    bool same = script_same(CALL(run, 0, TEXT("GET"), KEY(run, 1)), ARG(run, 1));
    if (same) CALL(run, 1, TEXT("DEL"), KEY(run, 1));
    script_return(run, NUMBER(same));
}

void script_lock_renew_own(struct script_run *run) {
    bool same = script_same(CALL(run, 0, TEXT("GET"), KEY(run, 1)), ARG(run, 1));
    if (same) CALL(run, 1, TEXT("EXPIRE"), KEY(run, 1), ARG(run, 2));
    script_return(run, NUMBER(same));
}

/* A lock that lasts where its time is above 0. */
void script_lock_setnx_pexpire(struct script_run *run) {
    struct script_value ttl = script_to_number(ARG(run, 2));
    struct script_value taken = CALL(run, 0, TEXT("setnx"), KEY(run, 1), ARG(run, 1));
    if (!run->failed && taken.number == 1 && script_less(run, 0, NUMBER(0), ttl))
        CALL(run, 1, TEXT("pexpire"), KEY(run, 1), ttl);
    script_return(run, taken);
}

/* ---- values ---------------------------------------------------------------------------------- */

/* Sets ARGV[1] where ARGV[2] is; with two more arguments these are an expiry. */
void script_compare_and_set(struct script_run *run) {
    if (!script_same(CALL(run, 0, TEXT("get"), KEY(run, 1)), ARG(run, 2))) {
        script_return(run, NUMBER(0));
        return;
    }
    struct script_value done;
    if (run->args_count == 4)
        done = CALL(run, 1, TEXT("set"), KEY(run, 1), ARG(run, 1), ARG(run, 3), ARG(run, 4));
    else
        done = CALL(run, 2, TEXT("set"), KEY(run, 1), ARG(run, 1));
    script_return(run, done);
}

/* Sets ARGV[2] where the value begins with ARGV[1]. */
void script_compare_prefix_and_set(struct script_run *run) {
    struct script_value prefix = ARG(run, 1);
    double len = script_length(run, 0, prefix);
    struct script_value start =
        CALL(run, 0, TEXT("GETRANGE"), KEY(run, 1), NUMBER(0), NUMBER(len - 1));
    bool same = !run->failed && script_same(start, prefix);
    if (same) CALL(run, 1, TEXT("SET"), KEY(run, 1), ARG(run, 2));
    script_return(run, NUMBER(same));
}

void script_incr_existing(struct script_run *run) {
    if (CALL(run, 0, TEXT("EXISTS"), KEY(run, 1)).number == 1)
        script_return(run, CALL(run, 1, TEXT("INCRBY"), KEY(run, 1), ARG(run, 1)));
    else
        script_return(run, FALSE);
}

void script_incr(struct script_run *run) {
    script_return(run, CALL(run, 0, TEXT("INCRBY"), KEY(run, 1), ARG(run, 1)));
}

/* The larger of what is stored and ARGV[1]; nil where that is what is stored. */
void script_set_larger(struct script_run *run) {
    struct script_value now = script_to_number(CALL(run, 0, TEXT("get"), KEY(run, 1)));
    struct script_value next = script_to_number(ARG(run, 1));
    if (run->failed) return;
    if (now.kind == SCRIPT_NIL || script_less(run, 0, now, next)) {
        CALL(run, 1, TEXT("set"), KEY(run, 1), next);
        script_return(run, next);
    } else {
        script_return(run, NIL);
    }
}

/* ---- counting windows ------------------------------------------------------------------------ */

void script_incr_pexpire_first(struct script_run *run) {
    struct script_value count = CALL(run, 0, TEXT("INCRBY"), KEY(run, 1), ARG(run, 1));
    if (count.number == 1) CALL(run, 1, TEXT("PEXPIRE"), KEY(run, 1), ARG(run, 2));
    script_return(run, count);
}

void script_fixed_window(struct script_run *run) {
    struct script_value amount = script_to_number(ARG(run, 2));
    struct script_value current = CALL(run, 0, TEXT("incrby"), KEY(run, 1), amount);
    if (script_same(current, amount)) CALL(run, 1, TEXT("expire"), KEY(run, 1), ARG(run, 1));
    script_return(run, current);
}

/* Where the current window has ended it becomes the previous one: sites of the calls from `site`.
 */
static void shift_window(struct script_run *run, size_t site, double ttl, double expiry) {
    CALL(run, site, TEXT("rename"), KEY(run, 2), KEY(run, 1));
    CALL(run, site + 1, TEXT("set"), KEY(run, 2), NUMBER(0), TEXT("PX"), NUMBER(ttl + expiry));
}

static double number_or_0(struct script_value value) {
    return script_to_number(value).number; /* that of nil is 0 */
}

static double not_below_0(double number) {
    return number <= 0 ? 0 : number;
}

/* What the previous window still weighs and the current one together. */
static double weigh_windows(struct script_run *run, double expiry) {
    double previous = number_or_0(CALL(run, 3, TEXT("get"), KEY(run, 1)));
    double previous_ttl = number_or_0(CALL(run, 4, TEXT("pttl"), KEY(run, 1)));
    double current = number_or_0(CALL(run, 5, TEXT("get"), KEY(run, 2)));
    CALL(run, 6, TEXT("pttl"), KEY(run, 2));
    return floor(previous * not_below_0(previous_ttl) / expiry) + current;
}

void script_sliding_window(struct script_run *run) {
    struct script_value limit = script_to_number(ARG(run, 1));
    double expiry = script_operand(run, 0, script_to_number(ARG(run, 2)), "") * 1000;
    struct script_value amount = script_to_number(ARG(run, 3));
    if (run->failed) return;
    bool over = script_less(run, 1, limit, amount);
    if (over) script_return(run, FALSE);
    if (over || run->failed) return;
    double ttl = number_or_0(CALL(run, 0, TEXT("pttl"), KEY(run, 2)));
    if (ttl > 0 && ttl < expiry) shift_window(run, 1, ttl, expiry);
    if (weigh_windows(run, expiry) + amount.number > limit.number) {
        script_return(run, FALSE);
        return;
    }
    if (CALL(run, 7, TEXT("exists"), KEY(run, 2)).number == 1)
        CALL(run, 8, TEXT("incrby"), KEY(run, 2), amount);
    else
        CALL(run, 9, TEXT("set"), KEY(run, 2), amount, TEXT("PX"), NUMBER(expiry * 2));
    script_return(run, NUMBER(1)); /* true */
}

/* Counts and times to live of both windows, from the call at `site` on. */
static void look_at_windows(struct script_run *run, size_t site, struct script_value *looks) {
    for (size_t i = 0; i < 4; i++)
        looks[i] = CALL(run, site + i, i % 2 ? TEXT("pttl") : TEXT("get"), KEY(run, 1 + i / 2));
}

void script_sliding_window_stats(struct script_run *run) {
    double expiry = script_operand(run, 0, script_to_number(ARG(run, 1)), "") * 1000;
    struct script_value looks[4];
    look_at_windows(run, 0, looks);
    if (run->failed) return;
    double ttl = looks[3].number;
    if (ttl > 0 && ttl < expiry) {
        shift_window(run, 4, ttl, expiry);
        look_at_windows(run, 6, looks);
    }
    script_return_list(run, looks, ARRAY_LEN(looks));
}

/* 0: allowed, and counted; else the milliseconds until it will be. */
void script_limited_counter(struct script_run *run) {
    struct script_value limit = script_to_number(ARG(run, 1));
    struct script_value stored = CALL(run, 0, TEXT("get"), KEY(run, 1));
    struct script_value current = script_to_number(script_is_true(stored) ? stored : TEXT("0"));
    if (run->failed) return;
    bool counts = script_less(run, 0, NUMBER(0), current);
    if (run->failed) return;
    if (!counts) {
        CALL(run, 3, TEXT("SET"), KEY(run, 1), NUMBER(1), TEXT("px"), ARG(run, 2));
        script_return(run, NUMBER(0));
        return;
    }
    if (script_less(run, 2, limit, NUMBER(current.number + 1))) {
        script_return(run, CALL(run, 1, TEXT("PTTL"), KEY(run, 1)));
        return;
    }
    CALL(run, 2, TEXT("INCR"), KEY(run, 1));
    script_return(run, NUMBER(0));
}

/* ---- clearing -------------------------------------------------------------------------------- */

/* Removes all of the list, at most so many by one DEL; how many there were. */
static double remove_all(struct script_run *run, size_t site, struct script_value keys,
                         size_t at_once) {
    struct script_value *values = arena_alloc(&run->memory, (at_once + 1) * sizeof *values);
    double removed = 0;
    size_t count = 0;
    struct bytes key;
    if (!values) script_fail_memory(run);
    bool more = values && script_next(&keys, &key);
    while (more && !run->failed) {
        values[0] = TEXT("del");
        values[++count] = script_text(key);
        more = script_next(&keys, &key);
        if (more && count < at_once) continue;
        removed += script_call(run, site, values, count + 1).number;
        count = 0;
    }
    return removed;
}

void script_clear(struct script_run *run) {
    enum { AT_ONCE = 5000 };
    struct script_value keys = CALL(run, 0, TEXT("keys"), KEY(run, 1));
    script_return(run, NUMBER(remove_all(run, 1, keys, AT_ONCE)));
}

/* The pattern stands in the text. */
void script_clear_namespace(struct script_run *run) {
    const struct script_normal *normal = &run->entry->normal;
    struct bytes pattern = bytes_view(normal->hole, normal->hole_len);
    struct script_value keys = CALL(run, 0, TEXT("keys"), script_text(pattern));
    (void)remove_all(run, 1, keys, 1);
    script_return(run, NIL);
}

/* ---- what is asked of Lua itself --------------------------------------------------------------
 */

/* How many values unpack() takes, found by doubling 999 up to what Redis's Lua holds. */
void script_max_stack(struct script_run *run) {
    script_return(run, NUMBER(7992));
}
