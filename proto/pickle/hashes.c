/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The hashes that CPython gives keys, as far as who writes the pickle can choose them: of numbers,
 * and of tuples, frozensets and instances made of them.  For what is hashed with a secret (text) or
 * by its address a number stands that nothing else has.
 *
 * An instance's hash is known by its class.  Of a class that is not known here, one that was made
 * of one number is taken for hashed by that: whatever it makes of the number, equal hashes take
 * equal hashes of numbers.  One that only NEWOBJ makes is taken for a named tuple.  All others that
 * hold numbers are of unknown hash, and bounded by their count.
 *
 * Source: CPython Objects/longobject.c long_hash, tupleobject.c tuplehash (3.8 on), setobject.c
 * frozenset_hash, complexobject.c, rangeobject.c, pyhash.c _Py_HashDouble; Lib/uuid.py,
 * fractions.py, _pydecimal.py, ipaddress.py. */

#include "pickle/machine.h"

#include <arpa/inet.h>
#include <math.h>

static const uint64_t NO_HASH = UINT64_MAX; /* CPython never gives -1 */

/* --- numbers and tuples --- */

/* Of numbers below the modulus, a Mersenne number: what stands above its 61 bits is added. */
static inline uint64_t mod_mul(uint64_t a, uint64_t b) {
    enum { MODULUS_BITS = 61 };
    unsigned __int128 product = (unsigned __int128)a * b;
    uint64_t sum = (uint64_t)(product & HASH_MODULUS) + (uint64_t)(product >> MODULUS_BITS);
    return sum >= HASH_MODULUS ? sum - HASH_MODULUS : sum;
}

static uint64_t signed_hash(uint64_t absolute, bool negative) {
    uint64_t hash = negative ? (uint64_t)0 - absolute : absolute;
    return hash == NO_HASH ? NO_HASH - 1 : hash;
}

static uint64_t hash_int(int64_t value) {
    uint64_t absolute = value < 0 ? (uint64_t)0 - (uint64_t)value : (uint64_t)value;
    return signed_hash(LIKELY(absolute < HASH_MODULUS) ? absolute : absolute % HASH_MODULUS,
                       value < 0);
}

static uint64_t hash_long(const struct machine *m, struct pickle_value value) {
    enum { WORD = 8 };
    struct bytes raw = payload(m, value);
    uint64_t sum = 0;
    if (value.flags & VALUE_TEXT) {
        bool negative = raw.data[0] == '-';
        for (size_t i = negative; i < raw.len; i++)
            sum = (mod_mul(sum, 10) + (uint64_t)(raw.data[i] - '0')) % HASH_MODULUS;
        return signed_hash(sum, negative);
    }
    /* The value of a negative one is what complement and one more give. */
    bool negative = raw.data[raw.len - 1] & 0x80;
    for (size_t left = raw.len; left > 0;) {
        unsigned width = left % WORD ? left % WORD : WORD;
        uint64_t all = width == WORD ? UINT64_MAX : ((uint64_t)1 << width * 8) - 1;
        left -= width;
        uint64_t word = load_le(raw.data + left, width);
        sum = (uint64_t)((((unsigned __int128)sum << width * 8) + (negative ? ~word & all : word)) %
                         HASH_MODULUS);
    }
    if (negative) sum = (sum + 1) % HASH_MODULUS;
    return signed_hash(sum, negative);
}

static uint64_t hash_double(double value) {
    if (isinf(value)) return value > 0 ? 314159 : (uint64_t)-314159;
    if (isnan(value)) return 0; /* before 3.10; later ones use the address */
    int exponent;
    double mantissa = frexp(value, &exponent);
    bool negative = mantissa < 0;
    mantissa = fabs(mantissa);
    uint64_t x = 0;
    for (int i = 0; i < 3 && mantissa != 0; i++) { /* 53 bits, 28 at a time */
        x = ((x << 28) & HASH_MODULUS) | x >> 33;
        mantissa *= 268435456.0;
        exponent -= 28;
        uint64_t part = (uint64_t)mantissa;
        mantissa -= (double)part;
        x += part;
        if (x >= HASH_MODULUS) x -= HASH_MODULUS;
    }
    int shift = exponent >= 0 ? exponent % 61 : 61 - 1 - ((-1 - exponent) % 61);
    x = ((x << shift) & HASH_MODULUS) | x >> (61 - shift);
    return signed_hash(x, negative);
}

