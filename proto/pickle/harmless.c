/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A machine that goes on wherever any reader would.  Readers agree on what an opcode does to the
 * stack and on where the next one stands; they differ in which arguments they take, so this one
 * takes what any of them takes.  Where they read on at different places (an argument across the end
 * of a frame) there is no one path to follow, and that alone counts as an effect.
 *
 * Invariant: before the first import everything on the stack is data that the stream has made, or,
 * once `outside` is set, what the reader has brought along.  Data cannot be called, has no
 * __setstate__, no __dict__, and no append but that of list, so that calls fail in every reader
 * and BUILD and items touch nothing but data.  The pass ends at the first import, so the invariant
 * holds throughout and the effects come down to: imports, use of what is outside, and resources.
 *
 * Lengths beyond the input are no effect: readers reserve address space for them at most and touch
 * none of it.  The exception is BYTEARRAY8, which Python's reader fills with zeros first.
 *
 * Source: CPython Modules/_pickle.c and Lib/pickle.py, 3.8 to 3.14. */

#include "base/utf8.h"
#include "pickle/harmless.h"
#include "pickle/machine.h"

enum {
    MEMO_HOLES_MAX = 4096,  /* older C unpicklers keep the memo as an array: 16 bytes an index */
    HASHED_MAX = 1 << 20,   /* parts of tuples, a twentieth of a second */
    NUMBER_KEYS_MAX = 4096, /* all of one hash: 8 million comparisons, a tenth of a second */
    EQUAL_PARTS = 64,       /* compared in the time of a comparison */
};
/* What no allocator gives: the reader fails at once. */
#define ALLOCATION_MAX (1ull << 48)

struct probe {
    struct machine m;
    struct pickle_report report; /* of refuse(): only a want of memory is looked at */
    struct pickle_harm *harm;
    uint64_t number_keys, hashed;
    bool outside;
    bool has_protocol; /* a PROTO was read */
    bool memo_lost;    /* an index was too high to be kept here */
    bool overlong;     /* the open frame says more than there is: C stops there, Python goes on */
    bool ran_out; /* something said more than there is: with more behind, all may be different */
};

/* Not by snprintf: 65 ns, of 230 for 64 bytes of text that begin like a name ("city"). */
static void say(struct pickle_harm *harm, const char *opcode, const char *what) {
    const struct bytes parts[] = {bytes_of_cstr(opcode), BYTES(" would "), bytes_of_cstr(what)};
    size_t at = 0;
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        struct bytes part = bytes_slice(parts[i], 0, sizeof harm->what - 1 - at);
        bytes_copy_to((uint8_t *)harm->what + at, part);
        at += part.len;
    }
    harm->what[at] = '\0';
}

/* Steps return true to go on, and false when it is over: every reader fails here, or harm() has
 * said what one of them does. */
static __attribute__((cold, noinline)) bool harm(struct probe *p, enum pickle_harm_kind kind,
                                                 const char *what) {
    const struct machine *m = &p->m;
    const char *opcode = pickle_opcode(m->op)->name;
    p->harm->kinds |= kind;
    p->harm->offset = m->op_at;
    p->harm->opcode = m->op;
    say(p->harm, opcode ? opcode : "it", what);
    return false;
}

/* Memory and time: other readers are spared, so the pass goes on.  Behind an object from outside
 * they do not count: only a reader that has registered the very code comes there, which no bomb
 * needs, and msgpack is full of such codes. */
static __attribute__((cold, noinline)) bool strain(struct probe *p, enum pickle_harm_kind kind,
                                                   const char *what) {
    if (p->outside) return true;
    if (p->harm->kinds) {
        p->harm->kinds |= kind;
        return true;
    }
    return !harm(p, kind, what);
}

static bool harm_straddle(struct probe *p) {
    return harm(p, PICKLE_HARM_UNKNOWN, "read across the end of a frame, each reader in its way");
}

/* --- arguments --- */

/* A frame that is read to its end is no more. */
static void leave_frame(struct machine *m) {
    if (m->at != m->end) return;
    m->framed = false;
    m->end = m->len;
}

