/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* numpy's callables.  An array's shape times its item size has to be the bytes that come with it,
 * or numpy allocates, or reads, what the stream does not hold.  So the machine knows the item size
 * of each dtype it has seen made: `aux` of its node, 0 when items are objects. Source:
 * numpy/_core/src/multiarray: array_setstate, arraydescr_setstate, array_reconstruct. */

#include "base/number.h"
#include "pickle/machine.h"

static bool is_dtype(const struct machine *m, struct pickle_value value) {
    return value.kind == PICKLE_KIND_INSTANCE && m->nodes[value.a].flags & NODE_DTYPE;
}

bool numpy_set_items(struct machine *m, uint32_t array, uint64_t items, uint64_t bytes) {
    struct pickle_more *more = more_of(m, array);
    if (!more) return false;
    more->aux = (uint32_t)MIN(items, (uint64_t)UINT32_MAX);
    more->fields = (uint32_t)MIN(bytes, (uint64_t)UINT32_MAX);
    m->nodes[array].parts = add_saturating(m->nodes[array].parts, more->aux);
    return true;
}

bool numpy_is_array(const struct machine *m, struct pickle_value value) {
    if (value.kind != PICKLE_KIND_INSTANCE) return false;
    const struct pickle_node *node = &m->nodes[value.a];
    if (node->flags & NODE_NDARRAY) return node->flags & NODE_BUILT;
    return node->global != NO_GLOBAL &&
           entry_of(m, node->global)->model == POLICY_MODEL_NUMPY_FROMBUFFER;
}

/* Bytes of an item inside another: objects are pointers there. */
static uint32_t item_size(const struct machine *m, struct pickle_value dtype) {
    enum { POINTER_BYTES = 8 };
    uint32_t size = more_seen(m, dtype.a)->aux;
    return size == 0 && m->nodes[dtype.a].flags & NODE_POINTERS ? POINTER_BYTES : size;
}

/* A class that _reconstruct may be told to make: listed as a reference or as a class, and either
 * ndarray or without a model. */
bool numpy_is_array_class(const struct machine *m, struct pickle_value value) {
    if (value.kind != PICKLE_KIND_GLOBAL) return false;
    const struct policy_entry *entry = entry_of(m, value.a);
    return entry->rights & (POLICY_REF | POLICY_NEW) &&
           (entry->model == POLICY_MODEL_NONE || entry->model == POLICY_MODEL_NUMPY_ARRAY);
}

static bool is_empty_shape(const struct machine *m, struct pickle_value value) {
    if (value.kind != PICKLE_KIND_TUPLE || m->nodes[value.a].count != 1) return false;
    struct pickle_value size = m->cells[m->nodes[value.a].first];
    return size.kind == PICKLE_KIND_INT && size.b == 0;
}

static bool is_one_byte(struct pickle_value value) {
    return (value.kind == PICKLE_KIND_BYTES || value.kind == PICKLE_KIND_STR) && value.a == 1;
}

/* _mareconstruct(class, ...) calls class.__new__, where _reconstruct looks whether it
 * is an array's. */
static bool is_made_by_python(const struct machine *m, uint32_t class) {
    const struct policy_entry *entry = entry_of(m, class);
    return is_within(m->scratch->globals[class].module, BYTES("numpy.ma")) ||
           (entry->rights & POLICY_NEW && !entry->shape.data && entry->only_count == 0);
}

bool numpy_reconstruct(struct machine *m, const struct arguments *args, uint32_t classes,
                       struct pickle_value *result) {
    if (args->count != classes + 2) return false;
    for (uint32_t i = 0; i < classes; i++)
        if (!numpy_is_array_class(m, argument(m, args, i))) return false;
    if (classes == 2 && !is_made_by_python(m, argument(m, args, 0).a)) return false;
    if (!is_empty_shape(m, argument(m, args, classes)) ||
        !is_one_byte(argument(m, args, classes + 1)))
        return false;
    uint32_t class = argument(m, args, 0).a;
    for (uint32_t i = 0; i < classes; i++)
        m->scratch->globals[argument(m, args, i).a].uses |= PICKLE_USE_NEW;
    if (instance_new(m, class, result)) m->nodes[result->a].flags |= NODE_NDARRAY;
    return true;
}