static uint64_t mix(uint64_t word) {
    word = (word ^ word >> 33) * 0xff51afd7ed558ccdu;
    word = (word ^ word >> 33) * 0xc4ceb9fe1a85ec53u;
    return word ^ word >> 33;
}

/* Stands for a hash with a secret: equal texts have equal ones, which is all that can be foreseen.
 */
static uint64_t hash_text(const struct machine *m, struct pickle_value value) {
    enum { WHOLE_BYTES_MAX = 256, PART_BYTES = 64 };
    uint8_t buffer[TEXT_BYTES_MAX];
    if (value.flags & VALUE_DERIVED) return mix(value.b ^ (uint64_t)value.a << 32);
    struct bytes raw =
        value.kind == PICKLE_KIND_STR ? text_of(m, value, buffer) : payload(m, value);
    uint64_t hash = raw.len ^ 0x9e3779b97f4a7c15u;
    for (size_t i = 0; i < raw.len; i++) {
        if (raw.len > WHOLE_BYTES_MAX && i == PART_BYTES) i = raw.len - PART_BYTES;
        hash = (hash ^ raw.data[i]) * 0x100000001b3u;
    }
    return hash ^ hash >> 29;
}

uint64_t hash_part(const struct machine *m, struct pickle_value value, const uint64_t *known) {
    double number;
    switch ((enum pickle_kind)value.kind) {
    case PICKLE_KIND_NONE:
        return 0xfca86420u;
    case PICKLE_KIND_BOOL:
        return value.b;
    case PICKLE_KIND_INT:
        return hash_int((int64_t)value.b);
    case PICKLE_KIND_LONG:
        return hash_long(m, value);
    case PICKLE_KIND_FLOAT:
        memcpy(&number, &value.b, sizeof number);
        return hash_double(number);
    case PICKLE_KIND_STR:
    case PICKLE_KIND_BYTES:
        return hash_text(m, value);
    case PICKLE_KIND_TUPLE:
    case PICKLE_KIND_FROZENSET:
    case PICKLE_KIND_INSTANCE:
        if (known[value.a]) return known[value.a];
        break;
    case PICKLE_KIND_GLOBAL:
    case PICKLE_KIND_BYTEARRAY:
    case PICKLE_KIND_METHOD:
    case PICKLE_KIND_PARTIAL:
    case PICKLE_KIND_LIST:
    case PICKLE_KIND_DICT:
    case PICKLE_KIND_SET:
        break;
    }
    return ((uint64_t)value.kind << 32 | value.a) * 0x9e3779b97f4a7c15u;
}

uint64_t hash_lanes(const struct machine *m, const struct pickle_value *lanes, uint32_t count,
                    const uint64_t *known) {
    static const uint64_t prime1 = 11400714785074694791u, prime2 = 14029467366897019727u,
                          prime5 = 2870177450012600261u;
    uint64_t sum = prime5;
    for (uint32_t i = 0; i < count; i++) {
        sum += hash_value(m, lanes[i], known) * prime2;
        sum = (sum << 31 | sum >> 33) * prime1;
    }
    sum += count ^ (prime5 ^ 3527539u);
    return sum == NO_HASH ? 1546275796u : sum;
}

/* --- instances --- */

static struct pickle_value made_of(const struct machine *m, const struct pickle_node *instance,
                                   uint32_t at) {
    return m->cells[m->nodes[instance->keys].first + at];
}

static uint64_t inverse(uint64_t number) {
    uint64_t result = 1, power = HASH_MODULUS - 2;
    for (uint64_t base = number % HASH_MODULUS; power > 0; power >>= 1) {
        if (power & 1) result = mod_mul(result, base);
        base = mod_mul(base, base);
    }
    return result;
}

