/* SPDX-License-Identifier: ISC */
/*
 * conn_struct.h - the structs of connections and of the set that they are in; nobody else includes
 * it. conn.c has one connection, net.c the set, net_check.c the walker.
 */
#ifndef NET_CONN_STRUCT_H
#define NET_CONN_STRUCT_H

#include <sys/queue.h>

#include "net/account.h"
#include "net/conn.h"
#include "net/loop_event.h"
#include "net/ring.h"
#include "net/slice.h"

#define NET_READ_SIZE 65536

/* The life of a connection, which only goes downwards; net_move is the one mover. */
enum conn_state {
	CONN_OPEN,      /* waits for input, and for frames */
	CONN_FINISHING, /* waits until its ring is written; then our side is ended */
	CONN_LINGERING, /* our side is ended: waits for the peer's end, or for WAIT_LINGER's */
	CONN_CLOSED     /* waits for the end of the turn, which frees it */
};

/* Whether and when the connection is read from; set_reading in conn.c is the one mover. */
enum conn_reading {
	READING_ON,     /* waits for the descriptor */
	READING_PAUSED, /* waits for conn_replay_input: its protocol takes no more for now */
	READING_AGAIN   /* waits for its turn to offer the buffer again; then reading is on */
};

struct conn {
	struct ring ring;  /* first, with the other members that a delivery touches */
	uint32_t dirty_at; /* its place among the dirty, from 1; 0: it has nothing new to write */
	int fd;
	bool is_blocked : 1;     /* the kernel takes no more: waits for EV_WRITE */
	bool is_unwatched : 1;   /* it watches no longer: to be closed at the end of the turn */
	bool is_behind : 1;      /* behind_at is set, which is far from here */
	bool makes_progress : 1; /* see conn_take_progress */
	bool wants_room : 1, has_ended : 1, in_protocol : 1, is_shut_down : 1;
	uint8_t state;                 /* enum conn_state */
	uint8_t wait : 4, reading : 2; /* enums conn_wait, conn_reading */
	bool is_stranger : 1;
	uint32_t number;
	struct net *net;

	const struct protocol *protocol;
	void *own;
	union {
		struct buf *in;  /* while open: input that the protocol has left; NULL: none */
		const char *why; /* later: why it ends */
	};
	struct event ev;
	TAILQ_ENTRY(conn) link; /* of the strangers, of the known, or of the closed */
	TAILQ_ENTRY(conn) waiting;
	struct place *place;     /* of its address; NULL: not counted */
	struct account *account; /* of its wallet; NULL: not known */
	int64_t deadline;        /* mono ms */
	union {
		uint32_t offered_at; /* while open: its place among the offered; 0: none */
		uint32_t lingered;   /* later: bytes read away */
	};
	uint32_t behind_at; /* its place among those whose ring is not empty, from 1 */
};

TAILQ_HEAD(conn_list, conn);

struct behind { /* frames wait for a peer that does not read as fast as they come */
	struct conn *conn;
	size_t bytes; /* as its account was charged */
};

struct net {
	struct loop *loop;
	struct net_options options;
	struct conn_list strangers, known, closed; /* each connection is in one of them */
	size_t n_strangers, n_known;
	struct conn_list waits[WAIT_KINDS]; /* each in order of deadlines */
	struct conn **dirty;                /* have frames to write; NULL: closed meanwhile */
	size_t n_dirty, cap_dirty;
	struct behind *behind; /* at the end of a turn: all whose ring is not empty */
	size_t n_behind, cap_behind;
	struct account_source source;
	struct conn **offered; /* from first to n, for the next turn; NULL: closed meanwhile */
	size_t first_offered, n_offered, cap_offered;
	uint32_t next_number;
	struct uring *uring; /* NULL: each connection is written to by itself */
	struct loop_later *turn;
	struct loop_timer *again; /* for the offered: no connection keeps the loop to itself */
	struct loop_timer *timer;
	int64_t timer_at;
	struct slice slice; /* of the connection whose input is in hand */
	char scratch[NET_READ_SIZE];
};

/* net.c: takes a new connection into the set. */
void net_add(struct conn *);
/* Moves a connection to a state, among the strangers or the known, and keeps lists, counters and
 * the wait that the state has. A closed one is freed at the end of the turn. */
void net_move(struct conn *, enum conn_state, bool is_stranger);
/* Starts the time-out of that kind; WAIT_NOTHING stops the present one. */
void net_set_wait(struct conn *, enum conn_wait);
/* At the end of this turn: conn_flush. In the next turn: conn_offer. Again: nothing. */
void net_mark_dirty(struct conn *);
void net_mark_offered(struct conn *);

/* The bytes in the ring are to be counted again: some wait, or waited. */
void net_count_behind(struct conn *);
/* For the accounts: the connection with the most bytes in its ring. */
size_t net_largest_behind(void *net, const struct account *, void **conn);
size_t net_queued(void *net, const struct account *); /* bytes in the rings of one account */

/* conn.c: writes what the kernel takes; at its EAGAIN the rest waits for EV_WRITE. */
void conn_flush(struct conn *);
/* Offers room, and the input in the buffer, to the protocols that asked for it. */
void conn_offer(struct conn *);
void conn_time_out(struct conn *, enum conn_wait);
/* Too many bytes wait to be read: gives them up, and ends the connection. */
void conn_cut(void *net, void *conn);
void conn_free(struct conn *);

#endif
