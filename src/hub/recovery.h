/* SPDX-License-Identifier: ISC */
/*
 * recovery.h - connection state recovery: sessions whose client may come back, to the same id and
 * the same rooms. All functions belong to the loop's thread.
 */
#ifndef HUB_RECOVERY_H
#define HUB_RECOVERY_H

#include "hub/session.h"

/* The recoverable sessions of a hub; recovery_free frees them with the hub. */
struct recovery *recovery_new(void);
void recovery_free(struct hub *);

/* A session ends: it is forgotten, or its client can come back, as end says. Nothing where the
 * session is not recoverable. */
void recovery_end(struct session *, enum session_end, struct hub_time);
/* Forgets the sessions whose time to come back is over. */
void recovery_tick(struct hub *, struct hub_time);

/* For hub_check: the sessions that can be recovered are connected, or lost and waited for, or on
 * their way back. */
void recovery_check(const struct hub *);

#endif
