/* SPDX-License-Identifier: ISC */
/*
 * jobs.c - the writes of clients: gathered in a turn, handed to the writer thread together, and answered when the tail has passed
 * their rows. So what is acknowledged is committed, and its own broadcast came before.
 */
#include "hub/state.h"

#include <stdlib.h>

#include "base/json.h"
#include "chat/views.h"

static void
on_done(struct writer_job *job, void *context)
{
	struct hub_job *hj = (struct hub_job *)job;
	struct hub *hub = context;

	if (job->err != STORE_OK) { /* rolled back: there is no row to wait for */
		hj->position = 0;
		if (job->err != STORE_REFUSED)
			hj->err = CHAT_UNAVAILABLE;
	}
	STAILQ_INSERT_TAIL(&hub->waiting, hj, link);
}

void
job_submit(struct hub_job *hj)
{
	struct hub *hub = hj->hub;

	hj->job.done = on_done;
	hj->job.next = NULL;
	if (hj->session != NULL)
		hj->session->n_jobs++;
	if (hub->jobs_last != NULL)
		hub->jobs_last->next = &hj->job;
	else
		hub->jobs_first = &hj->job;
	hub->jobs_last = &hj->job;
	hub->n_jobs++;
}

bool
hub_has_jobs(const struct hub *hub)
{
	return hub->n_jobs > 0;
}

void
hub_flush(struct hub *hub)
{
	if (hub->n_jobs == 0)
		return;
	writer_submit(hub->writer, hub->jobs_first, hub->jobs_last, hub->n_jobs);
	hub->jobs_first = hub->jobs_last = NULL;
	hub->n_jobs = 0;
}

void
hub_collect(struct hub *hub)
{
	writer_collect(hub->writer, hub, &hub->fresh);
}

static void
answer(struct hub_job *hj)
{
	struct session *s = hj->session;
	struct buf out = {0};

	if (hj->err != CHAT_OK) {
		session_refuse(
		    s, span_of(hj->event), span_of(hj->ack), hj->err, NULL, span_of(hj->escrow_id));
	} else if (hj->ack != NULL) {
		session_ok_begin(s, &out, span_of(hj->ack));
		hj->answer(hj, &out);
		json_close(&out, '}');
		session_answer_end(s, &out);
	}
}

/* Takes the job off its session, and does what is left to do. */
static void
release(struct hub_job *hj, struct hub_time now)
{
	struct session *s = hj->session;

	if (s == NULL) {
		hj->finish(hj, now);
		return;
	}
	s->n_jobs--;
	if (s->is_closed) {
		session_release(s);
		return;
	}
	if (hj->finish != NULL)
		hj->finish(hj, now);
	else
		answer(hj);
	if (s->was_busy && !session_is_busy(s))
		s->transport->resume(s);
}

void
job_free(struct hub_job *hj)
{
	if (hj->clear != NULL)
		hj->clear(hj);
	if (hj->ack != hj->few)
		free(hj->ack);
	free(hj);
}

/* Its own broadcast is among what the session has yet to pull. */
static bool
is_early(const struct hub_job *hj)
{
	const struct session *s = hj->session;

	if (s == NULL || s->n_behind == 0)
		return false;
	for (const struct sub *sub = s->subs; sub != NULL; sub = sub->next) {
		if (sub->is_behind && sub->position < hj->position)
			return true;
	}
	return false;
}

bool
jobs_wait(const struct hub *hub)
{
	const struct hub_job *hj;

	STAILQ_FOREACH (hj, &hub->waiting, link) {
		if (hj->position > hub->position)
			return true;
	}
	return false;
}

bool
hub_owes_answers(const struct hub *hub)
{
	return hub->n_jobs > 0 || hub->n_held > 0 || !STAILQ_EMPTY(&hub->waiting);
}

void
jobs_release(struct hub *hub, struct hub_time now)
{
	struct hub_job *hj;

	while ((hj = STAILQ_FIRST(&hub->waiting)) != NULL && hj->position <= hub->position) {
		STAILQ_REMOVE_HEAD(&hub->waiting, link);
		if (is_early(hj)) {
			STAILQ_INSERT_TAIL(&hj->session->held, hj, link);
			hub->n_held++;
			continue;
		}
		release(hj, now);
		job_free(hj);
	}
}

void
session_release_held(struct session *s, struct hub_time now)
{
	struct hub_job *hj;

	while ((hj = STAILQ_FIRST(&s->held)) != NULL && !is_early(hj)) {
		STAILQ_REMOVE_HEAD(&s->held, link);
		s->hub->n_held--;
		release(hj, now);
		job_free(hj);
	}
}

void
session_drop_held(struct session *s)
{
	struct hub_job *hj;

	while ((hj = STAILQ_FIRST(&s->held)) != NULL) {
		STAILQ_REMOVE_HEAD(&s->held, link);
		s->hub->n_held--;
		s->n_jobs--;
		job_free(hj);
	}
}
