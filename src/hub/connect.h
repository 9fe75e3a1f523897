/* SPDX-License-Identifier: ISC */
/*
 * connect.h - how a transport opens sessions. Every function belongs to the loop's thread, and none
 * calls the store.
 */
#ifndef HUB_CONNECT_H
#define HUB_CONNECT_H

#include "chat/chat.h"
#include "hub/transport.h"

struct connect_result;
struct connecting;
struct hub;
struct session_look; /* session_look.h */

struct session_options {
	const struct transport *transport;
	void *owner; /* the transport's own */
	const struct user *user;
	uint32_t number; /* for the log */
	/* What was looked up for it; NULL: it has no cursor, and begins now. */
	const struct session_look *look;
	/* Of the same client, or NULL: what it missed of presence and typing is inherited. */
	struct session *predecessor;
	struct hub_time now;
};

/* Opens a session in its own user's topic, and sends hello. The hub owns it; session_close ends
 * it. */
struct session *session_open(struct hub *, const struct session_options *);
/* The same for a session whose rooms are named in its request (SSE, long-poll): each request stands
 * alone. hello names the rooms that the user may not be in. */
struct session *session_open_stream(struct hub *, const struct session_options *);

/* True if a user has all the sessions that they may have. A session that is about to make room is
 * not counted (NULL: none). */
bool hub_user_is_full(struct hub *, const struct user *, const struct session *leaving);
/* True if so much was replayed to a user lately that no cursor of theirs is served for a moment. */
bool hub_replay_is_spent(struct hub *, const struct user *, struct hub_time);
/* How many sessions of session_open_stream a user has. */
size_t hub_count_streams(struct hub *, const struct user *);
/* True if a session is this user's, by the same token, under the same name, and in exactly these
 * rooms. */
bool session_is_of(
    const struct session *, const struct user *, const struct span *rooms, size_t n_rooms);

/* ---- sessions that their client can recover (connection state recovery of Socket.IO) ---- */

struct connect_options {
	struct session_options session; /* its look is not used */
	bool is_kept;                   /* it can be recovered, if sessions can be at all */
	struct span pid, offset;        /* what the client came back with; n 0: nothing */
	void (*done)(void *owner, const struct connect_result *);
};
struct connect_result {
	struct session *session; /* NULL: err says why */
	enum chat_err err; /* CHAT_UNAUTHORIZED, CHAT_UNAVAILABLE, CHAT_RATE_LIMITED: too many */
	const char *sid;   /* the socket's visible id */
	const char *pid;   /* the secret to return with; NULL: the session cannot be recovered */
	bool is_recovered; /* it has the id and the rooms that it had; what it missed follows */
};

/* Opens a session once it is committed that it can be recovered: done is called then (at once where
 * it cannot be). Returns a handle for session_connect_cancel while done has not been called, else
 * NULL. */
struct connecting *session_connect(struct hub *, const struct connect_options *);
/* done is not called any more. */
void session_connect_cancel(struct connecting *);
/* True where sessions can be recovered at all. */
bool hub_recovers(const struct hub *);
/* A daemon has just started: sessions of earlier daemons can be recovered for one window from
 * now. */
void hub_start_recovery(struct hub *, struct hub_time);

#endif
