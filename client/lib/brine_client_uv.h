/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* libbrine-client on libuv: calls that do not wait.
 *
 *     brine_async *async;
 *     brine_async_open(loop, "redis://127.0.0.1", NULL, &async, &err);
 *     brine_async_call(async, args, 2, show, my_data);        // replies come in order
 *     uv_run(loop, UV_RUN_DEFAULT);
 *     brine_async_close(async, NULL, NULL);
 *
 * Lifetime: everything happens on the loop's thread.  A reply is the library's and is freed when
 * its callback returns.  Each call's callback runs exactly once, also when the connection is lost
 * (BRINE_CLIENT_DISCONNECTED) or closed; never from within brine_async_call.  After
 * brine_async_close no reply callback runs but those that it calls itself; the handle may be
 * forgotten at once, and its memory goes when `closed` has run.
 *
 * Calls made while there is no connection wait for the next one, within out_bytes_max.  What had
 * been sent is not sent again.  With timeout_ms, a reply that is not whole so long after the one
 * before it, or after its call was sent, loses the connection.  Attempts to connect go on for ever,
 * with pauses as in brine_client.h; `changed` hears of each, and what is made is in the database of
 * the last SELECT that was answered.  Messages of a subscription go to
 * `message`. Careful: host names are looked up by the C library, which waits; give an address where
 * that matters. */
#ifndef BRINE_CLIENT_UV_H
#define BRINE_CLIENT_UV_H

#include <brine_client.h>
#include <uv.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct brine_async brine_async;

/* reply is NULL unless status is OK, REFUSED or ERROR_REPLY; why is a line of text then too. */
typedef void brine_async_reply_fn(brine_async *async, enum brine_client_status status,
                                  const struct brine_reply *reply, void *data);
typedef void brine_async_changed_fn(brine_async *async, int connected, const char *why, void *data);
typedef void brine_async_closed_fn(void *data);

struct brine_async_options {
    struct brine_client_options client;
    brine_async_changed_fn *changed; /* may be NULL */
    brine_async_reply_fn *message;   /* what answers no call; may be NULL */
    void *data;                      /* for both */
    size_t out_bytes_max;            /* of calls that wait to be sent; default 64 MB */
};

/* MISUSE, NO_MEMORY: the URL or an option is wrong.  Connecting begins when the loop runs. */
enum brine_client_status brine_async_open(uv_loop_t *loop, const char *url,
                                          const struct brine_async_options *options,
                                          brine_async **async, struct brine_client_error *err);

/* Not OK: nothing was taken, and callback will not run.  callback may be NULL. */
enum brine_client_status brine_async_call(brine_async *async, const struct brine_text *args,
                                          size_t count, brine_async_reply_fn *callback, void *data);

/* Calls the callbacks of what is due with BRINE_CLIENT_DISCONNECTED, then ends. */
void brine_async_close(brine_async *async, brine_async_closed_fn *closed, void *data);

#ifdef __cplusplus
}
#endif

#endif
