/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* joblib's array stream, when scratch->joblib_arrays says that joblib.load is the reader.
 *
 * joblib.dump writes a NumpyArrayWrapper in place of an array, and behind the BUILD that gives it
 * its state, in the middle of the stream and outside any frame, what the array holds:
 *
 *     ... BUILD | pad length u8 | pad | items x item size bytes | PROTO.. next opcode ...
 *     ... BUILD | a whole second pickle, of an array of objects | next opcode ...
 *
 * joblib.load (its unpickler is pickle.py's) reads just that many bytes there and puts the array
 * where the wrapper was on the stack.  The memo keeps the wrapper, an object without methods that
 * loading calls.  There is no pad length when the state's alignment is None or missing, as before
 * joblib 1.2.
 *
 * The second pickle has a stack, marks and a memo of its own: they change places with those of the
 * first, and back at its STOP.  Neither joblib's old nor its new reader looks for raw bytes inside
 * it, so one level is all there is: a wrapper in there is refused. Source: joblib/numpy_pickle.py,
 * versions 0.10 to 1.6: read_array, load_build. */

#include "pickle/machine.h"

enum { SUBCLASS, SHAPE, ORDER, DTYPE, ALLOW_MMAP, ALIGNMENT };
_Static_assert(ALIGNMENT + 1 == WRAPPER_PARTS, "the wrapper's keys");

static const struct bytes wrapper_keys[WRAPPER_PARTS] = {
    [SUBCLASS] = {(const uint8_t *)"subclass", 8},
    [SHAPE] = {(const uint8_t *)"shape", 5},
    [ORDER] = {(const uint8_t *)"order", 5},
    [DTYPE] = {(const uint8_t *)"dtype", 5},
    [ALLOW_MMAP] = {(const uint8_t *)"allow_mmap", 10},
    [ALIGNMENT] = {(const uint8_t *)"numpy_array_alignment_bytes", 27},
};

/* joblib.load takes what begins so for compressed, though it may be a pickle. */
bool joblib_begin(struct machine *m) {
    bool is_bz2 = bytes_starts_with(bytes_view(m->data, m->len), BYTES("BZ"));
    return !is_bz2 || !m->scratch->joblib_arrays || refuse(m, PICKLE_ARRAY_STREAM);
}

void joblib_note_item(struct machine *m, uint32_t dict, struct pickle_value key,
                      struct pickle_value value) {
    struct wrapper_state *state = &m->wrapper;
    for (unsigned i = 0; i < WRAPPER_PARTS; i++) {
        if (!plain_str_is(m, key, wrapper_keys[i])) continue;
        if (state->dict != dict) *state = (struct wrapper_state){.dict = dict};
        state->parts[i] = value;
        state->seen |= 1u << i;
    }
}

/* Every part once and nothing else; the alignment may be missing. */
static bool is_complete(const struct machine *m, const struct wrapper_state *state) {
    uint32_t all = (1u << WRAPPER_PARTS) - 1, missing = all & ~state->seen;
    return (missing & ~(1u << ALIGNMENT)) == 0 &&
           m->nodes[state->dict].count == (uint32_t)__builtin_popcount(state->seen);
}

static bool is_order(const struct machine *m, struct pickle_value value) {
    return plain_str_is(m, value, BYTES("C")) || plain_str_is(m, value, BYTES("F"));
}

static bool parts_agree(const struct machine *m, const struct wrapper_state *state) {
    enum pickle_kind alignment = state->parts[ALIGNMENT].kind;
    return numpy_is_array_class(m, state->parts[SUBCLASS]) && is_order(m, state->parts[ORDER]) &&
           state->parts[ALLOW_MMAP].kind == PICKLE_KIND_BOOL &&
           (alignment == 0 || alignment == PICKLE_KIND_NONE || alignment == PICKLE_KIND_INT);
}

/* Raw bytes are read from the file, past whatever is left of the frame. */
static bool leave_frame(struct machine *m) {
    if (m->framed && m->at != m->end) return refuse(m, PICKLE_FRAME_STRADDLED);
    m->framed = false;
    m->end = m->len;
    return true;
}

static bool skip_pad(struct machine *m, struct pickle_value alignment) {
    if (alignment.kind != PICKLE_KIND_INT) return true;
    if (m->at == m->len) return refuse(m, PICKLE_END_IN_ARGUMENT);
    uint32_t pad = m->data[m->at];
    if (m->len - m->at - 1 < pad) return refuse(m, PICKLE_END_IN_ARGUMENT);
    m->at += 1 + pad;
    return true;
}

/* The array takes the wrapper's place.  It has all it will have. */
static bool put_array(struct machine *m, uint32_t class, struct pickle_value objects) {
    struct pickle_value array;
    if (!instance_new(m, class, &array)) return false;
    if (objects.kind && !gain(m, array.a, objects, false)) return false;
    m->nodes[array.a].flags |= NODE_NDARRAY | NODE_BUILT;
    m->scratch->globals[class].uses |= PICKLE_USE_NEW;
    m->stack[m->top - 1] = array;
    return true;
}

/* --- the second pickle --- */

#define SWAP(a, b)                                                                                 \
    do {                                                                                           \
        __typeof__(a) held = (a);                                                                  \
        (a) = (b);                                                                                 \
        (b) = held;                                                                                \
    } while (0)

static void swap_sides(struct machine *m) {
    struct pickle_scratch *s = m->scratch;
    SWAP(s->stack, s->other_stack);
    SWAP(s->stack_cap, s->other_stack_cap);
    SWAP(s->marks, s->other_marks);
    SWAP(s->marks_cap, s->other_marks_cap);
    SWAP(s->memo, s->other_memo);
    SWAP(s->memo_cap, s->other_memo_cap);
    SWAP(m->start, m->outer.start);
    SWAP(m->top, m->outer.top);
    SWAP(m->fence, m->outer.fence);
    SWAP(m->marks_count, m->outer.marks_count);
    SWAP(m->memo_len, m->outer.memo_len);
    SWAP(m->memo_entries, m->outer.memo_entries);
    SWAP(m->proto, m->outer.proto);
    m->inside = !m->inside;
    m->stack = s->stack;
    m->stack_cap = s->stack_cap;
}

static bool begin_objects(struct machine *m, uint32_t class) {
    m->outer = (struct outer_pickle){.class = class, .start = m->at};
    swap_sides(m);
    if (!ROOM(m, m->scratch->stack, m->scratch->stack_cap, 1)) return false;
    m->stack = m->scratch->stack;
    m->stack_cap = m->scratch->stack_cap;
    return true;
}

bool joblib_objects_end(struct machine *m) {
    struct pickle_value array = m->stack[0];
    /* joblib asks the array for its byte order, and calls byteswap() for another than its own. */
    bool is_array = array.kind == PICKLE_KIND_INSTANCE && m->nodes[array.a].flags & NODE_NDARRAY &&
                    m->nodes[array.a].flags & NODE_BUILT;
    if (!is_array) return refuse(m, PICKLE_ARRAY_STREAM);
    swap_sides(m);
    return leave_frame(m) && put_array(m, m->outer.class, array);
}

/* --- behind BUILD --- */

bool joblib_read_array(struct machine *m, struct pickle_value state_dict) {
    const struct wrapper_state *state = &m->wrapper;
    uint32_t wrapper = m->nodes[m->stack[m->top - 1].a].global;
    uint64_t bytes;
    bool objects;
    bool fits = m->scratch->joblib_arrays && !m->inside && state_dict.kind == PICKLE_KIND_DICT &&
                state_dict.a == state->dict && is_complete(m, state) && parts_agree(m, state) &&
                numpy_stream_bytes(m, state->parts[SHAPE], state->parts[DTYPE], &bytes, &objects);
    if (!fits) return refuse_global(m, PICKLE_ARRAY_STREAM, wrapper);
    if (!leave_frame(m)) return false;
    if (objects) return begin_objects(m, state->parts[SUBCLASS].a);
    if (!skip_pad(m, state->parts[ALIGNMENT])) return false;
    if (bytes > m->len - m->at) return refuse(m, PICKLE_END_IN_ARGUMENT);
    m->at += (uint32_t)bytes;
    m->heap += bytes;
    uint32_t item_bytes = more_seen(m, state->parts[DTYPE].a)->aux; /* not 0, as bytes are told */
    return put_array(m, state->parts[SUBCLASS].a, (struct pickle_value){0}) &&
           numpy_set_items(m, m->stack[m->top - 1].a, bytes / item_bytes, bytes);
}
