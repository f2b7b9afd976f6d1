/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Calls about values behind the gate, and a refusal taken apart:
 *
 *     PICKLEDENIED offset 28 in zlib > pickle: STACK_GLOBAL imports app.Cart; not in policy
 *     'stdlib' (the default rule, key 'k'); to allow it: allow = ["app.Cart"]
 *
 * The text comes from a server that is not trusted: each part is looked for, and copied with a
 * bound; what is not found stays empty. */
#include "client/lib/brine_client.h"

#include "base/base.h"
#include "base/bytes.h"
#include "base/number.h"

#include <stdio.h>

/* ---- a refusal --------------------------------------------------------------------------------*/

static void copy_text(char *target, size_t size, struct bytes text) {
    size_t len = MIN(text.len, size - 1);
    bytes_copy_to(target, bytes_slice(text, 0, len));
    target[len] = 0;
}

/* Cuts text at the first `mark`: *before is what stands before it, text what is behind. */
static bool cut_at(struct bytes *text, const char *mark, struct bytes *before) {
    size_t len = strlen(mark);
    const uint8_t *found = text->len ? memmem(text->data, text->len, mark, len) : NULL;
    if (!found) return false;
    *before = bytes_view(text->data, (size_t)(found - text->data));
    *text = bytes_slice(*text, before->len + len, text->len);
    return true;
}

/* "STACK_GLOBAL imports app.Cart; not in policy 'stdlib' ..." */
static void parse_deed(struct bytes text, struct brine_verdict *verdict) {
    static const char *const verbs[] = {" imports ",       " refers to ",        " calls ",
                                        " instantiates ",  " gives a state to ", " gives items to ",
                                        " makes a key of "};
    struct bytes opcode, rest, global;
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        rest = text;
        if (!cut_at(&rest, verbs[i], &opcode) || memchr(opcode.data, ' ', opcode.len)) continue;
        size_t end = 0;
        while (end < rest.len && rest.data[end] != ';' && rest.data[end] != ',') end++;
        global = bytes_slice(rest, 0, end);
        copy_text(verdict->opcode, sizeof verdict->opcode, opcode);
        copy_text(verdict->global, sizeof verdict->global, global);
        return;
    }
    /* "REDUCE: what is wrong", "GLOBAL would import a module: os.system; and at offset 3 ..." */
    size_t end = 0;
    while (end < text.len && text.data[end] != ':' && text.data[end] != ' ') end++;
    opcode = bytes_slice(text, 0, end);
    for (size_t i = 0; i < opcode.len; i++) {
        uint8_t c = opcode.data[i];
        if (!(c >= 'A' && c <= 'Z') && c != '_' && !byte_is_digit(c)) return;
    }
    copy_text(verdict->opcode, sizeof verdict->opcode, opcode);
    if (cut_at(&text, " would import a module: ", &rest)) {
        end = 0;
        while (end < text.len && text.data[end] != ';' && text.data[end] != ',') end++;
        copy_text(verdict->global, sizeof verdict->global, bytes_slice(text, 0, end));
    }
}

static void parse_rest(struct bytes text, struct brine_verdict *verdict) {
    struct bytes before, part, rest = text;
    parse_deed(text, verdict);
    if (cut_at(&rest, " policy '", &before) || cut_at(&rest, " policies '", &before)) {
        if (cut_at(&rest, "'", &part)) copy_text(verdict->policy, sizeof verdict->policy, part);
    }
    rest = text;
    if (cut_at(&rest, " (the default rule, ", &before))
        copy_text(verdict->rule, sizeof verdict->rule, BYTES("the default rule"));
    else if (cut_at(&rest, " (rule ", &before) && cut_at(&rest, ", ", &part))
        snprintf(verdict->rule, sizeof verdict->rule, "rule %.*s", (int)MIN(part.len, (size_t)100),
                 (const char *)part.data);
    if (cut_at(&text, "; to allow it: ", &before))
        copy_text(verdict->allow, sizeof verdict->allow, text);
}

