/* SPDX-License-Identifier: ISC */
/*
 * web.c - HTTP/1.1 on a connection (RFC 9112): takes heads and bodies, and hands each request to
 * its route. web_reply.c has the answers.
 */
#include "http/web_conn.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/mem.h"
#include "http/gate.h"
#include "http/limits.h"
#include "proto/url.h"

#define LITTLE_BODY 4096
#define HELD_MAX    65536                      /* bytes that may wait behind a held request */
#define LAST_MS     1000                       /* at a shutdown: for a request that is due */
#define METHODS     "GET, HEAD, POST, OPTIONS" /* of all routes together */

/* Gives the request its id; the client's own id is worth a log line, if it has one. */
static void
name_request(struct web_conn *wc, const struct http_request *http)
{
	struct buf scratch = {0};
	struct span given = http_joined(http, HTTP_X_REQUEST_ID, &scratch);

	ids_request(wc->request_id, given.p != NULL ? given : (struct span){"", 0});
	log_line(span_is(given, wc->request_id) ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG,
	    "conn %u: request=%s %.*s %.*s", conn_number(wc->conn), wc->request_id,
	    (int)http->method_name.n, http->method_name.p, (int)http->path.n, http->path.p);
	buf_clear(&scratch);
}

/* Notes the properties of the request on which its answer depends. */
static void
remember(struct web_conn *wc, const struct http_request *http)
{
	wc->is_head = http->method == METHOD_HEAD;
	wc->keep_alive = http->keep_alive;
	wc->is_1_0 = http->minor == 0;
}

/* Behind a trusted proxy the client of each request takes a place. False: the client's address has
 * all the connections that it may have. */
static bool
take_quota(struct web_conn *wc, const struct http_request *http)
{
	struct span peer = span_of(wc->peer);
	struct buf scratch = {0};
	struct quota *quota;
	bool is_good;

	if (wc->web->limits == NULL || !limits_trust(wc->web->limits, peer))
		return true;
	is_good = limits_take(
	    wc->web->limits, peer, http_joined(http, HTTP_X_FORWARDED_FOR, &scratch), &quota);
	buf_clear(&scratch);
	wc->has_quota = true;
	conn_set_quota(wc->conn, quota);
	return is_good;
}

/* The row that serves a request, and its object. row NULL: no row has the path. */
struct target {
	const struct web_route *row;
	void *owner;
};

/* Answers "OPTIONS *", which asks about the server as a whole. */
static void
tell_options(struct web_request *req, void *owner)
{
	web_reply(
	    req, &(struct web_reply){.status = 204, .fields = SPAN("Allow: " METHODS "\r\n")});
}

static struct target
find_target(const struct web *web, const struct http_request *http)
{
	static const struct web_route whole = {"*", tell_options, 0, web_little_body};

	if (span_is(http->path, whole.path))
		return (struct target){&whole, NULL};
	if (!url_path_is_canonical(http->path))
		return (struct target){NULL, NULL};
	for (const struct web_routes *part = web->parts; part < web->parts + WEB_PARTS; part++) {
		for (const struct web_route *r = part->rows; r < part->rows + part->n; r++) {
			if (r->path == NULL || span_is(http->path, r->path))
				return (struct target){r, (char *)part->arg + r->offset};
		}
	}
	return (struct target){NULL, NULL};
}

size_t
web_little_body(const struct http_request *http, void *owner)
{
	return LITTLE_BODY;
}

static void
serve(struct web_conn *wc, const struct http_request *http, struct target to, struct span head,
    struct span body)
{
	struct buf scratch = {0};
	struct web_request req = {.conn = wc->conn,
	    .http = http,
	    .head = head,
	    .body = body,
	    .fields = gate_cors(wc->web->gate, http, &scratch),
	    .web_conn = wc};

	web_let_go(wc); /* of the answer before */
	remember(wc, http);
	wc->outlives_end = to.row != NULL && to.row->outlives_end;
	if (!take_quota(wc, http))
		web_refuse(&req, ERROR_RATE_LIMITED, "too many connections from this address");
	else if (http->method == METHOD_OTHER)
		web_refuse_status(&req, 501, NULL);
	else if (to.row != NULL)
		to.row->handle(&req, to.owner);
	else
		web_refuse_status(&req, 404, NULL);
	buf_clear(&scratch);
}

/* Refuses a request whose head is known. A page may learn why. */
static void
refuse_known(struct web_conn *wc, const struct http_request *http, int status)
{
	struct buf scratch = {0};

	web_refuse_unread(wc, status, gate_cors(wc->web->gate, http, &scratch));
	buf_clear(&scratch);
}

/* Refuses a request whose head is not known, or whose body is under way. */
static void
refuse(struct web_conn *wc, int status)
{
	struct http_request http;

	if (wc->in_body && http_parse(&http, wc->head.p, wc->head.len) > 0)
		refuse_known(wc, &http, status);
	else
		web_refuse_unread(wc, status, (struct span){"", 0});
}

