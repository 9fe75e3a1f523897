/* SPDX-License-Identifier: ISC */
/*
 * membership.h - the sessions of a user whose membership or tokens have changed. All functions
 * belong to the loop's thread.
 */
#ifndef HUB_ROOM_MEMBERSHIP_H
#define HUB_ROOM_MEMBERSHIP_H

#include "hub/core.h"
#include "store/tables/eventlog.h"

/* Applies a row of a TOPIC_MEMBERSHIP: row->actor was added to an escrow or removed, or has another
 * role or name. Writes a line to the audit log, and notes the change for look-ups (changes.h).
 * Then, unless rooms are open, takes the sessions of a removed user out of the room at this
 * position, and gives those of any other user the role and the name in the row. A subscription
 * whose rights were read at or after the row stays as it is. */
void membership_change(
    struct hub *, const struct eventlog_row *, struct span escrow_id, struct hub_time);
/* Applies a row of a TOPIC_SESSION, where name is the hash of one token, or of a TOPIC_SESSIONS,
 * where name is a wallet: the sessions that rest on the token, or on the wallet's tokens up to the
 * time in the row, are ended (expiry.h). */
void
membership_end_tokens(struct hub *, const struct eventlog_row *, enum topic_kind, struct span name);

#endif
