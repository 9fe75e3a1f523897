/* SPDX-License-Identifier: ISC */
/*
 * emit.c - POST /emit: one event from a client that listens by SSE or long-poll. The
 * acknowledgement is the answer.
 */
#include <stdlib.h>

#include "base/json_slice.h"
#include "base/mem.h"
#include "contract/views.h"
#include "wires/streams/stream.h"
#include "wires/time_now.h"

#define NO_STORE "Cache-Control: no-store\r\n"

struct emit {
	LIST_ENTRY(emit) link;
	struct session *session;
	struct web_conn *held;    /* NULL: answered, or its client is gone */
	struct loop_later *later; /* frees the emit at the end of the turn */
};

/* The first control frame is the acknowledgement. Events go to the client's stream, not to this
 * request. */
static bool
send_frame(struct session *s, struct frame *f)
{
	struct emit *e = session_owner(s);

	if (f->kind != FRAME_CONTROL || e->held == NULL)
		return true;
	web_reply_held(e->held, &(struct web_reply){.status = 200, .body = frame_payload(f)});
	e->held = NULL;
	loop_later_want(e->later);
	return true;
}

static void
resume(struct session *s)
{
}

static const struct transport transport = {.name = "emit",
    .encoding = ENCODING_JSON,
    .send = send_frame,
    .resume = resume,
    .is_passing = true};

static void
on_later(void *arg)
{
	struct emit *e = arg;

	LIST_REMOVE(e, link);
	session_close(e->session, SESSION_LOST, time_now());
	loop_later_free(e->later);
	free(e);
}

void
emit_clear(struct streams *st)
{
	struct emit *e;

	while ((e = LIST_FIRST(&st->emits)) != NULL) {
		if (e->held != NULL)
			web_reply_held(
			    e->held, &(struct web_reply){.status = 503, .is_last = true});
		on_later(e);
	}
}

static void
on_gone(void *arg)
{
	struct emit *e = arg;

	e->held = NULL;
	loop_later_want(e->later);
}

static void
reply_json(struct web_request *req, struct span fields, const struct buf *body)
{
	web_reply(
	    req, &(struct web_reply){.status = 200, .body = buf_as_span(body), .fields = fields});
}

static void
reply_refusal(struct web_request *req, struct span fields, const char *why)
{
	struct buf body = {0};

	view_refusal(&body, ERROR_BAD_REQUEST, why);
	reply_json(req, fields, &body);
	buf_clear(&body);
}

/* goodbye ends the client's stream, unsubscribe_escrow takes it out of one room. */
static void
say_goodbye(const struct stream_request *r, struct web_request *req, struct span data, bool is_all)
{
	struct stream *s =
	    r->client.n > 0 ? stream_find(r->streams, &r->admission->user, r->client) : NULL;
	char escrow_id[STORE_NAME_SIZE];
	struct buf body = {0};

	if (!is_all &&
	    !name_escrow_slice(
		json_slice_type(data) == JSON_OBJECT ? json_slice_member(data, "escrowId") : data,
		escrow_id)) {
		reply_refusal(req, req->fields,
		    "escrowId: 1 to 128 bytes without / or control characters, or a whole number, "
		    "is accepted");
		return;
	}
	if (s != NULL && is_all)
		s->end(s, "goodbye");
	else if (s != NULL)
		session_leave(s->session, span_of(escrow_id), time_now());
	json_open(&body, '{');
	json_member_bool(&body, "ok", true);
	json_close(&body, '}');
	reply_json(req, req->fields, &body);
	buf_clear(&body);
}

static void
pass_on(
    const struct stream_request *r, struct web_request *req, struct span event, struct span data)
{
	struct streams *st = r->streams;
	struct emit *e = mem_zalloc(sizeof(*e));

	e->later = loop_later_new(st->loop, on_later, e);
	e->session = session_open(st->hub, &(struct session_options){.transport = &transport,
					       .owner = e,
					       .user = &r->admission->user,
					       .number = conn_number(req->conn),
					       .now = time_now()});
	e->held = web_hold(req, req->fields, on_gone, e);
	LIST_INSERT_HEAD(&st->emits, e, link);
	session_event(e->session, event, data, SPAN("1"), time_now());
}

static void
take_event(const struct stream_request *r, struct web_request *req)
{
	static const char *const names[] = {"event", "data"};
	struct span values[2], event;
	struct buf decoded = {0};

	json_slice_members(json_slice(req->body), names, values, 2);
	if (!json_slice_string(values[0], &decoded, &event))
		web_refuse(req, ERROR_BAD_REQUEST, "a JSON object with event and data is needed");
	else if (span_is(event, "subscribe_escrow"))
		reply_refusal(req, req->fields, "rooms are named in the request for the stream");
	else if (span_is(event, "unsubscribe_escrow") || span_is(event, "goodbye"))
		say_goodbye(r, req, values[1], span_is(event, "goodbye"));
	else
		pass_on(r, req, event, values[1]);
	buf_clear(&decoded);
}

static bool
is_json(struct span type)
{
	struct span rest = type;

	return span_eq_nocase(span_trim(span_cut(&rest, ';')), SPAN("application/json"));
}

static void
take_body(struct stream_request *r, struct web_request *req)
{
	const char *why = NULL;

	if (!is_json(req->http->known[HTTP_CONTENT_TYPE])) {
		web_refuse_status(req, 415, NULL);
		return;
	}
	if (!json_check(req->body, &why))
		web_refuse(req, ERROR_BAD_REQUEST, why);
	else
		take_event(r, req);
}

void
emit_handle(struct web_request *req, void *owner)
{
	static const struct stream_route route = {
	    .methods = "POST", .fields = {NO_STORE, sizeof(NO_STORE) - 1}, .serve = take_body};

	stream_handle(owner, req, &route);
}

size_t
emit_max_body(const struct http_request *http, void *owner)
{
	return EVENT_BYTES_MAX;
}
