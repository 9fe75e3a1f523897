/* SPDX-License-Identifier: ISC */
/*
 * conn.h - one accepted connection: bytes in, a ring of counted frames out, one time-out.
 * Sending and closing never free: a closed connection is unlinked at once and freed at the end of
 * the turn. What goes over it is its protocol's business, which can change in its life.
 * All functions belong to the loop's thread.
 */
#ifndef NET_CONN_H
#define NET_CONN_H

#include <stdint.h>

#include "base/buf.h"
#include "hub/frame.h"
#include "net/limits.h"
#include "net/net.h"

/* What a connection waits for; each wait has one constant length (see net.c) and ends in the
 * protocol's on_timeout. */
enum conn_wait {
	WAIT_NOTHING,
	WAIT_HEAD,      /* a whole request head; absolute: a drip does not renew it */
	WAIT_BODY,      /* a whole request body, likewise */
	WAIT_IDLE,      /* the next request of a kept connection */
	WAIT_PING,      /* nothing: it is time for a heartbeat */
	WAIT_PONG,      /* the answer to one */
	WAIT_HEARTBEAT, /* nothing: it is time for one of a stream */
	WAIT_CLOSE,     /* the peer's close frame */
	WAIT_PROBE,     /* the end of an upgrade */
	WAIT_FLUSH,     /* the last of what is queued to be written; then our end */
	WAIT_LINGER,    /* the peer's end, after ours */
	WAIT_KINDS
};

struct protocol {
	/* There is input. Consumes what it can from in and leaves the rest. */
	void (*on_input)(struct conn *, struct buf *in);
	/* The peer has ended its side, or reading failed. */
	void (*on_end)(struct conn *);
	void (*on_timeout)(struct conn *, enum conn_wait);
	/* The ring was full or waited for, and has room again. */
	void (*on_room)(struct conn *);
	/* The process is about to end: say so, and finish. */
	void (*on_shutdown)(struct conn *);
	/* The connection is closed: the last call; frees the protocol's own. */
	void (*on_closed)(struct conn *, const char *why);
	/* Too much waits to be read, and was given up: say so and finish (NULL: the connection is
	 * closed). */
	void (*on_overrun)(struct conn *);
};

/* Takes over a non-blocking descriptor. The connection belongs to the set. NULL: the loop cannot
 * watch the descriptor, which is closed then, and no callback comes. */
struct conn *conn_new(struct net *, int fd, const struct protocol *, void *own);

/* From now on another protocol has the connection, with its own object. */
void conn_set_protocol(struct conn *, const struct protocol *, void *own);
void *conn_own(const struct conn *);
uint32_t conn_number(const struct conn *); /* for the log */
struct net *conn_net(const struct conn *);

/* The connection belongs to a user who is known: it is no stranger any more. */
void conn_confirm(struct conn *);
/* From now on the bytes that wait in the ring count as that wallet's (its key). */
void conn_set_wallet(struct conn *, struct span wallet);
void conn_set_account(struct conn *, struct account *); /* the same; takes a reference */
/* Gives back the place that the connection has among those of its address, and takes this place
 * over (NULL: none) until its end. */
void conn_set_place(struct conn *, struct place *);

/* Queues a frame (its own reference); it is written at the end of the turn. False, and not queued:
 * the ring is full and the frame may be refused (not FRAME_CONTROL); on_room follows. */
bool conn_send(struct conn *, struct frame *);
/* The same as conn_send, however full the ring is: for a frame that was accepted elsewhere
 * before. */
void conn_put(struct conn *, struct frame *);
/* The same as conn_send with a copy of bytes, as FRAME_CONTROL. */
void conn_send_bytes(struct conn *, struct span bytes);
/* Asks for on_room in the next turn in which the ring is empty, though nothing was refused. */
void conn_want_room(struct conn *);
/* True while frames that cannot be given up fill the ring: the protocol should not read on. */
bool conn_is_clogged(const struct conn *);

/* The protocol asks in on_input after each message when there is more input. True: this connection
 * has had its share of the turn; on_input calls conn_replay_input and leaves the rest. */
bool conn_turn_is_spent(struct conn *);

/* True if the peer has taken bytes of a full ring since the last question: it reads, so it is
 * alive, although its own messages may wait unread while reading is paused. */
bool conn_take_progress(struct conn *);

/* Stops reading; the input that is there already stays in the buffer. */
void conn_pause(struct conn *);
/* Offers the buffer to the protocol again in the next turn. Reading goes on after that, unless the
 * protocol pauses anew; not before, else the buffer would grow. */
void conn_replay_input(struct conn *);

/* Sets what the connection waits for, and begins its time-out anew. */
void conn_wait(struct conn *, enum conn_wait);
enum conn_wait conn_wait_kind(const struct conn *);

/* Closes now; frames that are not written yet are dropped. why is for the log, static. */
void conn_close(struct conn *, const char *why);
/* Writes the frames that are queued, ends our side, drops further input, and closes when the peer
 * ends its side or after WAIT_LINGER; so an answer is not lost to a reset. */
void conn_finish(struct conn *, const char *why);
/* Asks the protocol to end the connection in good order. A second call does nothing. */
void conn_shut_down(struct conn *);
/* In on_shutdown: the protocol is not ready; the next conn_shut_down asks again. */
void conn_put_off_shut_down(struct conn *);
/* True after conn_finish or conn_close. */
bool conn_is_closing(const struct conn *);

#endif
