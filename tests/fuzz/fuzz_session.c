/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Must reach dispatch_input, and through it the handler of every command, keyspace_set_string,
 * keyspace_set_strings, keyspace_update_string, keyspace_scan, reply_value, events_tell_all,
 * tracking_note_reads, tracking_tell, monitor_show.
 *
 * The first byte chooses whether a password is asked for (1), whether the stream comes in pieces as
 * well (2), and their size; the rest is what a client sends.  Oracles:
 *   - the stream in pieces, each at an address of its own, gives the same replies as the whole;
 *   - the replies are whole values of the session's protocol, at most one a command, unless it asks
 *     to be told more;
 *   - no command leaves a lock; all memory comes back. */
#include "cmd/dispatch.h"
#include "cmd/permission.h"

#include "base/assert.h"
#include "resp/reply.h"

enum { COMMANDS_MAX = 2 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
}

static void life_deinit(struct life *life) {
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
        keep(life, blob_view(reply->larges[i].blob));
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

/* Each reply is read to its end, and they are counted.  A message may stand between the parts of
 * one, as in Redis when EXEC's commands make it, where our reader does not look for any: it is read
 * by a reader of its own. */
static void check_replies(const struct life *life, bool is_told_more) {
    struct resp_reply_reader reader, between;
    struct resp_reply_event event = {.ends_reply = true}, part;
    struct bytes left = buf_view(&life->replies);
    uint64_t replies = 0;
    resp_reply_init(&reader, (struct resp_reply_limits){0});
    while (left.len) {
        bool is_message = is_told_more && left.data[0] == '>' && !event.ends_reply;
        if (is_message) resp_reply_init(&between, (struct resp_reply_limits){0});
        do {
            must(resp_reply_next(is_message ? &between : &reader, left, &part, NULL) == BRINE_OK,
                 "replies are well-formed");
            left = bytes_slice(left, part.consumed, left.len);
        } while (is_message && !part.ends_reply);
        if (is_message) continue;
        event = part;
        replies += event.ends_reply;
    }
    must(event.ends_reply, "the last reply is whole");
    must(is_told_more || replies <= life->session.commands_total + 1,
         "one reply a command, or a protocol error");
}

/* What the oracles do not hold for, by words in the input, whose case does not matter. */
struct exempt {
    /* The whole table takes as long as hundreds of other commands, and a fuzzer likes long replies:
     * an input that asks again and again is passed over. */
    bool is_too_long;
    /* INFO tells of memory and time that the process took, which is never the same twice. */
    bool asks_for_figures;
    /* Messages, notifications, outdated keys and MONITOR's lines come besides the replies. */
    bool asks_for_more;
};

static size_t times_said(const uint8_t *folded, size_t len, const char *word) {
    const uint8_t *at = folded, *end = folded + len;
    size_t times = 0;
    for (; (at = memmem(at, (size_t)(end - at), word, strlen(word))); at++) times++;
    return times;
}

static bool is_said(const uint8_t *folded, size_t len, const char *word) {
    return times_said(folded, len, word) > 0;
}

static struct exempt exempt_from(struct bytes input) {
    size_t len = input.len;
    uint8_t *folded = mem_alloc(mem_system(), MAX(len, 1));
    for (size_t i = 0; i < len; i++) folded[i] = byte_lower(input.data[i]);
    struct exempt exempt = {
        .is_too_long = times_said(folded, len, "command") > COMMANDS_MAX,
        .asks_for_figures = is_said(folded, len, "info"),
        .asks_for_more = is_said(folded, len, "subscribe") || is_said(folded, len, "tracking") ||
                         is_said(folded, len, "monitor") || is_said(folded, len, "notify"),
    };
    mem_free(mem_system(), folded, MAX(len, 1));
    return exempt;
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
    check_replies(&whole, exempt.asks_for_more);
    if (is_cut) {
        live(&cut, input, piece, password);
        must(exempt.asks_for_figures ||
                 bytes_equal(buf_view(&whole.replies), buf_view(&cut.replies)),
             "the cuts change no reply");
        life_deinit(&cut);
    }
    life_deinit(&whole);
    return 0;
}
