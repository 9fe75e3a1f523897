/* SPDX-License-Identifier: ISC */
/*
 * load.h - the parts of bench-load.
 *
 *   bench-load (options, phases)
 *     --> client (one user: identity, room, the messages that they must receive)
 *     --> wire (a protocol)
 *     --> link (a socket)
 *
 * A wire turns bytes into calls of a client: client_joined, client_delivered, client_acknowledged,
 * client_answered. A new protocol is one file and one row in wires[]. Messages that come down by
 * one wire may be sent up by another, on a second link.
 */
#ifndef TESTS_BENCH_LOAD_H
#define TESTS_BENCH_LOAD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/buf.h"
#include "tests/bench/figures.h"

#define SENDERS_MAX 8 /* of one room */
#define LINKS_MAX   2 /* of one client: a stream down needs requests up */
#define PIDS_MAX    8

struct client;
struct load;
struct question;
struct wire;

struct link { /* one socket of a client */
	struct client *client;
	const struct wire *wire; /* who reads it */
	TAILQ_ENTRY(link) dirty; /* has bytes to send */
	struct buf in, out;
	STAILQ_HEAD(, question) questions; /* HTTP requests; the first is under way */
	int fd;                            /* -1: none */
	bool is_dirty, is_blocked;
};

struct wire {
	const char *name, *what;
	const struct wire *up; /* by which its messages are sent; NULL: by itself */
	bool is_silent;        /* sends no messages: the server has a schedule of its own */
	bool is_unanswered;    /* acknowledges nothing */
	bool is_request;       /* a message is a request, its delivery the answer to it */
	/* The descriptor of a link; NULL: a socket connected to that address. */
	int (*connect)(const char *to);
	/* Says hello: link 0 is connected. In the end: client_joined. NULL: it only sends. */
	void (*open)(struct client *);
	/* Takes whole units from the front of in and returns their bytes. The rest is offered
	 * again, with more behind it. */
	size_t (*input)(struct client *, struct link *, char *in, size_t len);
	/* Sends one message to the client's room; its number comes back with the acknowledgement.
	 * NULL: the wire up sends. */
	void (*send)(struct client *, uint64_t message, struct span content);
};
extern const struct wire wire_websocket, wire_socketio, wire_socketio_polling, wire_sse, wire_poll,
    wire_emit, wire_rest_send, wire_rest_history, wire_insert, wire_nchan_websocket, wire_nchan_sse,
    wire_nchan_poll, wire_nats, wire_bare, wire_bare_poll, wire_bare_mute, wire_bare_relay;

struct client { /* one user, on one connection, in one room */
	struct load *load;
	uint32_t number, room;
	enum client_state {
		CLIENT_CONNECTED, /* waits for the handshake's answer */
		CLIENT_ACCEPTED,  /* waits for the server's hello */
		CLIENT_JOINING,   /* waits for the acknowledgement of its subscription */
		CLIENT_READY
	} state;
	uint32_t received;
	uint64_t digest;            /* of what it received, in order */
	uint32_t next[SENDERS_MAX]; /* of each sender of the room: the message that comes next */
	int64_t began_us;
	struct buf token; /* what its requests must name: a session, a cursor */
	struct link links[LINKS_MAX];
};

struct sent {                     /* one message */
	int64_t due_us, acked_us; /* acked_us 0: not yet */
	uint32_t left;            /* deliveries still to come */
};

struct load_options {
	const struct wire *wire, *up;
	const char *connect;    /* 127.0.0.1:PORT or unix:PATH */
	const char *up_connect; /* likewise, of the second link */
	int pids[PIDS_MAX];     /* the server's processes, then 0 */
	uint32_t n_clients, room_size, senders;
	double rate;     /* messages a second, in all; 0: closed loop */
	uint32_t burst;  /* open loop: messages due at once */
	uint32_t window; /* closed loop: messages in flight; 0 and rate 0: none are sent */
	double seconds;
	uint32_t messages; /* closed loop: ends after as many; 0: does not */
	uint32_t content_bytes;
	uint32_t frame_bytes; /* where the load makes the frame that is delivered */
	bool wants_acks;
};

struct load {
	struct load_options o;
	int epoll;
	struct client *clients;
	uint32_t n_rooms, n_opened, n_ready;
	TAILQ_HEAD(, link) dirty;
	struct sent *sent;
	size_t n_sent, cap_sent, n_done; /* done: delivered to all */
	uint64_t acks, deliveries, delivery_bytes;
	uint64_t misplaced, doubled, disordered, bad_content, early_acks, refused;
	int64_t start_us, last_delivery_us;
	struct histogram latency, ack, after_ack, setup;
};

/* ---- options (options.c) ---- */
/* Reads the options over the defaults that are there. A wrong option ends the program. */
void options_parse(struct load_options *, int argc, char **argv);

/* ---- a link (link.c) ---- */
/* Link 0 is opened for its client. Link 1, by which it sends, is opened when it is first needed. */
struct link *link_open(struct client *, int which, const struct wire *);
struct link *link_up(struct client *);
/* The bytes in out are sent before the next wait. */
void link_want_send(struct link *);
/* Sends what is queued, then serves what comes until the deadline (monotonic); if that has passed,
 * for one wait. */
void links_turn(struct load *, int64_t deadline_us);

/* ---- a client (client.c): called by its wire ---- */
void client_open(struct client *);
void client_joined(struct client *);
/* A message came; frame_bytes: what it took on the wire. */
void client_delivered(struct client *, struct span content, size_t frame_bytes);
void client_acknowledged(struct client *, uint64_t message, bool ok);
/* The answer to a request that stands for a message. */
void client_answered(struct client *, uint64_t message, bool ok, size_t bytes);
/* Sends the next message, due then. */
void load_send(struct load *, int64_t due_us);

/* Ends the program: a server that breaks the protocol, or is gone, has no figures. */
void load_die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

/* ---- JSON, as far as a load needs it ---- */
bool span_begins(struct span, const char *with);
/* The string after "name":" in *json, which then begins after it; escapes stay as they are. False:
 * there is none. */
bool json_next_string(struct span *json, const char *name, struct span *value);
/* The content of the one message in json. */
bool json_content(struct span json, struct span *content);
/* Appends an object with that content, filled up to size bytes. */
void json_padded(struct buf *, struct span content, size_t size);

#endif
