/* SPDX-License-Identifier: ISC */
/*
 * load.h - the parts of bench-load.
 *
 *   bench-load (options, phases) --> client (one user: identity, room, what he must receive) --> wire (a protocol) --> link (a socket)
 *
 * A wire turns bytes into the three calls of a client: client_joined, client_delivered, client_acknowledged. A new protocol is one
 * file and one row in wires[].
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

struct client;
struct load;

struct link { /* one socket of a client */
	struct client *client;
	TAILQ_ENTRY(link) dirty; /* has bytes to send */
	struct buf in, out;
	int fd; /* -1: none */
	bool is_dirty, is_blocked;
};

struct wire {
	const char *name;
	bool is_silent; /* sends no messages: the server has a schedule of its own */
	/* Says hello: link 0 is connected. In the end: client_joined. */
	void (*open)(struct client *);
	/* Takes whole units from the front of in; how many bytes. What is left is offered again with more behind it. */
	size_t (*input)(struct client *, struct link *, char *in, size_t len);
	/* Sends one message to the client's room; ack numbers the acknowledgement wanted. */
	void (*send)(struct client *, uint64_t message, struct span content);
};
extern const struct wire wire_websocket, wire_bare, wire_bare_mute, wire_bare_relay;

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
	struct link links[LINKS_MAX];
};

struct sent {          /* one message */
	uint32_t left; /* deliveries still to come */
	bool is_acknowledged;
};

struct load_options {
	const struct wire *wire;
	const char *connect; /* 127.0.0.1:PORT or unix:PATH */
	int pid;             /* the server's */
	uint32_t n_clients, room_size, senders;
	double rate;     /* messages a second, in all; 0: closed loop */
	uint32_t burst;  /* open loop: messages due at once */
	uint32_t window; /* closed loop: messages in flight; 0 and rate 0: none are sent */
	double seconds;
	uint32_t content_bytes;
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
	struct histogram latency, ack_latency, setup;
};

/* ---- a link (link.c) ---- */
void link_open(struct client *, int which);
/* What is in out goes out before the next wait. */
void link_want_send(struct link *);
/* Sends what is queued, then serves what comes until deadline (monotonic), or one wait if it is past. */
void links_turn(struct load *, int64_t deadline_us);

/* ---- a client (client.c): called by its wire ---- */
void client_open(struct client *);
void client_joined(struct client *);
/* A message came; frame_bytes: what it took on the wire. */
void client_delivered(struct client *, struct span content, size_t frame_bytes);
void client_acknowledged(struct client *, uint64_t message, bool ok);
/* Sends the next message, due then. */
void load_send(struct load *, int64_t due_us);

/* Ends the program: a server that breaks the protocol, or is gone, has no figures. */
void load_die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

/* ---- helpers for wires whose events are {"event":"chat_message", … "content":"…"} ---- */
/* The content in a message's JSON. False: none. */
bool json_content(struct span json, struct span *content);

#endif
