/* SPDX-License-Identifier: ISC */
/*
 * web_reply.c - the answers to HTTP requests: replies, refusals, and requests that are held or
 * parked until their answer is known.
 */
#include "http/web_conn.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/log.h"

#define SHORT_BYTES 4096 /* of an answer for which no account is opened */

static void
reply_on(struct web_conn *wc, const struct web_reply *reply)
{
	bool is_last = reply->is_last || !wc->keep_alive || wc->ends_ms > 0 || wc->has_ended;
	struct buf out = {0};
	struct frame *f;

	frame_begin(&out, reply->fields.n + reply->body.n + 300);
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
	if (wc->has_quota) /* who asks next may be another */
		conn_set_quota(wc->conn, NULL);
	if (is_last)
		conn_finish(wc->conn, "answered");
	else
		conn_wait(wc->conn, WAIT_IDLE);
	wc->answer_mark = 0;
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
web_follow(struct web_conn *wc, void (*on_gone)(void *), void *arg)
{
	wc->is_followed = true;
	wc->on_gone = on_gone;
	wc->gone_arg = arg;
	wc->mark = 0;
}

void
web_unfollow(struct web_conn *wc)
{
	wc->is_followed = false;
}

bool
web_take_progress(struct web_conn *wc)
{
	return conn_take_progress(wc->conn, &wc->mark);
}

struct web_conn *
web_park(struct web_request *req, void (*on_gone)(void *), void *arg)
{
	struct web_conn *wc = web_hold(req, req->fields, on_gone, arg);

	buf_span(&wc->head, req->head);
	buf_span(&wc->body, req->body);
	return wc;
}

void
web_unpark(struct web_conn *wc, void (*resume)(struct web_request *, void *), void *arg)
{
	struct buf head = wc->head, body = wc->body, fields = wc->held_fields;
	struct conn *c = wc->conn;
	struct http_request http;

	wc->head = wc->body = wc->held_fields = (struct buf){0};
	wc->is_held = false;
	if (http_parse(&http, head.p, head.len) > 0)
		resume(&(struct web_request){.conn = c,
			   .http = &http,
			   .head = buf_as_span(&head),
			   .body = buf_as_span(&body),
			   .fields = buf_as_span(&fields),
			   .web_conn = wc},
		    arg);
	if (conn_owner(c) != wc) /* the connection was taken over: the rest is ours to free */
		free(wc);
	buf_clear(&head);
	buf_clear(&body);
	buf_clear(&fields);
	if (!conn_is_closing(c))
		conn_replay_input(c);
}

void
web_confirm(struct web_conn *wc)
{
	conn_confirm(wc->conn);
}

void
web_set_wallet(struct web_conn *wc, struct span wallet, size_t bytes)
{
	if (bytes > SHORT_BYTES || conn_is_behind(wc->conn))
		conn_set_wallet(wc->conn, wallet);
}

/* Writes a line of the audit trail for a client that was not let in. */
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

/* False: the bytes that follow may not be a request, since this one was not read to its end, or its
 * client may take the connection for a WebSocket already. */
static bool
has_next_request(const struct web_request *req)
{
	return req->http != NULL && !http_wants_ws(req->http);
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
			   .is_last = !has_next_request(req)});
	buf_clear(&body);
	buf_clear(&fields);
}

void
web_refuse(struct web_request *req, enum error err, const char *why)
{
	int status = error_status(err);

	refuse(req, status, error_code(err), why != NULL ? why : error_text(err),
	    status == 503 || status == 429 ? SPAN("Retry-After: 1\r\n")
	    : status == 401 ? SPAN("WWW-Authenticate: Bearer\r\n") /* RFC 9110, 15.5.2 */
			    : SPAN(""));
}

void
web_refuse_with(struct web_request *req, enum error err, const struct web_reply *reply)
{
	note_refusal(req, error_status(err), error_code(err));
	web_reply(req, reply);
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
	refuse(req, status, error_code(error_of_status(status)), http_reason(status),
	    buf_as_span(&fields));
	buf_clear(&fields);
}

void
web_let_go(struct web_conn *wc)
{
	if (!wc->is_held && !wc->is_followed)
		return;
	wc->is_held = wc->is_followed = false;
	buf_clear(&wc->held_fields);
	wc->on_gone(wc->gone_arg);
}

void
web_refuse_unread(struct web_conn *wc, int status, struct span fields)
{
	wc->is_head = false;
	web_refuse_status(&(struct web_request){.conn = wc->conn, .fields = fields, .web_conn = wc},
	    status, NULL);
}
