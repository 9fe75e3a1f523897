/* SPDX-License-Identifier: ISC */
/*
 * gate.h - collects from a request to the daemon all that proves its sender's identity, for
 * identity/auth.h, and writes the CORS header lines. Nothing else in the daemon does so. All
 * functions belong to the loop's thread.
 */
#ifndef HTTP_GATE_H
#define HTTP_GATE_H

#include "http/web.h"
#include "identity/auth.h"

/* The objects with which identities are checked; borrowed. */
struct gate {
	const struct auth *auth;
	struct hub *hub;
};

/* The CORS header lines that every answer to the request has, in scratch or static; those of a
 * preflight too. gate NULL: none. */
struct span gate_cors(const struct gate *, const struct http_request *, struct buf *scratch);

/* The parts of a request that prove an identity. Its spans point into the request and into the
 * buffers. */
struct carried {
	struct auth_request request;
	struct buf forwarded_for, forwarded, wallet, protocols;
};
/* Reads the parts from a request into *c, and checks the conditions of the mode. The caller clears
 * *c with carried_clear in any case. */
enum error gate_read(const struct gate *, const struct web_request *, struct carried *c);
/* Does the same for a request that a page of another origin may send: it refuses an Origin that is
 * not allowed, whatever the method is. Appends the request's own fields (CORS) to the fields, which
 * a refusal has too. False: the request was refused and answered. */
bool
gate_read_cors(const struct gate *, struct web_request *, struct carried *c, struct buf *fields);
/* After either of them: adds the wallet that the request claims (auth_claim). */
enum error gate_claim(const struct web_request *, struct carried *c);
void carried_clear(struct carried *);

/* True if the platform itself sends the request: with a service key of that scope or, where auth =
 * open, from a loopback peer without any forwarding header. False: the request was refused and
 * answered. */
bool gate_service(const struct gate *, struct web_request *, enum scope);

/* ---- a client that names its user after its handshake ---- */

/* Keeps the identity that the request of a handshake carried until the client names its user. The
 * caller frees the result with free(). NULL: the request carried none. */
struct handshake *gate_keep(const struct gate *, const struct web_request *);

struct later {
	struct span claimed, token; /* as the client says now; n 0: nothing */
	bool has_origin; /* its request named an Origin, which gate_read_cors has allowed */
	/* results */
	bool has_any;      /* a token or another proof was there, good or bad */
	bool is_by_cookie; /* the proof is a cookie: every later request must name an Origin */
};
/* Combines the handshake and the later message for auth_user. out points into both. */
void
gate_later(const struct gate *, const struct handshake *, struct later *, struct auth_request *out);

#endif
