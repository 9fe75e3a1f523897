/* SPDX-License-Identifier: ISC */
/*
 * audience.h - whom a row of the log concerns: what the daemon has to know to hand it out, so that
 * the tail needs no store. Inside a transaction only.
 */
#ifndef CHAT_AUDIENCE_H
#define CHAT_AUDIENCE_H

#include "base/buf.h"
#include "base/span.h"
#include "store/queue.h"

/* Appends to out what queue_row.who is to be, of a row that was read from the log:
 *   members: rows     the key of each participant who is to hear it, each followed by '\0': not an
 *                     observer, not the row's actor, and listed since before the row
 *   membership: rows  of "added" and "changed": '0' + role, then the participant's name as shown;
 *                     nothing where they are not listed now
 *   sessions: rows    up to when all of the wallet's tokens were ended, wall ms, in decimal
 *   others            nothing
 * Where a statement fails (store_error) the result is not whole. */
void audience_of_row(struct store *, const struct queue_row *, struct buf *out);

/* The same for the notification of a message that a user sends now. A writer remembers the list. */
void audience_of_message(struct store *, int64_t escrow, struct span sender, struct buf *out);

/* The next key of such a list; false: there is none. */
bool audience_next(struct span *who, struct span *key);

#endif
