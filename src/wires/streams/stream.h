/* SPDX-License-Identifier: ISC */
/*
 * stream.h - the parts that SSE, long-poll and POST /emit share: a request, whose query query.h
 * reads, and the streams, which tie the requests of one client together. Routes: /events (sse.c),
 * /poll (poll.c), /emit (emit.c). All functions belong to the loop's thread.
 */
#ifndef WIRES_STREAMS_STREAM_H
#define WIRES_STREAMS_STREAM_H

#include <sys/queue.h>

#include "base/map.h"
#include "http/web.h"
#include "wires/admission.h"
#include "wires/wire.h"

#define CLIENT_ID_SIZE 65

struct streams { /* of one daemon */
	struct hub *hub;
	const struct gate *gate;
	struct loop *loop;
	struct map clients; /* by wallet and client id: struct stream */
	TAILQ_HEAD(, stream) all;
	LIST_HEAD(, emit) emits;
	uint64_t n_opened; /* streams since the start */
};

/* A client with a session; embedded first in struct sse and struct poll. */
struct stream {
	struct streams *streams;
	struct session *session;
	TAILQ_ENTRY(stream) link;
	struct map_node node;
	char *key;       /* in streams->clients; NULL: the stream has no name, and is not there */
	uint64_t number; /* an older stream has a smaller one */
	bool is_named;   /* its request has named the client */
	bool is_idle;    /* no request is open: the next request of the client takes over */
	/* Ends the stream in good order, and frees it. Called when the client says goodbye, or when
	 * another stream of the same name takes its place. */
	void (*end)(struct stream *, const char *why);
	/* True while bytes wait for a client that does not read them. */
	bool (*is_stalled)(const struct stream *);
	/* Ends the stream to make room for another one, and frees it; for others the client is
	 * lost. NULL: it never makes room. */
	void (*make_room)(struct stream *);
};

struct stream_request;

struct stream_route {
	const char *methods;
	struct span fields;    /* header lines of every answer */
	bool takes_any_cursor; /* a malformed cursor is a gap; false: it is refused */
	bool takes_room;       /* where its wallet has too many streams, another makes room */
	/* Refuses a request whose query is good (NULL: web_refuse does). */
	void (*refuse)(struct web_request *, const struct admission *, enum error, const char *why);
	/* Serves a request that needs no look-up (may be NULL). False: it needs one. */
	bool (*serve_now)(struct stream_request *, struct web_request *);
	void (*serve)(struct stream_request *, struct web_request *);
};

/* A request on its way to its route: the parameters of its query (escrow, cursor, client, timeout)
 * and its Last-Event-ID, and the CORS lines of the answer. */
struct stream_request {
	struct streams *streams;
	struct admission *admission; /* with the user, and the cursor and rooms of the query */
	const struct stream_route *route;
	struct buf text;   /* the text to which the spans point */
	struct buf fields; /* header lines */
	struct span client;
	int64_t timeout_ms; /* -1: not given */
	const char *why;    /* the reason to refuse the query; NULL: it is good */
};

/* Checks the conditions of the mode and the method, looks up the user, their cursor and rooms, and
 * calls the route's serve, now or later. Where the request is refused, serve is not called. */
void stream_handle(struct streams *, struct web_request *, const struct stream_route *);

/* The live stream of that wallet and name, or NULL. */
struct stream *stream_find(struct streams *, const struct user *, struct span client);

/* Opens the session of a stream, and gives the stream its name; the stream that had the name is
 * ended. Requests without client= have the same name if they come one after the other. False: the
 * request was refused and answered. */
bool stream_open(
    struct stream *, const struct stream_request *, struct web_request *, const struct transport *);
/* Closes the session. The owner frees the memory of the stream. */
void stream_close(struct stream *, enum session_end);

/* Handlers of their routes; owner is a struct streams. */
void sse_handle(struct web_request *, void *owner);
void poll_handle(struct web_request *, void *owner);
void emit_handle(struct web_request *, void *owner);
size_t emit_max_body(const struct http_request *, void *owner);

/* Closes the sessions of requests to /emit that are still open. */
void emit_clear(struct streams *);

extern const struct wire streams_wire; /* its state is a struct streams */

#endif
