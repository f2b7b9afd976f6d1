/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* libbrine: reads any pickle without executing it and says whether a policy lets it be loaded.
 *
 *     // cc shop.c $(pkg-config --cflags --libs brine)
 *     #include <brine.h>
 *
 *     struct policy_book *book;                           // once
 *     struct policy_compiled policy;
 *     struct brine_error err;
 *     struct bytes names[] = {BYTES("stdlib")};
 *     // each may fail: err.text says why
 *     policy_book_create(mem_system(), true, &book, &err);
 *     policy_compile(book, names, 1, &policy, &err);
 *     policy_book_destroy(book);
 *
 *     struct pickle_scratch scratch;                      // once a thread
 *     pickle_scratch_init(&scratch, mem_system(), 1 << 30);
 *
 *     struct pickle_report report;                        // for each pickle
 *     if (pickle_verify(bytes_view(data, len), &policy.policy, &PICKLE_LIMITS_DEFAULT, &scratch,
 *                       &report) != BRINE_OK) {
 *         char line[256];
 *         puts(pickle_report_message(&report, line, sizeof line));
 *     }
 *
 *     pickle_scratch_deinit(&scratch);
 *     policy_compiled_deinit(&policy);
 *
 * Reentrant, no globals: what a function works with is handed to it.  A compiled policy is any
 * thread's, a scratch and a report are one thread's.  Exported are the names of these headers and
 * nothing else.  C++ includes this header, not the ones below it.  The soname changes with every
 * release until 1.0. */
#ifndef BRINE_H
#define BRINE_H

#ifdef __cplusplus
#include <atomic>
extern "C" {
#endif

#include "base/status.h"
#include "base/version.h"
#include "frame/frame.h"
#include "pickle/disasm.h"
#include "pickle/harmless.h"
#include "pickle/opcodes.h"
#include "pickle/verify.h"
#include "pickle/view.h"
#include "policy/policy.h"

#ifdef __cplusplus
}
#endif

#endif
