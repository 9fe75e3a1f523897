/* SPDX-License-Identifier: ISC */
/*
 * cors.h - the header lines by which pages of other origins may read answers. Each answer has Vary:
 * Origin as well; reply.c writes it.
 */
#ifndef FCGI_CORS_H
#define FCGI_CORS_H

#include "fcgi/reply.h"
#include "identity/auth.h"

/* Adds the header lines for the request's Origin. Adds none if that Origin is not allowed. */
void cors_allow_origin(struct reply *, const struct auth *, const struct auth_request *);

/* Adds the header lines of the answer to a preflight, the same for each route: it allows the names
 * in the value of Access-Control-Request-Headers (preflight_names), or a fixed list if there are
 * none. Adds only Vary if the Origin is not allowed. */
void cors_preflight(
    struct reply *, const struct auth *, const struct auth_request *, struct span requested);

#endif
