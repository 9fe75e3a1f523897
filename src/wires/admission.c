/* SPDX-License-Identifier: ISC */
/*
 * admission.c - the look-up before a session is opened, and the verdict after it.
 */
#include "wires/admission.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"

struct admission *
admission_new(const struct gate *gate, void *owner)
{
	struct admission *a = mem_zalloc(sizeof(*a));

	a->gate = gate;
	a->owner = owner;
	a->job.hub = gate->hub;
	a->now_ms = clock_wall_ms();
	return a;
}

void
admission_free(struct admission *a)
{
	if (a->clear != NULL)
		a->clear(a->owner);
	carried_clear(&a->carried);
	buf_clear(&a->text);
	free(a->lookup.rooms);
	free(a);
}

bool
admission_add_room(struct admission *a, struct span escrow_id)
{
	struct session_lookup *l = &a->lookup;

	if (l->n_rooms == STREAM_ROOMS_MAX)
		return false;
	l->rooms = mem_realloc(l->rooms, l->n_rooms + 1, sizeof(*l->rooms));
	l->rooms[l->n_rooms++].escrow_id = escrow_id;
	return true;
}

/* ---- a copy of the request's text, for the other thread ---- */

static void
count(struct span *s, struct buf *text)
{
	text->cap += s->n;
}

static void
copy(struct span *s, struct buf *text)
{
	size_t at = text->len;

	buf_span(text, *s);
	*s = (struct span){text->p + at, s->n};
}

static void
each_span(struct admission *a, void (*each)(struct span *, struct buf *), struct buf *text)
{
	struct auth_request *r = &a->carried.request;
	struct span *spans[] = {&r->peer, &r->host, &r->origin, &r->x_forwarded_for, &r->forwarded,
	    &r->x_real_ip, &r->claimed_wallet, &r->service_key, &r->authorization, &r->protocols,
	    &r->token, &r->cookie, &r->sec_fetch_site, &r->remote_user, &a->lookup.cursor};

	for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++)
		each(spans[i], text);
	for (size_t i = 0; i < a->lookup.n_rooms; i++)
		each(&a->lookup.rooms[i].escrow_id, text);
}

static void
own_text(struct admission *a)
{
	struct buf size = {0};

	each_span(a, count, &size);
	buf_reserve(&a->text, size.cap + 1); /* so the text does not move while it is copied */
	each_span(a, copy, &a->text);
	carried_clear(&a->carried);
}

/* ---- the look-up ---- */

/* Finds out the user without the store. */
static void
identify(struct admission *a)
{
	a->err = auth_user(a->gate->auth, NULL, &a->carried.request, a->now_ms, &a->user);
}

static bool
needs_store(const struct admission *a)
{
	return auth_has_token(a->gate->auth, &a->carried.request) || a->lookup.cursor.n > 0 ||
	       a->lookup.n_rooms > 0;
}

static void on_looked_up(struct hub_job *, struct hub_time);

static void
submit(struct admission *a)
{
	a->job.done = on_looked_up;
	a->job.err = ERROR_NONE;
	/* An empty wallet would be the server's own lane, in which the tail reads the log. */
	job_read(&a->job,
	    a->carried.request.peer.n > 0 ? a->carried.request.peer : SPAN("a Unix socket"),
	    admission_run_lookup);
}

/* ---- of a request ---- */

void
admission_refuse(
    const struct admission *a, struct web_request *req, enum error err, const char *why)
{
	if (a->refuse != NULL)
		a->refuse(req, a, err, why);
	else
		web_refuse(req, err, why);
}

static void
go_on(struct web_request *req, void *arg)
{
	struct admission *a = arg;

	if (a->err != ERROR_NONE) {
		admission_refuse(a, req, a->err, NULL);
		return;
	}
	conn_confirm(req->conn);
	if (a->serve_now == NULL || conn_is_behind(req->conn)) /* else see web_set_wallet */
		conn_set_wallet(req->conn, span_of(a->user.key));
	a->go_on(req, a);
}

static void
on_gone(void *arg)
{
	struct admission *a = arg;

	a->parked = NULL;
	a->is_cancelled = true;
}

/* Tries to serve a request without a look-up: a client that polls goes on where it was, if no token
 * has to be checked. True: the request was served. */
static bool
can_serve_now(struct admission *a, struct web_request *req)
{
	if (a->serve_now == NULL || auth_has_token(a->gate->auth, &a->carried.request))
		return false;
	identify(a);
	if (a->err != ERROR_NONE || !a->serve_now(req, a))
		return false;
	conn_confirm(req->conn);
	return true;
}

void
admission_of_request(struct admission *a, struct web_request *req,
    void (*then)(struct web_request *, struct admission *), void (*clear)(void *owner))
{
	a->go_on = then;
	a->clear = clear;
	a->err = gate_claim(req, &a->carried);
	if (a->err == ERROR_NONE && can_serve_now(a, req)) {
		admission_free(a);
		return;
	}
	if (a->err == ERROR_NONE && needs_store(a)) {
		own_text(a);
		a->parked = web_park(req, on_gone, a);
		submit(a);
		return;
	}
	if (a->err == ERROR_NONE)
		identify(a);
	go_on(req, a);
	admission_free(a);
}

/* ---- of a handshake ---- */

bool
admission_of_handshake(struct admission *a, const struct handshake *h, struct later *later,
    void (*done)(struct admission *))
{
	gate_later(a->gate, h, later, &a->carried.request);
	a->done = done;
	if (needs_store(a)) {
		own_text(a);
		submit(a);
		return true;
	}
	identify(a);
	done(a);
	admission_free(a);
	return false;
}

void
admission_cancel(struct admission *a)
{
	a->is_cancelled = true;
}

/* ---- back on the loop's thread ---- */

static void
on_looked_up(struct hub_job *job, struct hub_time now)
{
	struct admission *a = (struct admission *)job;

	if (a->is_cancelled) {
		admission_free(a);
		return;
	}
	if (job->err != ERROR_NONE)
		a->err = job->err;
	if (a->err == ERROR_NONE && !session_lookup_stands(job->hub, &a->user, &a->lookup)) {
		submit(a);
		return;
	}
	if (a->done != NULL)
		a->done(a);
	else
		web_unpark(a->parked, go_on, a);
	admission_free(a);
}

/* ---- the verdict ---- */

enum error
admission_verdict(
    struct admission *a, const struct session *leaving, struct hub_time now, const char **why)
{
	struct hub *hub = a->job.hub;
	enum error err = session_lookup_verdict(&a->lookup);

	*why = NULL;
	if (err == ERROR_BAD_REQUEST)
		*why = CURSOR_BAD_TEXT;
	if (err != ERROR_NONE)
		return err;
	if (hub_user_is_full(hub, &a->user, leaving)) {
		*why = hub_full_text(hub);
		return ERROR_RATE_LIMITED;
	}
	if (a->lookup.cursor.n > 0 && hub_replay_is_spent(hub, &a->user, now)) {
		*why = CURSOR_SPENT_TEXT;
		return ERROR_RATE_LIMITED;
	}
	return ERROR_NONE;
}
