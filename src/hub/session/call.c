/* SPDX-License-Identifier: ISC */
/*
 * call.c - the queue of a session's events.
 */
#include "hub/session/call.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/json.h"
#include "base/json_slice.h"
#include "base/mem.h"

/* A call that has not begun, with a copy of its event. */
struct deferred {
	struct call call; /* first */
	void (*begin)(struct incoming *);
	struct span event, ack, data;
	char bytes[];
};
static_assert(offsetof(struct deferred, call) == 0, "a deferred event is cast from its call");

/* ---- incoming events ---- */

struct span
incoming_string(const struct incoming *in, const char *name)
{
	struct span s = {"", 0};

	json_slice_string(json_slice_member(in->data, name), in->decoded, &s);
	return s;
}

static void
append(struct session *s, struct call *c)
{
	STAILQ_INSERT_TAIL(&s->calls, c, next);
	s->n_calls++;
}

static void
set_ack(struct call *c, struct span ack)
{
	char *to = ack.n <= sizeof(c->ack_few) ? c->ack_few : mem_alloc(ack.n);

	memcpy(to, ack.p, ack.n);
	c->ack = (struct span){to, ack.n};
}

void *
call_new(const struct incoming *in, size_t size, bool (*apply)(struct call *, struct hub_time))
{
	struct call *c = mem_zalloc(size);

	c->job.hub = in->session->hub;
	c->session = in->session;
	c->event = in->name;
	c->user = session_user(in->session);
	memcpy(c->escrow_id, in->escrow_id, sizeof(c->escrow_id));
	set_ack(c, in->ack);
	c->apply = apply;
	append(in->session, c);
	return c;
}

static void
call_free(struct call *c)
{
	if (c->clear != NULL)
		c->clear(c);
	if (c->ack.p != c->ack_few)
		free((char *)c->ack.p);
	free(c);
}

void
call_refuse(struct call *c)
{
	if (c->refused != NULL)
		c->refused(c);
	session_refuse(
	    c->session, span_of(c->event), c->ack, c->job.err, c->why, span_of(c->escrow_id));
}

/* A refusal that waits for its turn. The name of a refused event may be any text, so the refusal
 * has a copy of it. */
struct refusal {
	struct call call; /* first */
	char event[];
};
static_assert(offsetof(struct refusal, call) == 0, "a refusal is cast from its call");

void
incoming_refuse(const struct incoming *in, enum error err, const char *why)
{
	struct session *s = in->session;
	struct refusal *r;

	if (s->n_calls == 0) {
		session_refuse(s, in->event, in->ack, err, why, span_of(in->escrow_id));
		return;
	}
	r = call_new(in, sizeof(*r) + in->event.n + 1, NULL);
	memcpy(r->event, in->event.p, in->event.n);
	r->call.event = r->event;
	r->call.job.err = err;
	r->call.why = why;
	r->call.stage = CALL_DONE;
}

static void
answer_ok(struct session *s, struct span ack)
{
	struct buf out = {0};

	if (ack.n == 0)
		return;
	session_ok_begin(s, &out, ack);
	json_close(&out, '}');
	session_answer_end(s, &out);
}

void
incoming_answer_ok(const struct incoming *in)
{
	answer_ok(in->session, in->ack);
}

void
call_answer_ok(const struct call *c)
{
	answer_ok(c->session, c->ack);
}

/* ---- jobs ---- */

static void
on_done(struct hub_job *job, struct hub_time now)
{
	struct call *c = (struct call *)job;

	c->stage = CALL_DONE;
	calls_advance(c->session, now);
}

void
call_read(struct call *c, void (*run)(struct store *, struct read_job *))
{
	c->stage = CALL_RUNNING;
	c->kind = c->session->calls_kind = CALL_READ;
	c->job.done = on_done;
	job_read(&c->job, span_of(c->user.key), run);
}

void
call_read_again(struct call *c, void (*run)(struct store *, struct read_job *))
{
	c->stage = CALL_RUNNING;
	job_read(&c->job, span_of(c->user.key), run);
}

void
call_write(struct call *c, bool (*run)(struct store *, struct writer_job *))
{
	c->stage = CALL_RUNNING;
	c->kind = c->session->calls_kind = CALL_WRITE;
	c->job.done = on_done;
	job_write(&c->job, span_of(c->user.key), run);
}

