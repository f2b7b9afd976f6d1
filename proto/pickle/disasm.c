/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Source: CPython Lib/pickletools.py genops and dis, 3.11. */

#include "pickle/disasm.h"

#include "base/number.h"
#include "base/reader.h"
#include "pickle/opcodes.h"
#include "pickle/repr.h"

#include <stdio.h>

struct disasm {
    struct reader in;
    struct buf *out;
    struct brine_error *err;
    struct buf stack; /* a byte each: is it a mark? */
    struct buf marks; /* offsets of the marks, size_t each */
    struct buf memo;  /* a bit each index */
    size_t memo_entries;
    size_t at; /* of the opcode */
    int proto;
    bool offset_only; /* of the failing line Python has printed just that */
};

static enum brine_status fail(struct disasm *d, const char *words) {
    return brine_fail(d->err, BRINE_MALFORMED, d->at, "%s", words);
}

static enum brine_status fail_short(struct disasm *d) {
    return brine_fail(d->err, BRINE_NEED_MORE, d->in.failed_offset,
                      "the bytes end inside an argument");
}

/* --- arguments --- */

static enum brine_status take_line(struct disasm *d, struct bytes *line) {
    const uint8_t *from = d->in.data + d->in.offset;
    const uint8_t *newline = reader_left(&d->in) ? memchr(from, '\n', reader_left(&d->in)) : NULL;
    if (!newline)
        return brine_fail(d->err, BRINE_NEED_MORE, d->in.offset,
                          "no newline found when trying to read a line");
    *line = read_take(&d->in, (size_t)(newline - from));
    (void)read_u8(&d->in);
    return BRINE_OK;
}

enum { NUMBER_TEXT_MAX = 4400 };

/* What int() and float() of Python make of blanks around a number and of underscores inside it. */
static bool normalise(struct bytes text, uint8_t target[static NUMBER_TEXT_MAX], size_t *len) {
    static const char blanks[] = " \t\r\v\f";
    while (text.len > 0 && memchr(blanks, text.data[0], sizeof blanks - 1))
        text = bytes_slice(text, 1, text.len);
    while (text.len > 0 && memchr(blanks, text.data[text.len - 1], sizeof blanks - 1)) text.len--;
    if (text.len > 0 && text.data[0] == '+') {
        text = bytes_slice(text, 1, text.len);
        if (text.len > 0 && text.data[0] == '-') return false;
    }
    *len = 0;
    for (size_t i = 0; i < text.len; i++) {
        bool joins = text.data[i] == '_';
        if (joins && (i == 0 || i + 1 == text.len || !byte_is_digit(text.data[i - 1]) ||
                      !byte_is_digit(text.data[i + 1])))
            return false;
        if (*len == NUMBER_TEXT_MAX) return false;
        if (!joins) target[(*len)++] = text.data[i];
    }
    return true;
}

static enum brine_status print_decimal(struct disasm *d, struct bytes line) {
    uint8_t digits[NUMBER_TEXT_MAX];
    size_t len;
    if (!normalise(line, digits, &len)) return fail(d, "invalid literal for int() with base 10");
    struct bytes text = bytes_view(digits, len);
    size_t at = text.len > 0 && text.data[0] == '-';
    if (at == text.len) return fail(d, "invalid literal for int() with base 10");
    for (size_t i = at; i < text.len; i++)
        if (!byte_is_digit(text.data[i])) return fail(d, "invalid literal for int() with base 10");
    if (text.len - at > 4300)
        return fail(d, "Exceeds the limit (4300 digits) for integer string conversion");
    while (at + 1 < text.len && text.data[at] == '0') at++;
    bool negative = text.data[0] == '-' && !(at + 1 == text.len && text.data[at] == '0');
    if (negative) TRY(buf_append_byte(d->out, '-'));
    return buf_append(d->out, bytes_slice(text, at, text.len));
}

