/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "observe/machine.h"

#include <criterion/criterion.h>

#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { FILES_MAX = 6, DIRS_OPEN_MAX = 8 };

static const size_t GB = (size_t)1 << 30;

struct tree_case {
    const char *what;
    struct {
        const char *path, *text;
    } files[FILES_MAX];
    size_t machine_gb, expected_bytes;
    const char *source;
};

#define SELF    "/proc/self/cgroup"
#define V1      "/sys/fs/cgroup/memory"
#define V1_NONE "9223372036854771712\n"

static const struct tree_case cases[] = {
    {"no cgroups at all", {{0}}, 8, 8ul << 30, "the machine"},
    {"v2, a container that sees itself as the root",
     {{SELF, "0::/\n"}, {"/sys/fs/cgroup/memory.max", "1073741824\n"}},
     8,
     1ul << 30,
     "the container (cgroup v2)"},
    {"v2 without a limit",
     {{SELF, "0::/\n"}, {"/sys/fs/cgroup/memory.max", "max\n"}},
     8,
     8ul << 30,
     "the machine"},
    {"v2, a limit above what the machine has",
     {{SELF, "0::/app\n"}, {"/sys/fs/cgroup/app/memory.max", "68719476736\n"}},
     8,
     8ul << 30,
     "the machine"},
    {"v2, nested, the parent has the least",
     {{SELF, "0::/system.slice/brine.service\n"},
      {"/sys/fs/cgroup/system.slice/brine.service/memory.max", "max\n"},
      {"/sys/fs/cgroup/system.slice/memory.max", "2147483648\n"}},
     8,
     2ul << 30,
     "the container (cgroup v2)"},
    {"v2, nested, the child has the least",
     {{SELF, "0::/a/b/c\n"},
      {"/sys/fs/cgroup/a/b/c/memory.max", "536870912\n"},
      {"/sys/fs/cgroup/a/b/memory.max", "max\n"},
      {"/sys/fs/cgroup/a/memory.max", "2147483648\n"}},
     8,
     1ul << 29,
     "the container (cgroup v2)"},
    {"v2, the path of the host's hierarchy, of which the container mounts its own",
     {{SELF, "0::/docker/4f66\n"}, {"/sys/fs/cgroup/memory.max", "1073741824\n"}},
     8,
     1ul << 30,
     "the container (cgroup v2)"},
    {"v1",
     {{SELF, "4:memory:/docker/4f66\n0::/\n"},
      {V1 "/docker/4f66/memory.limit_in_bytes", "1073741824\n"},
      {V1 "/memory.limit_in_bytes", V1_NONE}},
     8,
     1ul << 30,
     "the container (cgroup v1)"},
    {"v1 without a limit says so by a number",
     {{SELF, "4:memory:/\n"}, {V1 "/memory.limit_in_bytes", V1_NONE}},
     8,
     8ul << 30,
     "the machine"},
    {"v1, the controller shares its hierarchy, others' names are like its own",
     {{SELF, "5:memory2:/b\n4:hugetlb,memory,pids:/a\n3:cpu:/c\n"},
      {V1 "/a/memory.limit_in_bytes", "536870912\n"},
      {V1 "/b/memory.limit_in_bytes", "4096\n"},
      {V1 "/c/memory.limit_in_bytes", "4096\n"}},
     8,
     1ul << 29,
     "the container (cgroup v1)"},
    {"v1, nested, the parent has the least",
     {{SELF, "4:memory:/kubepods/pod1/c1\n"},
      {V1 "/kubepods/pod1/c1/memory.limit_in_bytes", V1_NONE},
      {V1 "/kubepods/pod1/memory.limit_in_bytes", "1073741824\n"},
      {V1 "/kubepods/memory.limit_in_bytes", "4294967296\n"}},
     8,
     1ul << 30,
     "the container (cgroup v1)"},
    {"both hierarchies, the lesser counts",
     {{SELF, "4:memory:/x\n0::/y\n"},
      {V1 "/x/memory.limit_in_bytes", "2147483648\n"},
      {"/sys/fs/cgroup/y/memory.max", "1073741824\n"}},
     8,
     1ul << 30,
     "the container (cgroup v2)"},
    {"what is no number, or nothing, is no limit",
     {{SELF, "0::/a/b\n"},
      {"/sys/fs/cgroup/a/b/memory.max", "1g\n"},
      {"/sys/fs/cgroup/a/memory.max", ""},
      {"/sys/fs/cgroup/memory.max", "0\n"}},
     8,
     8ul << 30,
     "the machine"},
    {"lines of another form are passed over",
     {{SELF, "\n0\n0:\n::\n4:memory\n4:memory:/x\n"},
      {V1 "/x/memory.limit_in_bytes", "1073741824\n"}},
     8,
     1ul << 30,
     "the container (cgroup v1)"},
    {"a machine that does not say what it has",
     {{SELF, "0::/\n"}, {"/sys/fs/cgroup/memory.max", "1073741824\n"}},
     0,
     1ul << 30,
     "the container (cgroup v2)"},
    {"nothing is known", {{SELF, "0::/\n"}}, 0, 0, "the machine"},
};

static void write_file(const char *root, const char *path, const char *text) {
    char full[PATH_MAX];
    snprintf(full, sizeof full, "%s%s", root, path);
    for (char *slash = strchr(full + strlen(root) + 1, '/'); slash;
         slash = strchr(slash + 1, '/')) {
        *slash = 0;
        (void)mkdir(full, 0700);
        *slash = '/';
    }
    FILE *file = fopen(full, "we");
    cr_assert_not_null(file, "%s", full);
    fputs(text, file);
    fclose(file);
}

static int remove_one(const char *path, const struct stat *facts UNUSED, int type UNUSED,
                      struct FTW *at UNUSED) {
    return remove(path);
}

Test(machine, a_process_has_what_the_least_of_its_cgroups_and_the_machine_have) {
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct tree_case *one = &cases[i];
        char root[] = "/tmp/brine-machine-XXXXXX";
        const char *source = NULL;
        cr_assert_not_null(mkdtemp(root));
        for (size_t j = 0; j < FILES_MAX && one->files[j].path; j++)
            write_file(root, one->files[j].path, one->files[j].text);
        size_t bytes = machine_least_bytes(root, one->machine_gb * GB, &source);
        cr_expect(bytes == one->expected_bytes, "%s: %zu", one->what, bytes);
        cr_expect_str_eq(source, one->source, "%s: %s", one->what, source);
        nftw(root, remove_one, DIRS_OPEN_MAX, FTW_DEPTH | FTW_PHYS);
    }
}

Test(machine, this_one_has_memory_and_this_process_takes_less) {
    const char *source = NULL;
    size_t bytes = machine_memory_bytes(&source), resident = machine_resident_bytes();
    cr_expect(bytes > 0 && source && source[0]);
    cr_expect(resident > 0 && resident < bytes, "%zu of %zu", resident, bytes);
    size_t private = machine_private_bytes();
    cr_expect(private > 0 && private <= resident);
}
