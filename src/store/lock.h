/* SPDX-License-Identifier: ISC */
/*
 * lock.h - the locks in the file DATABASE.lock: of the daemon as long as it runs, of a checkpointer
 * while no daemon runs, and of each wallet's export. They are open file description locks
 * (F_OFD_SETLK): a lock ends when its descriptor is closed, and not when another descriptor of the
 * same file is closed.
 */
#ifndef STORE_LOCK_H
#define STORE_LOCK_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/span.h"

/* The path itself or, if it is a symbolic link, the path of its target: -wal, .lock and .bell are
 * beside the real file. The caller frees the result. */
char *database_real(const char *path);

/* Takes the daemon's lock and writes our pid into the file. Returns the descriptor, which
 * lock_release closes; or -1: err holds one line, which names the process that holds the lock if
 * there is one. group may be NULL. */
int lock_as_daemon(const char *database, int mode, const char *group, struct buf *err);
void lock_release(int fd);

/* Takes the checkpointers' lock. Returns a descriptor, and close() releases the lock; or -1 if a
 * daemon or another checkpointer holds its lock. It does not keep a daemon from starting: SQLite's
 * own lock lets only one of them checkpoint. */
int lock_without_daemon(const char *database, int mode, const char *group);

/* Takes the lock of a wallet's export, for all processes. Returns a descriptor, and close()
 * releases the lock; -1: an export of this wallet already runs, or the file cannot be opened. */
int lock_export(const char *database, int mode, const char *group, struct span wallet);

/* Sets the mode and the group (NULL: the group stays) of a file. path is only for the message.
 * False: err, if it is not NULL, holds one line: the group is unknown, or we may not set it or the
 * mode. */
bool file_adopt(int fd, const char *path, int mode, const char *group, struct buf *err);
bool group_find(const char *group, unsigned *gid);

#endif
