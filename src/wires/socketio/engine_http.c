/* SPDX-License-Identifier: ISC */
/*
 * engine_http.c - the requests of Engine.IO: handshake, poll and POST, their refusals, and the
 * requests that are held.
 */
#include "wires/socketio/engine_session.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "io/slice.h"

#define LATE_MS 10

static void
answer(struct web_conn *held, int status, const char *type, struct span body)
{
	if (held != NULL)
		web_reply_held(
		    held, &(struct web_reply){.status = status, .type = type, .body = body});
}

static void
on_answer_gone(void *arg)
{
	struct engine_session *s = arg;

	s->poll = NULL;
	s->is_answered = false;
}

void
engine_answer_poll(struct engine_session *s, struct span payload)
{
	struct web_conn *held = engine_poll(s);

	if (held == NULL)
		return;
	answer(held, 200, "text/plain; charset=UTF-8", payload);
	web_follow(held, on_answer_gone, s);
	s->is_answered = true;
	engine_heartbeat_follow(s);
}

void
engine_unfollow_poll(struct engine_session *s)
{
	if (engine_answered_poll(s) == NULL)
		return;
	web_unfollow(s->poll);
	on_answer_gone(s);
}

/* Frees the held POST. Returns its request; NULL: none is held. */
static struct web_conn *
post_release(struct engine_session *s)
{
	struct held_post *post = s->post;
	struct web_conn *held;

	if (post == NULL)
		return NULL;
	held = post->wc;
	engine_charge(s, -(int64_t)post->charged, false);
	s->post = NULL;
	engine_forget_wallet(s);
	buf_clear(&post->body);
	free(post);
	return held;
}

void
engine_answer_post(struct engine_session *s, enum eio_error error)
{
	struct web_conn *held = post_release(s);

	if (error == EIO_OK)
		answer(held, 200, "text/html", SPAN("ok"));
	else
		answer(held, eio_error_status(error), NULL, eio_error_json(error));
}

void
engine_flush_poll(struct engine_session *s)
{
	struct buf payload = {0};

	if (engine_poll(s) == NULL || s->n_queue == 0)
		return;
	for (uint32_t i = 0; i < s->n_queue; i++) {
		struct span data = frame_payload(s->queue[i]);
		if (s->queue[i]->is_binary) {
			eio_payload_put(
			    &payload, &(struct eio_packet){
					  .type = EIO_MESSAGE, .form = EIO_BINARY, .data = data});
		} else {
			if (payload.len > 0)
				buf_addc(&payload, EIO_SEPARATOR);
			buf_span(&payload, data);
		}
	}
	engine_session_unqueue(s);
	engine_answer_poll(s, buf_as_span(&payload));
	buf_clear(&payload);
	if (s->post != NULL) /* it may have waited for that */
		engine_session_dirty(s);
}

void
engine_take_post(struct engine_session *s)
{
	struct eio_packet p;
	struct slice slice;
	bool is_spent = false;
	int more = 1;

	slice_begin(&slice, s->engine->loop);
	s->in_post = true;
	while (!is_spent && !s->is_closed && !engine_session_is_busy(s) &&
	       (more = eio_payload_next(&s->post->rest, &p)) > 0) {
		if (!engine_session_take(s, &p)) {
			more = -1;
			break;
		}
		is_spent = slice_is_spent(&slice);
	}
	s->in_post = false;
	slice_end(&slice);
	if (more > 0 && !s->is_closed) {
		if (is_spent)
			engine_session_later(s);
		return;
	}
	if (more < 0) {
		engine_answer_post(s, EIO_BAD_REQUEST);
		engine_session_end(s, "bad packet", END_CLOSE, false);
	} else if (!s->is_parting) {
		engine_answer_post(s, EIO_OK);
	}
}

static void
on_poll_gone(void *arg)
{
	struct engine_session *s = arg;

	s->poll = NULL;
	engine_session_end(s, "poll cancelled", END_GONE, false);
}

static void
on_post_gone(void *arg)
{
	struct engine_session *s = arg;

	post_release(s);
	engine_session_end(s, "post cancelled", END_GONE, false);
}

static void
reply(struct web_request *req, int status, const char *type, struct span body, struct span fields)
{
	web_reply(req,
	    &(struct web_reply){.status = status, .type = type, .body = body, .fields = fields});
}

static void
refuse(struct web_request *req, enum eio_error error, struct span fields)
{
	web_reply(req, &(struct web_reply){.status = eio_error_status(error),
			   .body = eio_error_json(error),
			   .fields = fields,
			   .is_last = http_wants_ws(req->http)});
}

static void
begin_polling(struct engine *e, struct web_request *req, struct span fields)
{
	struct engine_session *s = engine_session_new(e, req);
	struct buf open = {0};

	engine_put_open(s, true, &open);
	reply(req, 200, "text/plain; charset=UTF-8", buf_as_span(&open), fields);
	buf_clear(&open);
	s->owner = e->options.ops->on_open(e->options.arg, s, req);
}

