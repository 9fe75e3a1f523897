/* SPDX-License-Identifier: ISC */
/*
 * rights_job.c - runs on the reader's thread: reads what a user may do in an escrow.
 */
#include "hub/room/rights_job.h"

#include "store/tables/eventlog.h"

void
rights_run(struct store *st, struct read_job *job)
{
	struct rights_call *r = (struct rights_call *)job;

	r->checked = eventlog_newest(st);
	r->call.job.err = chat_standing(st, &r->call.job.hub->options.rules, &r->call.user,
	    span_of(r->call.escrow_id), &r->standing);
}