static enum brine_status print_text(struct disasm *d, struct bytes text, enum repr_text how) {
    enum brine_status status = repr_str(d->out, text, how);
    return status == BRINE_MALFORMED ? fail(d, "a string cannot be decoded") : status;
}

static bool is_ascii_after_escapes(struct bytes text) {
    uint32_t point;
    for (size_t at = 0; at < text.len;)
        if (!repr_character(text, REPR_STRING, &at, &point) || point >= 0x80) return false;
    return true;
}

/* A line of escapes that decode to ASCII. */
static enum brine_status print_escaped(struct disasm *d, struct bytes text) {
    if (!is_ascii_after_escapes(text)) return fail(d, "'ascii' codec can't decode the string");
    return print_text(d, text, REPR_STRING);
}

static enum brine_status print_string_line(struct disasm *d) {
    struct bytes line;
    TRY(take_line(d, &line));
    uint8_t quote = line.len ? line.data[0] : 0;
    if (quote != '\'' && quote != '"') return fail(d, "no string quotes around an argument");
    if (line.data[line.len - 1] != quote) return fail(d, "string quote not found at both ends");
    return print_escaped(d, bytes_slice(line, 1, line.len < 2 ? 0 : line.len - 2));
}

static enum brine_status print_pair(struct disasm *d) {
    struct bytes module, name;
    TRY(take_line(d, &module));
    TRY(take_line(d, &name));
    /* Each is decoded by itself: a backslash at the end of the first escapes nothing. */
    if (!is_ascii_after_escapes(module)) return fail(d, "'ascii' codec can't decode the string");
    /* "module name" is one string to repr(), which chooses the quotes by both. */
    struct buf pair;
    buf_init(&pair, d->stack.mem, 1 << 20);
    enum brine_status status = buf_append(&pair, module);
    if (status == BRINE_OK) status = buf_append_byte(&pair, ' ');
    if (status == BRINE_OK) status = buf_append(&pair, name);
    if (status == BRINE_OK) status = print_escaped(d, buf_view(&pair));
    buf_deinit(&pair);
    return status;
}

static enum brine_status print_integer_line(struct disasm *d, bool is_long) {
    struct bytes line;
    TRY(take_line(d, &line));
    if (!is_long && bytes_equal(line, BYTES("00"))) return buf_append(d->out, BYTES("False"));
    if (!is_long && bytes_equal(line, BYTES("01"))) return buf_append(d->out, BYTES("True"));
    if (is_long && line.len > 0 && line.data[line.len - 1] == 'L') line.len--;
    return print_decimal(d, line);
}

static size_t pass_digits(struct bytes text, size_t at) {
    while (at < text.len && byte_is_digit(text.data[at])) at++;
    return at;
}

static size_t pass_sign(struct bytes text, size_t at) {
    return at + (at < text.len && (text.data[at] == '-' || text.data[at] == '+'));
}

/* A number in decimal form with an exponent, which was too large. */
static bool overflows(struct bytes text) {
    size_t first = pass_sign(text, 0), at = pass_digits(text, first);
    if (at == first) return false;
    if (at < text.len && text.data[at] == '.') at = pass_digits(text, at + 1);
    if (at == text.len || byte_lower(text.data[at]) != 'e') return false;
    first = pass_sign(text, at + 1);
    return first < text.len && pass_digits(text, first) == text.len;
}

static enum brine_status print_float_line(struct disasm *d) {
    struct bytes line;
    uint8_t normal[NUMBER_TEXT_MAX];
    size_t len;
    double value;
    TRY(take_line(d, &line));
    if (!normalise(line, normal, &len)) return fail(d, "could not convert string to float");
    struct bytes text = bytes_view(normal, len);
    if (number_parse_double(text, &value)) return repr_float(d->out, value);
    if (len > 0 && overflows(text))
        return buf_append(d->out, normal[0] == '-' ? BYTES("-inf") : BYTES("inf"));
    return fail(d, "could not convert string to float");
}

