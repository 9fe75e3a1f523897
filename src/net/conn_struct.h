/* SPDX-License-Identifier: ISC */
/*
 * conn_struct.h - the structs of connections and of the set that they are in; only the files named below include it.
 * conn.c has the connections, net_check.c recounts everything.
 */
#ifndef NET_CONN_STRUCT_H
#define NET_CONN_STRUCT_H

#include <sys/queue.h>

#include "net/conn.h"
#include "net/loop_event.h"
#include "net/ring.h"

#define NET_READ_SIZE 65536

struct conn {
	struct ring ring;  /* first: what a delivery touches, side by side */
	uint32_t dirty_at; /* its place among the dirty, from 1; 0: it has nothing new to write */
	int fd;
	bool is_closed : 1, is_blocked : 1, wants_room : 1, is_paused : 1, replays_input : 1,
	    has_ended : 1, in_protocol : 1, is_shut_down : 1, is_fresh : 1;
	uint8_t wait; /* enum conn_wait */
	uint32_t number;
	const char *finish_why; /* our side is ended, or will be when the ring is empty */
	struct net *net;

	const struct protocol *protocol;
	void *own;
	struct buf *in; /* what the protocol has left for later; NULL: nothing */
	struct event ev;
	TAILQ_ENTRY(conn) link; /* of the fresh, of the known, or of the closed */
	TAILQ_ENTRY(conn) waiting;
	struct place *place; /* of its address; NULL: not counted */
	int64_t deadline;    /* mono ms */
	uint32_t lingered;
	uint32_t offered_at; /* its place among those to be offered room, or its input; 0: none */
};

TAILQ_HEAD(conn_list, conn);

struct net {
	struct loop *loop;
	struct net_options options;
	struct conn_list fresh, known, closed, waits[WAIT_KINDS];
	struct conn **dirty; /* have frames to write; NULL: closed meanwhile */
	size_t n_conns, n_dirty, cap_dirty, n_fresh;
	struct conn **offered; /* from first to n, for the next turn; NULL: closed meanwhile */
	size_t first_offered, n_offered, cap_offered;
	uint32_t next_number;
	struct uring *uring; /* NULL: each connection is written to by itself */
	struct loop_later *turn;
	struct loop_timer
	    *again; /* on_room in the next turn: no connection keeps the loop to itself */
	struct loop_timer *timer;
	int64_t timer_at;
	char scratch[NET_READ_SIZE];
};

#endif
