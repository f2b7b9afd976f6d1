/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What a record of the audit trail costs who writes it, in memory and with a file; and its digest.
 */

#include "observe/audit.h"
#include "observe/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { ROUNDS = 200000, KB = 1024 };

static struct audit_record usual(void) {
    struct audit_record record = AUDIT_RECORD(REFUSED);
    record.client_id = 7;
    record.address = BYTES("127.0.0.1:50426");
    record.user = BYTES("default");
    record.client_name = BYTES("web");
    record.library_name = BYTES("redis-py");
    record.command = BYTES("set");
    record.key = BYTES(":1:session:d41d8cd98f00b204e9800998ecf8427e");
    record.policy = BYTES("stdlib");
    record.verdict = BYTES("error");
    record.class_name = BYTES("forbidden");
    record.reason = BYTES("global");
    record.opcode = BYTES("STACK_GLOBAL");
    record.module = BYTES("shop.models");
    record.name = BYTES("Cart");
    record.framing = BYTES("pickle");
    record.digest = BYTES("51c294f79ba6d807aba6d6b6fe6ffbfb");
    record.text =
        BYTES("PICKLEDENIED offset 32: STACK_GLOBAL imports shop.models.Cart; not in policy "
              "'stdlib' (the default rule, key 'cart:4')");
    return record;
}

static void measure_write(const char *what, const char *path) {
    struct audit *audit = NULL;
    struct brine_error err = {0};
    struct audit_options options = {
        .mem = mem_system(), .path = path, .queue_bytes = 4 << 20, .keep = 1000};
    struct audit_record record = usual();
    if (audit_open(&audit, &options, &err) != BRINE_OK) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    int64_t begun_ns = clock_mono_ns();
    for (int i = 0; i < ROUNDS; i++) audit_write(audit, &record);
    double each_ns = (double)(clock_mono_ns() - begun_ns) / ROUNDS;
    struct audit_stats stats = audit_stats(audit);
    audit_close(audit);
    printf("audit_write, %-10s %6.0f ns a record, %llu of %d dropped\n", what, each_ns,
           (unsigned long long)stats.dropped_total, ROUNDS);
}

static void measure_digest(size_t bytes) {
    uint8_t *value = mem_alloc_zeroed(mem_system(), bytes);
    struct audit_record record = AUDIT_RECORD(REFUSED);
    struct audit_digest digest;
    int rounds = (int)(((size_t)64 << 20) / bytes);
    int64_t begun_ns = clock_mono_ns();
    for (int i = 0; i < rounds; i++)
        audit_record_digest(&record, bytes_view(value, bytes), &digest);
    double each_ns = (double)(clock_mono_ns() - begun_ns) / rounds;
    printf("audit_record_digest, %4zu KB %9.0f ns, %.2f ns a byte\n", bytes / KB, each_ns,
           each_ns / (double)bytes);
    mem_free(mem_system(), value, bytes);
}

int main(void) {
    char path[] = "/tmp/brine-bench-audit-XXXXXX";
    int fd = mkstemp(path);
    measure_write("memory", "");
    measure_write("a file", path);
    measure_write("/dev/full", "/dev/full");
    measure_digest(1 * KB);
    measure_digest(1024 * KB);
    close(fd);
    unlink(path);
    return 0;
}
