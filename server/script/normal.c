/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A token goes into the digest as its bytes, their number and its kind, in this order: read from
 * its end the sequence can be taken apart in one way only, and a string need not be decoded before
 * its length is known. */

#include "script/normal.h"

#include "base/reader.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>

enum token_kind { TOKEN_END, TOKEN_NAME, TOKEN_NUMBER, TOKEN_STRING, TOKEN_SIGN };

struct token {
    enum token_kind kind;
    struct bytes text; /* of a string: between its quotes, as it is written */
    uint32_t line;
};

struct lexer {
    struct reader r;
    uint32_t line;
};

static enum brine_status next_token(struct lexer *lexer, struct token *token,
                                    struct brine_error *err);

/* ---- the digest ------------------------------------------------------------------------------ */

struct normaliser {
    EVP_MD_CTX *sha;
    struct script_normal *normal;
    struct token last[4]; /* the newest first */
    size_t calls, operators;
};

static void put(struct normaliser *n, const void *data, size_t len) {
    (void)EVP_DigestUpdate(n->sha, data, len);
}

static void put_end(struct normaliser *n, enum token_kind kind, uint32_t len) {
    uint8_t end[5] = {(uint8_t)len, (uint8_t)(len >> 8), (uint8_t)(len >> 16), (uint8_t)(len >> 24),
                      (uint8_t)kind};
    put(n, end, sizeof end);
}

static bool is_sign(const struct token *token, const char *sign) {
    return token->kind == TOKEN_SIGN && bytes_equal(token->text, bytes_of_cstr(sign));
}

static bool is_name(const struct token *token, const char *name) {
    return token->kind == TOKEN_NAME && bytes_equal(token->text, bytes_of_cstr(name));
}

/* Before what comes stands redis.call or redis.pcall. */
static bool follows_call(const struct normaliser *n) {
    return (is_name(&n->last[0], "call") || is_name(&n->last[0], "pcall")) &&
           is_sign(&n->last[1], ".") && is_name(&n->last[2], "redis");
}

static bool follows_call_and_paren(const struct normaliser *n) {
    struct normaliser before = *n;
    for (size_t i = 0; i + 1 < ARRAY_LEN(before.last); i++) before.last[i] = n->last[i + 1];
    return is_sign(&n->last[0], "(") && follows_call(&before);
}

/* The next byte of a string's value; the text is known to be well formed. */
static uint8_t take_escaped(struct reader *r) {
    uint8_t c = read_u8(r);
    if (c != '\\') return c;
    c = read_u8(r);
    switch (c) {
    case 'a':
        return '\a';
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    case 'v':
        return '\v';
    default:
        break;
    }
    if (!byte_is_digit(c)) return c;
    unsigned value = (unsigned)(c - '0');
    for (int digits = 1; digits < 3 && reader_left(r) > 0; digits++) {
        uint8_t next = r->data[r->offset];
        if (!byte_is_digit(next)) break;
        value = value * 10 + (unsigned)(read_u8(r) - '0');
    }
    return (uint8_t)value;
}

static void put_string(struct normaliser *n, struct bytes text, bool folded) {
    struct reader r = reader_over(text);
    uint32_t len = 0;
    while (!reader_at_end(&r)) {
        uint8_t c = take_escaped(&r);
        if (folded) c = byte_lower(c);
        put(n, &c, 1);
        len++;
    }
    put_end(n, TOKEN_STRING, len);
}

static enum brine_status put_hole(struct normaliser *n, const struct token *token,
                                  struct brine_error *err) {
    enum { HOLE = 0xff };
    struct script_normal *normal = n->normal;
    struct reader r = reader_over(token->text);
    if (normal->has_hole)
        return brine_fail(err, BRINE_MALFORMED, 0, "a second pattern of KEYS in line %u",
                          token->line);
    normal->has_hole = true;
    while (!reader_at_end(&r)) {
        if (normal->hole_len == SCRIPT_HOLE_BYTES_MAX)
            return brine_fail(err, BRINE_TOO_BIG, 0, "a pattern of more than %d bytes",
                              SCRIPT_HOLE_BYTES_MAX);
        normal->hole[normal->hole_len++] = take_escaped(&r);
    }
    put_end(n, (enum token_kind)HOLE, 0);
    return BRINE_OK;
}

