/* SPDX-License-Identifier: ISC */
/*
 * socketio.h - Socket.IO protocol 5 on Engine.IO sessions: namespaces, events, acknowledgements,
 * binary packets. It does not know what the events mean: the chat and the echo program are built on
 * it. All functions belong to the loop's thread.
 */
#ifndef WIRES_SOCKETIO_SOCKETIO_H
#define WIRES_SOCKETIO_SOCKETIO_H

#include "base/json.h"
#include "proto/sio.h"
#include "wires/socketio/engine.h"

struct socketio;
struct socketio_socket; /* one client in one namespace */

struct socketio_event { /* lives for the call */
	/* The array, checked (base/json_slice.h); its first element is the name. n 0: refusal says why
	 * the event cannot be taken, in a static sentence. */
	struct span args;
	const char *refusal;
	bool has_id; /* an acknowledgement is wanted */
	uint64_t id;
	bool is_binary;
	const struct sio_assembly *attachments; /* of a binary event, where they are taken */
};

enum socketio_end {
	SOCKETIO_DISCONNECTED, /* a DISCONNECT packet, from either side */
	SOCKETIO_CLOSED,       /* the client closed the session under it */
	SOCKETIO_LOST
};

struct socketio_ops {
	/* See engine_ops. */
	bool (*on_request)(void *arg, struct web_request *, struct buf *fields);
	/* A client has come: returns the part of its handshake that the owner keeps, from malloc().
	 * The callback or its result may be NULL: nothing is kept. */
	void *(*on_handshake)(void *arg, struct web_request *);
	/* A client wants to enter a namespace; auth is its payload, an object as a slice of JSON
	 * (base/json_slice.h), or none. The callee answers, now or later, with socketio_accept or
	 * socketio_reject; until then no packet of the client is taken. */
	void (*on_connect)(void *arg, struct socketio_socket *, struct span auth);
	void (*on_event)(struct socketio_socket *, const struct socketio_event *);
	/* These are called as those of engine_ops are, for a socket that is connected. Each may be
	 * NULL. */
	bool (*is_busy)(struct socketio_socket *);
	void (*on_writable)(struct socketio_socket *);
	/* The socket is over: the last call. */
	void (*on_disconnect)(struct socketio_socket *, const char *why, enum socketio_end);
	/* The key of the wallet of a socket that is connected (NULL: the wallet is not known). */
	struct span (*wallet)(const struct socketio_socket *);
};

struct socketio_options {
	const struct socketio_ops *ops;
	void *arg;
	const char *const *namespaces; /* NULL-terminated */
	bool takes_binary;             /* false: attachments of a binary event are skipped */
	int64_t connect_timeout_ms;
	int64_t ping_interval_ms, ping_timeout_ms;
	size_t max_payload, stranger_payload, max_strangers; /* see engine_options */
	struct accounts *accounts;                           /* likewise */
};

/* New Socket.IO over a new engine; borrows the loop. The caller frees it. */
struct socketio *socketio_new(struct loop *, const struct socketio_options *);
void socketio_free(struct socketio *); /* NULL is fine */

/* The handler of its route; owner is a struct socketio * (the place that holds it). */
void socketio_handle(struct web_request *, void *owner);
size_t socketio_max_body(const struct http_request *, void *owner);

void *socketio_owner(const struct socketio_socket *); /* the owner's object for it; NULL at first */
void socketio_set_owner(struct socketio_socket *, void *owner);
const char *socketio_namespace(const struct socketio_socket *);
void *socketio_handshake_of(const struct socketio_socket *); /* the result of on_handshake */
struct engine_session *socketio_session(const struct socketio_socket *);
/* The socket of a session in a namespace, or NULL. */
struct socketio_socket *socketio_in(const struct engine_session *, const char *nsp);

/* Accepts a socket, with its visible id and the secret to come back with (pid NULL: its state
 * cannot be recovered). */
void socketio_accept(struct socketio_socket *, const char *sid, const char *pid);
/* Refuses a socket, and frees it without a call of on_disconnect. */
void socketio_reject(struct socketio_socket *, const char *message);
bool socketio_is_connected(const struct socketio_socket *);

/* Sends a packet of text, without the type of Engine.IO in front. */
void socketio_send(struct socketio_socket *, struct span packet);
/* Sends a binary message: an attachment of the packet before. */
void socketio_send_binary(struct socketio_socket *, struct span bytes);

/* Ends the socket with a DISCONNECT packet ("io server disconnect"); on_disconnect is called. */
void socketio_disconnect(struct socketio_socket *, const char *why);
/* Ends the whole session under a socket, without a packet of Socket.IO: the client sees a lost
 * transport. */
void socketio_drop(struct socketio_socket *, const char *why);

/* Appends the elements of args from the element from on, written anew, with commas between. */
void socketio_put_args(struct buf *, struct span args, size_t from);

#endif
