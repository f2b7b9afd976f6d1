/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Policies: which globals a pickle may name, and what it may do with each.  Written in TOML,
 * compiled into the look-up of match.h.
 *
 *     [policy.shop]
 *     doc = "the shop's sessions"
 *     extends = ["stdlib"]
 *     allow = [
 *         "shop.models.Cart",                                   # a class: built, and its state set
 *         "shop.models:Cart.Line",                              # a class inside a class
 *         { name = "shop.money.parse", may = ["call"], args = "s" },
 *         { name = "shop.make", may = ["call"], args = "gd", only = ["shop.models.Cart"] },
 *     ]
 *
 * Words.  A *book* holds the rows of every policy known: the presets and those of the files given.
 * A *plain entry* is a string: module and class with a dot between them, or a colon where the
 * class lies inside another one.  It means POLICY_CLASS.  A trailing ".*" admits any one more
 * component without a dot; such rows are reported as warnings, because what a module holds changes
 * with every release of it.
 *
 * args is the shape of match.h; only lists the globals that a call's arguments may be, for what
 * calls or instantiates its argument: without it any referenced global is one.
 *
 * What a policy admits is the union of its own rows and of all it extends: rights add up, and
 * nothing narrows.  The order of rows and of names in `extends` has no meaning.
 *
 * Ownership: a book and a compiled policy each own their memory; a compiled policy outlives its
 * book.  Thread: a book is one thread's at a time; a compiled policy is never written and is any
 * thread's.  Errors: BRINE_INVALID or MALFORMED with "file:line:column: what and what to do",
 * NO_MEMORY, TOO_BIG.  Cost: compiling sorts all rows once; looking up is match.h's. */
#ifndef BRINE_POLICY_H
#define BRINE_POLICY_H

#include "base/bytes.h"
#include "base/mem.h"
#include "base/status.h"
#include "policy/match.h"

enum {
    POLICY_NAME_BYTES_MAX = 64,     /* of a policy: letters, digits, '-' and '_' */
    POLICY_GLOBAL_BYTES_MAX = 1024, /* of an entry */
    POLICY_EXTENDS_MAX = 64,
    POLICY_ONLY_MAX = 256, /* names in a row's list */
    POLICY_BOOK_POLICIES_MAX = 1024,
    POLICY_BOOK_ROWS_MAX = 65536,
    POLICY_BOOK_BYTES_MAX = 64 << 20,
};

struct policy_book;

/* A book that knows the presets, or nothing yet.  Cost: 3 ms with the presets. */
enum brine_status policy_book_create(struct allocator *mem, bool with_presets,
                                     struct policy_book **book, struct brine_error *err) MUST_USE;
void policy_book_destroy(struct policy_book *book);

/* Adds the [policy.*] tables of one TOML text; tables of other names are left alone when
 * `others_allowed`, so that policies may stand in the server's own file, and refused otherwise.
 * `file` is for messages and is copied.  On failure the book is as it was. */
struct policy_text {
    const char *file;
    struct bytes text;
    bool others_allowed;
};
enum brine_status policy_book_add(struct policy_book *book, const struct policy_text *text,
                                  struct brine_error *err) MUST_USE;

/* All policies of the book, presets first, each file's in its order. */
struct policy_summary {
    struct bytes name, doc;
    const char *file; /* "preset" for those built in */
    size_t rows;      /* its own */
    bool preset;
};
size_t policy_book_count(const struct policy_book *book);
struct policy_summary policy_book_at(const struct policy_book *book, size_t index);

/* What deserves a look though it is allowed: "file:line:column: ..."; NULL beyond the last. */
const char *policy_book_warning(const struct policy_book *book, size_t index);

/* One policy that admits what all the named ones admit. */
struct policy_compiled {
    struct policy policy; /* for the verifier */
    void *block;          /* the module's own from here on */
    size_t block_bytes;
    struct allocator *mem;
};
enum brine_status policy_compile(const struct policy_book *book, const struct bytes *names,
                                 size_t names_count, struct policy_compiled *compiled,
                                 struct brine_error *err) MUST_USE;
void policy_compiled_deinit(struct policy_compiled *compiled);

#endif
