/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What the machine has of memory, and what this process and its allocator have of it.
 *
 *     size_t bytes = machine_memory_bytes(&source);      // source: "the machine", "cgroup v2" ...
 *
 * Thread: any.  Cost: a few system calls; some 20 us for the allocator's
 * own figures.
 * Source: cgroup-v2.txt memory.max, cgroups v1 memory.limit_in_bytes, jemalloc(3) MALLCTL
 * NAMESPACE. */
#ifndef BRINE_MACHINE_H
#define BRINE_MACHINE_H

#include "base/base.h"

/* The machine's, or less where a container's limit is less; 0: not known. */
size_t machine_memory_bytes(const char **source);
/* The same of a machine with so many bytes (0: not known), whose /proc and /sys are below `root`:
 * the least of what its process's cgroups and all above them may have. */
size_t machine_least_bytes(const char *root, size_t bytes, const char **source);
/* Pages of this process that are in memory, in bytes; 0: not known. */
size_t machine_resident_bytes(void);
/* Of them, those that are no file's: the program's text and libraries are left out. */
size_t machine_private_bytes(void);

/* The allocator's own figures; known is false where it is not jemalloc. */
struct machine_allocator {
    bool known;
    size_t allocated_bytes, active_bytes, metadata_bytes, resident_bytes, retained_bytes;
    size_t dirty_bytes; /* free pages that it has not given back yet */
};
struct machine_allocator machine_allocator(void);
/* Gives free pages back now.  False: it cannot. */
bool machine_purge_allocator(void);

/* Hands the allocator's report to `write`, piece by piece.  False: it has none. */
bool machine_describe_allocator(void (*write)(void *context, const char *text), void *context);

#endif