static bool take(struct probe *p, uint64_t length, struct bytes *taken) {
    struct machine *m = &p->m;
    leave_frame(m);
    p->ran_out |= length > m->len - m->at;
    if (length > m->end - m->at) return length <= m->len - m->at ? harm_straddle(p) : false;
    *taken = bytes_view(m->data + m->at, length);
    m->at += (uint32_t)length;
    return true;
}

static bool take_number(struct probe *p, size_t width, uint64_t *value) {
    struct bytes raw;
    if (!take(p, width, &raw)) return false;
    *value = 0;
    for (size_t i = raw.len; i > 0; i--) *value = *value << 8 | raw.data[i - 1];
    return true;
}

/* A line without its newline.  When there is none, the Python reader takes what is left and drops
 * its last byte as if it were one; the C reader fails. */
static bool take_text(struct probe *p, struct bytes *line, bool *cut) {
    struct machine *m = &p->m;
    leave_frame(m);
    const uint8_t *from = m->data + m->at;
    const uint8_t *newline = memchr(from, '\n', m->end - m->at);
    *cut = newline == NULL;
    p->ran_out |= *cut;
    if (newline) {
        *line = bytes_view(from, (size_t)(newline - from));
        m->at += (uint32_t)line->len + 1;
    } else if (m->framed) {
        return m->end < m->len && memchr(from, '\n', m->len - m->at) ? harm_straddle(p) : false;
    } else {
        *line = bytes_view(from, m->len - m->at - (m->at < m->len));
        m->at = m->len;
    }
    m->heap += line->len;
    return true;
}

static bool is_space(uint8_t c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Without blanks around it; the C readers stop at a NUL. */
static struct bytes trim_number(struct bytes text) {
    const uint8_t *nul = text.len ? memchr(text.data, 0, text.len) : NULL;
    if (nul) text.len = (size_t)(nul - text.data);
    while (text.len > 0 && is_space(text.data[text.len - 1])) text.len--;
    size_t from = 0;
    while (from < text.len && is_space(text.data[from])) from++;
    return bytes_slice(text, from, text.len);
}

static bool is_sign(uint8_t c) {
    return c == '+' || c == '-';
}

static bool is_hex_digit(uint8_t c) {
    return byte_is_digit(c) || (byte_lower(c) >= 'a' && byte_lower(c) <= 'f');
}

/* More than what int(text, 0), strtol and PyLong_FromString take for a number. */
static bool may_be_int(struct bytes text) {
    bool ended = text.len > 0 && memchr(text.data, 0, text.len) != NULL;
    text = trim_number(text);
    if (text.len == 0) return ended;
    size_t at = is_sign(text.data[0]);
    uint8_t base = text.len - at > 2 && text.data[at] == '0' ? byte_lower(text.data[at + 1]) : 0;
    bool hex = base == 'x';
    if (hex || base == 'o' || base == 'b') at += 2;
    if (at == text.len) return false;
    for (; at < text.len; at++)
        if (!(hex ? is_hex_digit(text.data[at]) : byte_is_digit(text.data[at])) &&
            text.data[at] != '_')
            return false;
    return true;
}

/* The same for float(text) and PyOS_string_to_double. */
static bool may_be_float(struct bytes text) {
    static const char signs[] = "+-._eE";
    text = trim_number(text);
    if (text.len == 0) return false;
    struct bytes word = bytes_slice(text, is_sign(text.data[0]), text.len);
    if (bytes_is(word, "nan") || bytes_is(word, "inf") || bytes_is(word, "infinity")) return true;
    size_t digits = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (byte_is_digit(text.data[i]))
            digits++;
        else if (!memchr(signs, text.data[i], sizeof signs - 1))
            return false;
    }
    return digits > 0;
}

/* Converting decimal digits takes the square of their number, in readers without a limit of their
 * own, and they convert before they look at what follows. */
static bool digits_bounded(struct probe *p, struct bytes text) {
    if (text.len <= p->m.limits->digits_max) return true;
    uint64_t run = 0;
    for (size_t i = 0; i < text.len; i++) {
        run = byte_is_digit(text.data[i]) || text.data[i] == '_' ? run + 1 : 0;
        if (run > p->m.limits->digits_max)
            return strain(p, PICKLE_HARM_TIME, "convert a number of many digits");
    }
    return true;
}