static void
poll(struct engine_session *s, struct web_request *req, struct span fields)
{
	if (s->is_parting) {
		reply(req, 200, "text/plain; charset=UTF-8", SPAN("6"), fields);
		engine_session_part(s);
		return;
	}
	if (engine_poll(s) != NULL) {
		engine_session_end(s, "two polls at once", END_CLOSE, false);
		refuse(req, EIO_BAD_REQUEST, fields);
		return;
	}
	engine_unfollow_poll(s);
	s->poll = web_hold(req, fields, on_poll_gone, s);
	if (s->probe != NULL && s->n_queue == 0)
		engine_answer_poll(s, SPAN("6"));
	else
		engine_session_dirty(s);
}

static void
post(struct engine_session *s, struct web_request *req, struct span fields)
{
	if (s->post != NULL) {
		engine_session_end(s, "two posts at once", END_CLOSE, false);
		refuse(req, EIO_BAD_REQUEST, fields);
		return;
	}
	if (req->body.n > engine_session_max_payload(s->engine, s)) {
		reply(req, 413, NULL, eio_error_json(EIO_BAD_REQUEST), fields);
		return;
	}
	s->post = mem_zalloc(sizeof(*s->post));
	s->post->wc = web_hold(req, fields, on_post_gone, s);
	buf_span(&s->post->body, req->body);
	eio_payload_init(&s->post->rest, buf_as_span(&s->post->body));
	s->post->charged = s->post->body.cap;
	engine_charge(s, (int64_t)s->post->charged, false);
	engine_take_post(s);
}

/* Notes whether the request that brings packets, a POST or a WebSocket, names an Origin. False: it
 * must name one, and does not. */
static bool
may_come_up(struct engine_session *s, const struct http_request *http)
{
	bool has_origin = http->known[HTTP_ORIGIN].n > 0;

	if (http->method == METHOD_GET && !http_wants_ws(http))
		return true;
	if (s->needs_origin && !has_origin)
		return false;
	s->has_origin = has_origin;
	return true;
}

/* ---- refusals that wait ---- */

static void
on_refused_gone(void *arg)
{
	struct late_refusal *r = arg;

	timer_stop(&r->engine->refusals, &r->timer);
	free(r);
}

static void
refuse_later(struct engine *e, struct web_request *req, struct span fields)
{
	struct late_refusal *r = mem_zalloc(sizeof(*r));

	r->engine = e;
	r->wc = web_hold(req, fields, on_refused_gone, r);
	timer_start(&e->refusals, &r->timer, clock_mono_ms() + LATE_MS);
	engine_arm_timer(e);
}

void
engine_refuse_late(struct engine *e, int64_t now)
{
	struct timer *due;

	while ((due = timer_list_due(&e->refusals, now)) != NULL) {
		struct late_refusal *r = TIMER_OWNER(due, struct late_refusal, timer);
		answer(r->wc, eio_error_status(EIO_BAD_REQUEST), NULL,
		    eio_error_json(EIO_BAD_REQUEST));
		free(r);
	}
}

size_t
engine_max_body(const struct http_request *http, void *owner)
{
	const struct engine *e = *(struct engine **)owner;
	struct eio_query q;
	struct map_node *n;

	eio_query_parse(&q, http->query.p != NULL ? http->query : (struct span){"", 0});
	n = q.sid.n > 0 ? map_find(&e->sessions, q.sid) : NULL;
	return engine_session_max_payload(
	    e, n != NULL ? MAP_ENTRY(n, struct engine_session, node) : NULL);
}

static void
serve(struct engine *e, struct web_request *req, struct span fields)
{
	const struct http_request *http = req->http;
	struct engine_session *s = NULL;
	struct eio_query q;

	eio_query_parse(&q, http->query.p != NULL ? http->query : (struct span){"", 0});
	if (q.sid.n > 0)
		s = engine_session_find(
		    e, q.sid, q.transport == EIO_POLLING && http->method == METHOD_GET);
	enum eio_error error = eio_query_check(&q, http->method_name, http_wants_ws(http),
	    s == NULL       ? EIO_NO_TRANSPORT
	    : s->ws != NULL ? EIO_WEBSOCKET
			    : EIO_POLLING);
	if (s != NULL &&
	    !s->is_stranger) { /* the session belongs to the client that has its secret */
		conn_confirm(req->conn);
		if (s->account != NULL)
			conn_set_account(req->conn, s->account);
	}
	if (error == EIO_BAD_REQUEST && s != NULL && s->ws != NULL && http->method == METHOD_GET &&
	    q.transport == EIO_POLLING)
		refuse_later(e, req, fields);
	else if (error != EIO_OK)
		refuse(req, error, fields);
	else if (s != NULL && !may_come_up(s, http))
		refuse(req, EIO_FORBIDDEN, fields);
	else if (q.transport == EIO_WEBSOCKET)
		engine_ws_begin(e, req, s);
	else if (s == NULL)
		begin_polling(e, req, fields);
	else if (http->method == METHOD_GET)
		poll(s, req, fields);
	else
		post(s, req, fields);
}

void
engine_handle(struct web_request *req, void *owner)
{
	struct engine *e = *(struct engine **)owner;
	const struct engine_ops *ops = e->options.ops;
	struct buf fields = {0};

	if (ops->on_request == NULL || ops->on_request(e->options.arg, req, &fields)) {
		if (req->http->method == METHOD_OPTIONS)
			reply(req, 204, NULL, (struct span){"", 0}, buf_as_span(&fields));
		else
			serve(e, req, buf_as_span(&fields));
	}
	buf_clear(&fields);
}
