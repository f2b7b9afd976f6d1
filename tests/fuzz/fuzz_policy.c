/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Must reach policy_book_add, policy_compile, policy_match.  Oracle: a text is refused with a
 * message or every policy in it compiles, finds each of its own entries again, and admits nothing
 * under a name that was never written. */

#include "policy/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_policy(const struct policy_book *book, struct bytes name) {
    struct policy_compiled compiled;
    struct brine_error err;
    if (policy_compile(book, &name, 1, &compiled, &err) != BRINE_OK) __builtin_trap();
    for (size_t i = 0; i < compiled.policy.entries_count; i++) {
        const struct policy_entry *entry = &compiled.policy.entries[i];
        bool wildcard = entry->name.data[entry->name.len - 1] == '*';
        if (policy_match(&compiled.policy, entry->module, entry->name) != (wildcard ? NULL : entry))
            __builtin_trap();
    }
    if (policy_match(&compiled.policy, BYTES("no\nmodule"), BYTES("no.name"))) __builtin_trap();
    policy_compiled_deinit(&compiled);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    struct policy_book *book;
    struct brine_error err = {0};
    if (policy_book_create(mem_system(), false, &book, &err) != BRINE_OK) __builtin_trap();
    size_t presets = policy_book_count(book);
    struct policy_text text = {
        .file = "fuzz", .text = bytes_view(data, len), .others_allowed = true};
    if (policy_book_add(book, &text, &err) != BRINE_OK) {
        if (err.text[0] == 0 || policy_book_count(book) != presets) __builtin_trap();
    } else {
        for (size_t i = presets; i < policy_book_count(book) && i < presets + 4; i++)
            check_policy(book, policy_book_at(book, i).name);
    }
    policy_book_destroy(book);
    return 0;
}
