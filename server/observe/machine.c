/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "observe/machine.h"

#include "base/number.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* jemalloc's, where the program is linked with it. */
extern int mallctl(const char *name, void *old, size_t *old_bytes, void *new,
                   size_t new_bytes) WEAK;
extern void malloc_stats_print(void (*write)(void *, const char *), void *context,
                               const char *options) WEAK;

enum { ALL_ARENAS = 4096 }; /* MALLCTL_ARENAS_ALL */

/* ---- the machine ------------------------------------------------------------------------------*/

/* The file's first line, without its end.  False: there is none. */
static bool read_line(const char *path, char *line, size_t size) {
    FILE *file = fopen(path, "re");
    if (!file) return false;
    bool read = fgets(line, (int)size, file) != NULL;
    fclose(file);
    if (read) line[strcspn(line, "\n")] = 0;
    return read;
}

/* "max", and v1's way of saying so, are no limit. */
static size_t read_limit(const char *path) {
    char line[64];
    uint64_t bytes;
    if (!read_line(path, line, sizeof line)) return SIZE_MAX;
    struct bytes text = bytes_of_cstr(line);
    return number_parse_u64(text, &bytes) && bytes > 0 ? (size_t)bytes : SIZE_MAX;
}

/* "a,b" has "b", and "" has "". */
static bool names_controller(const char *names, const char *controller) {
    size_t len = strlen(controller);
    if (!len) return !names[0];
    for (const char *at = names; at; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, controller, len) == 0 && (!at[len] || at[len] == ',')) return true;
    }
    return false;
}

/* Where this process is in the hierarchy: the third part of a line of /proc/self/cgroup whose
 * second part names the controller.  "" where it does not say. */
static void find_group(const char *root, const char *controller, char *group, size_t size) {
    char line[PATH_MAX];
    snprintf(line, sizeof line, "%s/proc/self/cgroup", root);
    FILE *file = fopen(line, "re");
    group[0] = 0;
    if (!file) return;
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        char *names = strchr(line, ':');
        char *path = names ? strchr(names + 1, ':') : NULL;
        if (!path) continue;
        *path = 0;
        if (!names_controller(names + 1, controller)) continue;
        snprintf(group, size, "%s", path + 1);
        break;
    }
    fclose(file);
}

struct hierarchy {
    const char *name, *mount, *controller, *file;
};
static const struct hierarchy hierarchies[] = {
    {"the container (cgroup v2)", "/sys/fs/cgroup", "", "memory.max"},
    {"the container (cgroup v1)", "/sys/fs/cgroup/memory", "memory", "memory.limit_in_bytes"},
};

/* The least limit of the group and all above it.  In a container the group's path may not be there:
 * then its own is mounted as the root. */
static size_t group_limit(const char *root, const struct hierarchy *in) {
    char group[PATH_MAX / 2], path[PATH_MAX];
    size_t least = SIZE_MAX;
    find_group(root, in->controller, group, sizeof group);
    for (;;) {
        snprintf(path, sizeof path, "%s%s%s/%s", root, in->mount,
                 strcmp(group, "/") == 0 ? "" : group, in->file);
        least = MIN(least, read_limit(path));
        char *last = strrchr(group, '/');
        if (!last || !group[0]) return least;
        *last = 0;
    }
}

size_t machine_least_bytes(const char *root, size_t bytes, const char **source) {
    *source = "the machine";
    for (size_t i = 0; i < ARRAY_LEN(hierarchies); i++) {
        size_t limit = group_limit(root, &hierarchies[i]);
        if (limit == SIZE_MAX || (bytes > 0 && limit >= bytes)) continue;
        bytes = limit;
        *source = hierarchies[i].name;
    }
    return bytes;
}

size_t machine_memory_bytes(const char **source) {
    long pages = sysconf(_SC_PHYS_PAGES), page_bytes = sysconf(_SC_PAGESIZE);
    size_t bytes = pages > 0 && page_bytes > 0 ? (size_t)pages * (size_t)page_bytes : 0;
    return machine_least_bytes("", bytes, source);
}

/* The numbers of statm, in pages: all, resident, of them files'. */
static bool read_statm(size_t *resident, size_t *shared) {
    char line[128];
    if (!read_line("/proc/self/statm", line, sizeof line)) return false;
    struct bytes left = bytes_view(line, strlen(line));
    uint64_t pages[3];
    for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
        const uint8_t *blank = memchr(left.data, ' ', left.len);
        if (!blank) return false;
        size_t digits = (size_t)(blank - left.data);
        if (!number_parse_u64(bytes_view(left.data, digits), &pages[i])) return false;
        left = bytes_view(blank + 1, left.len - digits - 1);
    }
    *resident = (size_t)pages[1];
    *shared = (size_t)pages[2];
    return true;
}

size_t machine_resident_bytes(void) {
    size_t resident = 0, shared = 0;
    return read_statm(&resident, &shared) ? resident * (size_t)sysconf(_SC_PAGESIZE) : 0;
}

size_t machine_private_bytes(void) {
    size_t resident = 0, shared = 0;
    if (!read_statm(&resident, &shared)) return 0;
    return (resident - MIN(resident, shared)) * (size_t)sysconf(_SC_PAGESIZE);
}

/* ---- the allocator ----------------------------------------------------------------------------*/

static size_t read_size(const char *name) {
    size_t value = 0, bytes = sizeof value;
    return mallctl(name, &value, &bytes, NULL, 0) == 0 ? value : 0;
}

struct machine_allocator machine_allocator(void) {
    struct machine_allocator figures = {0};
    if (!mallctl) return figures;
    uint64_t epoch = 1;
    char name[64];
    if (mallctl("epoch", NULL, NULL, &epoch, sizeof epoch)) return figures;
    figures.known = true;
    figures.allocated_bytes = read_size("stats.allocated");
    figures.active_bytes = read_size("stats.active");
    figures.metadata_bytes = read_size("stats.metadata");
    figures.resident_bytes = read_size("stats.resident");
    figures.retained_bytes = read_size("stats.retained");
    snprintf(name, sizeof name, "stats.arenas.%d.pdirty", ALL_ARENAS);
    figures.dirty_bytes = read_size(name) * (size_t)sysconf(_SC_PAGESIZE);
    return figures;
}

bool machine_purge_allocator(void) {
    char name[64];
    if (!mallctl) return false;
    snprintf(name, sizeof name, "arena.%d.purge", ALL_ARENAS);
    return mallctl(name, NULL, NULL, NULL, 0) == 0;
}

bool machine_describe_allocator(void (*write)(void *context, const char *text), void *context) {
    if (!malloc_stats_print) return false;
    malloc_stats_print(write, context, NULL);
    return true;
}
