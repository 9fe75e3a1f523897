/* SPDX-License-Identifier: ISC */
/*
 * web.h - HTTP on a connection: one request at a time, which a table routes; it is answered whole,
 * or the connection is upgraded. All functions belong to the loop's thread. The header is long,
 * since a handler has all that it answers with from here.
 */
#ifndef HTTP_WEB_H
#define HTTP_WEB_H

#include <stddef.h>

#include "contract/errors.h"
#include "io/conn.h"
#include "proto/http.h"

struct gate;
struct web_conn;

struct web_request { /* lives for the handler's call */
	struct conn *conn;
	const struct http_request *http;
	struct span head, body;
	/* Header lines that each answer has, each with its CRLF: those of CORS, until the handler
	 * sets others. web_refuse adds them, and web_reply does not. */
	struct span fields;
	struct web_conn *web_conn; /* of web.c and web_reply.c */
};

struct web_route {
	const char *path; /* matched whole, as raw bytes; NULL: any */
	/* Answers with web_reply, or hands the connection over with web_take_over. owner: see
	 * offset. */
	void (*handle)(struct web_request *, void *owner);
	size_t offset; /* of owner in the arg of these routes */
	/* Returns the number of bytes that the body of this request may have, if that is less than
	 * the max_body of the web. NULL: it is not less. */
	size_t (*max_body)(const struct http_request *, void *owner);
	/* A held request is answered even if its client has ended its side meanwhile, as the last
	 * one. Else that counts as leaving: on_gone is called. */
	bool outlives_end;
};

#define WEB_BODY_MAX   1000000
#define WEB_HEADER_MAX 16384

struct web_routes { /* with one arg */
	const struct web_route *rows;
	size_t n;
	void *arg;
};

#define WEB_PARTS 2

struct web {                                /* read-only while connections use it */
	struct web_routes parts[WEB_PARTS]; /* n 0: not used */
	struct limits *limits;              /* connections of one address; NULL: no limit */
	const struct gate *gate;            /* for the CORS header lines; NULL: none */
	size_t max_body, max_header;        /* bytes; 0: WEB_BODY_MAX, WEB_HEADER_MAX */
	bool refuses_underscores;           /* in header names: some servers take '_' for '-' */
};

/* The max_body of routes that take no body: a small one is read and ignored. */
size_t web_little_body(const struct http_request *, void *owner);

/* Serves a new HTTP connection. peer is its address as text, "" for a Unix socket. If there are
 * max_connections, the connection is answered 503 and ended; if its address has as many as it may
 * have, 429. */
void web_accept(const struct web *, struct net *, int fd, const char *peer);

/* The id of the request in the log and in its answer: its X-Request-ID, if that is a plain one. */
const char *web_request_id(const struct web_request *);
/* The address that the connection of the request comes from, as text. */
struct span web_peer(const struct web_request *);

struct web_reply {
	int status;
	const char *type; /* of the body; NULL: application/json */
	struct span body;
	struct span fields; /* more header lines, each with its CRLF */
	bool is_last;       /* Connection: close */
};
/* Answers a request, once. */
void web_reply(struct web_request *, const struct web_reply *);

/* Answers {"success":false,"error":"...","code":"..."} with the status of the code; why NULL: the
 * code's own sentence. The connection is kept, unless the request asks for a WebSocket. */
void web_refuse(struct web_request *, enum error, const char *why);

/* Refuses a request for the audit trail as web_refuse does, with an answer of the caller's own. */
void web_refuse_with(struct web_request *, enum error, const struct web_reply *);

/* Refuses a request that breaks a rule of HTTP itself: 404, 405 (allow names the methods), 400, 413
 * and others. The connection is kept as by web_refuse. */
void web_refuse_status(struct web_request *, int status, const char *allow);

/* Keeps the request open after the handler returns, until one web_reply_held; no other request of
 * the connection is taken before. on_gone is called if the client leaves (see outlives_end) or the
 * process ends; the
 * handle is void then. fields (copied) go into the answer. */
struct web_conn *
web_hold(struct web_request *, struct span fields, void (*on_gone)(void *), void *arg);
void web_reply_held(struct web_conn *, const struct web_reply *);
/* Follows the answer that web_reply_held has just given. on_gone is called once, when the
 * connection takes its next request or ends; the handle is void then. web_unfollow: it is not
 * called, and the handle is void at once. */
void web_follow(struct web_conn *, void (*on_gone)(void *), void *arg);
void web_unfollow(struct web_conn *);
/* conn_take_progress for an answer that is followed; web_follow sets its mark to 0. */
bool web_take_progress(struct web_conn *);
/* Keeps the request, with copies of head and body, during a look-up; no other request of the
 * connection is taken before. The caller then calls web_unpark once, which calls resume as a
 * handler is called. Or on_gone is called, if the client leaves; the handle is void then. */
struct web_conn *web_park(struct web_request *, void (*on_gone)(void *), void *arg);
void web_unpark(struct web_conn *, void (*resume)(struct web_request *, void *arg), void *arg);
/* Calls conn_confirm for the connection of a held request. */
void web_confirm(struct web_conn *);
/* Calls conn_set_wallet; to be called before a held request is answered with so many bytes. Does
 * nothing if the answer is short and nothing waits for the client: the kernel takes such an answer
 * as a rule, and if not, its few bytes count in all only. So most answers need no account. */
void web_set_wallet(struct web_conn *, struct span wallet, size_t bytes);

/* Hands the connection to another protocol; the request is over when the handler returns. */
void web_take_over(struct web_request *, const struct protocol *, void *owner);

#endif
