/* SPDX-License-Identifier: ISC */
/*
 * poll.c - long-poll at /poll: a request is answered at once if there are events, else it is held.
 * Between two polls the client's session stays, parked. The next poll gets the latest state of
 * presence and typing that the session has missed.
 */
#include <assert.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "wires/streams/stream.h"
#include "wires/time_now.h"

#define NO_STORE   "Cache-Control: no-store\r\n"
#define EVENTS_MAX 500
#define BYTES_MAX  (1024 * 1024)
#define HOLD_MS    25000 /* if the request names no time */
#define AGAIN_US   10000
#define PARK_US    10000000

struct poll {
	struct stream stream;     /* first */
	struct web_conn *held;    /* NULL: parked */
	struct loop_timer *timer; /* of the hold, or of the parking */
	struct loop_later *later; /* to answer at the end of the turn */
	struct buf events;        /* elements of a JSON array */
	int n_events;
	bool is_full; /* the answer has no room for more */
	/* The hold is over: the poll is answered as soon as the page that is being read has
	 * come. */
	bool is_due;
	struct buf refused; /* elements of a JSON array: rooms it may not be in */
	char cursor
	    [CURSOR_SIZE]; /* of the last answer; "": it was lost, so the session cannot go on from it */
};
static_assert(offsetof(struct poll, stream) == 0, "a poll is cast from its stream");

/* ---- events down ---- */

static bool
send_frame(struct session *s, struct frame *f)
{
	struct poll *p = session_owner(s);

	if (p->stream.is_idle) /* parked: the log and the room keep the event */
		return false;
	if (f->kind != FRAME_CONTROL &&
	    (p->n_events >= EVENTS_MAX || p->events.len + frame_size(f) > BYTES_MAX)) {
		p->is_full = true;
		return false;
	}
	if (p->n_events++ > 0)
		buf_addc(&p->events, ',');
	buf_span(&p->events, frame_payload(f));
	loop_later_want(p->later);
	return true;
}

static void
resume(struct session *s)
{
	struct poll *p = session_owner(s);

	if (p->held != NULL && session_is_behind(s))
		loop_later_want(p->later);
}

/* Answers the held request. The client learns the reason when it comes again. */
static void
dismiss(struct session *s, enum dismissal why)
{
	struct poll *p = session_owner(s);

	p->stream.end(&p->stream, "token expired or ended");
}

static const struct transport transport = {.name = "poll",
    .encoding = ENCODING_JSON,
    .send = send_frame,
    .resume = resume,
    .dismiss = dismiss,
    .is_merged = true};

/* ---- answering ---- */

/* A client cannot come back to a stream without a name, so such a stream ends at once. */
static void
park(struct poll *p)
{
	p->stream.is_idle = true;
	loop_timer_set_us(p->timer, p->stream.key != NULL ? PARK_US : 0);
}

static void
answer(struct poll *p)
{
	struct web_conn *held = p->held;
	struct buf body = {0};

	buf_reserve(&body, p->events.len + CURSOR_SIZE + 64);
	json_open(&body, '{');
	json_member_cstr(&body, "cursor", session_cursor(p->stream.session, p->cursor));
	json_name(&body, "events");
	json_open(&body, '[');
	buf_span(&body, buf_as_span(&p->events));
	json_close(&body, ']');
	if (session_is_behind(p->stream.session)) /* an empty list is not the end */
		json_member_bool(&body, "more", true);
	if (p->refused.len > 0) {
		json_name(&body, "refused");
		json_open(&body, '[');
		buf_span(&body, buf_as_span(&p->refused));
		json_close(&body, ']');
	}
	json_close(&body, '}');
	buf_clear(&p->events);
	p->n_events = 0;
	p->held = NULL;
	web_set_wallet(held, session_wallet(p->stream.session), body.len);
	web_reply_held(held, &(struct web_reply){.status = 200, .body = buf_as_span(&body)});
	buf_clear(&body);
	park(p);
}

/* At the end of a turn: asks for missed events, and answers with the events that are there. */
static void
on_later(void *arg)
{
	struct poll *p = arg;
	struct session *s = p->stream.session;

	if (p->held == NULL || session_is_pulling(s))
		return;
	if (session_is_behind(s) && p->n_events < EVENTS_MAX && !p->is_full) {
		session_pull(s, time_now());
		if (session_is_pulling(s))
			return;
	}
	if (p->n_events > 0 || p->is_due)
		answer(p);
}