/* In quotes. */
static bool may_be_string(struct bytes text) {
    return text.len >= 2 && text.data[0] == text.data[text.len - 1] &&
           (text.data[0] == '\'' || text.data[0] == '"');
}

/* A line that is a whole argument; a cut one ends the reading, whatever it is. */
static bool take_line_argument(struct probe *p, enum pickle_argument argument, struct bytes *line) {
    bool cut, may_be = true;
    if (!take_text(p, line, &cut)) return false;
    if (argument == PICKLE_ARG_DECIMALNL_SHORT || argument == PICKLE_ARG_DECIMALNL_LONG) {
        if (!digits_bounded(p, *line)) return false;
        if (argument == PICKLE_ARG_DECIMALNL_LONG && line->len && line->data[line->len - 1] == 'L')
            line->len--;
        may_be = may_be_int(*line);
    } else if (argument == PICKLE_ARG_FLOATNL) {
        may_be = may_be_float(*line);
    } else if (argument == PICKLE_ARG_STRINGNL) {
        may_be = may_be_string(*line);
    }
    return may_be && !cut;
}

static bool take_counted(struct probe *p, enum pickle_argument argument, struct bytes *payload) {
    struct machine *m = &p->m;
    uint64_t length;
    if (!take_number(p, pickle_argument_width(argument), &length)) return false;
    if (argument == PICKLE_ARG_BYTEARRAY8 && length > m->len - m->at && length < ALLOCATION_MAX &&
        (m->heap > m->heap_max || length > m->heap_max - m->heap))
        (void)strain(p, PICKLE_HARM_MEMORY, "take memory that no bytes stand for");
    if (!take(p, length, payload)) return false;
    m->heap += length;
    return true;
}

/* --- what makes values --- */

static bool push_kind(struct probe *p, enum pickle_kind kind) {
    return push(&p->m, (struct pickle_value){.kind = (uint8_t)kind});
}

static bool has_parts_hashed(struct pickle_value value) {
    return value.kind == PICKLE_KIND_TUPLE || value.kind == PICKLE_KIND_FROZENSET;
}

/* Of a leaf beyond one part: digits are walked by its hash, text where it meets its equal. */
static uint32_t hash_work(struct pickle_value leaf) {
    enum { NUMBER_PART_BYTES = 32, TEXT_PART_BYTES = 1024 };
    bool text = leaf.kind == PICKLE_KIND_STR || leaf.kind == PICKLE_KIND_BYTES;
    if (text) return leaf.a / TEXT_PART_BYTES;
    return leaf.kind == PICKLE_KIND_INT ? leaf.a / NUMBER_PART_BYTES : 0;
}

/* Made of what stands from `from` on.  A tuple's `a` says how many parts hashing it visits. */
static bool push_made_of(struct probe *p, enum pickle_kind kind, uint32_t from) {
    struct pickle_value made = {.kind = (uint8_t)kind};
    for (uint32_t i = from; has_parts_hashed(made) && i < p->m.top; i++) {
        struct pickle_value part = p->m.stack[i];
        bool deeper = has_parts_hashed(part) && part.depth >= made.depth;
        if (deeper) made.depth = (uint16_t)MIN(part.depth + 1, UINT16_MAX);
        uint32_t inner = has_parts_hashed(part) ? part.a : hash_work(part);
        made.a = add_saturating(made.a, add_saturating(inner, 1));
    }
    p->m.top = from;
    return push(&p->m, made);
}

