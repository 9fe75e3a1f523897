/* SPDX-License-Identifier: ISC */
/*
 * connect.h - how a transport opens sessions. Every function belongs to the loop's thread, and none
 * calls the store.
 */
#ifndef HUB_SESSION_CONNECT_H
#define HUB_SESSION_CONNECT_H

#include "chat/chat.h"
#include "hub/transport.h"

struct connect_result;
struct connecting;
struct hub;
struct session_lookup; /* session_lookup.h */

struct session_options {
	const struct transport *transport;
	void *owner; /* of the session, for the transport */
	const struct user *user;
	uint32_t number; /* of its connection, for log lines */
	/* The result of its look-up. NULL: the client has no cursor, and delivery begins with the
	 * next event; session_open_stream needs a look-up. */
	const struct session_lookup *lookup;
	/* The session before of the same client, or NULL. The new session is told the presence and
	 * typing that the predecessor has missed. */
	struct session *predecessor;
	struct hub_time now;
};

/* Opens a session in its own user's topic. hello goes out within this call, so the transport's send
 * is called before the owner knows the session. When it does, the caller calls resume once, which
 * pulls the events after the client's cursor. The hub owns the session; session_close ends it. */
struct session *session_open(struct hub *, const struct session_options *);
/* Opens a session as session_open does, in the rooms that its request names too (SSE, long-poll).
 * hello names the rooms that the user may not be in. */
struct session *session_open_stream(struct hub *, const struct session_options *);

/* True if a user has as many sessions as one wallet may have. The session `leaving`, which is about
 * to end, is not counted (NULL: all are counted). */
bool hub_user_is_full(struct hub *, const struct user *, const struct session *leaving);
/* The sentence for a user who is refused for that; it lives as long as the hub. */
const char *hub_full_text(const struct hub *);
/* True if so much was replayed to a user lately that no cursor of theirs is served for a moment. */
bool hub_replay_is_spent(struct hub *, const struct user *, struct hub_time);
/* Returns the number of a user's sessions that session_open_stream has opened, and writes at most
 * max of them, in no order. They live as sessions do. */
size_t hub_streams(struct hub *, const struct user *, struct session **out, size_t max);
/* True if a session belongs to this user, with the same token and the same name, and is in exactly
 * these rooms. */
bool session_is_of(const struct session *, const struct user *, const struct session_lookup *);

/* ---- sessions that their client can recover (connection state recovery of Socket.IO) ---- */

struct connect_options {
	struct session_options session; /* its lookup is not used */
	bool is_recoverable;            /* it can be recovered, if sessions can be at all */
	struct span pid, offset;        /* with which the client came back; n 0: none */
	void (*done)(void *owner, const struct connect_result *);
};
struct connect_result {
	struct session *session; /* NULL: err says why */
	enum error err;    /* ERROR_UNAUTHORIZED, ERROR_UNAVAILABLE, ERROR_RATE_LIMITED: too many */
	const char *sid;   /* the socket's visible id */
	const char *pid;   /* the secret to come back with; NULL: it cannot be recovered */
	bool is_recovered; /* it has the id and the rooms that it had; what it missed follows */
};

/* Opens a session. For a session that can be recovered, the store is written first, and done is
 * called after the commit; for other sessions done is called within this call. Returns a handle for
 * session_connect_cancel, which is valid until done is called; NULL: done was called. */
struct connecting *session_connect(struct hub *, const struct connect_options *);
/* From now on done is not called, and the handle is void. */
void session_connect_cancel(struct connecting *);
/* True where sessions can be recovered at all. */
bool hub_recovers(const struct hub *);
/* Called when a daemon has just started: sessions of earlier daemons can be recovered until
 * recovery_ms from now. */
void hub_start_recovery(struct hub *, struct hub_time);

#endif
