/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Time and memory of the verifier grow as the bytes do, whatever they say: each row repeats a
 * piece, and 16 times as many bytes may cost 16 times as much, with room for caches and a busy
 * machine. What grows with the square of the bytes costs 256 times as much. */

#include "base/buf.h"
#include "pickle/verify.h"
#include "policy_file.h"

#include <criterion/criterion.h>
#include <time.h>

enum {
    SMALL_BYTES = 64 << 10,
    TIMES = 16,
    SLACK = 4,
    TRIES = 3,
    BASE_US = 200,
    SCRATCH_RATIO = 64
};

/* "####" in a piece is a number of four bytes, another one each time. */
struct growth {
    const char *what;
    struct bytes head, piece, tail;
    enum pickle_reason reason; /* of the large one */
};

#define P(literal) BYTES(literal)

static const struct growth rows[] = {
    {"marks", P("\x80\2"), P("("), P("."), PICKLE_UNDERFLOW},
    {"values that are dropped", P("\x80\2"), P("N0"), P("N."), PICKLE_ACCEPTED},
    {"marks that are dropped", P("\x80\2"), P("(NN1"), P("N."), PICKLE_ACCEPTED},
    {"copies", P("\x80\2N"), P("20"), P("."), PICKLE_ACCEPTED},
    {"memo, in order", P("\x80\4"),
     P("N\x94"
       "0"),
     P("N."), PICKLE_ACCEPTED},
    {"memo, by number", P("\x80\2"), P("Nr####0"), P("N."), PICKLE_ACCEPTED},
    {"memo, the same number", P("\x80\2"), P("Nq\0000"), P("N."), PICKLE_ACCEPTED},
    {"memo, read", P("\x80\2Nq\0000"), P("h\0000"), P("N."), PICKLE_ACCEPTED},
    {"nested lists", P("\x80\2"), P("]"), P("."), PICKLE_HEAP},
    {"nested tuples", P("\x80\2N"), P("\x85"), P("."), PICKLE_NESTING},
    {"a list in itself", P("\x80\2]q\0"), P("h\0a"), P("."), PICKLE_NESTING},
    {"lists around one another", P("\x80\2]q\0000]q\1\60"), P("h\0h\1a0h\1h\0a0"), P("h\0."),
     PICKLE_NESTING},
    {"a value appended at a time", P("\x80\2]"), P("K\1a"), P("."), PICKLE_ACCEPTED},
    {"values appended at once", P("\x80\2]("), P("K\1"), P("e."), PICKLE_ACCEPTED},
    {"an empty batch each time", P("\x80\2]"), P("(e"), P("."), PICKLE_ACCEPTED},
    {"a pair at a time", P("\x80\2}"), P("J####Ns"), P("."), PICKLE_ACCEPTED},
    {"pairs at once", P("\x80\2}("), P("J####N"), P("u."), PICKLE_ACCEPTED},
    {"the same key", P("\x80\2}"), P("K\1Ns"), P("."), PICKLE_KEY_COLLISIONS},
    {"two dicts in turn", P("\x80\2}q\0000}q\1\60"), P("h\0J####Ns0h\1J####Ns0"), P("h\0."),
     PICKLE_ACCEPTED},
    {"a set", P("\x80\4\x8f("), P("J####"), P("\x90."), PICKLE_ACCEPTED},
    {"frozensets", P("\x80\4"),
     P("(J####J####\x91"
       "0"),
     P("N."), PICKLE_ACCEPTED},
    {"keys that are tuples", P("\x80\2}("), P("J####K\1\x86N"), P("u."), PICKLE_ACCEPTED},
    {"a tuple of the tuple twice", P("\x80\2)"), P("2\x86"), P("."), PICKLE_NESTING},
    {"such a tuple as a key", P("\x80\2}q\0)"), P("2\x86q\1h\0h\1Ns0"), P("."), PICKLE_KEY_COST},
    {"globals", P("\x80\2"), P("capp\nUser\n0"), P("N."), PICKLE_ACCEPTED},
    {"instances with states", P("\x80\2"), P("capp\nUser\n)\x81}X\1\0\0\0aJ####sb0"), P("N."),
     PICKLE_ACCEPTED},
    {"calls", P("\x80\2"), P("cdatetime\ntimedelta\nJ####\x85R0"), P("N."), PICKLE_ACCEPTED},
    {"texts", P("\x80\2"), P("X\4\0\0\0abcd0"), P("N."), PICKLE_ACCEPTED},
    {"one long text", P("\x80\2V"), P("abcdefgh"), P("\n."), PICKLE_ACCEPTED},
    {"one long text of escapes", P("\x80\2V"), P("\\u00e9"), P("\n."), PICKLE_ACCEPTED},
    {"numbers as text", P("\x80\2"), P("I123456\n0"), P("N."), PICKLE_ACCEPTED},
    {"long numbers as text", P("\x80\2"), P("L99999999999999999999L\n0"), P("N."), PICKLE_ACCEPTED},
    {"digits", P("\x80\2I"), P("9"), P("\n."), PICKLE_DIGITS},
    {"a line without an end", P("\x80\2c"), P("a"), P(""), PICKLE_END_IN_ARGUMENT},
    {"frames", P("\x80\4"), P("\x95\2\0\0\0\0\0\0\0N0"), P("\x95\2\0\0\0\0\0\0\0N."),
     PICKLE_ACCEPTED},
};

