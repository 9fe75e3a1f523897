/* SPDX-License-Identifier: ISC */
/*
 * limits.h - how many connections one client address may have: places that are taken and given back.
 */
#ifndef NET_LIMITS_H
#define NET_LIMITS_H

#include "chat/client.h"

struct limits;
struct place; /* one connection of an address */

/* Borrows the proxies. per_address 0: no limit. */
struct limits *limits_new(const struct proxies *, size_t per_address);
/* After the last place was given back. NULL is fine. */
void limits_free(struct limits *);

/* True if it is whoever stands behind the peer that counts, request by request. */
bool limits_looks_behind(const struct limits *, struct span peer);

/* Takes a place for client_address of the two. *out may be NULL: nothing to count by. False: the address has all it may have. */
bool limits_take(struct limits *, struct span peer, struct span forwarded_for, struct place **out);
void place_give_back(struct place *); /* NULL is fine */

#endif
