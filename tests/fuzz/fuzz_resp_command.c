/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Must reach resp_decode, and through it collect, judge, decode_inline, split_words, unquote_word.
 *
 * The first byte chooses limits and the size of the pieces, the rest is the stream.  Oracles:
 *   - the stream in pieces, each at an address of its own, gives the same results as the whole;
 *   - consumed is within the input, array arguments are views into it;
 *   - an array command, encoded again from its arguments, is what was consumed, byte for byte;
 *   - nothing is left in args after a result that is no command;
 *   - what args took is bounded by what arrived. */
#include "resp/command.h"

#include "base/assert.h"
#include "base/buf.h"
#include "base/hash.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
    struct resp_decoder decoder;
    struct resp_limits limits;
    struct resp_args args;
    struct arena scratch;
    struct mem_account account;
    uint64_t digest; /* of all results in order */
    bool is_broken;
};

static void mix(struct run *run, const void *data, size_t len) {
    struct hash_secret chained = {.k0 = run->digest, .k1 = 1};
    run->digest = hash_bytes(&chained, bytes_view(data, len));
}

static void check_encoding(const struct run *run, const struct resp_command *command,
                           struct bytes input) {
    struct buf encoded;
    buf_init(&encoded, mem_system(), SIZE_MAX / 2);
    bool ok = buf_printf(&encoded, "*%zu\r\n", command->argc) == BRINE_OK;
    for (size_t i = 0; i < command->argc && ok; i++) {
        struct bytes arg = run->args.items[command->first_arg + i];
        BRINE_ASSERT(arg.data >= input.data && arg.data + arg.len <= input.data + input.len,
                     "an argument is a view into the input");
        ok = buf_printf(&encoded, "$%zu\r\n", arg.len) == BRINE_OK &&
             buf_append(&encoded, arg) == BRINE_OK &&
             buf_append(&encoded, BYTES("\r\n")) == BRINE_OK;
    }
    BRINE_ASSERT(ok, "there is memory for a test");
    BRINE_ASSERT(bytes_equal(buf_view(&encoded), bytes_slice(input, 0, command->consumed)),
                 "a command encoded again is what was consumed");
    buf_deinit(&encoded);
}

static void note_command(struct run *run, const struct resp_command *command, struct bytes input) {
    BRINE_ASSERT(command->consumed > 0 && command->consumed <= input.len,
                 "consumed is in the input");
    mix(run, &command->argc, sizeof(command->argc));
    mix(run, &command->consumed, sizeof(command->consumed));
    for (size_t i = 0; i < command->argc; i++) {
        struct bytes arg = run->args.items[command->first_arg + i];
        mix(run, &arg.len, sizeof(arg.len));
        mix(run, arg.data, arg.len);
    }
    if (command->argc > 0 && input.data[0] == '*') check_encoding(run, command, input);
}

/* Decodes the bytes of stream between *consumed and `arrived`, from a copy of exactly that size. */
static void decode_arrived(struct run *run, struct bytes stream, size_t arrived, size_t *consumed) {
    struct bytes pending = bytes_slice(stream, *consumed, arrived - *consumed);
    uint8_t *copy = mem_alloc(mem_system(), MAX(pending.len, 1));
    BRINE_ASSERT(copy, "there is memory for a test");
    bytes_copy_to(copy, pending);
    resp_args_clear(&run->args);
    arena_reset(&run->scratch);
    for (size_t at = 0;;) {
        struct bytes input = bytes_view(copy + at, pending.len - at);
        struct resp_command command;
        struct brine_error err;
        size_t count = run->args.count;
        enum resp_result result = resp_decode(&run->decoder, &run->limits, input, &run->args,
                                              &run->scratch, &command, &err);
        BRINE_ASSERT(result != RESP_NO_MEMORY, "there is memory for a test");
        BRINE_ASSERT(result == RESP_COMMAND || run->args.count == count,
                     "only a command leaves arguments");
        if (result == RESP_NEED_MORE) break;
        mix(run, &result, sizeof(result));
        if (result == RESP_BROKEN) {
            size_t offset = *consumed + err.offset;
            mix(run, &offset, sizeof(offset));
            mix(run, err.text, strlen(err.text));
            run->is_broken = true;
            break;
        }
        note_command(run, &command, input);
        at += command.consumed;
        *consumed += command.consumed;
    }
    mem_free(mem_system(), copy, MAX(pending.len, 1));
}

static uint64_t run_stream(struct bytes stream, size_t piece, struct resp_limits limits) {
    struct run run = {.limits = limits};
    mem_account_init(&run.account, mem_system(), 0);
    resp_args_init(&run.args, &run.account.allocator, SIZE_MAX / sizeof(struct bytes));
    arena_init(&run.scratch, mem_system(), SIZE_MAX / 2);
    size_t consumed = 0;
    for (size_t at = MIN(piece, stream.len); !run.is_broken; at += MIN(piece, stream.len - at)) {
        decode_arrived(&run, stream, at, &consumed);
        if (at == stream.len) break;
    }
    if (!run.is_broken) mix(&run, &consumed, sizeof(consumed));
    /* An argument is at least 2 bytes of a line or 6 of an array; growth is by half. */
    BRINE_ASSERT(mem_account_peak(&run.account) <=
                     64 * sizeof(struct bytes) + stream.len * 2 * sizeof(struct bytes),
                 "memory grows with what arrived");
    resp_args_deinit(&run.args);
    arena_deinit(&run.scratch);
    return run.digest;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    struct bytes stream = bytes_view(data + 1, size - 1);
    struct resp_limits limits = {.bulk_bytes_max = 512 << 20,
                                 .args_max = INT32_MAX,
                                 .inline_bytes_max = RESP_HEADER_BYTES_MAX,
                                 .unauthenticated = data[0] & 1};
    if (data[0] & 2)
        limits = (struct resp_limits){.bulk_bytes_max = 8, .args_max = 3, .inline_bytes_max = 16};
    uint64_t whole = run_stream(stream, stream.len, limits);
    size_t piece = 1 + (size_t)(data[0] >> 2);
    if (stream.len / piece > 1 << 12) piece = stream.len >> 12; /* the copies are quadratic */
    BRINE_ASSERT(run_stream(stream, piece, limits) == whole, "pieces give what the whole gives");
    return 0;
}