static uint64_t power_of_ten(int64_t exponent) {
    static const uint64_t inverse_of_ten = 2075258708292324556u;
    uint64_t result = 1, base = exponent < 0 ? inverse_of_ten : 10;
    for (uint64_t power = (uint64_t)(exponent < 0 ? -exponent : exponent); power > 0; power >>= 1) {
        if (power & 1) result = mod_mul(result, base);
        base = mod_mul(base, base);
    }
    return result;
}

/* -12.5E+3; what has other letters is no number, and its hash does not matter. */
static uint64_t hash_decimal(struct bytes text) {
    enum { EXPONENT_MAX = 1 << 30 };
    uint64_t sum = 0;
    int64_t exponent = 0, written = 0;
    bool negative = false, point = false, power = false, power_negative = false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (!byte_is_digit(c)) {
            negative |= c == '-' && !power;
            power_negative |= c == '-' && power;
            point |= c == '.';
            power |= byte_lower(c) == 'e';
        } else if (power) {
            written = MIN(written * 10 + (c - '0'), (int64_t)EXPONENT_MAX);
        } else {
            sum = (mod_mul(sum, 10) + (uint64_t)(c - '0')) % HASH_MODULUS;
            exponent -= point;
        }
    }
    exponent += power_negative ? -written : written;
    return signed_hash(mod_mul(sum, power_of_ten(exponent)), negative);
}

static uint64_t hash_digits(struct bytes digits, bool *negative) {
    uint64_t sum = 0;
    *negative = digits.len > 0 && digits.data[0] == '-';
    for (size_t i = *negative; i < digits.len; i++)
        sum = (mod_mul(sum, 10) + (uint64_t)(digits.data[i] - '0')) % HASH_MODULUS;
    return sum;
}

static uint64_t absolute_hash(const struct machine *m, struct pickle_value number, bool *negative) {
    uint64_t hash =
        number.kind == PICKLE_KIND_LONG ? hash_long(m, number) : hash_int((int64_t)number.b);
    *negative = (int64_t)hash < 0;
    return *negative ? (uint64_t)0 - hash : hash;
}

static uint64_t hash_fraction(const struct machine *m, const struct pickle_node *node) {
    struct pickle_value first = made_of(m, node, 0);
    uint64_t over, under = 1;
    bool negative, under_negative = false;
    if (first.kind == PICKLE_KIND_STR) {
        struct bytes text = payload(m, first);
        const uint8_t *slash = text.len ? memchr(text.data, '/', text.len) : NULL;
        size_t cut = slash ? (size_t)(slash - text.data) : text.len;
        over = hash_digits(bytes_slice(text, 0, cut), &negative);
        if (slash) under = hash_digits(bytes_slice(text, cut + 1, text.len), &under_negative);
    } else {
        over = absolute_hash(m, first, &negative);
        under = absolute_hash(m, made_of(m, node, 1), &under_negative);
    }
    if (under % HASH_MODULUS == 0) return 314159;
    return signed_hash(mod_mul(over, inverse(under)), negative != under_negative);
}

static uint64_t hash_complex(const struct machine *m, const struct pickle_node *node,
                             const uint64_t *known) {
    static const uint64_t imaginary_factor = 1000003;
    uint64_t hash = hash_part(m, made_of(m, node, 0), known) +
                    imaginary_factor * hash_part(m, made_of(m, node, 1), known);
    return hash == NO_HASH ? NO_HASH - 1 : hash;
}

/* (length, start, step), of which a short one has less. */
static uint64_t hash_range(const struct machine *m, const struct pickle_node *node,
                           const uint64_t *known) {
    uint32_t count = m->nodes[node->keys].count;
    struct pickle_value start = {.kind = PICKLE_KIND_INT}, step = {.kind = PICKLE_KIND_INT, .b = 1};
    struct pickle_value none = {.kind = PICKLE_KIND_NONE};
    if (count > 1) start = made_of(m, node, 0);
    if (count > 2) step = made_of(m, node, 2);
    struct pickle_value length = {.kind = PICKLE_KIND_INT, .b = m->scratch->mores[node->more].wide};
    if (length.b == 0) start = none;
    if (length.b <= 1) step = none;
    const struct pickle_value lanes[] = {length, start, step};
    return hash_lanes(m, lanes, ARRAY_LEN(lanes), known);
}

