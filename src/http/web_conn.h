/* SPDX-License-Identifier: ISC */
/*
 * web_conn.h - a connection that speaks HTTP: shared by web.c (requests) and web_reply.c (answers);
 * nobody else includes it. All of it belongs to the loop's thread.
 */
#ifndef HTTP_WEB_CONN_H
#define HTTP_WEB_CONN_H

#include "http/web.h"

#include "base/ids.h"

struct web_conn {
	const struct web *web;
	struct conn *conn;
	struct buf head; /* of the request whose body is under way */
	struct buf body;
	struct http_chunked chunked;
	uint64_t body_left; /* of a body with Content-Length */
	size_t body_max;
	bool in_body, is_chunked;
	/* of the request in hand */
	bool is_head, keep_alive, is_1_0, outlives_end;
	char request_id[IDS_REQUEST_SIZE];
	/* at a shutdown: how long the next request is waited for (mono ms); else 0 */
	int64_t ends_ms;
	bool is_held;
	bool is_followed;     /* see web_follow; on_gone is then of the answer */
	uint32_t mark;        /* of web_take_progress */
	uint32_t answer_mark; /* of WAIT_IDLE; both are for conn_take_progress */
	bool has_ended;       /* the client has ended its side; the held request is its last */
	bool has_quota; /* the connection has a place of the request's client, not of its peer */
	struct buf held_fields;
	void (*on_gone)(void *);
	void *gone_arg;
	char peer[]; /* its address as text */
};

/* The client of a held request is gone, or an answer is not followed any more: calls on_gone. Does
 * nothing if there is neither. */
void web_let_go(struct web_conn *);
/* Refuses a request that was not read to its end, or not at all, with these header lines more. */
void web_refuse_unread(struct web_conn *, int status, struct span fields);

#endif
