/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What the page shows beside the plots, as JSON: the state of the server, its types and globals,
 * the latest records of the audit trail; and what the gate says of a pickle that was sent.
 *
 * What clients chose (keys, names, types) stands in JSON strings and nowhere else; the page makes
 * text of them, never markup.
 * Bounds: REPORT_ROWS types and globals, REPORT_RECORDS records; a view and a disassembly as
 * PICKLE.VIEW and PICKLE.DIS bound them.
 * Thread: the desk's.  Errors: the buffer's. */
#ifndef BRINE_HTTP_REPORT_H
#define BRINE_HTTP_REPORT_H

#include "http/figures.h"
#include "observe/audit.h"

enum { REPORT_ROWS = 50, REPORT_RECORDS = 100 };

enum brine_status http_report_status(const struct http_sources *sources, struct http_desk *desk,
                                     struct buf *out) MUST_USE;
enum brine_status http_report_verdict(struct http_desk *desk, const struct http_desk_pickle *pickle,
                                      struct buf *out) MUST_USE;

#endif
