/* SPDX-License-Identifier: ISC */
/*
 * history_job.h - the call history, whose struct two threads share: it belongs to the reader's
 * thread while the call is CALL_RUNNING, else to the loop's thread.
 */
#ifndef HUB_VERBS_HISTORY_JOB_H
#define HUB_VERBS_HISTORY_JOB_H

#include "hub/session/call.h"

struct history_call {
	struct call call;            /* first */
	struct chat_history history; /* the loop's thread sets the question, the job the answer */
	char bounds[2][80];          /* before, after: the loop's thread sets them */
};
static_assert(offsetof(struct history_call, call) == 0, "a history_call is cast from its call");

/* On the reader's thread: reads the page of messages and writes it as JSON. job.err says why there
 * is none. */
void history_run(struct store *, struct read_job *);

#endif
