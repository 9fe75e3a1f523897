/* SPDX-License-Identifier: ISC */
/*
 * secret.h - reads files that hold secrets, but only if no other user can read or change them.
 */
#ifndef CRYPTO_SECRET_H
#define CRYPTO_SECRET_H

#include <stdbool.h>

#include "base/buf.h"

/* Reads a file of at most max bytes into an empty buffer. Refuses a file that is not regular, whose
 * owner is neither root nor the running user, or that group or others can read or write. False: err
 * gets one line, and out is empty. */
bool secret_read(const char *path, size_t max, struct buf *out, struct buf *err);

/* Wipes the buffer and releases its memory. */
void secret_clear(struct buf *);

#endif
