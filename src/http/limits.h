/* SPDX-License-Identifier: ISC */
/*
 * limits.h - how many connections one client address may have. hub/session/opening.c has the limit
 * of one wallet. All functions belong to the loop's thread.
 */
#ifndef HTTP_LIMITS_H
#define HTTP_LIMITS_H

#include "identity/address.h"
#include "io/quotas.h"

struct limits;

/* Borrows the proxies. per_address 0: no limit. */
struct limits *limits_new(const struct proxies *, size_t per_address);
/* After the last place was given back. NULL is fine. */
void limits_free(struct limits *);

/* True if the peer is a trusted proxy: then each request takes a place for the client's address. */
bool limits_trust(const struct limits *, struct span peer);

/* Takes a place for the address_of_client of peer and forwarded_for. The caller gives *out back; it
 * is NULL where there is no address to count. False: the address has all the places it may have. */
bool limits_take(struct limits *, struct span peer, struct span forwarded_for, struct quota **out);

#endif
