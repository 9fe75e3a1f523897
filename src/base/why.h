/* SPDX-License-Identifier: ISC */
/*
 * why.h - errors of the system in the words of an operator: what is in the way, and whose it is.
 */
#ifndef BASE_WHY_H
#define BASE_WHY_H

#include "base/buf.h"

/* Each appends the end of a sentence to out, without a newline, for an errno value. They look at the
 * file system, and connect to a Unix socket that is in the way; any thread. */

/* Why a file cannot be opened or created: a directory that does not exist, a user who may not. */
void why_no_file(struct buf *out, const char *path, int err);

/* Why nobody can listen at HOST:PORT or unix:PATH: for a Unix socket which process does already. */
void why_no_listen(struct buf *out, const char *spec, int err);

#endif