/* `redis.call('keys', ` stands before. */
static bool is_hole(const struct normaliser *n) {
    struct normaliser before = *n;
    before.last[0] = n->last[2];
    before.last[1] = n->last[3];
    /* The name and the dot are too far back to be seen: what stands there can only be a call of
     * something with a command's name, and any other such program is not known. */
    return is_sign(&n->last[0], ",") && n->last[1].kind == TOKEN_STRING &&
           bytes_is(n->last[1].text, "keys") && is_sign(&before.last[0], "(") &&
           (is_name(&before.last[1], "call") || is_name(&before.last[1], "pcall"));
}

static void note_sites(struct normaliser *n, const struct token *token) {
    static const char *const operators[] = {"+",  "-", "*", "/",  "%", "^",
                                            "..", "<", ">", "<=", ">="};
    struct script_normal *normal = n->normal;
    uint16_t line = (uint16_t)MIN(token->line, (uint32_t)UINT16_MAX);
    if (is_sign(token, "(") && follows_call(n) && n->calls < SCRIPT_SITES_MAX)
        normal->call_lines[n->calls++] = line;
    bool may_fail = is_sign(token, "(") && is_name(&n->last[0], "len");
    for (size_t i = 0; i < ARRAY_LEN(operators); i++)
        may_fail = may_fail || is_sign(token, operators[i]);
    if (may_fail && n->operators < SCRIPT_SITES_MAX) normal->operator_lines[n->operators++] = line;
}

static enum brine_status put_token(struct normaliser *n, const struct token *token,
                                   struct brine_error *err) {
    if (token->kind != TOKEN_STRING) {
        put(n, token->text.data, token->text.len);
        put_end(n, token->kind, (uint32_t)token->text.len);
    } else if (is_hole(n)) {
        TRY(put_hole(n, token, err));
    } else {
        put_string(n, token->text, follows_call_and_paren(n));
    }
    note_sites(n, token);
    for (size_t i = ARRAY_LEN(n->last) - 1; i > 0; i--) n->last[i] = n->last[i - 1];
    n->last[0] = *token;
    return BRINE_OK;
}

/* Whether a `;` may be left out that stands between these two. */
static bool is_idle_semicolon(const struct token *before, const struct token *behind) {
    return before->kind != TOKEN_END && !is_name(before, "return") && !is_sign(before, ";") &&
           !is_sign(behind, "(") && !is_sign(behind, ";");
}

static enum brine_status put_all(struct normaliser *n, struct lexer *lexer,
                                 struct brine_error *err) {
    struct token token, next;
    TRY(next_token(lexer, &next, err));
    while (next.kind != TOKEN_END) {
        token = next;
        TRY(next_token(lexer, &next, err));
        if (is_sign(&token, ";") && is_idle_semicolon(&n->last[0], &next)) continue;
        TRY(put_token(n, &token, err));
    }
    return BRINE_OK;
}

enum brine_status script_normalise(struct bytes text, struct script_normal *normal,
                                   struct brine_error *err) {
    *normal = (struct script_normal){0};
    if (text.len > SCRIPT_TEXT_BYTES_MAX)
        return brine_fail(err, BRINE_TOO_BIG, 0, "%zu bytes, limit %d", text.len,
                          SCRIPT_TEXT_BYTES_MAX);
    struct normaliser n = {.sha = EVP_MD_CTX_new(), .normal = normal};
    struct lexer lexer = {.r = reader_over(text), .line = 1};
    unsigned len = 0;
    enum brine_status status = BRINE_NO_MEMORY;
    if (n.sha && EVP_DigestInit_ex(n.sha, EVP_sha1(), NULL)) status = put_all(&n, &lexer, err);
    if (status == BRINE_OK && !EVP_DigestFinal_ex(n.sha, normal->digest.bytes, &len))
        status = BRINE_NO_MEMORY;
    EVP_MD_CTX_free(n.sha);
    return status;
}

/* ---- tokens ---------------------------------------------------------------------------------- */

static uint8_t peek(const struct lexer *lexer, size_t ahead) {
    return reader_left(&lexer->r) > ahead ? lexer->r.data[lexer->r.offset + ahead] : 0;
}

