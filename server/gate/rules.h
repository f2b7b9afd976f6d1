/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Rules: which values may stand under which keys.  Written in the server's TOML file:
 *
 *     [[rule]]
 *     name = "sessions"                # for messages
 *     db = [0, 1]                      # a number or several; left out: every database
 *     keys = "session:*"               # a glob or several; left out: every key (or channel)
 *     profile = "django-redis"         # what a library writes; own keys replace its
 *     values = "pickle"                # "pickle", "auto", "opaque"
 *     framings = ["pickle", "zlib"]    # of frames.def and profiles.def; left out: all
 *     policy = ["stdlib", "shop"]      # one or several; left out: gate.policy
 *     min_protocol = 2                 # of pickles
 *     max_protocol = 4
 *     max_bytes = "1mb"                # of a value as it is stored
 *     on_refusal = "error"             # "error", "drop", "log"
 *     audit = "refused"                # "refused", "all", "none"
 *
 * Words: `values` says what a rule takes.  *pickle*: a pickle in an admitted framing, or an integer
 * where that is one of them, and nothing else.  *auto*: whatever no reader would unpickle to an
 * effect that the policy does not allow.  *opaque*: anything, unread.  The *default rule* is the
 * last one: every key, auto, all framings but joblib, gate.policy, error; it is not written down.
 * Limit: it knows no affixes, and takes base64 for text where no rule names it (README.md, D7).
 *
 * Rules are read once, into the arena of a setup (setup.h), and never written afterwards: any
 * thread may look.  Errors are "file:line:column: what and what to do", an unknown word with the
 * nearest known one.  Cost of a look-up: a glob match for each rule until one fits. */
#ifndef BRINE_GATE_RULES_H
#define BRINE_GATE_RULES_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/status.h"
#include "frame/frame.h"
#include "policy/match.h"
#include "text/toml.h"

/* clang-format off */
#define GATE_VALUES(W)                                                                             \
    W(VALUES_AUTO,        "auto")                                                                  \
    W(VALUES_PICKLE,      "pickle")                                                                \
    W(VALUES_OPAQUE,      "opaque")
#define GATE_ON_REFUSAL(W)                                                                         \
    W(ON_REFUSAL_ERROR,   "error")                                                                 \
    W(ON_REFUSAL_DROP,    "drop")                                                                  \
    W(ON_REFUSAL_LOG,     "log")
#define GATE_AUDITED(W)                                                                            \
    W(AUDIT_REFUSED,      "refused")                                                               \
    W(AUDIT_ALL,          "all")                                                                   \
    W(AUDIT_NONE,         "none")
/* clang-format on */

#define W(id, word) GATE_##id,
enum gate_values { GATE_VALUES(W) };
enum gate_on_refusal { GATE_ON_REFUSAL(W) };
enum gate_audited { GATE_AUDITED(W) };
#undef W

enum {
    GATE_RULES_MAX = 1000,
    GATE_RULE_KEYS_MAX = 64,
    GATE_RULE_POLICIES_MAX = 32,
    GATE_RULE_AFFIXES_MAX = 8,
    GATE_RULE_NAME_BYTES_MAX = 64,
    GATE_RULE_DATABASES_MAX = 64,
    GATE_PROTOCOL_MAX = 5,
};

struct gate_rule {
    uint32_t index;    /* from 1 in the file's order; 0: the default rule */
    struct bytes name; /* may be empty */
    uint32_t line, column;
    uint64_t databases;       /* a bit each */
    const struct bytes *keys; /* globs; none: every key */
    size_t keys_count;
    enum gate_values values;
    struct frame_options frames; /* `admitted` and affixes; the bounds come with the setup */
    uint8_t min_protocol, max_protocol;
    uint64_t bytes_max; /* 0: no limit of its own */
    enum gate_on_refusal on_refusal;
    enum gate_audited audited;
    const struct bytes *policies; /* names; none: gate.policy */
    size_t policies_count;
    /* The setup's: what of the above is compiled. */
    struct bytes policy_text;    /* "stdlib" or "stdlib, shop" */
    const struct policy *policy; /* of an opaque rule too: who looks into values asks it */
};

struct gate_rules {
    const struct gate_rule *rows;
    size_t count;
};

/* Reads the [[rule]] rows of a parsed file; the default rule comes behind them. */
struct gate_rules_text {
    const char *file;              /* for messages */
    const struct toml_value *root; /* NULL: no file */
};
enum brine_status gate_rules_read(const struct gate_rules_text *text, struct arena *arena,
                                  struct gate_rule **rows, size_t *count,
                                  struct brine_error *err) MUST_USE;

/* The default rule, but for its policy. */
struct gate_rule gate_rule_default(void);

/* True when the rule speaks of this key. */
bool gate_rule_fits(const struct gate_rule *rule, uint32_t db, struct bytes key);

/* "auto"; "error"; "refused" */
const char *gate_values_word(enum gate_values values);
const char *gate_on_refusal_word(enum gate_on_refusal what);
const char *gate_audited_word(enum gate_audited audited);

/* "rule 2 'sessions'", "the default rule": into line, cut; returns line. */
const char *gate_rule_text(const struct gate_rule *rule, char *line, size_t size);

#endif
