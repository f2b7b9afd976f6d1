/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* brine-cli verify: one file, judged and written down, by one of its threads. */
#ifndef BRINE_CLIENT_VERIFY_H
#define BRINE_CLIENT_VERIFY_H

#include "base/buf.h"
#include "client/judge.h"

struct verify_options {
    const struct policy *policy;
    bool json, verbose, joblib, explain;
};

/* What a thread keeps from file to file. */
struct verify_worker {
    const struct verify_options *options;
    struct judge judge;
    struct buf input;
};

/* What there is to say of one file. */
struct verify_result {
    struct buf text;    /* for standard output */
    struct buf trouble; /* for standard error */
    size_t accepted, refused, unread;
};

void verify_worker_init(struct verify_worker *worker, const struct verify_options *options);
void verify_worker_deinit(struct verify_worker *worker);

void verify_result_init(struct verify_result *result);
void verify_result_deinit(struct verify_result *result);

/* Reads the file, or standard input for "-", and appends what there is to say. */
void verify_file(struct verify_worker *worker, const char *path, struct verify_result *result);

/* Appends "brine-cli: path: why" and counts it. */
void verify_complain(struct verify_result *result, const char *path, const char *why);

#endif
