/* SPDX-License-Identifier: ISC */
/*
 * rights_job.h - a call that reads the standing of its user in its escrow. Two threads share the
 * struct: it belongs to the reader's thread while the call is CALL_RUNNING, else to the loop's.
 */
#ifndef HUB_ROOM_RIGHTS_JOB_H
#define HUB_ROOM_RIGHTS_JOB_H

#include "hub/session/call.h"

/* Embedded first in the event's own struct, or alone. */
struct rights_call {
	struct call call; /* first */
	/* The job sets these. */
	int64_t checked; /* the log's head when the standing was read */
	struct standing standing;
};
static_assert(offsetof(struct rights_call, call) == 0, "a rights_call is cast from its call");

/* On the reader's thread: reads the standing of the call's user in its escrow. job.err says why
 * they have none. */
void rights_run(struct store *, struct read_job *);

#endif
