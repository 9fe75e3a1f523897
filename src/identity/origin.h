/* SPDX-License-Identifier: ISC */
/*
 * origin.h - decides which Origin is allowed: the configured ones, and the server's own.
 */
#ifndef IDENTITY_ORIGIN_H
#define IDENTITY_ORIGIN_H

#include <stdbool.h>

#include "config/config.h"
#include "identity/auth.h"

/* The configured origins, in order. Threads may share it, since it is not changed. */
struct origin_list {
	char **v; /* owned */
	size_t n;
};

/* Copies the origins of frontend_url. */
void origin_list_init(struct origin_list *, const struct config_list *);
void origin_list_clear(struct origin_list *);

/* True if the request has an Origin, and that is configured or is the request's own scheme and
 * Host. ws counts as http here, and wss as https; an absent port is 80 or 443. "null" is never
 * allowed. */
bool origin_is_allowed(const struct origin_list *, const struct auth_request *);

/* The request's Origin as it is configured, else the first configured one, else http://localhost.
 * Borrowed from the list, or static. */
struct span origin_page(const struct origin_list *, const struct auth_request *);

#endif
