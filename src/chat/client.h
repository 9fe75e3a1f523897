/* SPDX-License-Identifier: ISC */
/*
 * client.h - from where a request comes: the peer, or whom a trusted proxy names.
 */
#ifndef CHAT_CLIENT_H
#define CHAT_CLIENT_H

#include <stdbool.h>

#include "base/config.h"
#include "base/span.h"
#include "store/store.h"

#define CLIENT_ADDRESS_SIZE 48

struct proxies; /* read-only: threads may share it */

/* From trusted_proxies: ADDRESS, ADDRESS/BITS, or unix for whoever comes by a Unix socket. */
struct proxies *proxies_new(const struct config_list *);
void proxies_free(struct proxies *); /* NULL is fine */

/* True if forwarding headers of that peer count; "" is a Unix socket's. */
bool proxies_trust(const struct proxies *, struct span peer);

/* The address that limits count by, over out: the peer's; where that is trusted, the rightmost entry of X-Forwarded-For (all its lines, in
 * order) that is not, or the leftmost if all are. IPv4 as it is, in IPv6 or not; IPv6 as its /64. n 0: nothing to count by: loopback,
 * a Unix socket, no address at all. What is no address ends the list: whoever stands before it is not believed. */
struct span client_address(const struct proxies *, struct span peer, struct span forwarded_for,
    char out[CLIENT_ADDRESS_SIZE]);

/* A sign-in from such an address, of which rate in a minute are allowed (0: any number): 0, or how many ms until the next. Inside a write
 * transaction. An address with n 0 is not counted. */
int64_t client_sign_in(struct store *, struct span address, int64_t rate, int64_t mono_us);

#endif
