/* SPDX-License-Identifier: ISC */
/*
 * bell.h - the daemon's lock on a database, and the doorbell that tells it of commits by others.
 * One daemon holds DATABASE.lock. DATABASE.bell is its datagram socket; the bytes of a datagram
 * mean nothing.
 */
#ifndef STORE_BELL_H
#define STORE_BELL_H

#include <stdbool.h>

#include "base/buf.h"

struct bell;

/* The daemon takes the lock and binds the bell with mode and group. NULL on failure: err holds one
 * line, which names the process that holds the lock if there is one. */
struct bell *bell_hold(const char *database, int mode, const char *group, struct buf *err);
int bell_fd(const struct bell *); /* to poll for reading; non-blocking */
void bell_drain(struct bell *);   /* reads rings and drops them, a limited number in one call */
void bell_release(struct bell *); /* unlinks the socket, drops the lock; NULL is fine */

/* The other programs: a socket to ring with, which stays open. ringer_ring never blocks. It is no
 * error if no daemon runs. */
struct ringer;
struct ringer *ringer_new(const char *database);
void ringer_ring(struct ringer *);
void ringer_free(struct ringer *);

#endif
