/* SPDX-License-Identifier: ISC */
/*
 * web.c - HTTP/1.1 on a connection (RFC 9112): heads and bodies in, one answer each out, in order.
 */
#include "net/web.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "proto/url.h"

#define HELD_MAX 65536 /* bytes that may wait behind a held request */
#define LAST_MS  1000  /* at a shutdown: for a request that is due */

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
	bool is_head, keep_alive, is_1_0;
	char request_id[IDS_REQUEST_SIZE];
	int64_t
	    ends_ms; /* 0; at a shutdown: until when a request that is due is waited for (mono) */
	bool is_held, is_placed; /* the request's client has a place, the connection's peer none */
	struct buf held_fields;
	void (*on_gone)(void *);
	void *gone_arg;
	char peer[]; /* its address as text */
};

/* ---- answers ---- */

static void
reply_on(struct web_conn *wc, const struct web_reply *reply)
{
	bool is_last = reply->is_last || !wc->keep_alive || wc->ends_ms > 0;
	struct buf out = {0};
	struct frame *f;

	frame_begin(&out, reply->fields.n + reply->body.n + 256);
	http_begin(&out, reply->status);
	if (reply->status >= 200 && reply->status != 204 && reply->status != 304) {
		http_put_str(
		    &out, "Content-Type", reply->type != NULL ? reply->type : "application/json");
		http_put_u64(&out, "Content-Length", reply->body.n);
	}
	http_put_str(&out, "X-Content-Type-Options", "nosniff");
	if (wc->request_id[0] != '\0')
		http_put_str(&out, "X-Request-ID", wc->request_id);
	buf_span(&out, reply->fields);
	if (is_last)
		http_put_str(&out, "Connection", "close");
	else if (wc->is_1_0)
		http_put_str(&out, "Connection", "keep-alive");
	http_end(&out);
	if (!wc->is_head)
		buf_span(&out, reply->body);
	f = frame_end(&out, FRAME_CONTROL);
	conn_send(wc->conn, f);
	frame_unref(f);
	wc->request_id[0] = '\0';
	if (wc->is_placed) /* who asks next may be another */
		conn_set_place(wc->conn, NULL);
	if (is_last)
		conn_finish(wc->conn, "answered");
	else
		conn_wait(wc->conn, WAIT_IDLE);
}

const char *
web_request_id(const struct web_request *req)
{
	return req->web_conn->request_id;
}

struct span
web_peer(const struct web_request *req)
{
	return span_of(req->web_conn->peer);
}

void
web_reply(struct web_request *req, const struct web_reply *reply)
{
	reply_on(req->web_conn, reply);
}

struct web_conn *
web_hold(struct web_request *req, struct span fields, void (*on_gone)(void *), void *arg)
{
	struct web_conn *wc = req->web_conn;

	wc->is_held = true;
	wc->on_gone = on_gone;
	wc->gone_arg = arg;
	buf_span(&wc->held_fields, fields);
	conn_wait(wc->conn, WAIT_NOTHING);
	return wc;
}

void
web_reply_held(struct web_conn *wc, const struct web_reply *reply)
{
	struct web_reply whole = *reply;

	buf_span(&wc->held_fields, reply->fields);
	whole.fields = buf_as_span(&wc->held_fields);
	wc->is_held = false;
	reply_on(wc, &whole);
	buf_clear(&wc->held_fields);
	conn_replay_input(wc->conn);
}

void
web_confirm(struct web_conn *wc)
{
	conn_confirm(wc->conn);
}

/* The client of a held request is gone. */
static void
let_go(struct web_conn *wc)
{
	if (!wc->is_held)
		return;
	wc->is_held = false;
	buf_clear(&wc->held_fields);
	wc->on_gone(wc->gone_arg);
}

/* A line of the audit trail for who was not let in. */
static void
note_refusal(const struct web_request *req, int status, const char *code)
{
	const struct http_request *http = req->http;
	char numbers[2][16];

	if (status != 401 && status != 403 && status != 429)
		return;
	snprintf(numbers[0], sizeof(numbers[0]), "%d", status);
	snprintf(numbers[1], sizeof(numbers[1]), "%u", conn_number(req->conn));
	log_audit("refused",
	    (const struct log_field[]){
		{"status", span_of(numbers[0])},
		{"code", span_of(code)},
		{"conn", span_of(numbers[1])},
		{"peer", web_peer(req)},
		{"request", span_of(web_request_id(req))},
		{"method", http != NULL ? http->method_name : (struct span){"", 0}},
		{"path", http != NULL ? http->path : (struct span){"", 0}},
		{"forwarded_for",
		    http != NULL ? http->known[HTTP_X_FORWARDED_FOR] : (struct span){"", 0}},
	    },
	    8);
}

