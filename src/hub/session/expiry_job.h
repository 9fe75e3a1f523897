/* SPDX-License-Identifier: ISC */
/*
 * expiry_job.h - notes that a token is in use, shared by two threads: from job_write until done is
 * called, the struct belongs to the writer's thread.
 */
#ifndef HUB_SESSION_EXPIRY_JOB_H
#define HUB_SESSION_EXPIRY_JOB_H

#include "hub/job.h"

struct touch_job {
	struct hub_job job; /* first */
	/* The loop's thread sets these. */
	struct proof proof;
	int64_t now_ms; /* wall */
};
static_assert(offsetof(struct touch_job, job) == 0, "a touch is cast from its job");

/* On the writer's thread: notes that the token is in use. */
bool expiry_run_touch(struct store *, struct writer_job *);

#endif
