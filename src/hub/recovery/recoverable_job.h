/* SPDX-License-Identifier: ISC */
/*
 * recoverable_job.h - jobs that change which rooms the store has for a recoverable session. Two
 * threads share the structs: a struct belongs to the writer's thread from job_write until done is
 * called. run changes no member below job.
 */
#ifndef HUB_RECOVERY_RECOVERABLE_JOB_H
#define HUB_RECOVERY_RECOVERABLE_JOB_H

#include "hub/job.h"

struct room_job {
	struct hub_job job; /* first */
	int64_t id;         /* of the session, in the store */
	char escrow_id[STORE_NAME_SIZE], wallet[STORE_NAME_SIZE];
	int tries;     /* to forget the room: the number of tries that have failed */
	int64_t began; /* to renew the room: its events behind this position can be recovered */
};
static_assert(offsetof(struct room_job, job) == 0, "a room_job is cast from its job");

/* On the writer's thread: deletes the room of a room_job. */
bool recoverable_run_forget_room(struct store *, struct writer_job *);
/* On the writer's thread: replaces the room of a room_job. */
bool recoverable_run_renew_room(struct store *, struct writer_job *);

#endif
