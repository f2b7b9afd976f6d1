/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A connection and how its replies are printed: what one-shot commands, lines from standard input
 * and the interactive mode share. */
#ifndef BRINE_CLIENT_DIALOG_H
#define BRINE_CLIENT_DIALOG_H

#include "base/buf.h"
#include "client/show.h"

#define DIALOG_BYTES_MAX ((size_t)1 << 30) /* of one reply as text, and of one line */

struct dialog {
    brine_client *client;
    struct show show;
    struct buf out;
    bool error_replied;  /* the last reply was an error */
    bool in_transaction; /* after MULTI, until it ends or the connection does */
};

void dialog_init(struct dialog *dialog, brine_client *client, struct show show);
void dialog_deinit(struct dialog *dialog); /* closes the client too */

/* Sends one command and prints its reply, or all that come after SUBSCRIBE and its like.  False
 * when no further command can be run, which has been said. */
bool dialog_run(struct dialog *dialog, const struct brine_text *args, size_t count) MUST_USE;

/* Cuts a line into words as the server does its inline commands, and runs it.  False as above, or
 * when the line was "quit" or "exit" (*quit). */
bool dialog_run_line(struct dialog *dialog, struct bytes line, bool *quit) MUST_USE;
/* Do its words hold a password (secret.h)?  Who cannot cut it cannot say, and takes it for one that
 * does. */
bool dialog_line_is_secret(struct bytes line) MUST_USE;

/* All commands of standard input, one a line, or as the protocol has them; to its end. */
bool dialog_run_input(struct dialog *dialog) MUST_USE;
/* Mass insertion: sends what standard input holds without waiting for each reply, counts replies
 * and says the errors.  Returns the exit code. */
int dialog_pipe(struct dialog *dialog) MUST_USE;

#endif