/* Product of the sizes; false when one is no size or the product does not fit. */
static bool shape_items(const struct machine *m, struct pickle_value shape, uint64_t *items) {
    enum { DIMENSIONS_MAX = 64 };
    if (shape.kind != PICKLE_KIND_TUPLE || m->nodes[shape.a].count > DIMENSIONS_MAX) return false;
    *items = 1;
    bool empty = false;
    for (uint32_t i = 0; i < m->nodes[shape.a].count; i++) {
        struct pickle_value size = m->cells[m->nodes[shape.a].first + i];
        if (size.kind != PICKLE_KIND_INT || (int64_t)size.b < 0) return false;
        empty |= size.b == 0;
        /* numpy multiplies the sizes other than 0 too, and refuses when they do not fit. */
        if (size.b > 0 && mul_overflows(*items, size.b, items)) return false;
        if (*items > INT64_MAX) return false;
    }
    if (empty) *items = 0;
    return true;
}

static bool sizes_agree(uint64_t items, uint32_t item_bytes, uint64_t bytes) {
    uint64_t product;
    return item_bytes > 0 && !mul_overflows(items, (uint64_t)item_bytes, &product) &&
           product == bytes;
}

bool numpy_stream_bytes(const struct machine *m, struct pickle_value shape,
                        struct pickle_value dtype, uint64_t *bytes, bool *objects) {
    uint64_t items;
    if (!is_dtype(m, dtype) || !shape_items(m, shape, &items)) return false;
    *objects = m->nodes[dtype.a].flags & NODE_OBJECTS;
    *bytes = 0;
    if (*objects) return true;
    uint64_t item_bytes = more_seen(m, dtype.a)->aux;
    return item_bytes > 0 && !mul_overflows(items, item_bytes, bytes);
}

/* Length of what numpy takes as raw data: bytes, or a str of Python 2. */
static bool raw_length(struct machine *m, struct pickle_value data, uint32_t *length) {
    *length = data.a;
    if (data.kind == PICKLE_KIND_BYTES || data.kind == PICKLE_KIND_BYTEARRAY) return true;
    return data.kind == PICKLE_KIND_STR && data.flags & VALUE_8BIT &&
           latin1_length(m, data, length);
}

bool numpy_scalar(struct machine *m, const struct arguments *args) {
    uint32_t length;
    if (args->count != 2 || !is_dtype(m, argument(m, args, 0))) return false;
    if (m->nodes[argument(m, args, 0).a].flags & NODE_OBJECTS) return false;
    uint32_t item_bytes = more_seen(m, argument(m, args, 0).a)->aux;
    note_scalar(m);
    return raw_length(m, argument(m, args, 1), &length) && item_bytes > 0 && length == item_bytes;
}

/* Anything else they would write into an error. */
bool numpy_random(struct machine *m, const struct arguments *args) {
    enum { MADE_OF, CONSTRUCTOR, PARTS, STATE_BYTES = 4096 };
    m->heap += STATE_BYTES;
    if (args->count > PARTS) return false;
    if (args->count > CONSTRUCTOR && argument(m, args, CONSTRUCTOR).kind != PICKLE_KIND_GLOBAL)
        return false;
    if (args->count == 0) return true;
    struct pickle_value value = argument(m, args, MADE_OF);
    if (value.kind == PICKLE_KIND_GLOBAL || is_light(value)) return true;
    return value.kind == PICKLE_KIND_INSTANCE && m->nodes[value.a].global != NO_GLOBAL &&
           entry_of(m, m->nodes[value.a].global)->model == POLICY_MODEL_NUMPY_RANDOM;
}

bool numpy_frombuffer(struct machine *m, const struct arguments *args, uint64_t *items) {
    uint32_t length;
    if (args->count != 4 && args->count != 5) return false;
    struct pickle_value dtype = argument(m, args, 1), order = argument(m, args, 3);
    if (!raw_length(m, argument(m, args, 0), &length) || !is_dtype(m, dtype)) return false;
    if (!shape_items(m, argument(m, args, 2), items)) return false;
    if (order.kind != PICKLE_KIND_STR || order.a != 1) return false;
    if (args->count == 5) {
        struct pickle_value axes = argument(m, args, 4);
        uint64_t unused;
        if (axes.kind != PICKLE_KIND_NONE && !shape_items(m, axes, &unused)) return false;
    }
    if (m->nodes[dtype.a].flags & NODE_OBJECTS) return false;
    return sizes_agree(*items, more_seen(m, dtype.a)->aux, length);
}

