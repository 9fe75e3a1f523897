/* SPDX-License-Identifier: ISC */
/*
 * expiry.h - sessions that rest on a token: their client is told a minute before the token expires;
 * the session is dismissed when the token expires or is ended. All functions belong to the loop's
 * thread.
 */
#ifndef HUB_EXPIRY_H
#define HUB_EXPIRY_H

#include "hub/session.h"

/* The tokens of all sessions of a hub, which the caller frees. */
struct expiries *expiries_new(void);
void expiries_free(struct expiries *); /* after all sessions have ended */

/* Watches a session's token from now on. Nothing where the user proved nothing that could end. */
void expiry_start(struct session *, const struct proof *, struct hub_time);
/* A client that was warned through its predecessor's session is not warned again. */
void expiry_inherit(struct session *, const struct session *predecessor, struct hub_time);
/* expiry_stop: the token is not watched any more. expiry_free also frees the memory. */
void expiry_stop(struct session *);
void expiry_free(struct session *);

/* Warns and dismisses the sessions that are due. */
void expiry_tick(struct hub *, struct hub_time);
int64_t expiry_next(const struct hub *); /* mono ms; INT64_MAX: none */

/* Dismisses the sessions of a wallet that rest on one token or (hash n 0) on any that was issued up
 * to a time. */
void expiry_end(struct hub *, struct span wallet, struct span hash, int64_t until_ms);

/* For hub_check: the heap is in order, and each expiry knows its place. */
void expiry_check(const struct hub *);

#endif
