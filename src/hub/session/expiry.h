/* SPDX-License-Identifier: ISC */
/*
 * expiry.h - sessions whose identity rests on a token. The client is warned a minute before the
 * token expires, and the session is dismissed when the token expires or is ended. All functions
 * belong to the loop's thread.
 */
#ifndef HUB_SESSION_EXPIRY_H
#define HUB_SESSION_EXPIRY_H

#include "hub/session/session.h"

/* Watches the token of a session from now on. Does nothing if the proof is no token that can
 * end. */
void expiry_start(struct session *, const struct proof *, struct hub_time);
/* Called for a session that follows its predecessor: a client that was warned is not warned
 * again. */
void expiry_inherit(struct session *, const struct session *predecessor, struct hub_time);
/* expiry_stop ends the watch; expiry_free also frees its memory. */
void expiry_stop(struct session *);
void expiry_free(struct session *);

/* Warns and dismisses the sessions that are due. */
void expiry_tick(struct hub *, struct hub_time);

/* Dismisses the sessions of a wallet whose identity rests on one token or, if hash is empty, on any
 * token that was issued up to a time. */
void expiry_end(struct hub *, struct span wallet, struct span hash, int64_t until_ms);

/* For hub_check: the heap is in order, and each timer belongs to an open session. */
void expiry_check(const struct hub *);

#endif
