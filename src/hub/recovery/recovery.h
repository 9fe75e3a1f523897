/* SPDX-License-Identifier: ISC */
/*
 * recovery.h - connection state recovery: a client comes back to its session, with the same id and
 * rooms. session_connect is in connect.h. All functions belong to the loop's thread.
 */
#ifndef HUB_RECOVERY_RECOVERY_H
#define HUB_RECOVERY_RECOVERY_H

#include "hub/session/session.h"

/* The recoverable sessions of a hub; recovery_free frees them with the hub. */
struct recovery *recovery_new(void);
void recovery_free(struct hub *);

/* Called when a session ends. SESSION_ENDED: the session is forgotten. Else its client can come
 * back for recovery_ms. Does nothing if the session is not recoverable. */
void recovery_end(struct session *, enum session_end, struct hub_time);
/* Forgets the sessions whose time to come back is over. */
void recovery_tick(struct hub *, struct hub_time);

/* For hub_check: each recoverable session is connected, or its client is waited for, or its client
 * is coming back. */
void recovery_check(const struct hub *);

#endif