/* By the letter that the opcode table has for what an opcode pushes. */
static enum pickle_kind kind_of_letter(char letter) {
    static const struct {
        char letter;
        enum pickle_kind kind;
    } rows[] = {{'i', PICKLE_KIND_INT},  {'j', PICKLE_KIND_INT},       {'f', PICKLE_KIND_INT},
                {'s', PICKLE_KIND_STR},  {'x', PICKLE_KIND_STR},       {'b', PICKLE_KIND_BYTES},
                {'l', PICKLE_KIND_LIST}, {'y', PICKLE_KIND_BYTEARRAY}, {'t', PICKLE_KIND_TUPLE},
                {'d', PICKLE_KIND_DICT}, {'e', PICKLE_KIND_SET},       {'z', PICKLE_KIND_FROZENSET},
                {'o', PICKLE_KIND_BOOL}, {'n', PICKLE_KIND_NONE}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i].letter == letter) return rows[i].kind;
    return PICKLE_KIND_INSTANCE;
}

static bool is_unicode_argument(enum pickle_argument argument) {
    return argument == PICKLE_ARG_UNICODESTRING1 || argument == PICKLE_ARG_UNICODESTRING4 ||
           argument == PICKLE_ARG_UNICODESTRING8;
}

/* Only the text of a UTF-8 argument is known: the others have escapes or the reader's encoding. */
static bool step_literal(struct probe *p, const struct pickle_opcode *row) {
    struct machine *m = &p->m;
    struct bytes raw = {0};
    bool lines = pickle_argument_width(row->argument) == 0 && row->argument != PICKLE_ARG_NONE;
    bool counted = row->argument >= PICKLE_ARG_STRING1;
    if (lines     ? !take_line_argument(p, row->argument, &raw)
        : counted ? !take_counted(p, row->argument, &raw)
                  : !take(p, pickle_argument_width(row->argument), &raw))
        return false;
    bool unicode = is_unicode_argument(row->argument);
    if (unicode && !utf8_valid(raw)) return false;
    return push(m, (struct pickle_value){.kind = (uint8_t)kind_of_letter(row->out[0]),
                                         .flags = unicode ? 0 : VALUE_8BIT,
                                         .a = (uint32_t)raw.len,
                                         .b = raw.len ? (uint64_t)(raw.data - m->data) : 0});
}

/* True when the reader gets the key hashed. */
static bool hash_key(struct probe *p, struct pickle_value key) {
    switch ((enum pickle_kind)key.kind) {
    case PICKLE_KIND_LIST:
    case PICKLE_KIND_DICT:
    case PICKLE_KIND_SET:
    case PICKLE_KIND_BYTEARRAY:
        return false;
    case PICKLE_KIND_TUPLE:
    case PICKLE_KIND_FROZENSET:
        if (p->outside)
            return harm(p, PICKLE_HARM_USE, "hash what may hold an object from outside");
        p->hashed += key.a;
        if (p->hashed > HASHED_MAX && !strain(p, PICKLE_HARM_TIME, "hash parts without bound"))
            return false;
        if (key.depth > p->m.limits->key_nesting_max &&
            !strain(p, PICKLE_HARM_TIME, "hash parts too deep for its stack"))
            return false;
        p->number_keys += 1 + key.a / EQUAL_PARTS;
        return p->number_keys <= NUMBER_KEYS_MAX || strain(p, PICKLE_HARM_TIME, "hash many tuples");
    case PICKLE_KIND_INT:
    case PICKLE_KIND_LONG:
        p->number_keys += 1 + key.a / 1024;
        return p->number_keys <= NUMBER_KEYS_MAX ||
               strain(p, PICKLE_HARM_TIME, "hash many numbers");
    case PICKLE_KIND_STR:
    case PICKLE_KIND_BYTES:
        if (p->outside) return harm(p, PICKLE_HARM_USE, "hash an object from outside");
        p->hashed += hash_work(key);
        return p->hashed <= HASHED_MAX || strain(p, PICKLE_HARM_TIME, "compare text without bound");
    case PICKLE_KIND_NONE:
    case PICKLE_KIND_BOOL:
    case PICKLE_KIND_FLOAT:
    case PICKLE_KIND_GLOBAL:
    case PICKLE_KIND_METHOD:
    case PICKLE_KIND_PARTIAL:
    case PICKLE_KIND_INSTANCE:
        return !p->outside || harm(p, PICKLE_HARM_USE, "hash an object from outside");
    }
    return false;
}

