/* SPDX-License-Identifier: ISC */
/*
 * recoverable.c - corrects the store where a recoverable session has left or entered a room
 * otherwise than by unsubscribe_escrow or subscribe_escrow.
 */
#include "hub/recovery/recoverable.h"

#include <stdlib.h>

#include "base/mem.h"
#include "hub/recovery/recoverable_job.h"
#include "hub/session/call.h"

#define TRIES 10

static void forget_room(struct session *, struct span escrow_id, int tries);

static struct session *
session_of(const struct hub *hub, int64_t id)
{
	struct session *s;

	TAILQ_FOREACH (s, &hub->sessions, link) {
		if (s->recoverable != NULL && s->recoverable->id == id)
			return s;
	}
	return NULL;
}

static struct room_job *
room_job_new(
    struct session *s, struct span escrow_id, void (*done)(struct hub_job *, struct hub_time))
{
	struct span wallet = topic_wallet(s->own.topic);
	struct room_job *j = mem_zalloc(sizeof(*j));

	j->job.hub = s->hub;
	j->job.done = done;
	j->id = s->recoverable->id;
	memcpy(j->escrow_id, escrow_id.p, escrow_id.n);
	memcpy(j->wallet, wallet.p, wallet.n);
	return j;
}

static void
on_forgotten(struct hub_job *job, struct hub_time now)
{
	struct room_job *j = (struct room_job *)job;
	struct session *s = j->job.err != ERROR_NONE ? session_of(job->hub, j->id) : NULL;

	if (j->job.err == ERROR_NONE || ++j->tries == TRIES) {
		free(j);
	} else if (s == NULL) { /* it is lost: it enters no room meanwhile */
		j->job.err = ERROR_NONE;
		job_write(&j->job, span_of(j->wallet), recoverable_run_forget_room);
	} else {
		if (subscription_find(s, span_of(j->escrow_id)) == NULL)
			forget_room(s, span_of(j->escrow_id), j->tries);
		free(j);
	}
}

/* The last call under way that puts that room into the store or deletes it; or NULL. */
static struct call *
last_change(struct session *s, struct span escrow_id)
{
	struct call *c, *last = NULL;

	STAILQ_FOREACH (c, &s->calls, next) {
		if (c->changes_room && span_is(escrow_id, c->escrow_id))
			last = c;
	}
	return last;
}

static void
forget_room(struct session *s, struct span escrow_id, int tries)
{
	struct call *later = last_change(s, escrow_id);
	struct room_job *j;

	if (later != NULL) {
		later->forgets_room = true;
		return;
	}
	j = room_job_new(s, escrow_id, on_forgotten);
	s->recoverable->changes++;
	j->tries = tries;
	job_write(&j->job, span_of(j->wallet), recoverable_run_forget_room);
}

void
recoverable_forget_room(struct session *s, struct span escrow_id)
{
	if (s->recoverable != NULL)
		forget_room(s, escrow_id, 0);
}

/* ---- entering anew ---- */

static void
on_renewed(struct hub_job *job, struct hub_time now)
{
	free(job);
}

void
recoverable_renew_room(struct session *s, struct span escrow_id, int64_t began)
{
	struct room_job *j;

	if (s->recoverable == NULL || last_change(s, escrow_id) != NULL)
		return;
	j = room_job_new(s, escrow_id, on_renewed);
	s->recoverable->changes++;
	j->began = began;
	job_write(&j->job, span_of(j->wallet), recoverable_run_renew_room);
}
