/* SPDX-License-Identifier: ISC */
/*
 * conn_struct.h - the structs of a connection and of the set of connections. Only conn.c (one
 * connection), conn_account.c (the bytes that wait for slow readers), net.c (the set) and
 * net_check.c (the walker) include it. It is one header, since each struct points to the other.
 */
#ifndef IO_CONN_STRUCT_H
#define IO_CONN_STRUCT_H

#include <sys/queue.h>

#include "base/timers.h"
#include "io/account.h"
#include "io/conn.h"
#include "io/loop_event.h"
#include "io/quotas.h"
#include "io/ring.h"
#include "io/slice.h"

#define NET_READ_SIZE 65536

/* The life of a connection: it goes down this list and never back; net_move is the one mover. */
enum conn_state {
	CONN_OPEN,      /* waits for input, and for frames */
	CONN_FINISHING, /* waits until its ring is written; then our side is ended */
	CONN_LINGERING, /* our side is ended: waits for the peer's end, or the end of WAIT_LINGER */
	CONN_CLOSED     /* waits for the end of the turn, which frees it */
};

/* The state of reading from the connection. Only set_reading in conn.c changes it. */
enum conn_reading {
	READING_ON,     /* waits for input on the descriptor */
	READING_PAUSED, /* waits for conn_replay_input: the protocol takes no more for now */
	READING_AGAIN   /* waits until the buffer is offered again; then reading is on */
};

struct conn {
	struct ring ring;  /* first, with the other members that a delivery touches */
	uint32_t dirty_at; /* its place in net->dirty, from 1; 0: it has no new frames to write */
	int fd;
	bool is_blocked : 1;   /* the kernel takes no more: waits for EV_WRITE */
	bool is_unwatched : 1; /* the loop cannot watch it: closed at the end of the turn */
	bool is_behind : 1;    /* behind_at is set; that member is on another cache line */
	bool wants_writable : 1, has_ended : 1, in_protocol : 1, is_shut_down : 1;
	uint8_t state;                 /* enum conn_state */
	uint8_t wait : 4, reading : 2; /* enums conn_wait, conn_reading */
	uint8_t is_stranger : 1;
	uint8_t n_unblocked : 7; /* how often the kernel took bytes again; it wraps around */
	uint32_t number;
	struct net *net;

	const struct protocol *protocol;
	void *owner;
	union {
		struct buf *in;  /* while open: input that the protocol has left; NULL: none */
		const char *why; /* after that: why the connection ends */
	};
	struct event ev;
	TAILQ_ENTRY(conn) link;  /* of the strangers, of the known, or of the closed */
	struct quota *quota;     /* of its address; NULL: not counted */
	struct account *account; /* of its wallet; NULL: it is not known, or need not be */
	struct timer waiting;    /* in net->waits; mono ms */
	union {
		uint32_t offered_at; /* while open: its place in net->offered, from 1; 0: none */
		uint32_t lingered;   /* after that: bytes that were read and dropped */
	};
	uint32_t behind_at; /* its place in net->behind, from 1; 0: none */
};

TAILQ_HEAD(conn_list, conn);

struct backlog { /* a connection in whose ring frames wait, since its peer reads slowly */
	struct conn *conn;
	size_t bytes; /* with which its account was charged */
};

struct net {
	struct loop *loop;
	struct net_options options;
	struct conn_list strangers, known, closed; /* each connection is in one of them */
	size_t n_strangers, n_known;
	struct timer_list waits[WAIT_KINDS];
	struct conn **dirty; /* with frames to write; NULL: closed meanwhile */
	size_t n_dirty, cap_dirty;
	struct backlog *behind; /* at the end of a turn: all connections with frames */
	size_t n_behind, cap_behind;
	struct account_source source;
	/* connections that are offered input or room in the next turn: elements from first_offered
	 * to n_offered; NULL: closed meanwhile */
	struct conn **offered;
	size_t first_offered, n_offered, cap_offered;
	uint32_t next_number;
	struct uring *uring; /* NULL: a system call writes to one connection only */
	struct loop_later *turn;
	struct loop_timer *again; /* begins the next turn for the offered connections */
	struct loop_timer *timer;
	int64_t timer_at;
	struct slice slice; /* of the connection whose input is in hand */
	char scratch[NET_READ_SIZE];
};

/* net.c: takes a new connection into the set. */
void net_add(struct conn *);
/* Moves a connection to a state and to the strangers or the known, with its list, its counter and
 * the wait of the state. A closed connection is freed at the end of the turn. */
void net_move(struct conn *, enum conn_state, bool is_stranger);
/* Starts the time-out of that kind; WAIT_NOTHING stops the present one. */
void net_set_wait(struct conn *, enum conn_wait);
/* net_mark_dirty: conn_flush is called at the end of this turn. net_mark_offered: conn_offer is
 * called in the next turn. Both do nothing for a connection that is marked already. */
void net_mark_dirty(struct conn *);
void net_mark_offered(struct conn *);

/* conn_account.c: counts the bytes in the ring again, and charges the difference to the account. If
 * the protocol knows the wallet, the account is opened here and given back when no bytes wait any
 * more. */
void net_count_behind(struct conn *);
/* For the accounts: the connection with the most bytes in its ring. */
size_t net_largest_behind(void *net, const struct account *, void **conn);
size_t net_queued(void *net, const struct account *); /* bytes in the rings of one account */
/* Gives up the bytes that wait for a slow reader, and ends the connection. */
void conn_cut(void *net, void *conn);

/* conn.c: writes the frames that the kernel takes; after EAGAIN the rest waits for EV_WRITE. */
void conn_flush(struct conn *);
/* Offers room, and the input in the buffer, to the protocols that asked for it. */
void conn_offer(struct conn *);
void conn_time_out(struct conn *, enum conn_wait);
void conn_free(struct conn *);

#endif