/* "10.0.0.0/8": of the address and its mask together. */
static uint64_t hash_network(const struct machine *m, const struct pickle_node *node) {
    enum { BITS = 32 };
    struct bytes text = payload(m, made_of(m, node, 0));
    uint32_t address = 0, number = 0;
    bool prefix = false;
    for (size_t i = 0; i < text.len; i++) {
        if (byte_is_digit(text.data[i])) {
            number = number * 10 + (text.data[i] - '0');
            continue;
        }
        address = address << 8 | (number & UINT8_MAX);
        number = 0;
        prefix |= text.data[i] == '/';
    }
    uint32_t host_bits = prefix ? BITS - MIN(number, (uint32_t)BITS) : BITS;
    uint32_t mask = host_bits < BITS ? UINT32_MAX << host_bits : 0;
    return hash_int(address ^ mask);
}

static bool is_v6(const struct machine *m, const struct pickle_node *node) {
    const struct pickle_global *class = &m->scratch->globals[node->global];
    return bytes_equal(class->module, BYTES("ipaddress")) &&
           bytes_starts_with(class->name, BYTES("IPv6"));
}

/* Bytes may be an address as well, and a scope is text: such are counted. */
static bool is_plain_v6(const struct machine *m, const struct pickle_node *node) {
    struct pickle_value first = made_of(m, node, 0);
    if (first.kind == PICKLE_KIND_INT || first.kind == PICKLE_KIND_LONG) return true;
    return is_plain_str(first) && !memchr(payload(m, first).data, '%', first.a);
}

/* "2001:db8::1/64"; false when no reader takes it for an address. */
static bool read_v6(struct bytes text, unsigned __int128 *address, uint32_t *prefix) {
    enum { BITS = 128 };
    char buffer[INET6_ADDRSTRLEN];
    uint8_t raw[BITS / 8];
    const uint8_t *slash = text.len ? memchr(text.data, '/', text.len) : NULL;
    size_t length = slash ? (size_t)(slash - text.data) : text.len;
    if (length >= sizeof buffer) return false;
    bytes_copy_to(buffer, bytes_slice(text, 0, length));
    buffer[length] = 0;
    if (inet_pton(AF_INET6, buffer, raw) != 1) return false;
    *address = 0;
    for (size_t i = 0; i < sizeof raw; i++) *address = *address << 8 | raw[i];
    *prefix = slash ? 0 : BITS;
    for (size_t i = length + 1; i < text.len; i++) {
        *prefix = *prefix * 10 + (uint32_t)(text.data[i] - '0');
        if (!byte_is_digit(text.data[i]) || *prefix > BITS) return false;
    }
    return true;
}

static struct pickle_value residue(unsigned __int128 number) {
    return (struct pickle_value){.kind = PICKLE_KIND_INT, .b = (uint64_t)(number % HASH_MODULUS)};
}

/* An address is hashed with its scope, an interface with its prefix and network; a network by its
 * address and mask together. */
static uint64_t hash_v6(const struct machine *m, const struct pickle_node *node,
                        const uint64_t *known) {
    enum { MALFORMED = 1, BITS = 128, INTERFACE_LANES = 3 };
    struct pickle_value first = made_of(m, node, 0);
    struct pickle_value lanes[INTERFACE_LANES] = {first};
    if (first.kind != PICKLE_KIND_STR) return hash_lanes(m, lanes, 2, known);
    unsigned __int128 address;
    uint32_t prefix;
    if (!read_v6(payload(m, first), &address, &prefix)) return MALFORMED;
    unsigned __int128 mask = prefix == 0 ? 0 : ~(unsigned __int128)0 << (BITS - prefix);
    if (global_is(m, node->global, "ipaddress", "IPv6Network"))
        return hash_part(m, residue(address ^ mask), known);
    lanes[0] = residue(address);
    if (global_is(m, node->global, "ipaddress", "IPv6Address"))
        return hash_lanes(m, lanes, 2, known);
    lanes[1] = residue(prefix);
    lanes[2] = residue(address & mask);
    return hash_lanes(m, lanes, INTERFACE_LANES, known);
}

