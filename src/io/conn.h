/* SPDX-License-Identifier: ISC */
/*
 * conn.h - one accepted connection: bytes in, a ring of counted frames out, one time-out. Sending
 * and closing never free: a closed connection is unlinked at once and freed at the end of the turn.
 * A struct protocol gives the bytes their meaning; it can be exchanged while the connection lives.
 * All functions belong to the loop's thread. The header is long, since all wires use one kind
 * of connection.
 */
#ifndef IO_CONN_H
#define IO_CONN_H

#include <stdint.h>

#include "base/buf.h"
#include "io/net.h"
#include "proto/frame.h"

struct quota;

/* A connection waits for one of these. Each wait has one constant length (see net.c), and ends in
 * the protocol's on_timeout. */
enum conn_wait {
	WAIT_NOTHING,
	WAIT_HEAD,      /* a whole request head; single bytes of it do not begin it anew */
	WAIT_BODY,      /* a whole request body; likewise */
	WAIT_IDLE,      /* the next request of a kept connection */
	WAIT_PING,      /* the time of the next ping */
	WAIT_PONG,      /* the answer to a ping */
	WAIT_HEARTBEAT, /* the time of the next heartbeat of a stream */
	WAIT_CLOSE,     /* the peer's close frame */
	WAIT_PROBE,     /* the end of an upgrade */
	WAIT_FLUSH,     /* that the kernel takes more of the queued frames; then our side ends */
	WAIT_LINGER,    /* the end of the peer's side, after our side has ended */
	WAIT_KINDS
};

struct protocol {
	/* There is input: consumes what it can from in, and leaves the rest. */
	void (*on_input)(struct conn *, struct buf *in);
	/* The peer has ended its side, or reading failed. */
	void (*on_end)(struct conn *);
	void (*on_timeout)(struct conn *, enum conn_wait);
	/* The ring is empty again, after it refused a frame or conn_want_writable was called. */
	void (*on_writable)(struct conn *);
	/* The process is about to end: say so, and finish. */
	void (*on_shutdown)(struct conn *);
	/* The connection is closed: the last call; frees the connection's owner. */
	void (*on_closed)(struct conn *, const char *why);
	/* Too many bytes waited for the peer, and were given up: say so and finish. NULL: the
	 * connection is closed. */
	void (*on_overrun)(struct conn *);
	/* The key of the user's wallet; n 0: not known yet. It is asked while bytes wait for the
	 * peer; else the connection needs no account. NULL: conn_set_wallet tells it. */
	struct span (*wallet)(const struct conn *);
};

/* Makes a connection of a non-blocking descriptor. The set owns the connection. NULL: the loop
 * cannot watch the descriptor; it is closed, and no callback is called. */
struct conn *conn_new(struct net *, int fd, const struct protocol *, void *owner);

/* Exchanges the protocol of the connection, and the object of the protocol. */
void conn_set_protocol(struct conn *, const struct protocol *, void *owner);
void *conn_owner(const struct conn *);
uint32_t conn_number(const struct conn *); /* for the log */
struct net *conn_net(const struct conn *);

/* The user of the connection is known: it does not count as a stranger any more. */
void conn_confirm(struct conn *);
/* From now on the bytes in the ring count for the account of a wallet (its key). For a protocol
 * without `wallet`. */
void conn_set_wallet(struct conn *, struct span wallet);
/* Does the same with the wallet's account, and takes a reference of its own. */
void conn_set_account(struct conn *, struct account *);
void conn_forget_wallet(struct conn *);   /* does nothing while bytes wait for the peer */
bool conn_is_behind(const struct conn *); /* bytes wait for the peer */
/* Gives back the connection's place (quotas.h), and takes over another one, which it has until its
 * end (NULL: none). */
void conn_set_quota(struct conn *, struct quota *);

/* Queues a frame (takes its own reference), which is written at the end of the turn. False: the
 * ring is full and has refused the frame (never FRAME_CONTROL); on_writable follows. */
bool conn_send(struct conn *, struct frame *);
/* Queues a frame as conn_send does, but never refuses it, however full the ring is: for a frame
 * that was accepted elsewhere before. */
void conn_put(struct conn *, struct frame *);
/* Queues a copy of bytes as FRAME_CONTROL. */
void conn_send_bytes(struct conn *, struct span bytes);
/* Asks for on_writable when the ring is empty, although no frame was refused: in the next turn at
 * the soonest. */
void conn_want_writable(struct conn *);
/* True while frames that cannot be given up fill the ring: the protocol should not read on. */
bool conn_is_clogged(const struct conn *);

/* on_input asks this after each message, if there is more input. True: the connection has used up
 * its share of the turn; on_input calls conn_replay_input and leaves the rest. */
bool conn_turn_is_spent(struct conn *);

/* True if bytes waited for the peer when the last question was asked with this mark, and the peer
 * has taken some since. So it reads and is alive, even if what was sent behind those bytes has not
 * reached it yet, or its own messages wait while reading is paused. *mark belongs to one asker; 0
 * is the start. Behind a Unix socket only many bytes at a time are noticed. */
bool conn_take_progress(struct conn *, uint32_t *mark);

/* Stops reading; input that has arrived stays in the buffer. */
void conn_pause(struct conn *);
/* Offers the buffer to the protocol again in the next turn. Only then does reading go on, so that
 * the buffer does not grow, unless the protocol pauses again. */
void conn_replay_input(struct conn *);

/* Sets what the connection waits for, and begins its time-out anew. */
void conn_wait(struct conn *, enum conn_wait);
enum conn_wait conn_wait_kind(const struct conn *);

/* Closes now; frames that are not written yet are dropped. why is for log lines, and static. */
void conn_close(struct conn *, const char *why);
/* Writes the queued frames, ends our side, and drops further input. Closes when the peer ends its
 * side, or after WAIT_LINGER. So no reset destroys an answer before the peer has read it. */
void conn_finish(struct conn *, const char *why);
/* Asks the protocol to end the connection in good order. A second call does nothing. */
void conn_shut_down(struct conn *);
/* Called in on_shutdown by a protocol that is not ready: the next conn_shut_down asks again. */
void conn_put_off_shut_down(struct conn *);
/* True after conn_finish or conn_close. */
bool conn_is_closing(const struct conn *);

#endif