enum { ITEM_BYTES_MAX = 1 << 30 };

/* "f8", "<U3", "O8", "V16": the size of an item, 0 for objects. */
static bool dtype_size(struct bytes text, uint32_t *item_bytes, uint32_t *flags) {
    size_t at = text.len > 0 && memchr("<>|=", text.data[0], 4) != NULL;
    if (at >= text.len || !memchr("biufcmMSUVO", text.data[at], 11)) return false;
    uint8_t kind = text.data[at];
    uint64_t size = 0;
    struct bytes digits = bytes_slice(text, at + 1, text.len);
    if (digits.len > 0 && !number_parse_u64(digits, &size)) return false;
    if (digits.len == 0 && kind != 'O') return false;
    if (kind == 'U') size *= 4; /* far from overflowing: the text is short */
    bool flexible = kind == 'S' || kind == 'U' || kind == 'V';
    if (size > ITEM_BYTES_MAX || (!flexible && size > 64)) return false;
    *flags = NODE_DTYPE | (flexible ? NODE_FLEXIBLE : 0) | (kind == 'V' ? NODE_VOID : 0) |
             (kind == 'O' ? NODE_OBJECTS | NODE_POINTERS : 0) |
             (byte_lower(kind) == 'm' ? NODE_TIME : 0);
    *item_bytes = kind == 'O' ? 0 : (uint32_t)size;
    return true;
}

/* The items of a record array are numpy.record, a void whose size only the state tells. */
static bool is_record(struct machine *m, struct pickle_value value) {
    if (value.kind != PICKLE_KIND_GLOBAL || !has_right(m, value.a, POLICY_REF)) return false;
    if (!global_is(m, value.a, "numpy", "record") && !global_is(m, value.a, "numpy.rec", "record"))
        return false;
    m->scratch->globals[value.a].uses |= PICKLE_USE_REF;
    return true;
}

static bool is_number(struct pickle_value value, uint64_t number) {
    return (value.kind == PICKLE_KIND_BOOL || value.kind == PICKLE_KIND_INT) && value.b == number;
}

/* dtype(name, align false, copy true), as numpy writes it: without the copy some names are the one
 * dtype of all arrays, which nothing may change. */
bool numpy_dtype(struct machine *m, const struct arguments *args, struct pickle_value *result) {
    enum { NAME, ALIGN, COPY, PARTS };
    enum { DTYPE_TEXT_BYTES_MAX = 16 };
    uint32_t item_bytes = 0, flags = NODE_DTYPE | NODE_FLEXIBLE | NODE_VOID | NODE_UNSIZED;
    if (args->count != PARTS || !is_number(argument(m, args, ALIGN), false) ||
        !is_number(argument(m, args, COPY), true))
        return false;
    struct pickle_value name = argument(m, args, NAME);
    if (!is_record(m, name)) {
        if (name.kind != PICKLE_KIND_STR || name.flags & ~VALUE_8BIT ||
            name.a > DTYPE_TEXT_BYTES_MAX || !dtype_size(payload(m, name), &item_bytes, &flags))
            return false;
    }
    struct pickle_more *more;
    if (instance_new(m, args->callee, result) && (more = more_of(m, result->a)) != NULL) {
        m->nodes[result->a].flags |= flags;
        more->aux = item_bytes;
        return true;
    }
    *result = (struct pickle_value){0};
    return true;
}

/* numpy makes an array of it, and of shared lists one with all their copies. */
static bool is_fill_value(const struct machine *m, struct pickle_value value) {
    if (is_leaf(value) || numpy_is_array(m, value)) return true;
    if (value.kind != PICKLE_KIND_INSTANCE || m->nodes[value.a].global == NO_GLOBAL) return false;
    return entry_of(m, m->nodes[value.a].global)->model == POLICY_MODEL_NUMPY_SCALAR;
}

