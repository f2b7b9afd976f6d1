/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* kombu's messages.  A message is a JSON object; its body is text, or base64 of bytes, as the
 * message itself says, as it says how that is serialized: the sender's words all, so none of them
 * is read.  Whatever stands under a key that can hold a body is a payload, at any depth, whether a
 * message is bare or in an array with its address, and of a key that stands twice, both: Python
 * takes the last.
 *
 * Source: kombu transport/virtual/base.py Message, transport/redis.py; utils/json.py for the keys
 * under which bytes are written. */

#include "frame/adapters.h"

static const struct {
    struct bytes name;
    size_t rare; /* its letter that is the rarest in text, to look for */
} keys[] = {{BYTES("body"), 3}, {BYTES("bytes"), 1}, {BYTES("__value__"), 2}};

static bool is_wanted(struct bytes raw_key) {
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        if (json_string_is(raw_key, keys[i].name)) return true;
    return false;
}

static bool contains(struct bytes text, struct bytes name, size_t rare) {
    for (size_t at = rare; at < text.len; at++) {
        const uint8_t *found = memchr(text.data + at, name.data[rare], text.len - at);
        if (!found) return false;
        at = (size_t)(found - text.data);
        if (bytes_equal(bytes_slice(text, at - rare, name.len), name)) return true;
    }
    return false;
}

/* A quick look for most JSON, which is no message: without an escape a key stands as it is. */
static bool may_hold_body(struct bytes text) {
    if (memchr(text.data, '\\', text.len)) return true;
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        if (contains(text, keys[i].name, keys[i].rare)) return true;
    return false;
}

static enum brine_status give_string(struct frame_look *look, struct bytes raw,
                                     struct bytes *payload) {
    struct buf *out = look->unpack.out;
    size_t room;
    *payload = raw;
    if (json_string_is_verbatim(raw)) return BRINE_OK;
    buf_clear(out);
    /* A malformed byte becomes three, anything else grows not. */
    TRY(unpack_reserve(&look->unpack, raw.len * 3, &room));
    if (json_string_decode(raw, out) != BRINE_OK) return unpack_refused(&look->unpack);
    *payload = buf_view(out);
    return unpack_check(&look->unpack);
}

enum brine_status adapter_kombu(struct frame_look *look, struct bytes *payload) {
    struct frame_turn *turn = &look->turn;
    struct json_token token;
    if (turn->index++ == 0) {
        if (!may_hold_body(look->input)) return BRINE_NOT_FOUND;
        turn->scan = json_scan_over(look->input);
    }
    while (json_scan_next(&turn->scan, &token)) {
        bool under_key = turn->under_key;
        turn->under_key = token.kind == JSON_TOKEN_COLON && is_wanted(turn->last_string);
        if (token.kind != JSON_TOKEN_STRING) continue;
        turn->last_string = token.text;
        if (under_key && token.text.len > 0) return give_string(look, token.text, payload);
    }
    return BRINE_NOT_FOUND;
}