static void skip(struct lexer *lexer, size_t count) {
    (void)read_take(&lexer->r, count);
}

static enum brine_status refuse(const struct lexer *lexer, const char *what,
                                struct brine_error *err) {
    return brine_fail(err, BRINE_MALFORMED, lexer->r.offset, "line %u: %s", lexer->line, what);
}

static bool is_letter(uint8_t c) {
    c = byte_lower(c);
    return (c >= 'a' && c <= 'z') || c == '_';
}

static bool is_new_line(uint8_t c) {
    return c == '\n' || c == '\r';
}

/* "\r\n" and "\n\r" are one. */
static void skip_new_line(struct lexer *lexer) {
    uint8_t first = peek(lexer, 0), second = peek(lexer, 1);
    skip(lexer, is_new_line(second) && second != first ? 2 : 1);
    lexer->line++;
}

/* The level of a long bracket that opens here ("[==[" is 2); -1: none does. */
static int long_bracket(const struct lexer *lexer) {
    int level = 0;
    if (peek(lexer, 0) != '[') return -1;
    while (peek(lexer, (size_t)level + 1) == '=') level++;
    return peek(lexer, (size_t)level + 1) == '[' ? level : -1;
}

static bool closes(const struct lexer *lexer, int level) {
    for (int i = 0; i < level; i++)
        if (peek(lexer, (size_t)i + 1) != '=') return false;
    return peek(lexer, 0) == ']' && peek(lexer, (size_t)level + 1) == ']';
}

/* Behind "--".  Lua 5.1 refuses a long bracket within one of level 0. */
static enum brine_status skip_comment(struct lexer *lexer, struct brine_error *err) {
    int level = long_bracket(lexer);
    if (level < 0) {
        while (reader_left(&lexer->r) > 0 && !is_new_line(peek(lexer, 0))) skip(lexer, 1);
        return BRINE_OK;
    }
    skip(lexer, (size_t)level + 2);
    while (!closes(lexer, level)) {
        if (reader_at_end(&lexer->r)) return refuse(lexer, "unfinished long comment", err);
        if (level == 0 && long_bracket(lexer) == 0)
            return refuse(lexer, "nesting of [[...]] is deprecated", err);
        if (is_new_line(peek(lexer, 0)))
            skip_new_line(lexer);
        else
            skip(lexer, 1);
    }
    skip(lexer, (size_t)level + 2);
    return BRINE_OK;
}

static enum brine_status skip_blanks(struct lexer *lexer, struct brine_error *err) {
    for (;;) {
        uint8_t c = peek(lexer, 0);
        if (reader_at_end(&lexer->r)) return BRINE_OK;
        if (is_new_line(c)) {
            skip_new_line(lexer);
        } else if (c == ' ' || c == '\t' || c == '\v' || c == '\f') {
            skip(lexer, 1);
        } else if (c == '-' && peek(lexer, 1) == '-') {
            skip(lexer, 2);
            TRY(skip_comment(lexer, err));
        } else {
            return BRINE_OK;
        }
    }
}

/* "\ddd" with a value that fits a byte, or anything else behind a backslash but a new line. */
static enum brine_status skip_escape(struct lexer *lexer, struct brine_error *err) {
    unsigned value = 0;
    skip(lexer, 1);
    if (reader_at_end(&lexer->r) || is_new_line(peek(lexer, 0)))
        return refuse(lexer, "an escape that goes over a line's end", err);
    if (!byte_is_digit(peek(lexer, 0))) {
        skip(lexer, 1);
        return BRINE_OK;
    }
    for (int digits = 0; digits < 3 && byte_is_digit(peek(lexer, 0)); digits++) {
        value = value * 10 + (unsigned)(peek(lexer, 0) - '0');
        skip(lexer, 1);
    }
    return value > UINT8_MAX ? refuse(lexer, "escape sequence too large", err) : BRINE_OK;
}