int brine_verdict_parse(const char *text, size_t len, struct brine_verdict *verdict) {
    static const struct {
        const char *prefix, *class;
    } rows[] = {{"PICKLEDENIED ", "forbidden"},
                {"PICKLEMALFORMED ", "malformed"},
                {"PICKLETRUNCATED ", "truncated"},
                {"PICKLELIMIT ", "limit"}};
    struct bytes rest = bytes_view(text, len), head, framing;
    struct brine_verdict unused;
    if (!verdict) verdict = &unused;
    memset(verdict, 0, sizeof *verdict);
    for (size_t i = 0; i < ARRAY_LEN(rows) && !verdict->refused; i++) {
        struct bytes prefix = bytes_of_cstr(rows[i].prefix);
        if (!bytes_starts_with(rest, prefix)) continue;
        verdict->refused = 1;
        snprintf(verdict->error_class, sizeof verdict->error_class, "%s", rows[i].class);
        rest = bytes_slice(rest, prefix.len, rest.len);
    }
    if (!verdict->refused) return 0;
    copy_text(verdict->message, sizeof verdict->message, bytes_view(text, len));
    struct bytes offset = BYTES("offset ");
    if (!bytes_starts_with(rest, offset) || !cut_at(&rest, ": ", &head)) return 1;
    head = bytes_slice(head, offset.len, head.len);
    uint64_t number;
    if (!cut_at(&head, " in ", &framing)) {
        framing = head;
        head.len = 0;
    }
    if (number_parse_u64(framing, &number)) verdict->offset = number;
    copy_text(verdict->framing, sizeof verdict->framing, head);
    parse_rest(rest, verdict);
    return 1;
}

/* ---- calls ------------------------------------------------------------------------------------*/

enum brine_client_status brine_set(brine_client *client, struct brine_text key,
                                   struct brine_text value, int64_t ttl_ms,
                                   struct brine_verdict *verdict) {
    char number[24];
    struct brine_text args[5] = {BRINE_TEXT("SET"), key, value, BRINE_TEXT("PX"), {number, 0}};
    struct brine_reply *reply;
    snprintf(number, sizeof number, "%lld", (long long)ttl_ms);
    args[4].len = strlen(number);
    if (verdict) memset(verdict, 0, sizeof *verdict);
    enum brine_client_status status = brine_call(client, args, ttl_ms ? 5 : 3, &reply);
    if (status == BRINE_CLIENT_REFUSED && verdict)
        brine_verdict_parse(reply->text, reply->len, verdict);
    brine_reply_free(reply);
    return status;
}

enum brine_client_status brine_get(brine_client *client, struct brine_text key,
                                   struct brine_reply **reply) {
    struct brine_text args[] = {BRINE_TEXT("GET"), key};
    return brine_call(client, args, ARRAY_LEN(args), reply);
}

static void take_field(struct brine_inspection *inspection, const struct brine_reply *key,
                       const struct brine_reply *value) {
    const struct {
        const char *name;
        const char **text;
    } texts[] = {{"found", &inspection->what}, {"framing", &inspection->framing},
                 {"type", &inspection->type},  {"verdict", &inspection->verdict},
                 {"rule", &inspection->rule},  {"policy", &inspection->policy}};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        if (value->type == BRINE_REPLY_STRING && strcmp(key->text, texts[i].name) == 0)
            *texts[i].text = value->text;
    if (value->type == BRINE_REPLY_INTEGER && value->integer >= 0) {
        if (strcmp(key->text, "bytes") == 0) inspection->bytes = (size_t)value->integer;
        if (strcmp(key->text, "protocol") == 0) inspection->protocol = (int)value->integer;
    }
    if (value->type == BRINE_REPLY_ARRAY && strcmp(key->text, "globals") == 0)
        inspection->globals = value;
}

enum brine_client_status brine_inspect(brine_client *client, struct brine_text key,
                                       struct brine_inspection *inspection) {
    struct brine_text args[] = {BRINE_TEXT("PICKLE.INSPECT"), key};
    *inspection = (struct brine_inspection){
        .what = "", .framing = "", .type = "", .verdict = "", .rule = "", .policy = ""};
    enum brine_client_status status = brine_call(client, args, ARRAY_LEN(args), &inspection->reply);
    const struct brine_reply *reply = inspection->reply;
    if (status != BRINE_CLIENT_OK) return status;
    bool is_map = reply->type == BRINE_REPLY_ARRAY || reply->type == BRINE_REPLY_MAP;
    inspection->found = is_map && reply->count > 0;
    for (size_t i = 0; is_map && i + 1 < reply->count; i += 2)
        take_field(inspection, &reply->elements[i], &reply->elements[i + 1]);
    return BRINE_CLIENT_OK;
}
