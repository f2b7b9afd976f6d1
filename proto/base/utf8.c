/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "base/utf8.h"

static bool is_character(uint32_t point) {
    return point <= 0x10FFFF && !(point >= 0xD800 && point <= 0xDFFF);
}

size_t utf8_decode(struct bytes text, size_t at, uint32_t *point) {
    if (at >= text.len) return 0;
    uint8_t lead = text.data[at];
    size_t len = lead < 0x80 ? 1 : lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (lead > 0xF4 || len == 0 || len > text.len - at) return 0;
    static const uint32_t least[UTF8_BYTES_MAX + 1] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t value = len == 1 ? lead : lead & (0x7Fu >> len);
    for (size_t i = 1; i < len; i++) {
        uint8_t next = text.data[at + i];
        if ((next & 0xC0) != 0x80) return 0;
        value = value << 6 | (next & 0x3F);
    }
    if (value < least[len] || !is_character(value)) return 0;
    if (point) *point = value;
    return len;
}

size_t utf8_encode(uint8_t target[static UTF8_BYTES_MAX], uint32_t point) {
    if (!is_character(point)) return 0;
    if (point < 0x80) {
        target[0] = (uint8_t)point;
        return 1;
    }
    size_t len = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = len - 1; i > 0; i--) {
        target[i] = (uint8_t)(0x80 | (point & 0x3F));
        point >>= 6;
    }
    target[0] = (uint8_t)(0xF00u >> len | point);
    return len;
}

/* Most text is ASCII, and long where it is looked at only to find that it is text: by words. */
static size_t skip_ascii(struct bytes text, size_t at) {
    static const uint64_t high = 0x8080808080808080u;
    uint64_t word;
    for (; text.len - at >= sizeof word; at += sizeof word) {
        memcpy(&word, text.data + at, sizeof word);
        if (word & high) break;
    }
    return at;
}

size_t utf8_valid_prefix(struct bytes text) {
    size_t at = skip_ascii(text, 0);
    while (at < text.len) {
        size_t len = utf8_decode(text, at, NULL);
        if (len == 0) return at;
        at = skip_ascii(text, at + len);
    }
    return at;
}
