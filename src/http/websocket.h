/* SPDX-License-Identifier: ISC */
/*
 * websocket.h - RFC 6455 on a connection: handshake, messages in, heartbeat, close handshake. It
 * does not know what the messages mean: the native transport, Engine.IO and the echo programs are
 * built on it. All functions belong to the loop's thread.
 */
#ifndef HTTP_WEBSOCKET_H
#define HTTP_WEBSOCKET_H

#include "http/web.h"
#include "proto/ws.h"

struct websocket;

struct websocket_ops {
	/* One whole message; bytes live for the call. Text is UTF-8. */
	void (*on_message)(struct websocket *, enum ws_opcode, struct span);
	/* True: no more messages are to be given until websocket_resume (NULL: never). */
	bool (*is_busy)(struct websocket *);
	/* The ring is empty, after conn_want_writable was called or a frame was refused. NULL: not
	 * called. */
	void (*on_writable)(struct websocket *);
	/* The WebSocket is over: the last call. */
	void (*on_closed)(struct websocket *, const char *why);
	/* True: pings are sent when the peer sends nothing. False: the protocol above has a
	 * heartbeat of its own. */
	bool pings;
	/* The key of the user's wallet; n 0: the user is not known. NULL: never known. */
	struct span (*wallet)(const struct websocket *);
};

struct websocket_options {
	const struct websocket_ops *ops;
	void *owner;
	uint32_t max_message;    /* bytes; longer: 1009 */
	const char *subprotocol; /* to be named in the answer; NULL: none */
	struct deflate *deflate; /* for permessage-deflate, borrowed; NULL: not offered */
};

/* Answers the handshake, and takes over the connection, which owns the result. NULL: the request
 * was no proper handshake, and was answered with 400, 405 or 426. */
struct websocket *websocket_accept(struct web_request *, const struct websocket_options *);

/* The object that uses the WebSocket, and the connection under it. */
void *websocket_owner(const struct websocket *);
void websocket_set_owner(struct websocket *, void *owner);
struct conn *websocket_conn(const struct websocket *);
/* Sets the longest message, from the next frame on. A message that is longer already is refused. */
void websocket_set_max_message(struct websocket *, uint32_t max_bytes);

/* Sends a copy of bytes as one message. */
void websocket_send_message(struct websocket *, enum ws_opcode, struct span);
/* Sends a shared frame, as conn_send does; no frame follows a close frame. */
bool websocket_send_frame(struct websocket *, struct frame *);

/* conn_take_progress; for a heartbeat of the protocol above. */
bool websocket_take_progress(struct websocket *);

/* The owner was busy (is_busy), and takes messages again. */
void websocket_resume(struct websocket *);

/* Sends a close frame, waits for the peer's, then ends the connection (RFC 6455, section 7). */
void websocket_close(struct websocket *, uint16_t code, const char *reason);

#endif
