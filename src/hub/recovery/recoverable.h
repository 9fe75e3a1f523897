/* SPDX-License-Identifier: ISC */
/*
 * recoverable.h - the part of a recoverable session that is kept in memory. The store has the rest:
 * its user, and its rooms. All functions belong to the loop's thread.
 */
#ifndef HUB_RECOVERY_RECOVERABLE_H
#define HUB_RECOVERY_RECOVERABLE_H

#include "hub/session/session.h"

/* Of the 72 that the hash of a pid has: 8 tell a time in ms, 16 are 64 bits of SHA-256. That is
 * enough to be unique. */
#define RECOVERABLE_KEY_CHARS 24

struct recoverable {
	struct map_node node;            /* by key */
	int64_t id;                      /* in the store */
	struct session *session;         /* NULL: lost */
	struct rare_timer lost;          /* until when the client may come back */
	char key[RECOVERABLE_KEY_CHARS]; /* the beginning of its pid's hash */
	uint32_t lane;                   /* of its wallet, for its jobs when it is lost */
	uint32_t changes; /* counts the jobs that change which rooms the store has for it */
};

static_assert(sizeof(void *) != 8 || sizeof(struct recoverable) <= 80, "an idle session has grown");

/* A recoverable session is not in this room: deletes the room from the session's rooms in the
 * store. If calls subscribe_escrow or unsubscribe_escrow of that room are under way, it leaves this
 * to the last of them, which deletes the room if it is refused. Does nothing if the session is not
 * recoverable. */
void recoverable_forget_room(struct session *, struct span escrow_id);
/* Corrects the store after a recoverable session has entered a room anew: the events that it can
 * recover begin behind the position `began`. Does nothing if the session is not recoverable. */
void recoverable_renew_room(struct session *, struct span escrow_id, int64_t began);

#endif
