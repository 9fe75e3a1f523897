/* SPDX-License-Identifier: ISC */
/*
 * address.h - the client's address: the peer's, or the one that a trusted proxy names.
 */
#ifndef IDENTITY_ADDRESS_H
#define IDENTITY_ADDRESS_H

#include <stdbool.h>

#include "base/span.h"
#include "config/config.h"

#define ADDRESS_SIZE 48

struct proxies; /* read-only: threads may share it */

/* Reads trusted_proxies: ADDRESS, ADDRESS/BITS, or unix for every peer of a Unix socket. Other
 * words are ignored. */
struct proxies *proxies_new(const struct config_list *);
void proxies_free(struct proxies *); /* NULL is fine */

/* True if forwarding headers of that peer count. "" is the peer of a Unix socket. */
bool proxies_trust(const struct proxies *, struct span peer);

/* The address by which limits count, written to out. It is the peer's address. If the peer is
 * trusted, it is the rightmost address of X-Forwarded-For (all its lines, in order) that is not
 * trusted, or the leftmost if all are trusted. An entry that is no address ends the list: the
 * entries to its left are not believed. IPv4 (mapped into IPv6 too) is written as it is, IPv6 as
 * its /64. n 0: there is nothing to count by, since it is loopback, a Unix socket, or no
 * address. */
struct span address_of_client(
    const struct proxies *, struct span peer, struct span forwarded_for, char out[ADDRESS_SIZE]);

#endif