static void put_piece(struct buf *buf, struct bytes piece, uint32_t number) {
    cr_assert_eq(buf_append(buf, piece), BRINE_OK);
    uint8_t *written = buf->data + buf->len - piece.len;
    for (size_t i = 0; i + 4 <= piece.len; i++) {
        if (memcmp(written + i, "####", 4) == 0) memcpy(written + i, &number, 4);
    }
}

static struct buf built(const struct growth *row, size_t bytes) {
    struct buf buf;
    buf_init(&buf, mem_system(), 16 << 20);
    cr_assert_eq(buf_append(&buf, row->head), BRINE_OK);
    for (uint32_t i = 0; buf.len < bytes; i++) put_piece(&buf, row->piece, i);
    cr_assert_eq(buf_append(&buf, row->tail), BRINE_OK);
    return buf;
}

static double cpu_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

struct cost {
    double us;
    size_t scratch_bytes, bytes;
    enum pickle_reason reason;
};

/* The best of some tries, the first of which takes the memory. */
static struct cost cost_of(const struct growth *row, size_t bytes, const struct policy *policy) {
    struct buf buf = built(row, bytes);
    struct pickle_scratch scratch;
    struct pickle_report report;
    struct cost cost = {.us = 1e12, .bytes = buf.len};
    pickle_scratch_init(&scratch, mem_system(), 1u << 30);
    scratch.collect_fingerprints = true;
    for (int i = 0; i < TRIES; i++) {
        double began = cpu_us();
        (void)!pickle_verify(buf_view(&buf), policy, &PICKLE_LIMITS_DEFAULT, &scratch, &report);
        double took = cpu_us() - began;
        if (took < cost.us) cost.us = took;
    }
    cost.reason = report.reason;
    cost.scratch_bytes = scratch.taken_bytes;
    pickle_scratch_deinit(&scratch);
    buf_deinit(&buf);
    return cost;
}

Test(linear, time_and_memory_grow_as_the_bytes_do, .timeout = 60) {
    struct test_policy *policy = mem_alloc_zeroed(mem_system(), sizeof(*policy));
    cr_assert(test_policy_load(policy, "tests/corpus/pickle/POLICY"));
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const struct growth *row = &rows[i];
        struct cost small = cost_of(row, SMALL_BYTES, &policy->policy);
        struct cost large = cost_of(row, (size_t)SMALL_BYTES * TIMES, &policy->policy);
        cr_expect_eq(large.reason, row->reason, "%s: %s", row->what,
                     pickle_reason_rule(large.reason));
        cr_expect_leq(large.us, TIMES * SLACK * (small.us + BASE_US),
                      "%s: %.0f us for %zu bytes, %.0f us for %zu", row->what, small.us,
                      small.bytes, large.us, large.bytes);
        cr_expect_leq(large.scratch_bytes, SCRATCH_RATIO * large.bytes + (1 << 16),
                      "%s: %zu bytes of memory for %zu", row->what, large.scratch_bytes,
                      large.bytes);
    }
    mem_free(mem_system(), policy, sizeof(*policy));
}
