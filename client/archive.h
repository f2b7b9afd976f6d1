/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Files that hold pickles inside: arrays of numpy (.npy) and zip archives of arrays and pickles
 * (.npz, and torch.save's .pt).
 *
 * A zip is read as Python's zipfile does, by the directory at its end; what the directory does not
 * name is not there, and where a second one in 64 bits says something else, nothing is read.  A
 * file or member may hold several arrays behind each other.  Members are unpacked one at a time,
 * within bytes_max each.  A member that cannot be read ends the walk with an error: what was not
 * read is not said to be good.
 *
 * Ownership: a member's name and bytes are valid during its visit. */
#ifndef BRINE_CLIENT_ARCHIVE_H
#define BRINE_CLIENT_ARCHIVE_H

#include "base/buf.h"

enum { ARCHIVE_MEMBERS_MAX = 1 << 20 };

struct archive_member {
    struct bytes name;  /* in the zip; empty when the file is no zip */
    struct bytes bytes; /* of an array, what follows its header: the data, or the pickle */
    bool array;         /* or what follows one */
    bool objects;       /* an array that numpy unpickles */
};

typedef enum brine_status archive_visit_fn(void *context, const struct archive_member *member);

bool archive_is_one(struct bytes file);

/* BRINE_MALFORMED, TOO_BIG, NO_MEMORY with a line in err, or what visit said. */
enum brine_status archive_walk(struct bytes file, size_t bytes_max, archive_visit_fn *visit,
                               void *context, struct brine_error *err) MUST_USE;

#endif