/* (version, shape, dtype, is_fortran, data), and for masked arrays also (..., mask, fill_value). */
bool numpy_array_state(struct machine *m, uint32_t array, struct pickle_value state) {
    enum {
        VERSION,
        SHAPE,
        DTYPE,
        FORTRAN,
        DATA,
        PLAIN_PARTS,
        MASK = PLAIN_PARTS,
        FILL,
        MASKED_PARTS
    };
    if (state.kind != PICKLE_KIND_TUPLE) return false;
    const struct pickle_node *node = &m->nodes[state.a];
    const struct pickle_value *parts = m->cells + node->first;
    uint64_t items;
    uint32_t length;
    if (node->count != PLAIN_PARTS && node->count != MASKED_PARTS) return false;
    bool fits = parts[VERSION].kind == PICKLE_KIND_INT && shape_items(m, parts[SHAPE], &items) &&
                is_dtype(m, parts[DTYPE]) &&
                (parts[FORTRAN].kind == PICKLE_KIND_BOOL || parts[FORTRAN].kind == PICKLE_KIND_INT);
    if (!fits) return false;
    if (node->count == MASKED_PARTS &&
        (!raw_length(m, parts[MASK], &length) || !is_fill_value(m, parts[FILL])))
        return false;
    uint32_t item_bytes = more_seen(m, parts[DTYPE].a)->aux;
    if (!numpy_set_items(m, array, items, is_leaf(parts[DATA]) ? parts[DATA].a : 0)) return false;
    if (m->nodes[parts[DTYPE].a].flags & NODE_SUBARRAY) return false;
    if (m->nodes[parts[DTYPE].a].flags & NODE_OBJECTS) {
        if (parts[DATA].kind != PICKLE_KIND_LIST || m->nodes[parts[DATA].a].count != items)
            return false;
        uint32_t *walked = &m->nodes[array].parts;
        *walked = add_saturating(*walked, m->nodes[parts[DATA].a].cost);
        return true;
    }
    if (!raw_length(m, parts[DATA], &length)) return false;
    m->heap += length;
    uint32_t *walked = &m->nodes[array].parts; /* of long items not their number counts */
    *walked = add_saturating(*walked, leaf_parts(parts[DATA]));
    /* Strings of no length take no bytes, but each is walked. */
    if (item_bytes == 0) {
        charge_wide(m, (uint32_t)MIN(items, (uint64_t)UINT32_MAX));
        return length == 0;
    }
    return sizes_agree(items, item_bytes, length);
}

/* Keeps the field's name, which is there already when all names are kept. */
static bool note_name(struct machine *m, struct pickle_more *dict, struct pickle_value name,
                      uint32_t field) {
    struct pickle_scratch *scratch = m->scratch;
    if (!scratch->collect_keys) {
        if (!ROOM(m, scratch->names, scratch->names_cap, m->names_count + 1)) return false;
        scratch->names[m->names_count] =
            (struct pickle_name){.value = name, .previous = dict->names};
        dict->names = m->names_count++;
    }
    scratch->names[dict->names].field = field;
    return true;
}

bool numpy_note_field(struct machine *m, uint32_t parent, struct pickle_value key,
                      struct pickle_value part) {
    const struct pickle_node *tuple = &m->nodes[part.a];
    if (tuple->count < 2 || tuple->count > 3) return true;
    struct pickle_value dtype = m->cells[tuple->first], offset = m->cells[tuple->first + 1];
    if (!is_dtype(m, dtype) || offset.kind != PICKLE_KIND_INT) return true;
    struct pickle_more *dict = more_of(m, parent);
    if (!dict) return false;
    uint64_t end;
    if (add_overflows(offset.b, (uint64_t)item_size(m, dtype), &end) || end > UINT32_MAX)
        end = UINT32_MAX;
    if (offset.b < dict->aux || tuple->count != 2) m->nodes[parent].flags |= NODE_UNORDERED;
    dict->aux = MAX(dict->aux, (uint32_t)end);
    dict->fields++;
    m->nodes[parent].flags |= m->nodes[dtype.a].flags & NODE_OBJECTS;
    return key.kind != PICKLE_KIND_STR || note_name(m, dict, key, part.a);
}

struct extent {
    uint64_t from, to;
    bool objects;
};

/* Where a field lies in an item; false when it has a title, which makes numpy overlook it when it
 * counts references. */
static bool extent_of(const struct machine *m, uint32_t field, struct extent *extent) {
    const struct pickle_node *tuple = &m->nodes[field];
    *extent = (struct extent){0};
    if (field == 0 || tuple->count != 2) return false;
    struct pickle_value dtype = m->cells[tuple->first], offset = m->cells[tuple->first + 1];
    *extent = (struct extent){.from = offset.b, .objects = m->nodes[dtype.a].flags & NODE_OBJECTS};
    return !add_overflows(offset.b, (uint64_t)item_size(m, dtype), &extent->to);
}

