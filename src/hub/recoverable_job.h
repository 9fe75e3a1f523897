/* SPDX-License-Identifier: ISC */
/*
 * recoverable_job.h - jobs that change which rooms the store has for a recoverable session. Two
 * threads share the structs: a struct belongs to the writer's thread from job_write until done is
 * called. run changes no member below job.
 */
#ifndef HUB_RECOVERABLE_JOB_H
#define HUB_RECOVERABLE_JOB_H

#include "hub/job.h"

struct forget_room {
	struct hub_job job; /* first */
	int64_t id;         /* of the session, in the store */
	int tries;          /* that have failed so far */
	char escrow_id[STORE_NAME_SIZE], wallet[STORE_NAME_SIZE];
};
static_assert(offsetof(struct forget_room, job) == 0, "a forget_room is cast from its job");

struct renew_room {
	struct hub_job job; /* first */
	int64_t id;         /* of the session, in the store */
	int64_t began;      /* position behind which its events can be recovered */
	char escrow_id[STORE_NAME_SIZE];
};
static_assert(offsetof(struct renew_room, job) == 0, "a renew_room is cast from its job");

/* On the writer's thread: deletes the room of a forget_room. */
bool recoverable_run_forget_room(struct store *, struct writer_job *);
/* On the writer's thread: replaces the room of a renew_room. */
bool recoverable_run_renew_room(struct store *, struct writer_job *);

#endif
