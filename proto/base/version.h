/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The version of everything in this tree; the only place that says it. */
#ifndef BRINE_VERSION_H
#define BRINE_VERSION_H

#define BRINE_VERSION "0.1.0"

#endif
