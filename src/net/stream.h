/* SPDX-License-Identifier: ISC */
/*
 * stream.h - what SSE, long-poll and POST /emit share: the query of a request, and the clients that tie requests together.
 * Routes: /events (sse.c), /poll (poll.c), /emit (emit.c).
 */
#ifndef NET_STREAM_H
#define NET_STREAM_H

#include <sys/queue.h>

#include "base/map.h"
#include "net/identity.h"
#include "hub/hub.h"
#include "net/web.h"

#define CLIENT_ID_SIZE 65

struct streams { /* of one daemon */
	struct hub *hub;
	const struct gate *gate;
	struct loop *loop;
	struct map clients; /* by wallet and client id: struct stream */
	TAILQ_HEAD(, stream) all;
	LIST_HEAD(, emit) emits;
};

/* One client's session, as long as it lasts; embedded first in an SSE stream's or a poll's own. */
struct stream {
	struct streams *streams;
	struct session *session;
	TAILQ_ENTRY(stream) link;
	struct map_node node;
	char *key;    /* in the map; NULL: it is not in it, and has no name */
	bool is_idle; /* no request is open: the next of its client takes over */
	/* Ends it in good order: goodbye, or another of the same name has taken its place. Frees it. */
	void (*end)(struct stream *, const char *why);
};

struct stream_query {
	struct buf text; /* what the spans point into */
	struct span rooms[STREAM_ROOMS_MAX];
	size_t n_rooms;
	struct span cursor;
	struct span client;
	int64_t timeout_ms; /* -1: not given */
};

/* The conditions of the mode, who asks, and the query (escrow, cursor, lastEventId, client, timeout; Last-Event-ID). fields gets the CORS
 * lines of the answer. False: refused or, for OPTIONS, answered. */
bool stream_begin(struct streams *, struct web_request *, const char *methods, struct buf *fields,
    struct stream_query *, struct user *out);
void stream_query_clear(struct stream_query *);

/* The live stream of that wallet and name, or NULL. */
struct stream *stream_find(struct streams *, const struct user *, struct span client);

/* Opens the session of a stream and gives it its name; the one that had it is ended. Requests without client= share a name as long as they
 * come one after the other. verdicts: of the query's rooms. False: refused, and answered. */
bool
stream_open(struct stream *, struct streams *, struct web_request *, const struct stream_query *,
    const struct user *, const struct transport *, enum chat_err verdicts[STREAM_ROOMS_MAX]);
/* Closes the session. The stream's memory is its owner's. */
void stream_close(struct stream *, enum session_end);

/* Handlers of their routes; own is a struct streams. */
void sse_handle(struct web_request *, void *own);
void poll_handle(struct web_request *, void *own);
void emit_handle(struct web_request *, void *own);
size_t emit_max_body(const struct http_request *, void *own);

/* Closes the sessions of requests to /emit that are still open. */
void emit_clear(struct streams *);

void streams_init(struct streams *, struct hub *, const struct gate *, struct loop *);
void streams_clear(struct streams *);

#endif