/* Each `stride`th value from `from` on; the last one only with all that belongs to it. */
static bool hash_keys(struct probe *p, uint32_t from, uint32_t stride) {
    for (uint32_t i = from; i + stride <= p->m.top; i += stride)
        if (!hash_key(p, p->m.stack[i])) return false;
    return true;
}

static bool step_slice(struct probe *p, const struct pickle_opcode *row) {
    struct machine *m = &p->m;
    uint32_t from = 0;
    if (!pop_mark(m, &from)) return false;
    m->heap += 8 * (uint64_t)(m->top - from);
    if (row->out[0] == 'z' && !hash_keys(p, from, 1)) return false;
    if (row->out[0] == 'd' && (!hash_keys(p, from, 2) || (m->top - from) % 2)) return false;
    return push_made_of(p, kind_of_letter(row->out[0]), from);
}

static bool step_data(struct probe *p, const struct pickle_opcode *row) {
    if (row->in[0] == '\0') return step_literal(p, row);
    if (row->in[0] == '(') return step_slice(p, row);
    uint32_t count = (uint32_t)strlen(row->in);
    if (!above_fence(&p->m, count)) return false;
    return push_made_of(p, kind_of_letter(row->out[0]), p->m.top - count);
}

/* --- stack and memo --- */

static bool step_mark(struct probe *p) {
    struct machine *m = &p->m;
    struct pickle_scratch *scratch = m->scratch;
    if (!ROOM(m, scratch->marks, scratch->marks_cap, m->marks_count + 1)) return false;
    scratch->marks[m->marks_count++] = m->fence;
    m->fence = m->top;
    return true;
}

static bool step_stack(struct probe *p) {
    struct machine *m = &p->m;
    uint32_t from = 0;
    switch (m->op) {
    case PICKLE_OP_MARK:
        return step_mark(p);
    case PICKLE_OP_POP_MARK:
        if (!pop_mark(m, &from)) return false;
        m->top = from;
        return true;
    case PICKLE_OP_DUP:
        return above_fence(m, 1) && push(m, m->stack[m->top - 1]);
    default:
        if (m->top == m->fence) return pop_mark(m, &from);
        m->top--;
        return true;
    }
}

/* An index as int() or PyLong_FromString reads it, saturated; false when neither does. */
static bool parse_index(struct bytes text, uint64_t *index) {
    text = trim_number(text);
    size_t at = text.len > 0 && is_sign(text.data[0]);
    bool negative = at && text.data[0] == '-';
    if (at == text.len) return false;
    for (*index = 0; at < text.len; at++) {
        if (text.data[at] == '_') continue;
        if (!byte_is_digit(text.data[at])) return false;
        if (*index < UINT32_MAX) *index = *index * 10 + (text.data[at] - '0');
    }
    return !negative || *index == 0;
}

static bool take_memo_index(struct probe *p, const struct pickle_opcode *row, uint64_t *index) {
    if (row->argument != PICKLE_ARG_DECIMALNL_SHORT)
        return take_number(p, pickle_argument_width(row->argument), index);
    struct bytes line;
    bool cut;
    return take_text(p, &line, &cut) && digits_bounded(p, line) && !cut && parse_index(line, index);
}

static bool memo_put(struct probe *p, uint64_t index) {
    struct machine *m = &p->m;
    struct pickle_scratch *scratch = m->scratch;
    if (!above_fence(m, 1)) return false;
    if (index > (uint64_t)m->memo_entries + MEMO_HOLES_MAX) {
        p->memo_lost = true;
        return strain(p, PICKLE_HARM_MEMORY, "make the memo grow to a high index");
    }
    if (p->memo_lost) return true;
    if (!ROOM(m, scratch->memo, scratch->memo_cap, (uint32_t)index + 1)) return false;
    while (m->memo_len <= index) scratch->memo[m->memo_len++] = (struct pickle_value){0};
    m->memo_entries += scratch->memo[index].kind == 0;
    scratch->memo[index] = m->stack[m->top - 1];
    return true;
}