/* The number of bytes that the body of this request may have. The sender is known only when the
 * body is there, so a route says how much it takes from a stranger. No route: little. */
static size_t
max_body(const struct web *web, const struct http_request *http, struct target to)
{
	size_t most = web->max_body > 0 ? web->max_body : WEB_BODY_MAX, less = most;

	if (to.row == NULL)
		less = LITTLE_BODY;
	else if (to.row->max_body != NULL)
		less = to.row->max_body(http, to.owner);
	return less < most ? less : most;
}

static size_t
max_header(const struct web *web)
{
	return web->max_header > 0 ? web->max_header : WEB_HEADER_MAX;
}

static bool
has_underscore(const struct http_request *http)
{
	for (size_t i = 0; i < http->n_fields; i++) {
		if (memchr(http->fields[i].name.p, '_', http->fields[i].name.n) != NULL)
			return true;
	}
	return false;
}

/* The status to refuse a request with before its body is read; 0: go on. */
static int
refused_early(
    const struct web *web, const struct http_request *http, struct target to, size_t body_max)
{
	if (web->refuses_underscores && has_underscore(http))
		return 400;
	if (http->expects_more)
		return 417;
	if (!http->is_chunked && !http->has_length &&
	    (http->method == METHOD_POST || http->method == METHOD_PUT ||
		http->method == METHOD_PATCH))
		return 411;
	if (http->content_length > body_max)
		return to.row == NULL ? 404 : 413;
	return 0;
}

/* Takes one head. Bytes used; 0: it is not whole; -1: refused, the connection is at its end. */
static ssize_t
take_head(struct web_conn *wc, const char *in, size_t len)
{
	struct http_request http;
	ssize_t used = http_parse(&http, in, len);
	struct target to = used > 0 ? find_target(wc->web, &http) : (struct target){NULL, NULL};
	size_t body_max = used > 0 ? max_body(wc->web, &http, to) : 0;
	int status = used > 0   ? refused_early(wc->web, &http, to, body_max)
		     : used < 0 ? http.status
				: 0;

	if (used > 0 ? (size_t)used > max_header(wc->web) : used == 0 && len > max_header(wc->web))
		status = 431;
	if (used == 0 && status == 0)
		return 0;
	if (used > 0)
		name_request(wc, &http);
	if (status != 0) {
		if (used > 0)
			refuse_known(wc, &http, status);
		else
			refuse(wc, status);
		return -1;
	}
	if (!http.is_chunked && http.content_length == 0) {
		serve(wc, &http, to, (struct span){in, (size_t)used}, (struct span){"", 0});
		return used;
	}
	wc->in_body = true;
	wc->is_chunked = http.is_chunked;
	wc->chunked = (struct http_chunked){0};
	wc->body_left = http.content_length;
	wc->body_max = body_max;
	buf_add(&wc->head, in, (size_t)used);
	if (http.expect_continue)
		conn_send_bytes(wc->conn, SPAN("HTTP/1.1 100 Continue\r\n\r\n"));
	conn_wait(wc->conn, WAIT_BODY);
	return used;
}

static void
end_body(struct web_conn *wc)
{
	struct http_request http;
	struct buf head = wc->head, body = wc->body;

	/* Parsed again: the spans point into the copy. */
	wc->head = wc->body = (struct buf){0};
	wc->in_body = false;
	if (http_parse(&http, head.p, head.len) > 0)
		serve(
		    wc, &http, find_target(wc->web, &http), buf_as_span(&head), buf_as_span(&body));
	buf_clear(&head);
	buf_clear(&body);
}

/* Takes a piece of the body; bytes used, -1: refused. */
static ssize_t
take_body(struct web_conn *wc, const char *in, size_t len)
{
	struct span data = {in, len < wc->body_left ? len : (size_t)wc->body_left};
	ssize_t used = (ssize_t)data.n;

	if (wc->is_chunked && (used = http_chunked_read(&wc->chunked, in, len, &data)) < 0) {
		refuse(wc, 400);
		return -1;
	}
	if (wc->body.len + data.n > wc->body_max) {
		refuse(wc, 413);
		return -1;
	}
	buf_span(&wc->body, data);
	wc->body_left -= wc->is_chunked ? 0 : data.n;
	if (wc->is_chunked ? http_chunked_is_done(&wc->chunked) : wc->body_left == 0)
		end_body(wc);
	return used;
}

/* An answer that the peer does not read delays its next request, not us. */
static bool
must_wait(struct conn *c)
{
	if (!conn_is_clogged(c))
		return false;
	conn_pause(c);
	conn_want_writable(c);
	return true;
}

