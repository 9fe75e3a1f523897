/* SPDX-License-Identifier: ISC */
/*
 * expiry.c - sessions that rest on a token: their client is told a minute before the token expires;
 * the session is dismissed when the token expires or is ended. While such a session is open its
 * token counts as used.
 */
#include "hub/session/expiry.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "hub/session/expiry_job.h"
#include "identity/tokens.h"

#define WARN_MS  60000
#define AGAIN_MS 1000 /* where nobody heard the warning */

struct expiry {
	struct session *session;
	struct proof proof;
	int64_t due;      /* mono ms: when to look at it */
	int64_t touch_at; /* mono ms: when its use is noted next; 0: never */
	size_t place;     /* in the heap, from 1; 0: it is not there */
	bool is_warned;   /* its client knows */
};

struct expiries {
	/* in the order in which they are due: heap[i / 2 - 1] is not later than heap[i - 1] */
	struct expiry **heap;
	size_t n, cap;
};

struct expiries *
expiries_new(void)
{
	return mem_zalloc(sizeof(struct expiries));
}

void
expiries_free(struct expiries *all)
{
	if (all == NULL)
		return;
	free(all->heap);
	free(all);
}

/* ---- the order in which they are due: a heap, in which each knows its place ---- */

static void
put_at(struct hub *hub, struct expiry *e, size_t place)
{
	hub->expiries->heap[place - 1] = e;
	e->place = place;
}

/* Moves e from where it stands to where it belongs. */
static void
settle(struct hub *hub, struct expiry *e)
{
	size_t at = e->place;

	while (at > 1 && hub->expiries->heap[at / 2 - 1]->due > e->due) {
		put_at(hub, hub->expiries->heap[at / 2 - 1], at);
		at /= 2;
	}
	for (size_t child; (child = 2 * at) <= hub->expiries->n; at = child) {
		if (child < hub->expiries->n &&
		    hub->expiries->heap[child]->due < hub->expiries->heap[child - 1]->due)
			child++;
		if (hub->expiries->heap[child - 1]->due >= e->due)
			break;
		put_at(hub, hub->expiries->heap[child - 1], at);
	}
	put_at(hub, e, at);
}

static void
heap_remove(struct hub *hub, struct expiry *e)
{
	size_t at = e->place;
	struct expiry *last;

	if (at == 0)
		return;
	e->place = 0;
	last = hub->expiries->heap[--hub->expiries->n];
	if (last == e)
		return;
	put_at(hub, last, at);
	settle(hub, last);
}

static void
heap_insert(struct hub *hub, struct expiry *e, int64_t due)
{
	e->due = due;
	if (hub->expiries->n == hub->expiries->cap) {
		hub->expiries->cap = hub->expiries->cap ? 2 * hub->expiries->cap : 16;
		hub->expiries->heap = mem_realloc(
		    hub->expiries->heap, hub->expiries->cap, sizeof(*hub->expiries->heap));
	}
	put_at(hub, e, ++hub->expiries->n);
	settle(hub, e);
}

/* ---- use ---- */

static void
on_touched(struct hub_job *job, struct hub_time now)
{
	free(job);
}

static void
touch(struct hub *hub, struct expiry *e, struct hub_time now)
{
	struct touch_job *j;

	if (!token_is_stale(&e->proof, now.wall_ms))
		return;
	j = mem_zalloc(sizeof(*j));
	j->job.hub = hub;
	j->job.done = on_touched;
	j->now_ms = now.wall_ms;
	j->proof = e->proof;
	job_write(&j->job, topic_wallet(e->session->own.topic), expiry_run_touch);
	e->proof.used_ms = e->proof.used_ms > 0 ? now.wall_ms : 0;
	e->proof.ahead_ms = 0;
}

/* ---- its end ---- */

/* Schedules the next look. The clock on the wall may be set meanwhile, so the token is looked at
 * anew then. */
static void
schedule(struct hub *hub, struct expiry *e, struct hub_time now)
{
	int64_t at = e->proof.expires_ms - (e->is_warned ? 0 : WARN_MS);
	int64_t due = e->touch_at > 0 ? e->touch_at : INT64_MAX;

	if (e->proof.expires_ms > 0) {
		at = now.mono_ms + (at > now.wall_ms ? at - now.wall_ms : 0);
		due = at < due ? at : due;
	}
	if (due < INT64_MAX)
		heap_insert(hub, e, due);
}