static void
refuse(struct web_request *req, int status, const char *code, const char *error, struct span more)
{
	struct buf body = {0}, fields = {0};

	note_refusal(req, status, code);
	buf_span(&fields, req->fields);
	buf_span(&fields, more);
	json_open(&body, '{');
	json_member_bool(&body, "success", false);
	json_member_cstr(&body, "error", error);
	json_member_cstr(&body, "code", code);
	json_close(&body, '}');
	web_reply(req, &(struct web_reply){.status = status,
			   .body = buf_as_span(&body),
			   .fields = buf_as_span(&fields),
			   .is_last = true});
	buf_clear(&body);
	buf_clear(&fields);
}

void
web_refuse(struct web_request *req, enum chat_err err, const char *why)
{
	int status = chat_err_status(err);

	refuse(req, status, chat_err_code(err), why != NULL ? why : chat_err_text(err),
	    status == 503 || status == 429 ? SPAN("Retry-After: 1\r\n")
	    : status == 401 ? SPAN("WWW-Authenticate: Bearer\r\n") /* RFC 9110, 15.5.2 */
			    : SPAN(""));
}

void
web_refuse_status(struct web_request *req, int status, const char *allow)
{
	struct buf fields = {0};

	if (status == 405)
		http_put_str(&fields, "Allow", allow);
	if (status == 426)
		http_put_426(&fields);
	if (status == 503 || status == 429)
		http_put_str(&fields, "Retry-After", "1");
	refuse(req, status,
	    status == 404   ? "not_found"
	    : status == 503 ? "unavailable"
	    : status == 429 ? "rate_limited"
			    : "bad_request",
	    http_reason(status), buf_as_span(&fields));
	buf_clear(&fields);
}

/* ---- requests ---- */

/* Under whose name: the request's own is worth a line, if it has one. */
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

/* What an answer depends on. */
static void
remember(struct web_conn *wc, const struct http_request *http)
{
	wc->is_head = http->method == METHOD_HEAD;
	wc->keep_alive = http->keep_alive;
	wc->is_1_0 = http->minor == 0;
}

/* Behind a trusted proxy each request is its client's. False: he has all the connections he may have. */
static bool
take_place(struct web_conn *wc, const struct http_request *http)
{
	struct span peer = span_of(wc->peer);
	struct buf scratch = {0};
	struct place *place;
	bool is_good;

	if (wc->web->limits == NULL || !limits_looks_behind(wc->web->limits, peer))
		return true;
	is_good = limits_take(
	    wc->web->limits, peer, http_joined(http, HTTP_X_FORWARDED_FOR, &scratch), &place);
	buf_clear(&scratch);
	wc->is_placed = true;
	conn_set_place(wc->conn, place);
	return is_good;
}

/* NULL: there is none. */
static const struct web_route *
find_route(const struct web *web, const struct http_request *http)
{
	if (!url_path_is_canonical(http->path))
		return NULL;
	for (size_t i = 0; i < web->n_routes; i++) {
		if (web->routes[i].path == NULL || span_is(http->path, web->routes[i].path))
			return &web->routes[i];
	}
	return NULL;
}

static void
route(struct web_conn *wc, const struct http_request *http, struct span body)
{
	struct web_request req = {.conn = wc->conn, .http = http, .body = body, .web_conn = wc};
	const struct web *web = wc->web;
	const struct web_route *r = find_route(web, http);

	remember(wc, http);
	if (!take_place(wc, http)) {
		web_refuse(&req, CHAT_RATE_LIMITED, "too many connections from this address");
		return;
	}
	if (r != NULL)
		r->handle(&req, (char *)web->arg + r->offset);
	else
		web_refuse_status(&req, 404, NULL);
}

/* How much this request may bring. Who asks is known only when the body is there, so a route says how much it takes from a stranger.
 * No route: nothing. */