static void
on_input(struct conn *c, struct buf *in)
{
	struct web_conn *wc = conn_owner(c);
	size_t at = 0;

	while (at < in->len && !wc->is_held && !must_wait(c)) {
		ssize_t used = wc->in_body ? take_body(wc, in->p + at, in->len - at)
					   : take_head(wc, in->p + at, in->len - at);

		/* wc may be freed with its connection, or ours to free where the connection was
		 * taken over. */
		bool is_taken = conn_owner(c) != wc;
		if (is_taken)
			free(wc);
		if (used < 0 || conn_is_closing(c))
			return;
		at += (size_t)used;
		if (is_taken) {
			buf_drop(in, at);
			return;
		}
		if (used == 0) {
			if (conn_wait_kind(c) == WAIT_IDLE)
				conn_wait(c, WAIT_HEAD);
			break;
		}
		if (at < in->len && conn_turn_is_spent(c)) {
			conn_replay_input(c);
			break;
		}
	}
	if (wc->is_held && in->len - at > HELD_MAX)
		conn_pause(c);
	buf_drop(in, at);
}

static void
on_writable(struct conn *c)
{
	conn_replay_input(c);
}

static void
on_end(struct conn *c)
{
	struct web_conn *wc = conn_owner(c);

	if (wc->is_held && wc->outlives_end) {
		wc->has_ended = true;
		return;
	}
	web_let_go(wc);
	conn_finish(c, "end of requests");
}

/* True if the answer is still on its way: at the first time-out if bytes of it wait for the client,
 * later if the client has taken some since. */
static bool
is_being_read(struct web_conn *wc)
{
	bool is_first = wc->answer_mark == 0;
	bool makes_progress = conn_take_progress(wc->conn, &wc->answer_mark);

	return makes_progress || (is_first && wc->answer_mark != 0);
}

static void
on_timeout(struct conn *c, enum conn_wait wait)
{
	struct web_conn *wc = conn_owner(c);

	if (wait == WAIT_IDLE && is_being_read(wc))
		conn_wait(c, WAIT_IDLE);
	else if (wait == WAIT_IDLE)
		conn_finish(c, "idle");
	else
		refuse(wc, 408);
}

/* True if the client has just connected, or is in the middle of a request: that request is the last
 * of the connection. */
static bool
is_request_due(struct web_conn *wc)
{
	enum conn_wait wait = conn_wait_kind(wc->conn);

	if (wc->is_held || (wait != WAIT_HEAD && wait != WAIT_BODY))
		return false;
	if (wc->ends_ms == 0)
		wc->ends_ms = clock_mono_ms() + LAST_MS;
	return clock_mono_ms() < wc->ends_ms;
}

static void
on_shutdown(struct conn *c)
{
	struct web_conn *wc = conn_owner(c);
	bool is_held = wc->is_held;
	struct buf fields = wc->held_fields;

	if (is_request_due(wc)) {
		conn_put_off_shut_down(c);
		return;
	}
	wc->held_fields = (struct buf){0};
	web_let_go(wc);
	if (is_held)
		web_refuse_unread(wc, 503, buf_as_span(&fields));
	buf_clear(&fields);
	conn_finish(c, "shutdown");
}

static void
on_closed(struct conn *c, const char *why)
{
	struct web_conn *wc = conn_owner(c);

	web_let_go(wc);
	buf_clear(&wc->head);
	buf_clear(&wc->body);
	free(wc);
}

static const struct protocol http_protocol = {
    .on_input = on_input,
    .on_end = on_end,
    .on_timeout = on_timeout,
    .on_writable = on_writable,
    .on_shutdown = on_shutdown,
    .on_closed = on_closed,
};

void
web_take_over(struct web_request *req, const struct protocol *protocol, void *owner)
{
	conn_set_protocol(req->conn, protocol, owner);
}

/* 0: it may come in; else the status to refuse it with. */
static int
admit(struct web_conn *wc, bool is_full)
{
	struct limits *limits = wc->web->limits;
	struct span peer = span_of(wc->peer);
	struct quota *quota;

	if (is_full)
		return 503;
	if (limits == NULL || limits_trust(limits, peer))
		return 0;
	if (!limits_take(limits, peer, (struct span){"", 0}, &quota))
		return 429;
	conn_set_quota(wc->conn, quota);
	return 0;
}

void
web_accept(const struct web *web, struct net *net, int fd, const char *peer)
{
	size_t peer_size = strlen(peer) + 1;
	struct web_conn *wc = mem_zalloc(sizeof(*wc) + peer_size);
	bool is_full = net_is_full(net);
	int status;

	wc->web = web;
	memcpy(wc->peer, peer, peer_size);
	if ((wc->conn = conn_new(net, fd, &http_protocol, wc)) == NULL) {
		free(wc);
		return;
	}
	if ((status = admit(wc, is_full)) != 0) {
		conn_confirm(wc->conn); /* it makes no room for itself by putting out another */
		web_refuse_unread(wc, status, (struct span){"", 0});
		return;
	}
	conn_wait(wc->conn, WAIT_HEAD);
	net_trim_strangers(net);
}