static void
free_poll(struct poll *p, enum session_end end)
{
	if (p->stream.session != NULL)
		log_info("conn %u: disconnected: its polls have ended",
		    session_number(p->stream.session));
	stream_close(&p->stream, end);
	loop_timer_free(p->timer);
	loop_later_free(p->later);
	buf_clear(&p->events);
	buf_clear(&p->refused);
	free(p);
}

static void
on_timer(void *arg)
{
	struct poll *p = arg;

	if (p->held == NULL) {
		/* A client with a name had its grace while the session was parked. */
		free_poll(p, p->stream.key != NULL ? SESSION_LEFT : SESSION_LOST);
		return;
	}
	/* A hold of 0 ms ends before the turn does: the answer takes the events that are there
	 * already. */
	p->is_due = true;
	on_later(p);
	if (p->held != NULL) /* a page is being read for it, and may be empty */
		loop_timer_set_us(p->timer, AGAIN_US);
}

/* ---- life ---- */

static void
on_gone(void *arg)
{
	struct poll *p = arg;

	p->held = NULL;
	if (p->n_events > 0)
		p->cursor[0] = '\0';
	buf_clear(&p->events);
	p->n_events = 0;
	park(p);
}

static void
end(struct stream *s, const char *why)
{
	struct poll *p = (struct poll *)s;

	if (p->held != NULL)
		answer(p);
	free_poll(p, SESSION_LEFT);
}

static void
note_refused(struct poll *p, const struct session_lookup *lookup)
{
	for (size_t i = 0; i < lookup->n_rooms; i++) {
		if (lookup->rooms[i].verdict == ERROR_NONE)
			continue;
		if (p->refused.len > 0)
			buf_addc(&p->refused, ',');
		json_put_string(&p->refused, lookup->rooms[i].escrow_id);
	}
}

static void
hold(struct poll *p, const struct stream_request *r, struct web_request *req)
{
	p->held = web_hold(req, buf_as_span(&r->fields), on_gone, p);
	conn_forget_wallet(req->conn); /* until it is answered */
	p->stream.is_idle = p->is_due = p->is_full = false;
	loop_timer_set_us(p->timer, (r->timeout_ms >= 0 ? r->timeout_ms : HOLD_MS) * 1000);
	loop_later_want(p->later);
}

/* Gives a client its parked session back, if it asks for the same rooms from the cursor of its last
 * answer. Events that came meanwhile are fetched as for each session that is behind. False: there
 * is no such session. */
static bool
go_on(struct stream_request *r, struct web_request *req)
{
	const struct admission *a = r->admission;
	struct stream *s = stream_find(r->streams, &a->user, r->client);
	struct poll *p = (struct poll *)s;

	if (s == NULL || s->end != end || !s->is_idle || p->refused.len > 0 ||
	    a->lookup.cursor.n == 0 || !span_is(a->lookup.cursor, p->cursor) ||
	    !session_is_of(s->session, &a->user, &a->lookup))
		return false;
	hold(p, r, req);
	return true;
}

static void
open_poll(struct stream_request *r, struct web_request *req)
{
	struct poll *p;

	if (go_on(r, req))
		return;
	p = mem_zalloc(sizeof(*p));
	p->stream.end = end;
	p->timer = loop_timer_new(r->streams->loop, on_timer, p);
	p->later = loop_later_new(r->streams->loop, on_later, p);
	if (!stream_open(&p->stream, r, req, &transport)) {
		free_poll(p, SESSION_LEFT);
		return;
	}
	note_refused(p, &r->admission->lookup);
	hold(p, r, req);
	if (r->admission->lookup.cursor.n == 0)
		answer(p);
}

void
poll_handle(struct web_request *req, void *owner)
{
	static const struct stream_route route = {.methods = "GET",
	    .fields = {NO_STORE, sizeof(NO_STORE) - 1},
	    .serve_now = go_on,
	    .serve = open_poll};

	stream_handle(owner, req, &route);
}
