/* SPDX-License-Identifier: ISC */
/*
 * lock.h - DATABASE.lock: one daemon holds it for its life; without a daemon, a checkpointer for a
 * moment. Locks of open file descriptions (F_OFD_SETLK): they go with the descriptor, whoever else
 * opens the file.
 */
#ifndef STORE_LOCK_H
#define STORE_LOCK_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/span.h"

/* The path itself or, where it is a symbolic link, what that leads to: its companions (-wal, .lock,
 * .bell) lie beside the real file. The caller frees. */
char *database_real(const char *path);

/* Takes the daemon's lock and writes our pid into the file. The descriptor, or -1: err holds one
 * line (it names the holder's pid). group may be NULL. lock_release with it when done. */
int lock_as_daemon(const char *database, int mode, const char *group, struct buf *err);
void lock_release(int fd);

/* The checkpointers' lock, if no daemon holds its own and no other checkpointer is at work; else
 * -1. close() gives it back. It does not keep a daemon from starting: SQLite's own lock lets only
 * one of them checkpoint. */
int lock_without_daemon(const char *database, int mode, const char *group);

/* The lock of a wallet's export, whichever process makes it: a descriptor, close() gives it back; -1: there is one already. */
int lock_export(const char *database, int mode, const char *group, struct span wallet);

/* Gives a file its mode and group, as far as we may; NULL: the group stays. path is for the message
 * only. False: err holds one line, because the group is unknown or not ours to give (err may be
 * NULL). */
bool file_adopt(int fd, const char *path, int mode, const char *group, struct buf *err);
bool group_find(const char *group, unsigned *gid);

#endif