static bool step_memo(struct probe *p, const struct pickle_opcode *row) {
    struct machine *m = &p->m;
    uint64_t index = m->memo_entries;
    if (row->argument != PICKLE_ARG_NONE && !take_memo_index(p, row, &index)) return false;
    bool gets = row->out[0] == 'a' && row->in[0] == '\0';
    if (!gets) return memo_put(p, index);
    if (p->memo_lost) return harm(p, PICKLE_HARM_UNKNOWN, "take what this judge has not kept");
    if (index >= m->memo_len || m->scratch->memo[index].kind == 0) return false;
    return push(m, m->scratch->memo[index]);
}

/* --- what would act --- */

/* What ends the part of a module's name that decides: a dot, or what stands in the first lines of
 * text and in the name of no file from which Python imports.  A hyphen, a digit in front and the
 * like do stand there: every Python on Linux has a module with the name of
 * _sysconfigdata__x86_64-linux-gnu.  A table, for all of a long text is looked up in it. */
static const bool ends_part[UINT8_MAX + 1] = {
    [0 ... ' '] = true, ['"'] = true, ['\''] = true, ['('] = true,  [')'] = true,
    ['+'] = true,       [','] = true, ['.'] = true,  [':'] = true,  [';'] = true,
    ['<'] = true,       ['='] = true, ['>'] = true,  ['['] = true,  [']'] = true,
    ['{'] = true,       ['|'] = true, ['}'] = true,  [0x7f] = true,
};

/* The import system takes the part before the first dot first, so that alone decides; but for a
 * name that begins with a dot it takes the part behind that dot: __import__(".this") runs this.py
 * and fails after.  It takes any text; only where lines name a module, and no PROTO says that this
 * is meant to be a pickle, are some characters taken for the mark of text. */
static bool may_import(const struct probe *p, struct bytes module) {
    if (module.len == 0) return false;
    if (p->has_protocol || p->m.op == PICKLE_OP_STACK_GLOBAL) return true;
    size_t at = module.data[0] == '.';
    while (at < module.len && !ends_part[module.data[at]]) at++;
    return at == module.len || module.data[at] == '.';
}

static bool import(struct probe *p, enum pickle_harm_kind kind, struct bytes module,
                   struct bytes name) {
    if (!may_import(p, module)) return false;
    p->harm->module = module;
    p->harm->name = name;
    return harm(p, kind, "import a module");
}

static bool ascii_only(struct bytes text) {
    return ascii_valid(text.data, text.len);
}

/* GLOBAL and INST.  The Python reader imports for INST before it looks for the mark. */
static bool step_named(struct probe *p) {
    struct bytes module, name;
    bool module_cut, name_cut;
    if (!take_text(p, &module, &module_cut) || !take_text(p, &name, &name_cut)) return false;
    bool inst = p->m.op == PICKLE_OP_INST;
    if (inst && !(ascii_only(module) && ascii_only(name))) return false;
    if (!inst && (utf8_valid_prefix(module) < module.len || utf8_valid_prefix(name) < name.len))
        return false;
    return import(p, name_cut ? PICKLE_HARM_IMPORT_AT_END : PICKLE_HARM_IMPORT, module, name);
}

static bool step_names(struct probe *p) {
    struct machine *m = &p->m;
    if (!above_fence(m, 2)) return false;
    struct pickle_value module = m->stack[m->top - 2], name = m->stack[m->top - 1];
    if (p->outside) return harm(p, PICKLE_HARM_USE, "take a name from outside");
    if (module.kind != PICKLE_KIND_STR || name.kind != PICKLE_KIND_STR) return false;
    if (is_plain_str(module))
        return import(p, PICKLE_HARM_IMPORT, payload(m, module), payload(m, name));
    return harm(p, PICKLE_HARM_IMPORT, "import a module named by decoded text");
}

/* Data cannot be called. */
static bool step_call(struct probe *p, const struct pickle_opcode *row) {
    struct machine *m = &p->m;
    uint32_t from = 0;
    if (row->in[0] != '(') {
        if (!above_fence(m, (uint32_t)strlen(row->in))) return false;
    } else if (!pop_mark(m, &from) || from == m->top) {
        return false;
    }
    return p->outside ? harm(p, PICKLE_HARM_USE, "call an object from outside") : false;
}