static size_t
max_body(const struct web *web, const struct http_request *http)
{
	size_t most = web->max_body > 0 ? web->max_body : WEB_BODY_MAX, own = most;
	const struct web_route *r = find_route(web, http);

	if (r == NULL)
		own = 0;
	else if (r->max_body != NULL)
		own = r->max_body(http, (char *)web->arg + r->offset);
	return own < most ? own : most;
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
refused_early(const struct web *web, const struct http_request *http, size_t body_max)
{
	struct span expect = http->known[HTTP_EXPECT];

	if (web->refuses_underscores && has_underscore(http))
		return 400;
	if (expect.p != NULL && !http->expect_continue)
		return 417;
	if (!http->is_chunked && !http->has_length &&
	    (http->method == METHOD_POST || http->method == METHOD_PUT ||
		http->method == METHOD_PATCH))
		return 411;
	if (http->content_length > body_max)
		return find_route(web, http) == NULL ? 404 : 413;
	return 0;
}

/* Refuses what was not read to its end, or not at all. */
static void
refuse_unread(struct web_conn *wc, int status)
{
	wc->is_head = false;
	web_refuse_status(&(struct web_request){.conn = wc->conn, .web_conn = wc}, status, NULL);
}

/* Takes one head. Bytes used; 0: it is not whole; -1: refused, the connection is at its end. */
static ssize_t
take_head(struct web_conn *wc, const char *in, size_t len)
{
	struct http_request http;
	ssize_t used = http_parse(&http, in, len);
	size_t body_max = used > 0 ? max_body(wc->web, &http) : 0;
	int status = used > 0   ? refused_early(wc->web, &http, body_max)
		     : used < 0 ? http.status
				: 0;

	if (used > 0 ? (size_t)used > max_header(wc->web) : used == 0 && len > max_header(wc->web))
		status = 431;
	if (used == 0 && status == 0)
		return 0;
	if (used > 0)
		name_request(wc, &http);
	if (status != 0) {
		refuse_unread(wc, status);
		return -1;
	}
	if (!http.is_chunked && http.content_length == 0) {
		route(wc, &http, (struct span){"", 0});
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
		route(wc, &http, buf_as_span(&body));
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
		refuse_unread(wc, 400);
		return -1;
	}
	if (wc->body.len + data.n > wc->body_max) {
		refuse_unread(wc, 413);
		return -1;
	}
	buf_span(&wc->body, data);
	wc->body_left -= wc->is_chunked ? 0 : data.n;
	if (wc->is_chunked ? http_chunked_is_done(&wc->chunked) : wc->body_left == 0)
		end_body(wc);
	return used;
}

/* An answer that the peer does not read holds up its next request, not us. */
static bool
must_wait(struct conn *c)
{
	if (!conn_is_clogged(c))
		return false;
	conn_pause(c);
	conn_want_room(c);
	return true;
}

static void
on_input(struct conn *c, struct buf *in)
{
	struct web_conn *wc = conn_own(c);
	size_t at = 0;

	while (at < in->len && !wc->is_held && !must_wait(c)) {
		ssize_t used = wc->in_body ? take_body(wc, in->p + at, in->len - at)
					   : take_head(wc, in->p + at, in->len - at);

		/* wc may be gone: closed with the connection, or ours to free where that was taken over. */
		bool is_taken = conn_own(c) != wc;
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
on_room(struct conn *c)
{
	conn_replay_input(c);
}

static void
on_end(struct conn *c)
{
	let_go(conn_own(c));
	conn_finish(c, "end of requests");
}

static void
on_timeout(struct conn *c, enum conn_wait wait)
{
	struct web_conn *wc = conn_own(c);

	if (wait == WAIT_IDLE)
		conn_finish(c, "idle");
	else
		refuse_unread(wc, 408);
}

/* Who has just connected, or is in the middle of a request: the last one of the connection. */
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
	struct web_conn *wc = conn_own(c);
	bool is_held = wc->is_held;

	if (is_request_due(wc)) {
		conn_put_off_shut_down(c);
		return;
	}
	let_go(wc);
	if (is_held)
		refuse_unread(wc, 503);
	conn_finish(c, "shutdown");
}

static void
on_closed(struct conn *c, const char *why)
{
	struct web_conn *wc = conn_own(c);

	let_go(wc);
	buf_clear(&wc->head);
	buf_clear(&wc->body);
	free(wc);
}

static const struct protocol http_protocol = {
    .on_input = on_input,
    .on_end = on_end,
    .on_timeout = on_timeout,
    .on_room = on_room,
    .on_shutdown = on_shutdown,
    .on_closed = on_closed,
};

void
web_take_over(struct web_request *req, const struct protocol *protocol, void *own)
{
	conn_set_protocol(req->conn, protocol, own);
}

/* 0: it may come in; else the status to refuse it with. */
static int
admit(struct web_conn *wc, bool is_full)
{
	struct limits *limits = wc->web->limits;
	struct span peer = span_of(wc->peer);
	struct place *place;

	if (is_full)
		return 503;
	if (limits == NULL || limits_looks_behind(limits, peer))
		return 0;
	if (!limits_take(limits, peer, (struct span){"", 0}, &place))
		return 429;
	conn_set_place(wc->conn, place);
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
		refuse_unread(wc, status);
		return;
	}
	conn_wait(wc->conn, WAIT_HEAD);
	net_trim_strangers(net);
}
