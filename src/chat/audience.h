/* SPDX-License-Identifier: ISC */
/*
 * audience.h - the users whom a row of the log concerns. The daemon gets them with the row, so that
 * the tail needs no store. Inside a transaction only.
 */
#ifndef CHAT_AUDIENCE_H
#define CHAT_AUDIENCE_H

#include "base/buf.h"
#include "base/span.h"
#include "store/tables/eventlog.h"

/* Appends to out the value of eventlog_row.who for a row that was read from the log:
 *   members: rows     the key of each participant who gets the row, each followed by '\0'. These
 *                     are the participants who were listed before the row, without observers and
 *                     without the row's actor.
 *   membership: rows  for "added" and "changed": '0' + role, then the participant's name as shown;
 *                     nothing if they are not listed now
 *   sessions: rows    the time (wall ms, in decimal) up to which the wallet's tokens were ended
 *   others            nothing
 * If a statement fails (store_error), the value is incomplete. */
void audience_of_row(struct store *, const struct eventlog_row *, struct buf *out);

/* Appends the same list for the notification of a message that is sent now. A writer keeps the list
 * for its next transactions (store/memo.h). */
void audience_of_message(struct store *, int64_t escrow, struct span sender, struct buf *out);

/* Cuts the next key off such a list. False: there is none. */
bool audience_next(struct span *who, struct span *key);

#endif