/* Data has no state to be given, but readers differ in which states are nothing. */
static bool step_state(struct probe *p) {
    if (!above_fence(&p->m, 2)) return false;
    if (p->outside) return harm(p, PICKLE_HARM_USE, "give state to an object from outside");
    p->m.top--;
    return true;
}

/* Whether anything but an empty slice may go into the target. */
static bool takes_items(uint8_t opcode, enum pickle_kind target) {
    if (opcode == PICKLE_OP_ADDITEMS) return target == PICKLE_KIND_SET;
    bool sequence = target == PICKLE_KIND_LIST || target == PICKLE_KIND_BYTEARRAY;
    if (opcode == PICKLE_OP_APPEND || opcode == PICKLE_OP_APPENDS) return sequence;
    return sequence || target == PICKLE_KIND_DICT;
}

static bool step_items(struct probe *p, const struct pickle_opcode *row) {
    struct machine *m = &p->m;
    uint32_t from = 0, count = (uint32_t)strlen(row->in);
    if (row->in[1] == '(') {
        if (!pop_mark(m, &from) || from == m->fence) return false;
    } else {
        if (!above_fence(m, count)) return false;
        from = m->top - count + 1;
    }
    if (p->outside) return harm(p, PICKLE_HARM_USE, "fill a container with objects from outside");
    struct pickle_value target = m->stack[from - 1];
    if (m->top > from && !takes_items(m->op, (enum pickle_kind)target.kind)) return false;
    m->heap += 8 * (uint64_t)(m->top - from);
    uint32_t stride = row->in[0] == 'e' ? 1 : 2;
    bool hashed = target.kind == PICKLE_KIND_DICT || target.kind == PICKLE_KIND_SET;
    if (hashed && !hash_keys(p, from, stride)) return false;
    if (row->in[0] == 'd' && (m->top - from) % 2) return false;
    m->top = from;
    return true;
}

static bool step_readonly_buffer(struct probe *p) {
    struct machine *m = &p->m;
    if (!above_fence(m, 1)) return false;
    struct pickle_value *top = &m->stack[m->top - 1];
    if (p->outside) return harm(p, PICKLE_HARM_USE, "use a buffer from outside");
    if (top->kind == PICKLE_KIND_BYTEARRAY) top->kind = PICKLE_KIND_BYTES;
    bool bytes = top->kind == PICKLE_KIND_STR && top->flags; /* with encoding="bytes" */
    return bytes || top->kind == PICKLE_KIND_BYTES;
}

/* What the reader is asked for before it brings an object along. */
static bool take_request(struct probe *p, const struct pickle_opcode *row) {
    struct machine *m = &p->m;
    struct bytes line;
    uint64_t code;
    bool cut;
    switch (m->op) {
    case PICKLE_OP_NEXT_BUFFER:
        return true;
    case PICKLE_OP_PERSID:
        return take_text(p, &line, &cut) && !cut && ascii_only(line);
    case PICKLE_OP_BINPERSID:
        if (!above_fence(m, 1)) return false;
        m->top--;
        return true;
    default:
        return take_number(p, pickle_argument_width(row->argument), &code) && code > 0 &&
               code <= INT32_MAX;
    }
}

static bool step_outside(struct probe *p, const struct pickle_opcode *row) {
    if (p->m.op == PICKLE_OP_READONLY_BUFFER) return step_readonly_buffer(p);
    if (!take_request(p, row)) return false;
    p->outside = true;
    return push_kind(p, PICKLE_KIND_INSTANCE);
}

static bool step_frame(struct probe *p) {
    struct machine *m = &p->m;
    uint64_t length;
    if (!take_number(p, 8, &length)) return false;
    if (length > INT64_MAX) return false;
    if (m->framed && m->at < m->end) return p->overlong ? false : harm_straddle(p);
    p->overlong = length > m->len - m->at;
    p->ran_out |= p->overlong;
    m->framed = length > 0;
    m->end = p->overlong || length == 0 ? m->len : m->at + (uint32_t)length;
    return true;
}

