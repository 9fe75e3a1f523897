/* SPDX-License-Identifier: ISC */
/*
 * poll.c - long-poll at /poll: answered at once when something is there, else held.
 * Between two polls a client's session stays, parked: what it misses of presence and typing then, the next poll is told as the
 * latest state.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/stream.h"

#define EVENTS_MAX 500
#define BYTES_MAX  (1024 * 1024)
#define HOLD_MS    25000 /* unless the request says so */
#define PARK_US    10000000

struct poll {
	struct stream stream;     /* first */
	struct web_conn *held;    /* NULL: parked */
	struct loop_timer *timer; /* of the hold, or of the parking */
	struct loop_later *later; /* to answer at the end of the turn */
	struct buf events;        /* elements of a JSON array */
	int n_events;
	struct buf refused;       /* elements of a JSON array: rooms it may not be in */
	char cursor[CURSOR_SIZE]; /* of the last answer; "": what was given since is lost */
};

static struct hub_time
time_now(void)
{
	return (struct hub_time){clock_mono_ms(), clock_wall_ms()};
}

/* ---- events down ---- */

static bool
send_frame(struct session *s, struct frame *f)
{
	struct poll *p = session_owner(s);

	if (p->stream.is_idle) /* parked: the log and the room keep it */
		return false;
	if (f->kind != FRAME_CONTROL &&
	    (p->n_events >= EVENTS_MAX || p->events.len + frame_size(f) > BYTES_MAX))
		return false;
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

/* What is held is answered; its client learns why when it comes again. */
static void
dismiss(struct session *s, enum dismissal why)
{
	struct poll *p = session_owner(s);

	p->stream.end(&p->stream, "token expired or ended");
}

static const struct transport transport = {.name = "poll",
    .wire = WIRE_JSON,
    .send = send_frame,
    .resume = resume,
    .dismiss = dismiss,
    .is_merged = true};

/* ---- answering ---- */

/* Without a name nobody can come back to it. */
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
	web_reply_held(held, &(struct web_reply){.status = 200, .body = buf_as_span(&body)});
	buf_clear(&body);
	park(p);
}

/* The end of a turn: what was missed is fetched, and whatever is there is answered. */
static void
on_later(void *arg)
{
	struct poll *p = arg;
	struct session *s = p->stream.session;
	bool is_read = false;
	int before;

	if (p->held == NULL)
		return;
	do {
		before = p->n_events;
		is_read = session_is_behind(s) && session_pull(s, time_now());
	} while (is_read && p->n_events > before && p->n_events < EVENTS_MAX);
	/* A page of which nothing was given: the client goes on behind it, and others have their turn. */
	if (p->n_events > 0 || (is_read && session_is_behind(s)))
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
		free_poll(p, p->stream.key != NULL ? SESSION_LEFT
						   : SESSION_LOST); /* its grace was the parking */
		return;
	}
	on_later(
	    p); /* a hold of no time at all is over before the turn is: what is there goes with it */
	if (p->held != NULL)
		answer(p);
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
note_refused(struct poll *p, const struct stream_query *q, const enum chat_err *verdicts)
{
	for (size_t i = 0; i < q->n_rooms; i++) {
		if (verdicts[i] == CHAT_OK)
			continue;
		if (p->refused.len > 0)
			buf_addc(&p->refused, ',');
		json_put_string(&p->refused, q->rooms[i]);
	}
}

static void
hold(struct poll *p, struct web_request *req, const struct stream_query *q, struct span fields)
{
	p->held = web_hold(req, fields, on_gone, p);
	p->stream.is_idle = false;
	loop_timer_set_us(p->timer, (q->timeout_ms >= 0 ? q->timeout_ms : HOLD_MS) * 1000);
	loop_later_want(p->later);
}

/* A client that asks for more of the same, from where its last answer ended, is given its parked session back: what came meanwhile it
 * has to fetch, as any reader that is behind. False: it has none. */
static bool
go_on(struct streams *st, struct web_request *req, const struct stream_query *q,
    const struct user *user, struct span fields)
{
	struct stream *s = stream_find(st, user, q->client);
	struct poll *p = (struct poll *)s;

	if (s == NULL || s->end != end || !s->is_idle || p->refused.len > 0 || q->cursor.n == 0 ||
	    !span_is(q->cursor, p->cursor) ||
	    !session_is_of(s->session, user, q->rooms, q->n_rooms))
		return false;
	hold(p, req, q, fields);
	return true;
}

static void
open_poll(struct streams *st, struct web_request *req, const struct stream_query *q,
    const struct user *user, struct span fields)
{
	enum chat_err verdicts[STREAM_ROOMS_MAX];
	struct poll *p;

	if (go_on(st, req, q, user, fields))
		return;
	p = mem_zalloc(sizeof(*p));
	p->stream.end = end;
	p->timer = loop_timer_new(st->loop, on_timer, p);
	p->later = loop_later_new(st->loop, on_later, p);
	if (!stream_open(&p->stream, st, req, q, user, &transport, verdicts)) {
		free_poll(p, SESSION_LEFT);
		return;
	}
	note_refused(p, q, verdicts);
	hold(p, req, q, fields);
	if (q->cursor.n == 0)
		answer(p);
}

void
poll_handle(struct web_request *req, void *own)
{
	struct buf fields = {0};
	struct stream_query q = {0};
	struct user user;

	buf_str(&fields, "Cache-Control: no-store\r\n");
	if (stream_begin(own, req, "GET", &fields, &q, &user))
		open_poll(own, req, &q, &user, buf_as_span(&fields));
	stream_query_clear(&q);
	buf_clear(&fields);
}
