/* SPDX-License-Identifier: ISC */
/*
 * file.h - the database as a file, before SQLite opens it. Only open.c uses it.
 */
#ifndef STORE_FILE_H
#define STORE_FILE_H

#include <stdbool.h>

#include "base/buf.h"

/* Finds the real path of a database, and whether it exists; the caller frees the path. NULL: err
 * holds one line, because the path is no regular file, cannot be examined, or is in a directory
 * that others can write to. */
char *file_find(const char *path, bool *exists, struct buf *err);

/* Creates an empty file with this mode and group (NULL: the group stays). It is no error if another
 * program creates the file meanwhile. False: err holds one line. */
bool file_create(const char *path, int mode, const char *group, struct buf *err);

#endif
