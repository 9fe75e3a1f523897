/* SPDX-License-Identifier: ISC */
/*
 * recoverable.h - the part of a recoverable session that is kept in memory. The store has the rest:
 * its user, and its rooms. All functions belong to the loop's thread.
 */
#ifndef HUB_RECOVERABLE_H
#define HUB_RECOVERABLE_H

#include "hub/session.h"

#define RECOVERABLE_KEY_CHARS 32 /* of the 72 that the hash of a pid has; enough to be unique */

struct recoverable {
	struct map_node node;            /* by key */
	int64_t id;                      /* in the store */
	struct session *session;         /* NULL: lost */
	struct timer lost;               /* until when the client may come back */
	char key[RECOVERABLE_KEY_CHARS]; /* the beginning of its pid's hash */
};

/* Deletes a room, in which a recoverable session is not, from the store. Where a subscribe_escrow
 * or unsubscribe_escrow of that room is under way, the last of them does it, since it comes later.
 * Nothing where the session is not recoverable. */
void recoverable_forget_room(struct session *, struct span escrow_id);
/* A recoverable session has entered a room that the store knows from an earlier entry: the events
 * that it can recover begin behind this position. Nothing where the session is not recoverable. */
void recoverable_renew_room(struct session *, struct span escrow_id, int64_t began);

#endif
