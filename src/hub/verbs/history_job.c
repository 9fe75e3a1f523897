/* SPDX-License-Identifier: ISC */
/*
 * history_job.c - runs on the reader's thread: reads a page of messages and writes it as JSON.
 */
#include "hub/verbs/history_job.h"

void
history_run(struct store *st, struct read_job *job)
{
	struct history_call *j = (struct history_call *)job;

	j->history.user = &j->call.user;
	chat_history(st, &j->call.job.hub->options.rules, &j->history);
	j->call.job.err = j->history.err;
}
