/* SPDX-License-Identifier: ISC */
/*
 * bell.h - the daemon's lock on a database, and the doorbell that tells it of commits by others.
 * DATABASE.lock is held by one daemon; DATABASE.bell is its datagram socket, whose payload means
 * nothing.
 */
#ifndef STORE_BELL_H
#define STORE_BELL_H

#include <stdbool.h>

#include "base/buf.h"

struct bell;

/* The daemon: takes the lock and binds the bell with mode and group. NULL: err holds one line (it
 * names the holder's pid). */
struct bell *bell_hold(const char *database, int mode, const char *group, struct buf *err);
int bell_fd(const struct bell *); /* to poll for reading; non-blocking */
void bell_drain(struct bell *);   /* reads all rings away */
void bell_release(struct bell *); /* unlinks the socket, drops the lock; NULL is fine */

/* The others: a socket to ring with, kept open. bell_ring never blocks; a daemon that is not there
 * is no error. */
struct ringer;
struct ringer *ringer_new(const char *database);
void ringer_ring(struct ringer *);
void ringer_free(struct ringer *);

#endif
