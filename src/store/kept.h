/* SPDX-License-Identifier: ISC */
/*
 * kept.h - statements on what is kept of Socket.IO sessions: who can return, and to which rooms.
 * Inside a transaction only.
 */
#ifndef STORE_KEPT_H
#define STORE_KEPT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "store/store.h"

#define KEPT_SID_SIZE 33

struct kept_session {
	int64_t id;
	char sid[KEPT_SID_SIZE];
	int64_t own_from; /* the position at which it began */
};

/* Keeps a new one; returns its id. pid_hash: what the hub makes of the secret (kept.c). */
int64_t kept_insert(
    struct store *, struct span pid_hash, struct span sid, struct span wallet, int64_t own_from);
/* That of this wallet with this secret; it belongs to the present incarnation from now on. */
bool kept_take(struct store *, struct span pid_hash, struct span wallet, struct kept_session *out);
void kept_delete(struct store *, int64_t session);
/* All that no daemon of the present incarnation has touched. */
void kept_delete_of_earlier_boots(struct store *);

void kept_room_put(struct store *, int64_t session, struct span escrow_id,
    int64_t began); /* known already: unchanged */
void kept_room_delete(struct store *, int64_t session, struct span escrow_id);
void kept_rooms_each(struct store *, int64_t session,
    bool (*each)(struct span escrow_id, int64_t began, void *), void *arg);

#endif