/* Of integers; other numbers of 8 bytes cannot have many equal hashes. */
static uint64_t hash_scalar(const struct machine *m, const struct pickle_node *node) {
    struct pickle_value data = made_of(m, node, 1);
    if (data.a > 8 || data.kind == PICKLE_KIND_STR) return hash_text(m, data);
    if (data.flags & VALUE_DERIVED) return hash_int((int64_t)data.b);
    return hash_int((int64_t)load_le(m->data + data.b, (unsigned)data.a));
}

/* --- frozensets --- */

void sort_words(uint64_t *words, uint32_t count) {
    /* Heap sort: the writer chooses the order, so the worst case must be fine. */
    for (uint32_t start = count / 2, end = count; end > 1;) {
        if (start > 0) {
            start--;
        } else {
            uint64_t last = words[--end];
            words[end] = words[0];
            words[0] = last;
        }
        for (uint32_t root = start; root * 2 + 1 < end;) {
            uint32_t child = root * 2 + 1;
            child += child + 1 < end && words[child] < words[child + 1];
            if (words[root] >= words[child]) break;
            uint64_t moved = words[root];
            words[root] = words[child];
            words[child] = moved;
            root = child;
        }
    }
}

static uint64_t shuffle_bits(uint64_t hash) {
    return ((hash ^ 89869747u) ^ (hash << 16)) * 3644798167u;
}

/* Elements that are equal are one; that two are, no pickler writes, and all such sets are taken for
 * equal.  -1 and -2 have the same hash. */
static uint64_t hash_frozenset(const struct machine *m, uint32_t run, const uint64_t *known,
                               uint64_t *room) {
    enum { EQUALS = 1 };
    uint32_t total = run ? m->scratch->keys[run].run.total : 0;
    uint64_t hash = 0;
    (void)probes_hash_keys(m, run, known, room);
    for (uint32_t i = 0; i < total; i++) hash ^= shuffle_bits(room[i]);
    sort_words(room, total);
    for (uint32_t i = 1; i < total; i++)
        if (room[i] == room[i - 1] && room[i] != NO_HASH - 1) return EQUALS;
    /* What empty slots add is the same for all of one size. */
    hash ^= (total + 1ull) * 1927868237u;
    hash ^= (hash >> 11) ^ (hash >> 25);
    hash = hash * 69069u + 907133923u;
    return hash == NO_HASH ? 590923713u : hash;
}

/* --- which is known how --- */

/* Of these the hash is that of text, or of bytes, or an address, or of a few numbers in narrow
 * bounds. */
static bool is_secret_module(struct bytes module) {
    static const struct bytes modules[] = {
        BYTES_ROW("builtins"), BYTES_ROW("pathlib"), BYTES_ROW("pathlib._local"),
        BYTES_ROW("zoneinfo"), BYTES_ROW("pytz"),    BYTES_ROW("uuid"),
    };
    for (size_t i = 0; i < ARRAY_LEN(modules); i++)
        if (bytes_equal(module, modules[i])) return true;
    return is_within(module, BYTES("dateutil"));
}

/* The numbers among what an instance was made of that are large enough to be chosen for their hash;
 * `other` when there are parts besides numbers and text. */
