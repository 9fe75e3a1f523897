/* SPDX-License-Identifier: ISC */
/*
 * kept_sessions.h - statements on the tables kept_sessions and kept_rooms: the Socket.IO sessions
 * that are kept for recovery, and their rooms. Call them inside a transaction only.
 */
#ifndef STORE_KEPT_SESSIONS_H
#define STORE_KEPT_SESSIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "store/store.h"

#define KEPT_SESSION_SID_SIZE 33

struct kept_session {
	int64_t id;
	char sid[KEPT_SESSION_SID_SIZE];
	int64_t own_from; /* the position at which the session began */
};

/* Keeps a new session; returns its id. pid_hash is the hub's hash of the client's secret. */
int64_t kept_session_insert(
    struct store *, struct span pid_hash, struct span sid, struct span wallet, int64_t own_from);
/* Finds the session of this wallet with this secret. From now on it belongs to the present
 * incarnation. */
bool kept_session_take(
    struct store *, struct span pid_hash, struct span wallet, struct kept_session *out);
void kept_session_delete(struct store *, int64_t session);
/* Deletes all sessions that belong to an earlier incarnation. */
void kept_sessions_delete_of_earlier_boots(struct store *);

/* Adds a room to a session. A room that the session has already stays as it is. */
void kept_room_put(struct store *, int64_t session, struct span escrow_id, int64_t began);
void kept_room_delete(struct store *, int64_t session, struct span escrow_id);
/* Deletes all rooms of a session. False: the session does not exist, so no room can be added. */
bool kept_rooms_clear(struct store *, int64_t session);
void kept_rooms_each(struct store *, int64_t session,
    bool (*each)(struct span escrow_id, int64_t began, void *), void *arg);

#endif
