/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Must reach dispatch_input, and through it the handler of every command, keyspace_set_string,
 * keyspace_set_strings, keyspace_update_string, keyspace_scan, reply_value, events_tell_all,
 * tracking_note_reads, tracking_tell, monitor_show.
 *
 * The first byte chooses whether a password is asked for (1), whether the stream comes in pieces as
 * well (2), and their size; the rest is what a client sends.  Oracles:
 *   - the stream in pieces, each at an address of its own, gives the same replies as the whole;
 *     clients that track by prefixes are told once a batch of commands, so who asks for that gets
 *     the same but for these messages, and they name the same keys (where this can be known);
 *   - the replies are whole values of the session's protocol, at most one a command, unless it asks
 *     to be told more;
 *   - no command leaves a lock; all memory comes back. */
#include "cmd/dispatch.h"
#include "cmd/permission.h"

#include "base/assert.h"
#include "resp/reply.h"

#include <stdlib.h>

enum { COMMANDS_MAX = 2 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A part of a message that says what is outdated: a word, a key, or the null that is all keys. */
struct told {
    enum resp_reply_kind kind;
    struct bytes text;
};

struct life {
    struct mem_account account;
    struct config config;
    struct gate gate;
    struct store *store;
    struct keyspace keyspace;
    struct command_shared shared;
    struct worker_state worker;
    struct session session;
    struct buf replies;
    struct buf answers; /* the replies without messages that prefixes may have caused */
    struct told *told;  /* these messages' parts */
    size_t told_count;
    bool over;
};

static void must(bool condition, const char *what) {
    BRINE_ASSERT(condition, what);
}

/* The command table as rules name it never changes: made once, or it would take half of the time.
 */
static const struct auth_vocabulary *vocabulary(void) {
    static struct auth_vocabulary made;
    if (made.count == 0) permission_vocabulary(&made);
    return &made;
}

static void life_init(struct life *life, bool password) {
    struct bytes words[] = {BYTES("requirepass"), BYTES("p")};
    struct bytes pause[] = {BYTES("limits.output_pause_bytes"), BYTES("16384")};
    *life = (struct life){0};
    mem_account_init(&life->account, mem_system(), (size_t)64 << 20);
    struct allocator *mem = &life->account.allocator;
    must(config_init(&life->config, mem) == BRINE_OK, "there is memory for a config");
    must(config_set(&life->config, pause, 1, NULL) == BRINE_OK, "the pause can be set");
    if (password)
        must(config_set(&life->config, words, 1, NULL) == BRINE_OK, "the password can be set");
    gate_init_off(&life->gate);
    life->store = store_create(&(struct store_options){
        .mem = mem, .secret = {1, 2}, .shards = 4, .single_threaded = true});
    must(life->store != NULL, "there is memory for a store");
    keyspace_init(&life->keyspace,
                  &(struct keyspace_options){.store = life->store, .gate = &life->gate});
    must(command_shared_init(&life->shared,
                             &(struct command_shared_options){
                                 .mem = mem_system(), .workers = 1, .vocabulary = vocabulary()}) ==
                 BRINE_OK &&
             permission_configure(&life->shared, &life->config, NULL) == BRINE_OK,
         "there is memory for users");
    worker_state_init(&life->worker, &(struct worker_options){.mem = mem,
                                                              .config = &life->config,
                                                              .keyspace = &life->keyspace,
                                                              .shared = &life->shared});
    worker_state_set_time(&life->worker, 1000000, 1000000);
    session_init(&life->session,
                 &(struct session_options){
                     .id = 1, .mem = mem, .authenticated = !password, .peer = "fuzz:1"});
    buf_init(&life->replies, mem_system(), (size_t)1 << 30);
    buf_init(&life->answers, mem_system(), (size_t)1 << 30);
}

static void life_deinit(struct life *life) {
    mem_free(mem_system(), life->told, MAX(life->replies.len, 1) * sizeof *life->told);
    buf_deinit(&life->answers);
    buf_deinit(&life->replies);
    session_deinit(&life->session);
    worker_state_deinit(&life->worker);
    command_shared_deinit(&life->shared);
    keyspace_deinit(&life->keyspace);
    store_destroy(life->store);
    config_deinit(&life->config);
    must(mem_account_used(&life->account) == 0, "all memory comes back");
}

static void keep(struct life *life, struct bytes bytes) {
    must(buf_append(&life->replies, bytes) == BRINE_OK, "there is memory for the replies");
}

/* One dispatch of all of `query`, from a block of exactly its size. */
static void call(struct life *life, struct buf *query, struct dispatch_result *result) {
    struct reply *reply = &life->worker.reply;
    size_t at = 0, len = query->len;
    uint8_t *block = mem_alloc(mem_system(), MAX(len, 1));
    bytes_copy_to(block, buf_view(query));
    dispatch_input(&life->worker, &life->session, bytes_view(block, len), result);
    mem_free(mem_system(), block, MAX(len, 1));
    must(result->consumed <= len, "what was consumed was there");
    must(life->worker.access.hold.depth == 0, "no lock is left");
    if (result->postponed) { /* the pause is over */
        atomic_store(&life->shared.paused_until_mono_ms, 0);
        life->session.modes &= ~(uint32_t)SESSION_POSTPONED;
        life->session.waiting = false;
    }
    for (size_t i = 0; i < reply->larges_count; i++) {
        keep(life, bytes_slice(buf_view(&reply->out), at, reply->larges[i].offset - at));
        keep(life, reply->larges[i].bytes);
        at = reply->larges[i].offset;
    }
    keep(life, bytes_slice(buf_view(&reply->out), at, reply->out.len));
    reply_clear(reply);
    buf_consume(query, result->consumed);
    life->over = result->close || result->drop;
}

static void live(struct life *life, struct bytes input, size_t piece, bool password) {
    struct buf query;
    life_init(life, password);
    buf_init(&query, mem_system(), SIZE_MAX / 2);
    for (size_t at = 0; at < input.len && !life->over; at += piece) {
        struct dispatch_result result = {0};
        must(buf_append(&query, bytes_slice(input, at, piece)) == BRINE_OK, "the input fits");
        do call(life, &query, &result);
        while ((result.paused || result.postponed) && !life->over);
    }
    buf_deinit(&query);
}

/* What the oracles do not hold for, by words in the input, whose case does not matter. */
struct exempt {
    /* The whole table takes as long as hundreds of other commands, and a fuzzer likes long replies:
     * an input that asks again and again is passed over. */
    bool is_too_long;
    /* INFO and MEMORY tell of memory and time that the process took, which is never the same twice:
     * every figure counts as any other then. */
    bool asks_for_figures;
    /* ACL GENPASS makes passwords of hexadecimal digits from the system's randomness. */
    bool asks_for_passwords;
    /* Messages, notifications, outdated keys and MONITOR's lines come besides the replies. */
    bool asks_for_more;
    /* Who subscribes within EXEC gets messages in the place of parts of its reply, as from Redis,
     * as many as there are channels, and CLIENT REPLY takes parts away: its end is not to be told
     * then. */
    bool may_lack_parts;
    /* Of outdated keys by prefixes the client is told at the end of a batch, each key once in it,
     * and in whatever way it wants to be told then: not at all, for example. */
    bool asks_for_prefixes, changes_its_mind;
};

/* As a push, and as a message of RESP2 to a client that redirects to itself, where it is no part of
 * a reply. */
static bool is_of_outdated(struct bytes left, bool within_reply) {
    struct bytes push = BYTES(">2\r\n$10\r\ninvalidate\r\n");
    struct bytes message = BYTES("*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n");
    return bytes_starts_with(left, push) || (!within_reply && bytes_starts_with(left, message));
}

/* To the end of the value that `reader` is in, or of one part of it.  Returns the bytes. */
static size_t read_value(struct resp_reply_reader *reader, struct bytes input, bool one_part,
                         struct resp_reply_event *event, struct life *told) {
    size_t at = 0;
    do {
        must(resp_reply_next(reader, bytes_slice(input, at, input.len), event, NULL) == BRINE_OK,
             "replies are well-formed");
        at += event->consumed;
        if (told && event->elements == 0)
            told->told[told->told_count++] = (struct told){event->kind, event->text};
    } while (!one_part && !event->ends_reply);
    return at;
}

static size_t read_message(struct bytes left, struct life *told) {
    struct resp_reply_reader reader;
    struct resp_reply_event event;
    resp_reply_init(&reader, (struct resp_reply_limits){0});
    return read_value(&reader, left, false, &event, told);
}

/* Each reply is read to its end, and they are counted.  A message may stand between the parts of
 * one, as in Redis when EXEC's commands make it, where our reader does not look for any: it is read
 * by a reader of its own. */
static void check_replies(struct life *life, const struct exempt *exempt) {
    struct resp_reply_reader reader;
    struct resp_reply_event event = {.ends_reply = true};
    struct bytes left = buf_view(&life->replies);
    uint64_t replies = 0;
    bool is_told_more = exempt->asks_for_more, set_apart = exempt->asks_for_prefixes;
    life->told = mem_alloc(mem_system(), MAX(left.len, 1) * sizeof *life->told);
    resp_reply_init(&reader, (struct resp_reply_limits){0});
    while (left.len) {
        size_t bytes;
        bool within_reply = !event.ends_reply && !exempt->may_lack_parts;
        bool is_outdated = set_apart && is_of_outdated(left, within_reply);
        if (is_outdated || (is_told_more && left.data[0] == '>' && !event.ends_reply)) {
            bytes = read_message(left, is_outdated ? life : NULL);
        } else {
            bytes = read_value(&reader, left, true, &event, NULL);
            replies += event.ends_reply;
        }
        if (!is_outdated)
            must(buf_append(&life->answers, bytes_slice(left, 0, bytes)) == BRINE_OK,
                 "there is memory for the answers");
        left = bytes_slice(left, bytes, left.len);
    }
    must(event.ends_reply || exempt->may_lack_parts, "the last reply is whole");
    must(is_told_more || replies <= life->session.commands_total + 1,
         "one reply a command, or a protocol error");
}

static int compare_told(const void *a, const void *b) {
    const struct told *one = a, *other = b;
    if (one->kind != other->kind) return one->kind < other->kind ? -1 : 1;
    return bytes_compare(one->text, other->text);
}

/* In order and each once. */
static void order_told(struct life *life) {
    size_t kept = 0;
    qsort(life->told, life->told_count, sizeof *life->told, compare_told);
    for (size_t i = 0; i < life->told_count; i++)
        if (kept == 0 || compare_told(&life->told[kept - 1], &life->told[i]) != 0)
            life->told[kept++] = life->told[i];
    life->told_count = kept;
}

static void check_told(struct life *whole, struct life *cut) {
    order_told(whole);
    order_told(cut);
    must(whole->told_count == cut->told_count, "the cuts change no number of keys that are told");
    for (size_t i = 0; i < cut->told_count; i++)
        must(compare_told(&whole->told[i], &cut->told[i]) == 0, "the cuts change no key");
}

static size_t times_said(const uint8_t *folded, size_t len, const char *word) {
    const uint8_t *at = folded, *end = folded + len;
    size_t times = 0;
    for (; (at = memmem(at, (size_t)(end - at), word, strlen(word))); at++) times++;
    return times;
}

static bool is_said(const uint8_t *folded, size_t len, const char *word) {
    return times_said(folded, len, word) > 0;
}

/* Whether anything behind the first wish for tracking has to do with how a client is told. */
static bool changes_its_mind(const uint8_t *folded, size_t len) {
    static const char *const words[] = {"tracking", "hello", "reset", "redirect"};
    const uint8_t *first = memmem(folded, len, words[0], strlen(words[0]));
    if (!first) return false;
    size_t rest = len - (size_t)(first + 1 - folded);
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (is_said(first + 1, rest, words[i])) return true;
    return false;
}

static struct exempt exempt_from(struct bytes input) {
    size_t len = input.len;
    uint8_t *folded = mem_alloc(mem_system(), MAX(len, 1));
    for (size_t i = 0; i < len; i++) folded[i] = byte_lower(input.data[i]);
    struct exempt exempt = {
        .is_too_long = times_said(folded, len, "command") > COMMANDS_MAX,
        .asks_for_figures = is_said(folded, len, "info") || is_said(folded, len, "memory"),
        .asks_for_passwords = is_said(folded, len, "genpass"),
        .asks_for_more = is_said(folded, len, "subscribe") || is_said(folded, len, "tracking") ||
                         is_said(folded, len, "monitor") || is_said(folded, len, "notify"),
        .may_lack_parts = is_said(folded, len, "multi") &&
                          (is_said(folded, len, "subscribe") || is_said(folded, len, "reply")),
        .asks_for_prefixes = is_said(folded, len, "bcast"),
        .changes_its_mind = changes_its_mind(folded, len),
    };
    mem_free(mem_system(), folded, MAX(len, 1));
    return exempt;
}

/* "1.53M" and "-1" become "#". */
static void mask_figures(struct buf *text, const char *digits) {
    size_t kept = 0, digits_count = strlen(digits);
    for (size_t i = 0; i < text->len; i++) {
        uint8_t byte = text->data[i], before = kept ? text->data[kept - 1] : 0;
        bool is_digit = memchr(digits, byte, digits_count);
        if (before == '#' && (is_digit || memchr(".eKMGTB%+-", byte, 10))) continue;
        if (is_digit && before == '-') kept--;
        text->data[kept++] = is_digit ? '#' : byte;
    }
    text->len = kept;
}

static void check_cuts(struct life *whole, struct life *cut, const struct exempt *exempt) {
    if (exempt->asks_for_figures || exempt->asks_for_passwords) {
        const char *digits = exempt->asks_for_passwords ? "0123456789abcdef" : "0123456789";
        mask_figures(&whole->answers, digits);
        mask_figures(&cut->answers, digits);
    }
    must(bytes_equal(buf_view(&whole->answers), buf_view(&cut->answers)),
         "the cuts change no reply");
    if (!exempt->changes_its_mind && !whole->over && !cut->over) check_told(whole, cut);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    static struct life whole, cut;
    bool password = data[0] & 1, is_cut = data[0] & 2;
    size_t piece = 1 + data[0] / 4;
    struct bytes input = bytes_view(data + 1, size - 1);
    struct exempt exempt = exempt_from(input);
    if (exempt.is_too_long) return 0;
    live(&whole, input, MAX(input.len, 1), password);
    check_replies(&whole, &exempt);
    if (is_cut) {
        live(&cut, input, piece, password);
        check_replies(&cut, &exempt);
        check_cuts(&whole, &cut, &exempt);
        life_deinit(&cut);
    }
    life_deinit(&whole);
    return 0;
}
