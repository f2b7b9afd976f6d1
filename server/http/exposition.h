/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Writes figures as Prometheus reads them, text format 0.0.4:
 *
 *     exposition_family(&e, "redis_db_keys", EXPOSITION_GAUGE, "keys of a database");
 *     exposition_sample(&e, "", &(struct exposition_label){"db", BYTES("db0")}, 1, 3);
 *     if (e.failed) ... the buffer was too small ...
 *
 *     # HELP redis_db_keys keys of a database
 *     # TYPE redis_db_keys gauge
 *     redis_db_keys{db="db0"} 3
 *
 * A label's value may be a client's text: quotes, backslashes and line ends are escaped, what is no
 * UTF-8 becomes U+FFFD, and more than EXPOSITION_LABEL_BYTES_MAX bytes are cut.
 * Failure is sticky.  Thread: one at a time.
 * Source: https://prometheus.io/docs/instrumenting/exposition_formats/ */
#ifndef BRINE_HTTP_EXPOSITION_H
#define BRINE_HTTP_EXPOSITION_H

#include "base/buf.h"
#include "observe/histogram.h"

enum { EXPOSITION_LABEL_BYTES_MAX = 120 };

enum exposition_kind { EXPOSITION_COUNTER, EXPOSITION_GAUGE, EXPOSITION_HISTOGRAM };

struct exposition {
    struct buf *out;
    const char *family; /* borrowed until the next */
    bool failed;
};

struct exposition_label {
    const char *name;
    struct bytes value;
};

void exposition_family(struct exposition *e, const char *name, enum exposition_kind kind,
                       const char *doc);
/* A line of the present family; suffix "" or "_bucket" and the like. */
void exposition_sample(struct exposition *e, const char *suffix,
                       const struct exposition_label *labels, size_t labels_count, double value);
/* A family of one sample without labels. */
void exposition_single(struct exposition *e, const char *name, enum exposition_kind kind,
                       const char *doc, double value);
/* Buckets, sum and count of the present family, with one more label or none (label->name NULL); a
 * value of the histogram is `unit` of the family's. */
void exposition_histogram(struct exposition *e, const struct exposition_label *label,
                          const struct histogram *histogram, double unit);

#endif