/* ---- the queue ---- */

bool
calls_may_begin(const struct session *s, enum call_kind kind)
{
	return s->n_calls == 0 || (kind != CALL_AT_ONCE && kind == s->calls_kind &&
				      s->n_waiting == 0 && !s->has_barrier);
}

void
calls_bar(struct call *c)
{
	c->is_barrier = c->session->has_barrier = true;
}

bool
session_is_busy(struct session *s)
{
	size_t max = jobs_is_overloaded(s->hub->jobs) ? 1
		     : s->calls_kind == CALL_READ     ? READS_MAX
						      : CALLS_MAX;

	s->was_busy = s->n_waiting > 0 || s->n_calls >= max;
	return s->was_busy;
}

static struct span
copy(char **to, struct span from)
{
	struct span copied = {*to, from.n};

	memcpy(*to, from.p, from.n);
	*to += from.n;
	return copied;
}

void
calls_defer(const struct incoming *in, void (*begin)(struct incoming *))
{
	struct session *s = in->session;
	struct deferred *d = mem_zalloc(sizeof(*d) + in->event.n + in->ack.n + in->data.n);
	char *to = d->bytes;

	d->call.session = s;
	d->call.stage = CALL_WAITING;
	d->begin = begin;
	d->event = copy(&to, in->event);
	d->ack = copy(&to, in->ack);
	d->data = copy(&to, in->data);
	append(s, &d->call);
	s->n_waiting++;
}

/* Begins the first call, which was put off. The calls behind it are set aside meanwhile, so that
 * the call finds an empty queue. */
static void
begin_first(struct session *s, struct hub_time now)
{
	struct deferred *d = (struct deferred *)STAILQ_FIRST(&s->calls);
	struct buf decoded = {0};
	struct incoming in = {.session = s,
	    .event = d->event,
	    .ack = d->ack,
	    .data = d->data,
	    .decoded = &decoded,
	    .now = now};
	struct call_list behind = STAILQ_HEAD_INITIALIZER(behind);
	uint16_t n_behind = s->n_calls - 1, n_waiting = s->n_waiting - 1;

	STAILQ_REMOVE_HEAD(&s->calls, next);
	STAILQ_CONCAT(&behind, &s->calls);
	s->n_calls = s->n_waiting = 0;
	d->begin(&in);
	STAILQ_CONCAT(&s->calls, &behind);
	s->n_calls += n_behind;
	s->n_waiting = n_waiting;
	buf_clear(&decoded);
	free(d);
}

/* True if the acknowledgement would overtake the event that the call itself has caused: a
 * subscription of the session is behind, and that event is yet to be delivered to it. */
static bool
is_early(const struct call *c)
{
	const struct session *s = c->session;

	if (s->n_behind == 0 || c->changes_room) /* a change of rooms causes no durable event */
		return false;
	for (const struct subscription *sub = s->subscriptions; sub != NULL; sub = sub->next) {
		if (subscription_is_behind(sub) && sub->position < c->job.position)
			return true;
	}
	return false;
}

/* Answers the first call if it is due. True: the call was answered and is freed. */
static bool
answer_first(struct session *s, struct hub_time now)
{
	struct call *c = STAILQ_FIRST(&s->calls);

	if (c->stage != CALL_DONE || is_early(c))
		return false;
	if (c->job.err != ERROR_NONE)
		call_refuse(c);
	else if (!c->apply(c, now))
		return false;
	STAILQ_REMOVE_HEAD(&s->calls, next);
	s->n_calls--;
	s->has_barrier = s->has_barrier && !c->is_barrier;
	call_free(c);
	return true;
}

void
calls_advance(struct session *s, struct hub_time now)
{
	while (s->n_calls > 0) {
		if (STAILQ_FIRST(&s->calls)->stage == CALL_WAITING)
			begin_first(s, now);
		else if (!answer_first(s, now))
			break;
	}
	if (s->is_leaving && s->n_calls == 0)
		s->hub->end_session(s, now);
	else if (s->was_busy && !session_is_busy(s))
		s->transport->resume(s);
}