static uint32_t chosen_numbers(const struct machine *m, const struct pickle_node *node, bool *other,
                               struct pickle_value *number) {
    static const uint64_t narrow = 1 << 16;
    uint32_t count = 0;
    *other = false;
    for (uint32_t i = 0; i < m->nodes[node->keys].count; i++) {
        struct pickle_value part = made_of(m, node, i);
        *other |= !is_leaf(part) && part.kind != PICKLE_KIND_GLOBAL;
        bool chosen = part.kind == PICKLE_KIND_LONG || part.kind == PICKLE_KIND_FLOAT ||
                      (part.kind == PICKLE_KIND_INT && part.b + narrow > 2 * narrow);
        count += chosen;
        if (chosen) *number = part;
    }
    return count;
}

/* A frozenset that was called, with a list that is in the key log. */
static enum hash_source source_of_set(const struct machine *m, const struct pickle_node *node) {
    if (!(node->flags & NODE_MADE)) return HASH_UNKNOWN;
    if (m->nodes[node->keys].count == 0) return HASH_SECRET;
    struct pickle_value list = made_of(m, node, 0);
    bool logged =
        list.kind == PICKLE_KIND_LIST && !(m->nodes[list.a].flags & (NODE_UNLOGGED | NODE_OPAQUE));
    return logged ? HASH_KNOWN : HASH_UNKNOWN;
}

static enum hash_source source_of_scalar(const struct machine *m, const struct pickle_node *node) {
    enum { WORD = 8 };
    if (!(node->flags & NODE_MADE)) return HASH_UNKNOWN;
    uint32_t dtype = made_of(m, node, 0).a;
    if (m->nodes[dtype].flags & NODE_VOID) return HASH_UNKNOWN;
    if (m->nodes[dtype].flags & NODE_FLEXIBLE) return HASH_SECRET;
    return more_seen(m, dtype)->aux <= WORD ? HASH_KNOWN : HASH_UNKNOWN;
}

/* Of these alone no hash can be had at will, but many can be tried. */
static bool are_narrow_numbers(const struct machine *m, const struct pickle_node *node) {
    uint32_t count = m->nodes[node->keys].count;
    for (uint32_t i = 0; i < count; i++)
        if (made_of(m, node, i).kind > PICKLE_KIND_FLOAT) return false;
    return count > 0;
}

/* Of what else these are made, a zone or a frequency, they are hashed with as text at most. */
static bool is_instant(const struct machine *m, const struct pickle_node *node) {
    return is_within(m->scratch->globals[node->global].module, BYTES("pandas._libs.tslibs")) ||
           global_is(m, node->global, "pandas", "Period");
}

/* Made of a number alone; a class that was given more may hash all of it. */
static bool is_of_number(const struct machine *m, const struct pickle_node *node,
                         struct pickle_value *number) {
    bool other;
    bool one = chosen_numbers(m, node, &other, number) == 1;
    return one && (m->nodes[node->keys].count == 1 ? !other : is_instant(m, node));
}

static bool is_interval(const struct machine *m, const struct pickle_node *node) {
    return global_is(m, node->global, "pandas._libs.interval", "Interval") ||
           global_is(m, node->global, "pandas", "Interval");
}

static bool is_named_tuple(const struct pickle_global *class) {
    return (class->uses & (PICKLE_USE_NEW | PICKLE_USE_CALL)) == PICKLE_USE_NEW;
}

static enum hash_source source_of_class(const struct machine *m, const struct pickle_node *node) {
    const struct pickle_global *class = &m->scratch->globals[node->global];
    if (is_secret_module(class->module)) return HASH_SECRET;
    if (!(node->flags & NODE_MADE)) return HASH_UNKNOWN;
    if (bytes_equal(class->module, BYTES("datetime"))) return time_source(m, node);
    struct pickle_value number = {0};
    bool other;
    uint32_t count = chosen_numbers(m, node, &other, &number);
    if (global_is(m, node->global, "ipaddress", "IPv4Address"))
        return made_of(m, node, 0).kind == PICKLE_KIND_STR ? HASH_UNKNOWN : HASH_SECRET;
    if (is_of_number(m, node, &number)) return HASH_KNOWN;
    if (count == 0 && are_narrow_numbers(m, node)) return HASH_KNOWN;
    if (count == 0 && (!other || is_instant(m, node))) return HASH_SECRET;
    bool whole = is_named_tuple(class) || (is_interval(m, node) && !other);
    bool known = whole && !(m->nodes[node->keys].flags & NODE_OPAQUE);
    return known ? HASH_KNOWN : HASH_UNKNOWN;
}

