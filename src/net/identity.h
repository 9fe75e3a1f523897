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

#endif