/* Objects are pointers: no other field may share their bytes.  In order this is seen as the fields
 * come; otherwise each is held against those before it.  Cost: at most the square of the bound. */
static bool objects_apart(const struct machine *m, uint32_t dict) {
    enum { FIELDS_MAX = 128 };
    struct extent extents[FIELDS_MAX];
    unsigned count = 0;
    for (uint32_t at = more_seen(m, dict)->names; at != NO_KEY;
         at = m->scratch->names[at].previous) {
        struct extent *extent = &extents[count];
        if (count == FIELDS_MAX || !extent_of(m, m->scratch->names[at].field, extent)) return false;
        for (unsigned i = 0; i < count; i++)
            if ((extent->objects || extents[i].objects) && extent->from < extents[i].to &&
                extents[i].from < extent->to)
                return false;
        count++;
    }
    return true;
}

static bool same_key(const struct machine *m, struct pickle_value a, struct pickle_value b) {
    return a.kind == PICKLE_KIND_STR && a.flags == b.flags &&
           bytes_equal(payload(m, a), payload(m, b));
}

/* The str that is a field's title; *fits is false for what might be equal to one and is none. */
static const struct pickle_value *title_of(const struct machine *m, uint32_t field, bool *fits) {
    const struct pickle_node *tuple = &m->nodes[field];
    if (field == 0 || tuple->count != 3) return NULL;
    const struct pickle_value *title = &m->cells[tuple->first + 2];
    if (is_plain_str(*title)) return title;
    *fits = is_leaf(*title) && title->kind != PICKLE_KIND_STR;
    return NULL;
}

/* With titles no two keys may be the same: numpy passes over a key that is its field's title, and
 * then misses a name that is one too.  Cost: at most the square of the bound. */
static bool keys_apart(const struct machine *m, uint32_t dict) {
    enum { KEYS_MAX = 256 };
    const struct pickle_name *names = m->scratch->names;
    unsigned count = 0;
    for (uint32_t at = more_seen(m, dict)->names; at != NO_KEY; at = names[at].previous) {
        if (++count > KEYS_MAX || !is_plain_str(names[at].value)) return false;
        for (uint32_t other = names[at].previous; other != NO_KEY; other = names[other].previous)
            if (same_key(m, names[at].value, names[other].value)) return false;
    }
    return true;
}

/* The names are the dict's keys, in its order: numpy looks each up and trusts to find it.  Behind
 * the name of a field with a title stands the title, with the same tuple. */
static bool names_agree(const struct machine *m, struct pickle_value names, uint32_t dict) {
    const struct pickle_name *keys = m->scratch->names;
    uint32_t at = more_seen(m, dict)->names;
    bool titled = false, fits = true;
    for (uint32_t i = m->nodes[names.a].count; i > 0 && at != NO_KEY; i--) {
        uint32_t field = keys[at].field;
        const struct pickle_value *title = title_of(m, field, &fits);
        if (title) {
            titled = true;
            if (!same_key(m, *title, keys[at].value)) return false;
            at = keys[at].previous;
            if (at == NO_KEY || keys[at].field != field) return false;
        }
        struct pickle_value name = m->cells[m->nodes[names.a].first + i - 1];
        if (!fits || !same_key(m, name, keys[at].value)) return false;
        at = keys[at].previous;
        if (i == 1) return at == NO_KEY && (!titled || keys_apart(m, dict));
    }
    return false;
}

/* numpy trusts what stands here, so every field has to lie inside an item, and the dict and the
 * dtypes that it keeps must not change any more. */
static bool fields_agree(struct machine *m, struct pickle_value names, struct pickle_value fields,
                         int64_t item_bytes) {
    if (names.kind == PICKLE_KIND_NONE && fields.kind == PICKLE_KIND_NONE) return true;
    if (names.kind != PICKLE_KIND_TUPLE || fields.kind != PICKLE_KIND_DICT) return false;
    struct pickle_node *dict = &m->nodes[fields.a];
    const struct pickle_more *more = more_seen(m, fields.a);
    if (more->fields != dict->count || dict->flags & NODE_OTHER_KEYS) return false;
    if (dict->flags & NODE_OBJECTS && dict->flags & NODE_UNORDERED && !objects_apart(m, fields.a))
        return false;
    if (item_bytes < 0 || more->aux > item_bytes) return false;
    dict->flags |= NODE_FROZEN;
    uint32_t count = m->nodes[names.a].count;
    return count == 0 ? dict->count == 0 : names_agree(m, names, fields.a);
}