static enum brine_status read_string(struct lexer *lexer, struct token *token,
                                     struct brine_error *err) {
    uint8_t quote = peek(lexer, 0);
    skip(lexer, 1);
    size_t start = lexer->r.offset;
    while (peek(lexer, 0) != quote) {
        if (reader_at_end(&lexer->r) || is_new_line(peek(lexer, 0)))
            return refuse(lexer, "unfinished string", err);
        if (peek(lexer, 0) == '\\')
            TRY(skip_escape(lexer, err));
        else
            skip(lexer, 1);
    }
    token->kind = TOKEN_STRING;
    token->text = bytes_view(lexer->r.data + start, lexer->r.offset - start);
    skip(lexer, 1);
    return BRINE_OK;
}

/* As long as Lua would take it for one; whether it is well formed does not matter here. */
static size_t number_len(const struct lexer *lexer) {
    size_t len = 0;
    while (byte_is_digit(peek(lexer, len)) || peek(lexer, len) == '.') len++;
    if (byte_lower(peek(lexer, len)) == 'e') {
        len++;
        if (peek(lexer, len) == '+' || peek(lexer, len) == '-') len++;
    }
    while (is_letter(peek(lexer, len)) || byte_is_digit(peek(lexer, len))) len++;
    return len;
}

static size_t name_len(const struct lexer *lexer) {
    size_t len = 0;
    while (is_letter(peek(lexer, len)) || byte_is_digit(peek(lexer, len))) len++;
    return len;
}

/* 0: no sign of Lua's. */
static size_t sign_len(const struct lexer *lexer) {
    static const char *const signs[] = {"...", "..", "==", "~=", "<=", ">="};
    struct bytes rest = bytes_view(lexer->r.data + lexer->r.offset, reader_left(&lexer->r));
    for (size_t i = 0; i < ARRAY_LEN(signs); i++)
        if (bytes_starts_with(rest, bytes_of_cstr(signs[i]))) return strlen(signs[i]);
    return peek(lexer, 0) && strchr("+-*/%^#<>=(){}[];:,.", peek(lexer, 0)) ? 1 : 0;
}

static enum brine_status next_token(struct lexer *lexer, struct token *token,
                                    struct brine_error *err) {
    if (lexer->r.offset == 0 && peek(lexer, 0) == '#')
        return refuse(lexer, "a first line that begins with #", err);
    TRY(skip_blanks(lexer, err));
    *token = (struct token){.kind = TOKEN_END, .line = lexer->line};
    if (reader_at_end(&lexer->r)) return BRINE_OK;
    uint8_t c = peek(lexer, 0);
    if (c == '"' || c == '\'') return read_string(lexer, token, err);
    if (long_bracket(lexer) >= 0) return refuse(lexer, "a long string", err);
    size_t len;
    if (is_letter(c)) {
        token->kind = TOKEN_NAME;
        len = name_len(lexer);
    } else if (byte_is_digit(c) || (c == '.' && byte_is_digit(peek(lexer, 1)))) {
        token->kind = TOKEN_NUMBER;
        len = number_len(lexer);
    } else {
        token->kind = TOKEN_SIGN;
        len = sign_len(lexer);
    }
    if (len == 0) return refuse(lexer, "a byte that begins no token", err);
    token->text = read_take(&lexer->r, len);
    return BRINE_OK;
}

/* ---- digests --------------------------------------------------------------------------------- */

struct script_digest script_digest_of(struct bytes text) {
    struct script_digest digest;
    _Static_assert(SCRIPT_DIGEST_BYTES == SHA_DIGEST_LENGTH, "a digest is a SHA-1");
    SHA1(text.len ? text.data : (const uint8_t *)"", text.len, digest.bytes);
    return digest;
}

static int hex_value(uint8_t c) {
    c = byte_lower(c);
    if (byte_is_digit(c)) return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool script_digest_parse(struct bytes hex, struct script_digest *digest) {
    if (hex.len != 2 * SCRIPT_DIGEST_BYTES) return false;
    for (size_t i = 0; i < SCRIPT_DIGEST_BYTES; i++) {
        int high = hex_value(hex.data[2 * i]), low = hex_value(hex.data[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        digest->bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

const char *script_digest_text(const struct script_digest *digest,
                               char text[static SCRIPT_DIGEST_TEXT_BYTES]) {
    for (size_t i = 0; i < SCRIPT_DIGEST_BYTES; i++)
        snprintf(text + 2 * i, 3, "%02x", digest->bytes[i]);
    return text;
}
