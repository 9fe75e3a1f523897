/* SPDX-License-Identifier: ISC */
/*
 * cors.c - the header lines by which pages of other origins may read answers.
 */
#include "fcgi/cors.h"

#define METHODS_ALL "GET, HEAD, POST, PUT, OPTIONS"

void
cors_allow_origin(struct reply *reply, const struct auth *auth, const struct auth_request *r)
{
	struct span origin = auth_cors_origin(auth, r);

	if (origin.n == 0)
		return;
	reply_header(reply, "Access-Control-Allow-Origin", origin);
	reply_header(reply, "Access-Control-Allow-Credentials", SPAN("true"));
	reply_header(
	    reply, "Access-Control-Expose-Headers", SPAN("ETag, Link, Retry-After, X-Request-ID"));
}

void
cors_preflight(struct reply *reply)
{
	reply_header(reply, "Access-Control-Allow-Methods", SPAN(METHODS_ALL));
	reply_header(reply, "Access-Control-Allow-Headers",
	    SPAN("Content-Type, Authorization, X-Wallet-Address, X-Service-Key, Idempotency-Key, "
		 "X-Request-ID"));
	reply_header(reply, "Access-Control-Max-Age", SPAN("600"));
}