static enum brine_status print_double(struct disasm *d) {
    uint64_t bits = __builtin_bswap64(read_u64le(&d->in));
    double value;
    memcpy(&value, &bits, sizeof value);
    if (reader_failed(&d->in)) return fail_short(d);
    return repr_float(d->out, value);
}

static enum brine_status take_counted(struct disasm *d, size_t width, struct bytes *taken) {
    uint64_t length = read_little_endian(&d->in, width);
    *taken = read_take(&d->in, length);
    return reader_failed(&d->in) ? fail_short(d) : BRINE_OK;
}

static enum brine_status print_counted(struct disasm *d, const struct pickle_opcode *op) {
    struct bytes taken;
    TRY(take_counted(d, pickle_argument_width(op->argument), &taken));
    switch ((int)op->argument) {
    case PICKLE_ARG_STRING1:
    case PICKLE_ARG_STRING4:
        return print_text(d, taken, REPR_LATIN1);
    case PICKLE_ARG_UNICODESTRING1:
    case PICKLE_ARG_UNICODESTRING4:
    case PICKLE_ARG_UNICODESTRING8:
        return print_text(d, taken, REPR_UTF8);
    case PICKLE_ARG_LONG1:
    case PICKLE_ARG_LONG4:
        d->offset_only = taken.len > DISASM_LONG_BYTES_MAX; /* Python fails in repr() */
        if (d->offset_only)
            return brine_fail(d->err, BRINE_TOO_BIG, d->at, "an integer of %zu bytes", taken.len);
        return repr_long(d->out, taken);
    case PICKLE_ARG_BYTEARRAY8:
        TRY(buf_append(d->out, BYTES("bytearray(")));
        TRY(repr_bytes(d->out, taken));
        return buf_append_byte(d->out, ')');
    default:
        return repr_bytes(d->out, taken);
    }
}

static enum brine_status print_number(struct disasm *d, const struct pickle_opcode *op) {
    uint64_t value = read_little_endian(&d->in, pickle_argument_width(op->argument));
    if (reader_failed(&d->in)) return fail_short(d);
    if (op->argument == PICKLE_ARG_INT4) return buf_printf(d->out, "%d", (int)(int32_t)value);
    return buf_printf(d->out, "%llu", (unsigned long long)value);
}

static enum brine_status print_argument(struct disasm *d, const struct pickle_opcode *op) {
    struct bytes line;
    switch (op->argument) {
    case PICKLE_ARG_NONE:
        return BRINE_OK;
    case PICKLE_ARG_UINT1:
    case PICKLE_ARG_UINT2:
    case PICKLE_ARG_INT4:
    case PICKLE_ARG_UINT4:
    case PICKLE_ARG_UINT8:
        return print_number(d, op);
    case PICKLE_ARG_FLOAT8:
        return print_double(d);
    case PICKLE_ARG_DECIMALNL_SHORT:
        return print_integer_line(d, false);
    case PICKLE_ARG_DECIMALNL_LONG:
        return print_integer_line(d, true);
    case PICKLE_ARG_FLOATNL:
        return print_float_line(d);
    case PICKLE_ARG_STRINGNL:
        return print_string_line(d);
    case PICKLE_ARG_STRINGNL_NOESCAPE:
        TRY(take_line(d, &line));
        return print_escaped(d, line);
    case PICKLE_ARG_STRINGNL_NOESCAPE_PAIR:
        return print_pair(d);
    case PICKLE_ARG_UNICODESTRINGNL:
        TRY(take_line(d, &line));
        return print_text(d, line, REPR_UNICODE);
    case PICKLE_ARG_STRING4:
    case PICKLE_ARG_LONG4:
        if (reader_left(&d->in) >= 4 && d->in.data[d->in.offset + 3] & 0x80)
            return fail(d, op->argument == PICKLE_ARG_LONG4 ? "long4 byte count < 0"
                                                            : "string4 byte count < 0");
        return print_counted(d, op);
    case PICKLE_ARG_STRING1:
    case PICKLE_ARG_BYTES1:
    case PICKLE_ARG_BYTES4:
    case PICKLE_ARG_BYTES8:
    case PICKLE_ARG_BYTEARRAY8:
    case PICKLE_ARG_UNICODESTRING1:
    case PICKLE_ARG_UNICODESTRING4:
    case PICKLE_ARG_UNICODESTRING8:
    case PICKLE_ARG_LONG1:
        return print_counted(d, op);
    }
    return BRINE_MALFORMED;
}

