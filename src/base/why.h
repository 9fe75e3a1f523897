/* SPDX-License-Identifier: ISC */
/*
 * why.h - explains errors of the system to an operator: which file, directory, user or process is
 * in the way.
 */
#ifndef BASE_WHY_H
#define BASE_WHY_H

#include "base/buf.h"

/* Each appends the end of a sentence to out, without a newline, for an errno value. They read the
 * file system, and connect to a Unix socket that is in the way. Any thread. */

/* Why a file cannot be opened or created: its directory does not exist, the user may not, and
 * others. */
void why_no_file(struct buf *out, const char *path, int err);

/* Why the program cannot listen at HOST:PORT or unix:PATH: for a Unix socket it names the process
 * that listens there already. */
void why_no_listen(struct buf *out, const char *spec, int err);

#endif
