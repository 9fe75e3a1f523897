/* SPDX-License-Identifier: ISC */
/*
 * secret_file.h - reads a key or a token from a file.
 */
#ifndef CTL_SECRET_FILE_H
#define CTL_SECRET_FILE_H

#include "base/buf.h"

/* Reads a secret from a file; secret_read says which files are accepted. secret_file_key: the
 * second word in the line of the service key with this name (NULL: the first key).
 * secret_file_token: the whole file, one line. EXIT_GOOD: the secret is appended to out. Else a
 * line on stderr says why, and out is unchanged. The caller wipes out. */
int secret_file_key(const char *path, const char *name, struct buf *out);
int secret_file_token(const char *path, struct buf *out);

#endif