/* --- stack and memo, as far as pickletools.dis follows them --- */

static bool top_is_mark(const struct disasm *d) {
    return d->stack.len > 0 && d->stack.data[d->stack.len - 1];
}

/* Takes the newest mark and what is above it, and says where it stood.  False when an opcode popped
 * the mark as if it were a value: pickletools counts it as one, and raises IndexError here. */
static bool pop_mark(struct disasm *d, size_t *mark_at) {
    size_t newest;
    d->marks.len -= sizeof newest;
    memcpy(&newest, d->marks.data + d->marks.len, sizeof newest);
    *mark_at = newest;
    while (d->stack.len > 0 && !top_is_mark(d)) d->stack.len--;
    if (d->stack.len == 0) return false;
    d->stack.len--;
    return true;
}

static bool memo_has(const struct disasm *d, uint64_t index) {
    return index / 8 < d->memo.len && d->memo.data[index / 8] & 1 << index % 8;
}

static enum brine_status memo_set(struct disasm *d, uint64_t index) {
    if (index >= DISASM_MEMO_MAX)
        return brine_fail(d->err, BRINE_TOO_BIG, d->at, "memo index %llu",
                          (unsigned long long)index);
    size_t bytes = index / 8 + 1, had = d->memo.len;
    if (bytes > had) { /* at once: a pickle of eight bytes may ask for two megabytes */
        TRY(buf_reserve(&d->memo, bytes - had));
        mem_clear(d->memo.data + had, bytes - had);
        d->memo.len = bytes;
    }
    d->memo.data[index / 8] |= (uint8_t)(1 << index % 8);
    d->memo_entries++;
    return BRINE_OK;
}

/* The index is what was printed as the argument. */
static uint64_t printed_index(const struct disasm *d, size_t from) {
    struct bytes text = bytes_slice(buf_view(d->out), from, d->out->len);
    uint64_t index;
    if (bytes_equal(text, BYTES("False"))) return 0;
    if (bytes_equal(text, BYTES("True"))) return 1;
    return number_parse_u64(text, &index) ? index : UINT64_MAX;
}

static enum brine_status use_memo(struct disasm *d, const struct pickle_opcode *op,
                                  uint64_t index) {
    bool stores = op->in[0] || !op->out[0]; /* only GETs push and take nothing */
    if (!stores && !memo_has(d, index)) return fail(d, "memo key has never been stored into");
    if (!stores) return BRINE_OK;
    if (memo_has(d, index)) return fail(d, "memo key already defined");
    if (d->stack.len == 0) return fail(d, "stack is empty -- can't store into memo");
    if (top_is_mark(d)) return fail(d, "can't store markobject in the memo");
    return memo_set(d, index);
}

static enum brine_status apply(struct disasm *d, const struct pickle_opcode *op, size_t to_pop) {
    if (d->stack.len < to_pop)
        return brine_fail(d->err, BRINE_MALFORMED, d->at,
                          "tries to pop %zu items from stack with only %zu items", to_pop,
                          d->stack.len);
    d->stack.len -= to_pop;
    for (const char *c = op->out; *c; c++) {
        if (*c == '(') TRY(buf_append(&d->marks, bytes_view(&d->at, sizeof d->at)));
        TRY(buf_append_byte(&d->stack, *c == '('));
    }
    return BRINE_OK;
}

/* --- lines --- */

static enum brine_status print_code(struct disasm *d, uint8_t byte) {
    char shown[8];
    bool plain = byte >= 0x20 && byte < 0x7f;
    snprintf(shown, sizeof shown, plain ? "%c" : "\\x%02x", byte);
    return buf_printf(d->out, "%5zu: %-4s ", d->at, shown);
}

