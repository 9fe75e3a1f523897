/* SPDX-License-Identifier: ISC */
/*
 * engine.h - Engine.IO 4: sessions over HTTP long-polling, WebSocket, and the upgrade between them.
 * It does not know what the messages mean: Socket.IO and the echo program are built on it. All
 * functions belong to the loop's thread.
 */
#ifndef WIRES_SOCKETIO_ENGINE_H
#define WIRES_SOCKETIO_ENGINE_H

#include "http/web.h"

struct engine;
struct engine_session;

struct engine_ops {
	/* Called first for each request: appends header lines for its answer. False: the request
	 * was refused and answered. NULL: every request is served. */
	bool (*on_request)(void *arg, struct web_request *, struct buf *fields);
	/* A session has begun; returns the owner's object for it (engine_owner). */
	void *(*on_open)(void *arg, struct engine_session *, struct web_request *);
	/* One message; bytes live for the call. Text is UTF-8. */
	void (*on_message)(struct engine_session *, bool is_binary, struct span);
	/* True: no more messages are to be given until engine_resume (NULL: never). */
	bool (*is_busy)(struct engine_session *);
	/* The queued frames are on their way, after a frame was refused or engine_want_writable was
	 * called. NULL: not called. */
	void (*on_writable)(struct engine_session *);
	/* The session is over: the last call. is_left: the client has closed it. */
	void (*on_closed)(struct engine_session *, const char *why, bool is_left);
	/* The key of the user's wallet; n 0: the user is not known. NULL: never known. It is asked
	 * when bytes begin to wait for the session's WebSocket. */
	struct span (*wallet)(const struct engine_session *);
};

struct engine_options {
	const struct engine_ops *ops;
	void *arg;
	int64_t ping_interval_ms, ping_timeout_ms;
	struct accounts *accounts; /* count the bytes that wait; borrowed; NULL: not counted */
	size_t max_payload;        /* bytes of one POST, or of one WebSocket message */
	size_t stranger_payload;   /* the same before engine_confirm; 0: max_payload */
	/* Sessions for which engine_confirm was not called; where there are more, the oldest of
	 * them is closed. */
	size_t max_strangers;
};

/* A new engine; borrows the loop and the accounts. The caller frees it. */
struct engine *engine_new(struct loop *, const struct engine_options *);
/* Closes the sessions that are left, and frees the engine. NULL is fine. */
void engine_free(struct engine *);

/* The handler of its route; owner is a struct engine * (the place that holds it). */
void engine_handle(struct web_request *, void *owner);

void *engine_owner(const struct engine_session *);
uint32_t engine_conn_number(
    const struct engine_session *); /* of the connection that began it, for the log */
const char *engine_transport(const struct engine_session *); /* "polling", "websocket" */

/* True if the request that brought the current packet named an Origin; on_request has judged it. */
bool engine_has_origin(const struct engine_session *);
/* True if a browser has begun the session, or sent the current packet: the request had an Origin or
 * a Sec-Fetch-Mode. A page on plain HTTP has neither in a GET, but its POST has an Origin. */
bool engine_is_browser(const struct engine_session *);
/* From now on the session accepts no packet from a request without an Origin. */
void engine_need_origin(struct engine_session *);

/* The user of the session is known: it does not count for max_strangers any more. */
void engine_confirm(struct engine_session *);
/* The session has no user any more: it counts for max_strangers again. */
void engine_doubt(struct engine_session *);
/* From now on the bytes that wait for polls of the session, or in its POST, count as that wallet's
 * (its key). Does nothing for a session on a WebSocket, which asks `wallet`. */
void engine_set_wallet(struct engine_session *, struct span wallet);

/* The max_body of its route: how many bytes a request may bring. */
size_t engine_max_body(const struct http_request *, void *owner);

/* Queues a frame as conn_send does. frame_new_ws has made the frame, and its payload begins with
 * the type of the packet. */
bool engine_send(struct engine_session *, struct frame *);
/* Queues a message, text or binary; never refused. */
void engine_send_message(struct engine_session *, bool is_binary, struct span);

/* Asks for on_writable when the queued frames are on their way, although no frame was refused. */
void engine_want_writable(struct engine_session *);
/* The owner was busy (is_busy), and takes messages again. */
void engine_resume(struct engine_session *);

/* Ends a session from our side. A held poll or the WebSocket still gets the frames that are queued.
 * on_closed is called at once. */
void engine_close(struct engine_session *, const char *why);

#endif