enum hash_source hash_source(const struct machine *m, uint32_t instance) {
    const struct pickle_node *node = &m->nodes[instance];
    if (node->global == NO_GLOBAL) return HASH_SECRET;
    enum policy_model model = entry_of(m, node->global)->model;
    if (model == POLICY_MODEL_SET) return source_of_set(m, node);
    if (model == POLICY_MODEL_NUMPY_SCALAR) return source_of_scalar(m, node);
    if (is_v6(m, node))
        return node->flags & NODE_MADE && is_plain_v6(m, node) ? HASH_KNOWN : HASH_UNKNOWN;
    bool exact = model == POLICY_MODEL_UUID || model == POLICY_MODEL_DECIMAL ||
                 model == POLICY_MODEL_FRACTION || model == POLICY_MODEL_COMPLEX ||
                 model == POLICY_MODEL_RANGE || model == POLICY_MODEL_NETWORK;
    if (exact) return node->flags & NODE_MADE ? HASH_KNOWN : HASH_UNKNOWN;
    return source_of_class(m, node);
}

bool hash_by_state(struct machine *m, uint32_t instance) {
    forget_made(&m->nodes[instance]);
    uint32_t global = m->nodes[instance].global, number;
    if (entry_of(m, global)->model != POLICY_MODEL_UUID) return true;
    if (!tuple_new(m, &m->identity.number, 1, &number)) return false;
    m->nodes[instance].flags |= NODE_MADE;
    m->nodes[instance].keys = number;
    return true;
}

static uint64_t hash_instance(const struct machine *m, const struct pickle_node *node,
                              const uint64_t *known, uint64_t *room) {
    struct pickle_value number = {0};
    if (is_v6(m, node)) return hash_v6(m, node, known);
    switch ((uint32_t)entry_of(m, node->global)->model) {
    case POLICY_MODEL_UUID:
        return hash_part(m, made_of(m, node, 0), known);
    case POLICY_MODEL_DECIMAL:
        return hash_decimal(payload(m, made_of(m, node, 0)));
    case POLICY_MODEL_FRACTION:
        return hash_fraction(m, node);
    case POLICY_MODEL_COMPLEX:
        return hash_complex(m, node, known);
    case POLICY_MODEL_RANGE:
        return hash_range(m, node, known);
    case POLICY_MODEL_NETWORK:
        return hash_network(m, node);
    case POLICY_MODEL_NUMPY_SCALAR:
        return hash_scalar(m, node);
    case POLICY_MODEL_SET:
        return hash_frozenset(m, m->nodes[made_of(m, node, 0).a].keys, known, room);
    default:
        if (bytes_equal(m->scratch->globals[node->global].module, BYTES("datetime")))
            return time_hash(m, node, known);
        if (is_of_number(m, node, &number)) return hash_part(m, number, known);
        return known[node->keys];
    }
}

/* Parts were made before what holds them, so one pass in the order of the nodes finds each known.
 */
void hash_nodes(const struct machine *m, uint64_t *known, uint64_t *room) {
    for (uint32_t i = 0; i < m->nodes_count; i++) {
        const struct pickle_node *node = &m->nodes[i];
        bool frozen =
            node->global == NO_GLOBAL && node->flags & NODE_SET && node->flags & NODE_KEYED;
        bool instance = node->global != NO_GLOBAL && node->flags & NODE_MADE;
        known[i] = 0;
        if (node->flags & NODE_TUPLE)
            known[i] = hash_lanes(m, m->cells + node->first, node->count, known);
        else if (frozen && !(node->flags & (NODE_LISTED | NODE_UNLOGGED)))
            known[i] = hash_frozenset(m, node->keys, known, room);
        else if (instance && hash_source(m, i) == HASH_KNOWN)
            known[i] = hash_instance(m, node, known, room);
    }
}
