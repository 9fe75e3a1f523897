/* SPDX-License-Identifier: ISC */
/*
 * secret.h - files that hold secrets: read whole, and only if nobody else can read or change them.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stdbool.h>

#include "base/buf.h"

/* Reads at most max bytes into an empty buffer. Refused: a file that is no plain file, whose owner is neither root nor the running user, or
 * that group or others can read or write. False: err gets one line, out is empty. */
bool secret_read(const char *path, size_t max, struct buf *out, struct buf *err);

/* Wipes and releases what was read. */
void secret_clear(struct buf *);

#endif
