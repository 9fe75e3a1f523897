/* SPDX-License-Identifier: ISC */
/*
 * recoverable_job.c - runs on the writer's thread: changes the rooms of a recoverable session.
 */
#include "hub/recovery/recoverable_job.h"

#include "store/tables/kept_sessions.h"

bool
recoverable_run_forget_room(struct store *st, struct writer_job *job)
{
	const struct room_job *j = (struct room_job *)job;

	kept_room_delete(st, j->id, span_of(j->escrow_id));
	return true;
}

bool
recoverable_run_renew_room(struct store *st, struct writer_job *job)
{
	const struct room_job *j = (struct room_job *)job;

	kept_room_delete(st, j->id, span_of(j->escrow_id));
	kept_room_put(st, j->id, span_of(j->escrow_id), j->began);
	return true;
}