static bool subarray_agrees(struct machine *m, struct pickle_value sub, int64_t item_bytes) {
    if (sub.kind == PICKLE_KIND_NONE) return true;
    uint64_t items;
    if (sub.kind != PICKLE_KIND_TUPLE || m->nodes[sub.a].count != 2) return false;
    struct pickle_value dtype = m->cells[m->nodes[sub.a].first];
    struct pickle_value shape = m->cells[m->nodes[sub.a].first + 1];
    if (!is_dtype(m, dtype) || !shape_items(m, shape, &items) || item_bytes <= 0) return false;
    return sizes_agree(items, item_size(m, dtype), (uint64_t)item_bytes);
}

/* What the items hold when they are arrays: with objects inside, an array's data cannot be of such
 * a dtype itself, which numpy would have taken apart. */
static uint32_t held_by_subarray(const struct machine *m, struct pickle_value sub) {
    if (sub.kind != PICKLE_KIND_TUPLE || m->nodes[sub.a].count != 2) return 0;
    struct pickle_value base = m->cells[m->nodes[sub.a].first];
    if (!is_dtype(m, base) || !(m->nodes[base.a].flags & NODE_OBJECTS)) return 0;
    return NODE_OBJECTS | NODE_SUBARRAY | (m->nodes[base.a].flags & NODE_POINTERS);
}

/* What a dtype's items hold, as far as its flags tell. */
enum held { HOLDS_NO_OBJECTS, HOLDS_FIELDS, HOLDS_POINTERS };

/* The flags say which items are pointers and whether memory is zeroed before it takes some: numpy
 * believes them, so with objects they have to be just those that numpy writes.
 * Source: ndarraytypes.h, NPY_ITEM_REFCOUNT 1, NPY_LIST_PICKLE 2, NPY_ITEM_IS_POINTER 4,
 * NPY_NEEDS_INIT 8, NPY_NEEDS_PYAPI 16, NPY_USE_GETITEM 32, NPY_USE_SETITEM 64 (with which numpy 2
 * reads text as if it were in an array); NPY_OBJECT_DTYPE_FLAGS, NPY_FROM_FIELDS. */
static bool flags_agree(struct pickle_value flags, struct pickle_value alignment, enum held held) {
    /* Flags are a signed char in numpy: an aligned struct has -112. */
    enum {
        NEEDS_INIT = 8,
        NEEDS_PYAPI = 16,
        OBJECT_FLAGS = 63,
        FROM_FIELDS = 27,
        ALIGNED_STRUCT = 128,
        LEAST = -128,
        MOST = 255,
        ALIGNMENT_MAX = 64
    };
    int64_t align = (int64_t)alignment.b, all = (int64_t)flags.b;
    if (all < LEAST || all > MOST || align < -1 || align > ALIGNMENT_MAX) return false;
    if (held == HOLDS_POINTERS) return all == OBJECT_FLAGS;
    if (held == HOLDS_FIELDS) return (all & 255 & ~ALIGNED_STRUCT) == FROM_FIELDS;
    return (all & 255 & ~(NEEDS_INIT | NEEDS_PYAPI | ALIGNED_STRUCT)) == 0;
}

/* (metadata, (unit, count, divisor, events)): without it numpy 2 follows a null pointer. */
static bool is_time_unit(const struct machine *m, struct pickle_value value) {
    enum { METADATA, UNIT, PAIR };
    enum { NAME, FIRST_NUMBER, UNIT_PARTS = 4 };
    if (value.kind != PICKLE_KIND_TUPLE || m->nodes[value.a].count != PAIR) return false;
    const struct pickle_value *pair = m->cells + m->nodes[value.a].first;
    if (pair[METADATA].kind != PICKLE_KIND_DICT && pair[METADATA].kind != PICKLE_KIND_NONE)
        return false;
    if (pair[UNIT].kind != PICKLE_KIND_TUPLE || m->nodes[pair[UNIT].a].count != UNIT_PARTS)
        return false;
    const struct pickle_value *unit = m->cells + m->nodes[pair[UNIT].a].first;
    for (unsigned i = FIRST_NUMBER; i < UNIT_PARTS; i++)
        if (unit[i].kind != PICKLE_KIND_INT || unit[i].b < 1 || unit[i].b > INT32_MAX) return false;
    return unit[NAME].kind == PICKLE_KIND_BYTES || unit[NAME].kind == PICKLE_KIND_STR;
}