static enum brine_status print_line(struct disasm *d, const struct pickle_opcode *op) {
    TRY(print_code(d, op->byte));
    for (size_t i = 0; i < d->marks.len / sizeof(size_t); i++)
        TRY(buf_append(d->out, BYTES("    ")));
    TRY(buf_append(d->out, bytes_of_cstr(op->name)));
    const char *mark = strchr(op->in, '(');
    bool takes_mark = mark || (op->byte == PICKLE_OP_POP && top_is_mark(d));
    bool no_mark = takes_mark && d->marks.len == 0;
    size_t to_pop = strlen(op->in), mark_at = 0;
    if (takes_mark && !no_mark) {
        if (!pop_mark(d, &mark_at)) {
            TRY(print_argument(d, op)); /* Python has read it by now, and may fail there */
            d->offset_only = true;
            return fail(d, "list index out of range");
        }
        to_pop = mark ? (size_t)(mark - op->in) : 0;
    }
    bool memoize = op->byte == PICKLE_OP_MEMOIZE, has_note = memoize || takes_mark;
    bool has_argument = op->argument != PICKLE_ARG_NONE;
    if (has_argument || has_note)
        for (size_t i = strlen(op->name); i < 10; i++) TRY(buf_append_byte(d->out, ' '));
    if (has_argument) TRY(buf_append_byte(d->out, ' '));
    size_t argument_from = d->out->len;
    TRY(print_argument(d, op));
    uint64_t index = memoize ? d->memo_entries : printed_index(d, argument_from);
    if (memoize)
        TRY(buf_printf(d->out, " (as %zu)", d->memo_entries));
    else if (no_mark)
        TRY(buf_append(d->out, BYTES(" no MARK exists on stack")));
    else if (has_note)
        TRY(buf_printf(d->out, " (MARK at %zu)", mark_at));
    TRY(buf_append_byte(d->out, '\n'));
    if (no_mark) return fail(d, "no MARK exists on stack");
    if (op->effect == PICKLE_EFFECT_MEMO) TRY(use_memo(d, op, index));
    return apply(d, op, to_pop);
}

static enum brine_status run(struct disasm *d) {
    for (;;) {
        d->at = d->in.offset;
        if (reader_at_end(&d->in))
            return brine_fail(d->err, BRINE_NEED_MORE, d->at,
                              "pickle exhausted before seeing STOP");
        const struct pickle_opcode *op = pickle_opcode(read_u8(&d->in));
        if (!op->name)
            return brine_fail(d->err, BRINE_MALFORMED, d->at, "at position %zu, opcode unknown",
                              d->at);
        d->proto = MAX(d->proto, op->proto);
        size_t line_from = d->out->len;
        enum brine_status status = print_line(d, op);
        /* Python prints a line only when its argument could be read. */
        if (status != BRINE_OK && d->out->len > line_from && d->out->data[d->out->len - 1] != '\n')
            d->out->len = line_from;
        if (d->offset_only) TRY(buf_printf(d->out, "%5zu: ", d->at));
        if (status != BRINE_OK) return status;
        if (op->byte == PICKLE_OP_STOP) break;
    }
    TRY(buf_printf(d->out, "highest protocol among opcodes = %d\n", d->proto));
    return d->stack.len ? fail(d, "stack not empty after STOP") : BRINE_OK;
}

enum brine_status pickle_disassemble(struct bytes input, struct buf *out, struct brine_error *err) {
    struct disasm d = {.in = reader_over(input), .out = out, .err = err};
    buf_init(&d.stack, out->mem, input.len * 2 + 16);
    buf_init(&d.marks, out->mem, (input.len + 16) * sizeof(size_t));
    buf_init(&d.memo, out->mem, DISASM_MEMO_MAX / 8 + 16);
    enum brine_status status = run(&d);
    buf_deinit(&d.stack);
    buf_deinit(&d.marks);
    buf_deinit(&d.memo);
    return status;
}
