/* SPDX-License-Identifier: ISC */
/*
 * why.h - explains system errors to an operator: which file, directory, user or process is the
 * cause.
 */
#ifndef BASE_WHY_H
#define BASE_WHY_H

#include "base/buf.h"

/* Each appends the end of a sentence to out, without a newline, for an errno value. They read the
 * file system, and connect to a Unix socket that is in use. Any thread. */

/* Says why a file cannot be opened or created: for example its directory does not exist, or the
 * user has no permission. */
void why_no_file(struct buf *out, const char *path, int err);

/* Says why the program cannot listen at HOST:PORT or unix:PATH. It names the process that already
 * listens there; for a port only if /proc shows the process to this user. */
void why_no_listen(struct buf *out, const char *spec, int err);

#endif
