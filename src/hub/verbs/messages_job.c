/* SPDX-License-Identifier: ISC */
/*
 * messages_job.c - runs on the writer's thread: stores messages, and marks messages as read.
 */
#include "hub/verbs/messages_job.h"

#include "base/clock.h"

bool
messages_run_send(struct store *st, struct writer_job *job)
{
	struct send_call *j = (struct send_call *)job;
	bool written;

	j->send.mono_us = clock_mono_us();
	written = chat_send(st, &j->call.job.hub->options.rules, &j->send);
	j->call.job.err = j->send.err;
	/* A repeated message waits for the row of the first, which another process may have written
	 * a moment ago. */
	j->call.job.position = j->send.repeated ? eventlog_newest(st) : j->send.position;
	return written;
}

bool
messages_run_mark(struct store *st, struct writer_job *job)
{
	struct mark_call *j = (struct mark_call *)job;
	bool written = chat_mark(st, &j->call.job.hub->options.rules, &j->mark);

	j->call.job.err = j->mark.err;
	j->call.job.position = j->mark.position;
	return written;
}