static bool
warn(struct session *s)
{
	struct chat_event ev = {.kind = FRAME_CONTROL, .name = SPAN("token_expiring")};
	struct buf data = {0};
	bool is_heard;

	json_open(&data, '{');
	json_member_time(&data, "expiresAt", s->expiry->proof.expires_ms);
	json_close(&data, '}');
	ev.data = buf_as_span(&data);
	is_heard = s->transport->send(s, event_frame(&ev, s->transport->wire));
	event_clear(&ev);
	buf_clear(&data);
	return is_heard;
}

static void
dismiss(struct session *s, const char *why)
{
	log_info("conn %u: put out: %s", s->number, why);
	expiry_stop(s);
	if (s->transport->dismiss != NULL)
		s->transport->dismiss(s, DISMISS_VOID);
}

static void
look(struct hub *hub, struct expiry *e, struct hub_time now)
{
	bool expires = e->proof.expires_ms > 0;

	if (e->touch_at > 0 && e->touch_at <= now.mono_ms) {
		touch(hub, e, now);
		e->touch_at = now.mono_ms + TOKEN_TOUCH_MS;
	}
	if (expires && now.wall_ms >= e->proof.expires_ms) {
		dismiss(e->session, "its token has expired");
		return;
	}
	if (!expires || now.wall_ms < e->proof.expires_ms - WARN_MS || e->is_warned) {
		schedule(hub, e, now);
		return;
	}
	e->is_warned = warn(e->session);
	if (e->is_warned)
		schedule(hub, e, now);
	else
		heap_insert(hub, e, now.mono_ms + AGAIN_MS);
}

void
expiry_start(struct session *s, const struct proof *proof, struct hub_time now)
{
	struct expiry *e;

	if (proof->hash[0] == '\0')
		return;
	e = s->expiry = mem_zalloc(sizeof(*e));
	e->session = s;
	e->proof = *proof;
	touch(s->hub, e, now);
	if (s->transport->is_passing)
		return;
	if (proof->used_ms > 0)
		e->touch_at = now.mono_ms + TOKEN_TOUCH_MS;
	schedule(s->hub, e, now);
}

void
expiry_inherit(struct session *s, const struct session *predecessor, struct hub_time now)
{
	struct expiry *e = s->expiry;

	if (e == NULL || predecessor == NULL || predecessor->expiry == NULL ||
	    strcmp(e->proof.hash, predecessor->expiry->proof.hash) != 0)
		return;
	e->is_warned = predecessor->expiry->is_warned;
	heap_remove(s->hub, e);
	schedule(s->hub, e, now);
}

void
expiry_stop(struct session *s)
{
	if (s->expiry != NULL)
		heap_remove(s->hub, s->expiry);
}

void
expiry_free(struct session *s)
{
	free(s->expiry);
	s->expiry = NULL;
}

struct proof
session_proof(const struct session *s)
{
	return s->expiry != NULL ? s->expiry->proof : (struct proof){0};
}

void
expiry_tick(struct hub *hub, struct hub_time now)
{
	while (hub->expiries->n > 0 && hub->expiries->heap[0]->due <= now.mono_ms) {
		struct expiry *e = hub->expiries->heap[0];
		heap_remove(hub, e);
		look(hub, e, now);
	}
}

int64_t
expiry_next(const struct hub *hub)
{
	return hub->expiries->n > 0 ? hub->expiries->heap[0]->due : INT64_MAX;
}

void
expiry_end(struct hub *hub, struct span wallet, struct span hash, int64_t until_ms)
{
	struct topic *own = topic_find_user(hub, wallet);

	/* A session that is dismissed is replaced by the last of the list, which was looked at
	 * before. */
	for (uint32_t i = own != NULL ? own->n_subscriptions : 0; i-- > 0;) {
		struct session *s = topic_subscriptions(own)[i]->session;
		const struct proof *p = s->expiry != NULL ? &s->expiry->proof : NULL;
		if (p != NULL && (hash.n > 0 ? span_is(hash, p->hash) : p->issued_ms <= until_ms))
			dismiss(s, "its token was ended");
	}
}

void
expiry_check(const struct hub *hub)
{
	struct expiry **heap = hub->expiries->heap;

	for (size_t i = 1; i <= hub->expiries->n; i++) {
		const struct expiry *e = heap[i - 1];

		check(e->place == i && e->session->expiry == e && e->session->hub == hub);
		check(i == 1 || heap[i / 2 - 1]->due <= e->due);
	}
}
