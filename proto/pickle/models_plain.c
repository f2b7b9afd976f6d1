/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What models ask of plain values: the base that a class is rebuilt on, a network, hosts, a UUID.
 */

#include "base/number.h"
#include "pickle/machine.h"

/* copyreg._reconstructor(class, base, state): base.__new__(class, state), and base.__init__ when
 * base is not object.  The literal has to be of base's own kind, or base would make it from what
 * it is: bytearray(10**12). */
bool plain_base_takes(struct machine *m, uint32_t base, struct pickle_value state) {
    static const struct {
        const char *base;
        enum pickle_kind first, second;
    } rows[] = {
        {"object", PICKLE_KIND_NONE, PICKLE_KIND_NONE},
        {"list", PICKLE_KIND_LIST, PICKLE_KIND_LIST},
        {"dict", PICKLE_KIND_DICT, PICKLE_KIND_DICT},
        {"tuple", PICKLE_KIND_TUPLE, PICKLE_KIND_TUPLE},
        {"str", PICKLE_KIND_STR, PICKLE_KIND_STR},
        {"int", PICKLE_KIND_INT, PICKLE_KIND_LONG},
        {"float", PICKLE_KIND_FLOAT, PICKLE_KIND_FLOAT},
        {"bytes", PICKLE_KIND_BYTES, PICKLE_KIND_BYTES},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (global_is(m, base, "builtins", rows[i].base))
            return state.kind == rows[i].first || state.kind == rows[i].second;
    return false;
}

/* ('10.0.0.0/8'): a network is walked like a range. */
bool plain_network_size(struct machine *m, const struct arguments *args, uint32_t *addresses) {
    enum { V4_BITS = 32, V6_BITS = 128, WIDE_BITS = 32 };
    uint64_t bits = global_is(m, args->callee, "ipaddress", "IPv6Network") ? V6_BITS : V4_BITS;
    if (args->count != 1 || argument(m, args, 0).kind != PICKLE_KIND_STR) return false;
    if (argument(m, args, 0).flags & ~VALUE_8BIT) return false;
    struct bytes text = payload(m, argument(m, args, 0));
    const uint8_t *slash = memchr(text.data, '/', text.len);
    if (!slash) return false;
    uint64_t prefix;
    struct bytes digits = bytes_slice(text, (size_t)(slash - text.data) + 1, text.len);
    if (!number_parse_u64(digits, &prefix) || prefix > bits) return false;
    *addresses = bits - prefix < WIDE_BITS ? 1u << (bits - prefix) : UINT32_MAX;
    return true;
}

/* pydantic's addresses keep a record of each host, and a comma makes one. */
void plain_charge_hosts(struct machine *m, const struct arguments *args) {
    enum { HOST_BYTES = 256 };
    if (LIKELY(!global_is(m, args->callee, "pydantic_core._pydantic_core", "MultiHostUrl"))) return;
    for (uint32_t i = 0; i < args->count; i++) {
        struct pickle_value value = argument(m, args, i);
        if (value.kind != PICKLE_KIND_STR) continue;
        struct bytes text = payload(m, value);
        for (size_t at = 0; at < text.len; at++) m->heap += text.data[at] == ',' ? HOST_BYTES : 0;
    }
}

/* A UUID is hashed and compared by its number.  Which of two keys with this text counts is up to
 * the reader's encoding. */
void plain_note_identity(struct machine *m, uint32_t dict, struct pickle_value value) {
    enum { BYTES_MAX = 17, DIGITS_MAX = 40 };
    uint32_t *flags = &m->nodes[dict].flags,
             most = value.flags & VALUE_TEXT ? DIGITS_MAX : BYTES_MAX;
    bool fits = (value.kind == PICKLE_KIND_INT || value.kind == PICKLE_KIND_LONG) &&
                value.a <= most && !(*flags & NODE_IDENTIFIED);
    *flags |= NODE_IDENTIFIED | (fits ? 0 : NODE_WALKED);
    m->identity = (struct identity_state){.dict = dict, .number = value};
}

bool plain_identity_agrees(const struct machine *m, struct pickle_value state) {
    return state.kind == PICKLE_KIND_DICT && m->identity.dict == state.a;
}

/* How many numbers a range gives, at most UINT32_MAX. */
uint32_t plain_steps_between(__int128 start, __int128 stop, __int128 step) {
    __int128 way = stop - start;
    __int128 count = step > 0 ? (way + step - 1) / step : (way + step + 1) / step;
    return count <= 0 ? 0 : (uint32_t)MIN(count, (__int128)UINT32_MAX);
}
