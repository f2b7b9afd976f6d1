/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A file is a pickle in any framing, or holds some: arrays of objects and archives (archive.h).
 * Each verdict is a line. */
#include "client/archive.h"
#include "client/input.h"
#include "client/verdict.h"
#include "client/verify.h"

#include <stdio.h>
#include <string.h>

enum { KEEP_BYTES = 64 << 20, NAME_BYTES_MAX = 1 << 20 };
#define TEXT_BYTES_MAX ((size_t)1 << 30)

/* A file, or a member of it, on its way through the judge. */
struct subject {
    struct verify_worker *worker;
    struct verify_result *result;
    const char *path;
    struct bytes name;    /* the path, with the member in brackets */
    bool pickle_expected; /* otherwise what is opaque is none, and fine */
};

void verify_worker_init(struct verify_worker *worker, const struct verify_options *options) {
    worker->options = options;
    judge_init(&worker->judge, options->policy);
    buf_init(&worker->input, mem_system(), PICKLE_LIMITS_DEFAULT.bytes_max + 2);
}

void verify_worker_deinit(struct verify_worker *worker) {
    judge_deinit(&worker->judge);
    buf_deinit(&worker->input);
}

void verify_result_init(struct verify_result *result) {
    *result = (struct verify_result){0};
    buf_init(&result->text, mem_system(), TEXT_BYTES_MAX);
    buf_init(&result->trouble, mem_system(), TEXT_BYTES_MAX);
}

void verify_result_deinit(struct verify_result *result) {
    buf_deinit(&result->text);
    buf_deinit(&result->trouble);
}

void verify_complain(struct verify_result *result, const char *path, const char *why) {
    struct buf *out = &result->trouble;
    result->unread++;
    enum brine_status status = buf_append(out, BYTES("brine-cli: "));
    if (status == BRINE_OK) status = input_append_name(out, bytes_of_cstr(path));
    if (status == BRINE_OK) status = buf_printf(out, ": %s\n", why);
    if (status != BRINE_OK) fputs("brine-cli: no memory to say what is wrong\n", stderr);
}

/* ---- what is said -----------------------------------------------------------------------------*/

static enum brine_status add_json(struct buf *out, struct bytes name,
                                  const struct judgement *judgement, bool explain) {
    struct json json;
    json_init(&json, out);
    json_open_object(&json);
    verdict_json_keys(&json, "file", name, judgement);
    if (explain) {
        struct buf text;
        buf_init(&text, mem_system(), TEXT_BYTES_MAX);
        json_key(&json, "opcodes");
        if (verdict_explain(&text, judgement) == BRINE_OK)
            json_string(&json, buf_view(&text));
        else
            json_null(&json);
        buf_deinit(&text);
    }
    json_close(&json);
    TRY(json_finish(&json));
    return buf_append_byte(out, '\n');
}

static void say(void *context, const struct judgement *judgement) {
    struct subject *subject = context;
    struct verify_result *result = subject->result;
    const struct verify_options *options = subject->worker->options;
    bool accepted = judgement_accepts(judgement);
    if (judgement->opaque && !subject->pickle_expected) return;
    result->accepted += accepted;
    result->refused += !accepted;
    size_t before = result->text.len;
    enum brine_status status = BRINE_OK;
    if (options->json) {
        status = add_json(&result->text, subject->name, judgement, options->explain);
    } else if (!accepted || options->verbose) {
        status = verdict_text(&result->text, subject->name, judgement);
        if (status == BRINE_OK && options->explain)
            status = verdict_explain(&result->text, judgement);
    }
    if (status == BRINE_OK) return;
    result->text.len = before;
    verify_complain(result, subject->path, brine_status_meaning(status));
}

