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
	struct heap_timer timer; /* mono ms: when the token is checked */
	int64_t touch_at;        /* mono ms: when its use is noted next; 0: never */
	bool is_warned;          /* its client knows */
};

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

/* Arms the timer of the next check. The wall clock may be set meanwhile, so the time that is left
 * is calculated anew then. */
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
		heap_timer_start(&hub->expiries, &e->timer, due);
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
	is_heard = s->transport->send(s, event_frame(&ev, s->transport->encoding));
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
check_token(struct hub *hub, struct expiry *e, struct hub_time now)
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
		heap_timer_start(&hub->expiries, &e->timer, now.mono_ms + AGAIN_MS);
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
	heap_timer_stop(&s->hub->expiries, &e->timer);
	schedule(s->hub, e, now);
}

void
expiry_stop(struct session *s)
{
	if (s->expiry != NULL)
		heap_timer_stop(&s->hub->expiries, &s->expiry->timer);
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
	struct heap_timer *t;

	while ((t = timer_heap_due(&hub->expiries, now.mono_ms)) != NULL)
		check_token(hub, TIMER_OWNER(t, struct expiry, timer), now);
}

void
expiry_end(struct hub *hub, struct span wallet, struct span hash, int64_t until_ms)
{
	struct topic *own = topic_find_user(hub, wallet);

	/* A session that is dismissed is replaced by the last of the list, which was
	 * checked before. */
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
	timer_heap_check(&hub->expiries);
	for (size_t i = 1; i <= hub->expiries.n; i++) {
		const struct expiry *e = TIMER_OWNER(hub->expiries.slots[i], struct expiry, timer);
		check(e->session->expiry == e && e->session->hub == hub);
	}
}
