/* SPDX-License-Identifier: ISC */
/*
 * replay_page_job.h - one page of the log for a session that is behind, shared by two threads: it
 * belongs to the reader's thread from job_read until done is called, else to the loop's thread.
 */
#ifndef HUB_REPLAY_REPLAY_PAGE_JOB_H
#define HUB_REPLAY_REPLAY_PAGE_JOB_H

#include "chat/audience.h"
#include "chat/feed.h"
#include "hub/job.h"

struct replay_page {
	struct hub_job job; /* first */
	/* The loop's thread sets these. */
	struct user user;
	struct feed_source *sources; /* subscriptions behind; the job sets each state */
	uint32_t *serials;           /* of the subscriptions' seats, by the same index */
	char (*names)[STORE_NAME_SIZE];
	int n;
	int64_t until;
	/* The job sets these. */
	struct buf rows; /* as packed.h has them, with the data as clients get it */
	int64_t whole;   /* rows has every row of the sources up to this position */
	bool has_gap;    /* the log does not have all rows of one of the sources */
	int64_t oldest;  /* position of the log's oldest row, where there is a gap */
};
static_assert(offsetof(struct replay_page, job) == 0, "a page is cast from its job");

/* On the reader's thread: reads the page. */
void replay_page_run(struct store *, struct read_job *);

#endif
