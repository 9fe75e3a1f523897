/* SPDX-License-Identifier: ISC */
/*
 * net.h - the set of all connections: their number, the strangers among them, their time-outs, and
 * the end of a turn, which writes the queued frames and frees the closed connections. A stranger is
 * a connection whose user is not known yet. All functions belong to the loop's thread.
 */
#ifndef IO_NET_H
#define IO_NET_H

#include <stdbool.h>
#include <stddef.h>

#include "io/loop.h"

struct account;
struct accounts;
struct conn;
struct net;

struct net_options {
	size_t max_connections;
	/* Connections for which conn_confirm was not called; 0: no limit. */
	size_t max_strangers;
	/* Runs at the end of each turn in which something happened, before the rings are written
	 * (may be NULL). */
	loop_cb *on_turn;
	void *arg;
	/* Count the bytes that wait in rings (borrowed; NULL: they are not counted). */
	struct accounts *accounts;
};

/* A new, empty set; borrows the loop. */
struct net *net_new(struct loop *, const struct net_options *);
/* Closes the connections that are left, and frees the set. NULL is fine. */
void net_free(struct net *);

/* The number of connections; those that are finishing or lingering count. */
size_t net_connections(const struct net *);
/* True if there are max_connections of them. */
bool net_is_full(const struct net *);

/* Closes the oldest strangers until there are no more than max_strangers. */
void net_trim_strangers(struct net *);

/* Closes the oldest stranger, whose descriptor is free at once. False: there is no stranger. */
bool net_drop_oldest_stranger(struct net *);
/* The number of strangers to allow: a tenth of the connections for which there are descriptors
 * (RLIMIT_NOFILE), but at least two, since a client that polls needs two. Call it after the limit
 * was raised. */
size_t net_stranger_share(size_t max_connections);

/* Asks for an on_turn at the end of this turn. */
void net_want_turn(struct net *);

/* Calls back for each connection; the callback may close that connection, and no other. */
void net_each(struct net *, void (*each)(struct conn *, void *), void *arg);

/* Recounts every list and counter at the end of a turn; ends the process (check) if one of them is
 * wrong. Builds with CHECKS_ALL call it after each turn. */
void net_check(const struct net *);

#endif
