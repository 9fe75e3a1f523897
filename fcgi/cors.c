/* SPDX-License-Identifier: ISC */
/*
 * cors.c - the header lines by which pages of other origins may read answers.
 */
#include "fcgi/cors.h"

#include "proto/preflight.h"

#define METHODS_ALL "GET, HEAD, POST, PUT, OPTIONS"
#define NAMES                                                                             \
	"Content-Type, Authorization, X-Wallet-Address, X-Service-Key, Idempotency-Key, " \
	"X-Request-ID"

void
cors_allow_origin(struct reply *reply, const struct auth *auth, const struct auth_request *r)
{
	struct span origin = auth_cors_origin(auth, r);

	if (origin.n == 0)
		return;
	reply_header(reply, "Access-Control-Allow-Origin", origin);
	reply_header(reply, "Access-Control-Allow-Credentials", SPAN("true"));
	reply_header(reply, "Access-Control-Expose-Headers",
	    SPAN("Content-Disposition, ETag, Link, Retry-After, X-Request-ID"));
}

void
cors_preflight(struct reply *reply, const struct auth *auth, const struct auth_request *r,
    struct span requested)
{
	struct buf names = {0};

	reply_header(reply, "Vary", SPAN("Access-Control-Request-Headers"));
	if (auth_cors_origin(auth, r).n == 0)
		return;
	if (preflight_names(&names, requested) == 0)
		buf_str(&names, NAMES);
	reply_header(reply, "Access-Control-Allow-Methods", SPAN(METHODS_ALL));
	reply_header(reply, "Access-Control-Allow-Headers", buf_as_span(&names));
	reply_header(reply, "Access-Control-Max-Age", SPAN("600"));
	buf_clear(&names);
}
