/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "keyspace/writers.h"

#include "base/assert.h"

#include <stdio.h>

struct writer_texts {
    size_t count;                  /* numbers 1 to count are given */
    uint16_t slots[WRITERS_SLOTS]; /* by hash, open addressing: a number, 0 ends */
    char texts[WRITERS_MAX + 1][WRITER_TEXT_BYTES];
};
_Static_assert(WRITERS_SLOTS > WRITERS_MAX + 1, "a search finds an empty slot");

/* Not secret: who makes descriptions collide makes his own writes slower, up to WRITERS_MAX
 * compares. */
static const struct hash_secret TEXT_SECRET = {0x77726974, 0x657273};

void writers_init(struct writers *writers, struct allocator *mem) {
    *writers = (struct writers){.mem = mem};
    int code = pthread_mutex_init(&writers->lock, NULL);
    BRINE_ASSERT(code == 0, "a plain mutex needs nothing that can be missing");
}

void writers_deinit(struct writers *writers) {
    mem_free(writers->mem, writers->texts, sizeof *writers->texts);
    pthread_mutex_destroy(&writers->lock);
}

/* Printable, so that it can stand in a reply as it is. */
static void add(char *text, size_t *len, struct bytes part) {
    for (size_t i = 0; i < part.len && *len < WRITER_TEXT_BYTES - 1; i++)
        text[(*len)++] = part.data[i] > ' ' && part.data[i] < 127 ? (char)part.data[i] : '?';
}

static struct bytes without_port(struct bytes address) {
    for (size_t len = address.len; len > 0; len--)
        if (address.data[len - 1] == ':') return bytes_slice(address, 0, len - 1);
    return address;
}

static void describe(const struct gate_actor *actor, char text[static WRITER_TEXT_BYTES]) {
    const struct bytes parts[] = {actor->client_name, actor->library_name};
    size_t len = 0;
    memset(text, 0, WRITER_TEXT_BYTES);
    add(text, &len, actor->user);
    add(text, &len, BYTES("@"));
    add(text, &len, without_port(bytes_of_cstr(actor->address ? actor->address : "")));
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        if (parts[i].len == 0 || len >= WRITER_TEXT_BYTES - 1) continue;
        text[len++] = ' ';
        add(text, &len, parts[i]);
    }
}

/* Under the lock. */
static uint16_t find_or_add(struct writer_texts *texts, const char *text) {
    size_t slot = hash_bytes(&TEXT_SECRET, bytes_of_cstr(text)) % WRITERS_SLOTS;
    for (; texts->slots[slot]; slot = (slot + 1) % WRITERS_SLOTS)
        if (strcmp(texts->texts[texts->slots[slot]], text) == 0) return texts->slots[slot];
    if (texts->count == WRITERS_MAX) return 0;
    uint16_t number = (uint16_t)++texts->count;
    texts->slots[slot] = number;
    snprintf(texts->texts[number], WRITER_TEXT_BYTES, "%s", text);
    return number;
}

static uint16_t number_of(struct writers *writers, const char *text) {
    pthread_mutex_lock(&writers->lock);
    if (!writers->texts) writers->texts = mem_alloc_zeroed(writers->mem, sizeof *writers->texts);
    uint16_t number = writers->texts ? find_or_add(writers->texts, text) : 0;
    pthread_mutex_unlock(&writers->lock);
    return number;
}

uint16_t writers_number_of(struct writers *writers, struct bytes text) {
    char clean[WRITER_TEXT_BYTES] = {0};
    size_t len = 0;
    for (size_t i = 0; i < text.len && len < sizeof clean - 1; i++)
        clean[len++] = text.data[i] >= ' ' && text.data[i] < 127 ? (char)text.data[i] : '?';
    return len ? number_of(writers, clean) : 0;
}

uint16_t writers_number(struct writers *writers, struct writer_cache *cache,
                        const struct gate_actor *actor) {
    char text[WRITER_TEXT_BYTES];
    describe(actor, text);
    if (cache->number && strcmp(text, cache->text) == 0) return cache->number;
    cache->number = number_of(writers, text);
    memcpy(cache->text, text, sizeof text);
    return cache->number;
}

const char *writers_text(struct writers *writers, uint16_t number, char *text, size_t size) {
    pthread_mutex_lock(&writers->lock);
    bool known = writers->texts && number && number <= writers->texts->count;
    snprintf(text, size, "%s", known ? writers->texts->texts[number] : "");
    pthread_mutex_unlock(&writers->lock);
    return text;
}
