/* SPDX-License-Identifier: ISC */
/*
 * subscribe_job.c - runs on the reader's thread, and for recoverable sessions on the writer's: what
 * the store knows of a room that a client enters or leaves.
 */
#include "hub/verbs/subscribe_job.h"

#include "store/tables/kept_sessions.h"

static void
look_up(struct store *st, struct subscribe_call *j)
{
	struct call *c = &j->call;

	j->cursor_state = CURSOR_GOOD;
	j->checked = eventlog_newest(st);
	c->job.err = chat_standing(
	    st, &c->job.hub->options.rules, &c->user, span_of(c->escrow_id), &j->standing);
	if (c->job.err != ERROR_NONE)
		return;
	j->from = j->checked;
	c->unread = chat_unread(st, &c->user, &j->standing);
	if (j->cursor_n == 0)
		return;
	j->cursor_state = cursor_resolve(st, (struct span){j->cursor, j->cursor_n}, &j->from);
	if (j->cursor_state == CURSOR_GOOD)
		return;
	j->from = j->checked;
	j->oldest = eventlog_oldest(st);
	if (j->cursor_state == CURSOR_BAD)
		c->job.err = ERROR_BAD_REQUEST;
}

void
subscribe_run_lookup(struct store *st, struct read_job *job)
{
	look_up(st, (struct subscribe_call *)job);
}

bool
subscribe_run_enter(struct store *st, struct writer_job *job)
{
	struct subscribe_call *j = (struct subscribe_call *)job;

	look_up(st, j);
	j->call.job.position = j->checked;
	if (j->call.job.err == ERROR_NONE)
		kept_room_put(st, j->recoverable_id, span_of(j->call.escrow_id), j->from);
	j->is_put = j->call.job.err == ERROR_NONE;
	return true;
}

bool
subscribe_run_leave(struct store *st, struct writer_job *job)
{
	struct leave_call *j = (struct leave_call *)job;

	kept_room_delete(st, j->recoverable_id, span_of(j->call.escrow_id));
	j->call.job.position = eventlog_newest(st);
	return true;
}
