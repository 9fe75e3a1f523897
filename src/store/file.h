/* SPDX-License-Identifier: ISC */
/*
 * file.h - the database as a file, before SQLite opens it. For open.c alone.
 */
#ifndef STORE_FILE_H
#define STORE_FILE_H

#include <stdbool.h>

#include "base/buf.h"

/* The real path of a database and whether it exists; the caller frees it. NULL: err holds one line,
 * because the path is no regular file, cannot be looked at, or others can write to its directory. */
char *file_find(const char *path, bool *exists, struct buf *err);

/* Creates an empty file with this mode and group (NULL: the group stays); a file that appears
 * meanwhile is fine. False: err holds one line. */
bool file_create(const char *path, int mode, const char *group, struct buf *err);

#endif
