/* SPDX-License-Identifier: ISC */
/*
 * tail_job.h - the tail reads a page of the log. Two threads share the struct: it belongs to the
 * reader's thread from job_read until done is called, else to the loop's thread.
 */
#ifndef HUB_REPLAY_TAIL_JOB_H
#define HUB_REPLAY_TAIL_JOB_H

#include "chat/tail_page.h"
#include "hub/job.h"

struct tail_read {
	struct hub_job job; /* first */
	/* The loop's thread sets it. True: there are rows, so the reader need not ask first whether
	 * anybody has committed. */
	bool is_certain;
	/* The job sets it: how many batches the writer had begun when the page was read. */
	uint64_t begun;
	struct tail_page page; /* the loop's thread sets the question, the job the answer */
};
static_assert(offsetof(struct tail_read, job) == 0, "a tail_read is cast from its job");

/* On the reader's thread: reads a page of the log; the page is empty if nobody has committed. */
void tail_run_page(struct store *, struct read_job *);

#endif