/* An array of numbers, of which numpy unpickles nothing. */
static void say_array(const struct subject *subject) {
    struct verify_result *result = subject->result;
    enum brine_status status = BRINE_OK;
    result->accepted++;
    if (subject->worker->options->json) {
        struct json json;
        json_init(&json, &result->text);
        json_open_object(&json);
        json_key(&json, "file");
        json_string(&json, subject->name);
        json_key(&json, "verdict");
        json_cstr(&json, "accept");
        json_key(&json, "type");
        json_cstr(&json, "numpy array without objects");
        json_key(&json, "framing");
        json_cstr(&json, "npy");
        json_close(&json);
        status = json_finish(&json);
        if (status == BRINE_OK) status = buf_append_byte(&result->text, '\n');
    } else if (subject->worker->options->verbose) {
        status = input_append_name(&result->text, subject->name);
        if (status == BRINE_OK)
            status =
                buf_append(&result->text, BYTES(": accepted: a numpy array without objects\n"));
    }
    if (status != BRINE_OK) verify_complain(result, subject->path, brine_status_meaning(status));
}

static bool ends_in(struct bytes name, const char *end) {
    struct bytes tail = bytes_of_cstr(end);
    return name.len >= tail.len &&
           bytes_equal_nocase(bytes_slice(name, name.len - tail.len, tail.len), tail);
}

static void judge_bytes(struct subject *subject, struct bytes bytes) {
    struct judge *judge = &subject->worker->judge;
    judge->joblib = subject->worker->options->joblib || ends_in(subject->name, ".joblib");
    enum brine_status status = judge_value(judge, bytes, say, subject);
    if (status != BRINE_OK)
        verify_complain(subject->result, subject->path, brine_status_meaning(status));
}

/* ---- members ----------------------------------------------------------------------------------*/

static bool is_pickles_name(struct bytes name) {
    return ends_in(name, ".pkl") || ends_in(name, ".pickle") || ends_in(name, ".joblib");
}

static enum brine_status visit_member(void *context, const struct archive_member *member) {
    struct subject subject = *(struct subject *)context;
    struct buf name;
    buf_init(&name, mem_system(), NAME_BYTES_MAX);
    enum brine_status status = buf_append(&name, subject.name);
    if (status == BRINE_OK && member->name.len) {
        status = buf_append_byte(&name, '(');
        if (status == BRINE_OK) status = buf_append(&name, member->name);
        if (status == BRINE_OK) status = buf_append_byte(&name, ')');
    }
    if (status == BRINE_OK) {
        subject.name = buf_view(&name);
        subject.pickle_expected = member->array || is_pickles_name(member->name);
        if (member->array && !member->objects)
            say_array(&subject);
        else
            judge_bytes(&subject, member->bytes);
    }
    buf_deinit(&name);
    return status;
}

/* Whether anything at all was said of the file. */
static size_t said(const struct verify_result *result) {
    return result->accepted + result->refused;
}

/* First as what pickle.load makes of it, for bytes may be an archive and a pickle at once.  What is
 * no archive after all, but begins like one, is a broken pickle like any other file. */
static void judge_archive(struct subject *subject, struct bytes bytes) {
    struct brine_error err = {0};
    size_t before = said(subject->result);
    subject->pickle_expected = false;
    judge_bytes(subject, bytes);
    if (said(subject->result) > before) return;
    enum brine_status status =
        archive_walk(bytes, PICKLE_LIMITS_DEFAULT.bytes_max, visit_member, subject, &err);
    if (status == BRINE_OK) return;
    if (status == BRINE_MALFORMED && said(subject->result) == before) {
        subject->pickle_expected = true;
        judge_bytes(subject, bytes);
        return;
    }
    verify_complain(subject->result, subject->path,
                    err.text[0] ? err.text : brine_status_meaning(status));
}

void verify_file(struct verify_worker *worker, const char *path, struct verify_result *result) {
    struct brine_error err = {0};
    struct buf *input = &worker->input;
    struct subject subject = {.worker = worker,
                              .result = result,
                              .path = path,
                              .name = bytes_of_cstr(path),
                              .pickle_expected = true};
    if (input_read(input, path, PICKLE_LIMITS_DEFAULT.bytes_max, &err) != BRINE_OK)
        verify_complain(result, path, err.text);
    else if (archive_is_one(buf_view(input)) && input->len <= PICKLE_LIMITS_DEFAULT.bytes_max)
        judge_archive(&subject, buf_view(input));
    else
        judge_bytes(&subject, buf_view(input));
    buf_clear(input);
    buf_shrink(input, KEEP_BYTES);
    judge_trim(&worker->judge);
}
