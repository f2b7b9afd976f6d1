/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "http/desk.h"

#include "base/assert.h"
#include "cmd/pickle_facts.h"
#include "observe/clock.h"
#include "resp/reply.h"

enum { RESP3 = 3 };

void http_desk_init(struct http_desk *desk, const struct worker_options *options) {
    worker_state_init(&desk->state, options);
    session_init(&desk->session,
                 &(struct session_options){
                     .mem = options->mem, .authenticated = true, .fd = -1, .peer = "http"});
    desk->session.resp_version = RESP3;
}

void http_desk_deinit(struct http_desk *desk) {
    session_deinit(&desk->session);
    worker_state_deinit(&desk->state);
}

void http_desk_begin(struct http_desk *desk) {
    struct worker_state *state = &desk->state;
    reply_clear(&state->reply);
    worker_state_trim(state);
    worker_state_set_time(state, clock_wall_ms(), clock_mono_ms());
    arena_reset(&state->scratch);
}

void http_desk_end(struct http_desk *desk) {
    struct worker_state *state = &desk->state;
    reply_clear(&state->reply);
    worker_state_trim(state);
    arena_back_to(&state->scratch, (struct arena_mark){0});
}

static struct command_call begin_call(struct http_desk *desk, const char *name) {
    struct worker_state *state = &desk->state;
    http_desk_begin(desk);
    state->reply.writer.version = RESP3;
    return (struct command_call){
        .command = command_find(&state->shared->index, bytes_of_cstr(name)),
        .session = &desk->session,
        .access = &state->access,
        .reply = &state->reply,
        .now_ms = state->now_ms,
        .worker = state,
    };
}

static struct bytes end_call(struct http_desk *desk) {
    struct reply *reply = &desk->state.reply;
    return reply_is_broken(reply) || reply->larges_count ? BYTES("-OOM out of memory\r\n")
                                                         : buf_view(&reply->out);
}

struct bytes http_desk_ask(struct http_desk *desk, const struct bytes *args, size_t args_count) {
    struct command_call call = begin_call(desk, (const char *)args[0].data);
    BRINE_ASSERT(call.command && command_arity_fits(call.command, args_count),
                 "the HTTP endpoint asks what commands answer");
    call.args = args;
    call.args_count = args_count;
    call.command->handler(&call);
    return end_call(desk);
}

struct bytes http_desk_show(struct http_desk *desk, const struct http_desk_pickle *pickle,
                            enum http_desk_form form) {
    struct command_call call =
        begin_call(desk, form == HTTP_DESK_VIEW ? "pickle.view" : "pickle.dis");
    struct pickle_subject subject = {.db = pickle->db, .key = pickle->key, .value = pickle->value};
    pickle_reply_shown(&call, &subject,
                       form == HTTP_DESK_VIEW ? PICKLE_SHOWN_VIEW : PICKLE_SHOWN_DIS);
    return end_call(desk);
}

struct bytes http_desk_field(struct bytes reply, const char *name) {
    struct resp_reply_reader reader;
    struct resp_reply_event event = {0};
    size_t begun = 0; /* keys and values of the map itself */
    bool is_next = false;
    resp_reply_init(&reader, (struct resp_reply_limits){0});
    while (!event.ends_reply) {
        enum brine_status status = resp_reply_next(&reader, reply, &event, NULL);
        BRINE_ASSERT(status == BRINE_OK, "a command's reply is whole");
        reply = bytes_slice(reply, event.consumed, reply.len);
        if (event.depth != 1) continue;
        if (is_next) return event.text;
        is_next = begun++ % 2 == 0 && bytes_equal(event.text, bytes_of_cstr(name));
    }
    return (struct bytes){0};
}

/* ---- RESP3 as JSON ----------------------------------------------------------------------------*/

struct level {
    size_t left;
    bool is_map;
};

struct transcript {
    struct json *json;
    struct level levels[RESP_REPLY_DEPTH_MAX];
    size_t depth;
};

static void say_error(struct json *json, struct bytes text) {
    json_open_object(json);
    json_key(json, "error");
    json_string(json, text);
    json_close(json);
}

static void say_leaf(struct json *json, const struct resp_reply_event *event) {
    switch (event->kind) {
    case RESP_KIND_INTEGER:
        json_int(json, event->integer);
        break;
    case RESP_KIND_DOUBLE:
        json_double(json, event->number);
        break;
    case RESP_KIND_BOOLEAN:
        json_bool(json, event->integer);
        break;
    case RESP_KIND_NULL:
        json_null(json);
        break;
    case RESP_KIND_ERROR:
    case RESP_KIND_BULK_ERROR:
        say_error(json, event->text);
        break;
    case RESP_KIND_SIMPLE:
    case RESP_KIND_BIG_NUMBER:
    case RESP_KIND_BULK:
    case RESP_KIND_VERBATIM:
    case RESP_KIND_ARRAY:
    case RESP_KIND_MAP:
    case RESP_KIND_SET:
    case RESP_KIND_PUSH:
    case RESP_KIND_ATTRIBUTE:
        json_string(json, event->text);
        break;
    }
}

static bool is_aggregate(enum resp_reply_kind kind) {
    return kind == RESP_KIND_ARRAY || kind == RESP_KIND_MAP || kind == RESP_KIND_SET ||
           kind == RESP_KIND_PUSH;
}

static void say_event(struct transcript *t, const struct resp_reply_event *event) {
    struct level *top = t->depth ? &t->levels[t->depth - 1] : NULL;
    if (top && top->is_map && top->left % 2 == 0) {
        json_key_bytes(t->json, event->text);
        top->left--;
        return;
    }
    if (top) top->left--;
    if (is_aggregate(event->kind)) {
        bool is_map = event->kind == RESP_KIND_MAP;
        if (is_map)
            json_open_object(t->json);
        else
            json_open_array(t->json);
        t->levels[t->depth++] = (struct level){event->elements, is_map};
    } else {
        say_leaf(t->json, event);
    }
    while (t->depth > 0 && t->levels[t->depth - 1].left == 0) {
        json_close(t->json);
        t->depth--;
    }
}

void http_json_reply(struct json *json, struct bytes reply, size_t most) {
    struct transcript transcript = {.json = json};
    struct resp_reply_reader reader;
    struct resp_reply_event event = {0};
    size_t begun = 0; /* of the elements at the top, keys and values counted each */
    resp_reply_init(&reader, (struct resp_reply_limits){0});
    while (!event.ends_reply) {
        enum brine_status status = resp_reply_next(&reader, reply, &event, NULL);
        BRINE_ASSERT(status == BRINE_OK, "a command's reply is whole");
        reply = bytes_slice(reply, event.consumed, reply.len);
        if (event.depth == 1 && begun++ / (transcript.levels[0].is_map ? 2 : 1) >= most) {
            json_close(json);
            return;
        }
        say_event(&transcript, &event);
    }
}
