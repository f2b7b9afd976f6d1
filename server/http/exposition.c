/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "http/exposition.h"

#include "base/utf8.h"

#include <math.h>
#include <stdio.h>

static const char *const kind_words[] = {[EXPOSITION_COUNTER] = "counter",
                                         [EXPOSITION_GAUGE] = "gauge",
                                         [EXPOSITION_HISTOGRAM] = "histogram"};

static void add(struct exposition *e, struct bytes text) {
    if (!e->failed) e->failed = buf_append(e->out, text) != BRINE_OK;
}

static void add_text(struct exposition *e, const char *text) {
    add(e, bytes_of_cstr(text));
}

void exposition_family(struct exposition *e, const char *name, enum exposition_kind kind,
                       const char *doc) {
    e->family = name;
    if (e->failed) return;
    e->failed = buf_printf(e->out, "# HELP %s %s\n# TYPE %s %s\n", name, doc, name,
                           kind_words[kind]) != BRINE_OK;
}

/* What needs no escape is added as a run. */
static void add_label_value(struct exposition *e, struct bytes text) {
    size_t at = 0, limit = MIN(text.len, (size_t)EXPOSITION_LABEL_BYTES_MAX);
    while (at < limit) {
        uint8_t c = text.data[at];
        size_t len = utf8_decode(text, at, NULL);
        if (len == 0) {
            add_text(e, "\xef\xbf\xbd");
            at++;
        } else if (c == '"' || c == '\\') {
            add_text(e, c == '"' ? "\\\"" : "\\\\");
            at++;
        } else if (c == '\n') {
            add_text(e, "\\n");
            at++;
        } else if (c < ' ' || c == 0x7f) {
            add_text(e, "?");
            at++;
        } else {
            add(e, bytes_slice(text, at, len));
            at += len;
        }
    }
}

/* Whole numbers as such: what counts must not be rounded. */
static void add_value(struct exposition *e, double value) {
    char text[64];
    if (value == floor(value) && fabs(value) < 9007199254740992.0)
        snprintf(text, sizeof text, "%.0f", value);
    else
        snprintf(text, sizeof text, "%.12g", value);
    add_text(e, text);
}

void exposition_sample(struct exposition *e, const char *suffix,
                       const struct exposition_label *labels, size_t labels_count, double value) {
    add_text(e, e->family);
    add_text(e, suffix);
    for (size_t i = 0; i < labels_count; i++) {
        add_text(e, i ? "," : "{");
        add_text(e, labels[i].name);
        add_text(e, "=\"");
        add_label_value(e, labels[i].value);
        add_text(e, "\"");
    }
    add_text(e, labels_count ? "} " : " ");
    add_value(e, value);
    add_text(e, "\n");
}

void exposition_single(struct exposition *e, const char *name, enum exposition_kind kind,
                       const char *doc, double value) {
    exposition_family(e, name, kind, doc);
    exposition_sample(e, "", NULL, 0, value);
}

/* Nanoseconds: 1 us to 17 s, each four times the one before.  Powers of two, of which the
 * histogram's counts are exact. */
enum { FIRST_POWER = 10, LAST_POWER = 34, POWER_STEP = 2 };

void exposition_histogram(struct exposition *e, const struct exposition_label *label,
                          const struct histogram *histogram, double unit) {
    struct exposition_label labels[2] = {*label};
    size_t count = label->name ? 2 : 1;
    char bound[32];
    uint64_t total = histogram_count(histogram);
    labels[count - 1].name = "le";
    for (int power = FIRST_POWER; power <= LAST_POWER; power += POWER_STEP) {
        uint64_t top = UINT64_C(1) << power;
        snprintf(bound, sizeof bound, "%.9g", (double)top * unit);
        labels[count - 1].value = bytes_of_cstr(bound);
        /* A record may be seen in its cell before it is in the total: buckets only rise. */
        exposition_sample(e, "_bucket", labels, count,
                          (double)MIN(histogram_count_below(histogram, top), total));
    }
    labels[count - 1].value = BYTES("+Inf");
    exposition_sample(e, "_bucket", labels, count, (double)total);
    exposition_sample(e, "_sum", labels, count - 1, (double)histogram_sum(histogram) * unit);
    exposition_sample(e, "_count", labels, count - 1, (double)total);
}