/* What stands behind the flags; numpy keeps it unseen. */
static bool metadata_agrees(const struct machine *m, const struct pickle_node *dtype,
                            const struct pickle_value *metadata) {
    if (dtype->flags & NODE_TIME) return metadata && is_time_unit(m, *metadata);
    return !metadata || metadata->kind == PICKLE_KIND_DICT || metadata->kind == PICKLE_KIND_NONE;
}

/* (version, byte order, subarray, names, fields, item size, alignment, flags[, metadata]) */
bool numpy_dtype_state(struct machine *m, uint32_t target, struct pickle_value state) {
    enum { VERSION, ORDER, SUBARRAY, NAMES, FIELDS, SIZE, ALIGNMENT, FLAGS, PARTS };
    struct pickle_node *dtype = &m->nodes[target];
    if (state.kind != PICKLE_KIND_TUPLE || dtype->flags & NODE_NESTED) return false;
    const struct pickle_node *node = &m->nodes[state.a];
    const struct pickle_value *parts = m->cells + node->first;
    if (node->count != PARTS && node->count != PARTS + 1) return false;
    /* Of another version numpy would take other parts for the names and the size. */
    uint64_t version = node->count == PARTS ? 3 : 4;
    bool fits = parts[VERSION].kind == PICKLE_KIND_INT && parts[VERSION].b == version &&
                (parts[ORDER].kind == PICKLE_KIND_STR || parts[ORDER].kind == PICKLE_KIND_NONE) &&
                parts[SIZE].kind == PICKLE_KIND_INT && parts[ALIGNMENT].kind == PICKLE_KIND_INT &&
                parts[FLAGS].kind == PICKLE_KIND_INT;
    if (!fits || !metadata_agrees(m, dtype, node->count > PARTS ? &parts[PARTS] : NULL))
        return false;
    int64_t size = (int64_t)parts[SIZE].b;
    bool flexible = dtype->flags & NODE_FLEXIBLE;
    bool plain = parts[NAMES].kind == PICKLE_KIND_NONE && parts[FIELDS].kind == PICKLE_KIND_NONE &&
                 parts[SUBARRAY].kind == PICKLE_KIND_NONE;
    uint32_t holds = dtype->flags & (NODE_OBJECTS | NODE_POINTERS);
    if (parts[FIELDS].kind == PICKLE_KIND_DICT)
        holds |= m->nodes[parts[FIELDS].a].flags & NODE_OBJECTS;
    holds |= held_by_subarray(m, parts[SUBARRAY]);
    enum held held = holds & NODE_POINTERS  ? HOLDS_POINTERS
                     : holds & NODE_OBJECTS ? HOLDS_FIELDS
                                            : HOLDS_NO_OBJECTS;
    if (!flags_agree(parts[FLAGS], parts[ALIGNMENT], held)) return false;
    /* Pointers have no byte order. */
    if (holds && !plain_str_is(m, parts[ORDER], BYTES("|"))) return false;
    dtype->flags |= holds;
    if (!flexible) return plain && (size == -1 || (size > 0 && size == more_seen(m, target)->aux));
    /* numpy would believe fields inside a string too, and write its characters over pointers. */
    if (!plain && !(dtype->flags & NODE_VOID)) return false;
    if (parts[FIELDS].kind != PICKLE_KIND_NONE && parts[SUBARRAY].kind != PICKLE_KIND_NONE)
        return false;
    /* A record has its size from here, once and before anything holds it. */
    if (dtype->flags & NODE_UNSIZED && size >= 0 && size <= ITEM_BYTES_MAX)
        m->scratch->mores[dtype->more].aux = (uint32_t)size;
    /* The size of the name stands: a larger one here would be read beyond the data. */
    if (size != more_seen(m, target)->aux) return false;
    return fields_agree(m, parts[NAMES], parts[FIELDS], size) &&
           subarray_agrees(m, parts[SUBARRAY], size);
}