/* Some readers load one pickle after the other, with the memo of the first. */
static bool step_stop(struct probe *p) {
    struct machine *m = &p->m;
    if (!above_fence(m, 1)) return false;
    p->harm->stops = true;
    if (m->framed && m->at < m->end) return harm_straddle(p);
    m->top = m->fence = m->marks_count = 0;
    return true;
}

static bool step_control(struct probe *p) {
    uint64_t protocol;
    switch (p->m.op) {
    case PICKLE_OP_PROTO:
        p->has_protocol = true;
        return take_number(p, 1, &protocol) && protocol <= PICKLE_PROTOCOL_MAX;
    case PICKLE_OP_FRAME:
        return step_frame(p);
    default:
        return step_stop(p);
    }
}

/* --- the loop --- */

static bool step(struct probe *p) {
    const struct pickle_opcode *row = pickle_opcode(p->m.op);
    if (!row->name) return false;
    p->m.heap += row->heap_bytes;
    switch (row->effect) {
    case PICKLE_EFFECT_DATA:
        return step_data(p, row);
    case PICKLE_EFFECT_STACK:
        return step_stack(p);
    case PICKLE_EFFECT_MEMO:
        return step_memo(p, row);
    case PICKLE_EFFECT_ITEMS:
        return step_items(p, row);
    case PICKLE_EFFECT_STATE:
        return step_state(p);
    case PICKLE_EFFECT_IMPORT:
        return p->m.op == PICKLE_OP_GLOBAL ? step_named(p) : step_names(p);
    case PICKLE_EFFECT_CALL:
        return p->m.op == PICKLE_OP_INST ? step_named(p) : step_call(p, row);
    case PICKLE_EFFECT_OUTSIDE:
        return step_outside(p, row);
    case PICKLE_EFFECT_CONTROL:
        return step_control(p);
    }
    return false;
}

static void run(struct probe *p) {
    struct machine *m = &p->m;
    for (;;) {
        leave_frame(m);
        if (m->at == m->len) return;
        m->op_at = m->at;
        m->op = m->data[m->at++];
        if (!step(p)) return;
        if (m->heap > m->heap_max)
            (void)strain(p, PICKLE_HARM_MEMORY, "take more memory than is allowed");
    }
}

static bool start(struct probe *p, size_t length) {
    struct machine *m = &p->m;
    if (length > MIN(m->limits->bytes_max, (uint64_t)UINT32_MAX))
        return harm(p, PICKLE_HARM_UNKNOWN, "be read beyond the limit of bytes");
    m->len = m->end = (uint32_t)length;
    if (mul_overflows(m->limits->heap_ratio, (uint64_t)length, &m->heap_max))
        m->heap_max = UINT64_MAX;
    m->heap_max = MAX(m->heap_max, m->limits->heap_free);
    return true;
}

bool pickle_is_harmless(struct bytes input, const struct pickle_limits *limits,
                        struct pickle_scratch *scratch, struct pickle_harm *harm_found) {
    *harm_found = (struct pickle_harm){0};
    struct probe p = {
        .m = {.data = input.len ? input.data : (const uint8_t *)"",
              .stack = scratch->stack,
              .stack_cap = scratch->stack_cap,
              .limits = limits,
              .scratch = scratch},
        .harm = harm_found,
    };
    p.m.report = &p.report;
    if (start(&p, input.len)) run(&p);
    bool starved = p.report.reason == PICKLE_NO_MEMORY || p.report.reason == PICKLE_SCRATCH;
    harm_found->out_of_memory = p.report.reason == PICKLE_NO_MEMORY;
    if (starved) (void)harm(&p, PICKLE_HARM_UNKNOWN, "need more memory to be judged");
    harm_found->end = p.ran_out ? input.len : p.m.at;
    harm_found->cut = harm_found->kinds == PICKLE_HARM_IMPORT_AT_END;
    return harm_found->kinds == 0;
}

bool pickle_harm_has_module(const struct pickle_harm *harm, struct bytes input) {
    size_t after = harm->module.data ? (size_t)(harm->module.data - input.data) : 0;
    return memchr(input.data + after, '\n', input.len - after) != NULL;
}
