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

	if (job->err != STORE_OK)
		hj->err = CHAT_UNAVAILABLE;
	STAILQ_INSERT_TAIL(&hub->waiting, hj, link);
}

void
job_submit(struct hub_job *hj)
{
	struct hub *hub = hj->hub;

	hj->job.done = on_done;
	hj->job.next = NULL;
	hj->session->n_jobs++;
	if (hub->jobs_last != NULL)
		hub->jobs_last->next = &hj->job;
	else
		hub->jobs_first = &hj->job;
	hub->jobs_last = &hj->job;
	hub->n_jobs++;
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
	writer_collect(hub->writer, hub);
}

static void
answer(struct hub_job *hj)
{
	struct session *s = hj->session;
	struct buf out = {0};

	if (hj->err != CHAT_OK) {
		session_refuse(
		    s, span_of(hj->event), span_of(hj->ack), hj->err, NULL, span_of(hj->escrow_id));
	} else if (hj->ack[0] != '\0') {
		json_open(&out, '{');
		json_member_bool(&out, "ok", true);
		hj->answer(hj, &out);
		json_close(&out, '}');
		session_answer(s, span_of(hj->ack), buf_as_span(&out));
	}
	buf_clear(&out);
}

void
jobs_release(struct hub *hub)
{
	struct hub_job *hj;

	while ((hj = STAILQ_FIRST(&hub->waiting)) != NULL && hj->position <= hub->position) {
		struct session *s = hj->session;

		STAILQ_REMOVE_HEAD(&hub->waiting, link);
		bool was_busy = session_is_busy(s);
		s->n_jobs--;
		if (s->is_closed) {
			session_release(s);
		} else {
			answer(hj);
			if (was_busy && !session_is_busy(s))
				s->transport->resume(s);
		}
		hj->clear(hj);
		free(hj);
	}
}
