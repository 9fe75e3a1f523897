/* SPDX-License-Identifier: ISC */
/*
 * identity.h - what a request to the daemon carries of an identity, handed to chat/auth.h: the one way in.
 */
#ifndef NET_IDENTITY_H
#define NET_IDENTITY_H

#include "chat/auth.h"
#include "net/web.h"

/* What identities are checked with. */
struct gate {
	const struct auth *auth;
	struct store *store; /* of this thread */
};

/* The conditions of the mode, then who asks. False: refused, and answered. */
bool identity_user(const struct gate *, struct web_request *, struct user *out);

/* The conditions of the mode alone, for a request whose identity comes otherwise; an Origin that is not allowed is refused whatever the
 * method. Appends the CORS header lines of the answer. False: refused, and answered. */
bool identity_conditions(const struct gate *, struct web_request *, struct buf *fields);

/* The platform's own: a service key with that scope; in auth = open also a loopback peer without any forwarding header. False: refused,
 * and answered. */
bool identity_service(const struct gate *, struct web_request *, enum scope);

/* ---- a client that says who it is behind its handshake ---- */

/* What the handshake's request carried, kept for that moment. One piece of memory, to be freed with free(); NULL: nothing of use. */
struct handshake *identity_keep(const struct gate *, const struct web_request *);

struct later {
	struct span claimed, token; /* as the client says now; n 0: nothing */
	bool has_origin; /* what brings it named an Origin, which identity_conditions had allowed */
	/* results */
	bool has_any;      /* there was something to go by, good or bad */
	bool is_by_cookie; /* so must all that it sends */
};
/* Who asks, by both. CHAT_UNAUTHORIZED and the like as auth_user has them. */
enum chat_err
identity_later(const struct gate *, const struct handshake *, struct later *, struct user *out);

#endif
