/* SPDX-License-Identifier: ISC */
/*
 * subscribe_job.h - the calls subscribe_escrow and unsubscribe_escrow, whose structs two threads
 * share: a struct belongs to the thread that runs the job while its call is CALL_RUNNING, else to
 * the loop's thread.
 */
#ifndef HUB_VERBS_SUBSCRIBE_JOB_H
#define HUB_VERBS_SUBSCRIBE_JOB_H

#include "hub/session/call.h"

struct subscribe_call {
	struct call call; /* first */
	/* The loop's thread sets these. */
	int64_t recoverable_id; /* of a recoverable session: its id in the store; else 0 */
	bool has_begun;         /* the subscription was made: the call waits for the replay */
	size_t cursor_n;        /* bytes of cursor; 0: the client came without one */
	/* The job sets these, and call.unread. */
	bool is_put; /* the store has the room */
	struct standing standing;
	enum cursor_state cursor_state;
	int64_t from;    /* position behind which events are wanted */
	int64_t checked; /* the log's head when the standing was read */
	int64_t oldest;  /* position of the log's oldest row, where the cursor is lost */
	char cursor[];
};
static_assert(offsetof(struct subscribe_call, call) == 0, "a subscribe_call is cast from its call");

struct leave_call {
	struct call call;       /* first */
	int64_t recoverable_id; /* of the recoverable session: its id in the store */
};
static_assert(offsetof(struct leave_call, call) == 0, "a leave_call is cast from its call");

/* On the reader's thread: reads the standing of a subscribe_call, its unread messages and where its
 * cursor stands. job.err says why the room may not be entered. */
void subscribe_run_lookup(struct store *, struct read_job *);
/* On the writer's thread: reads the same, and puts the room of a recoverable session into the
 * store. */
bool subscribe_run_enter(struct store *, struct writer_job *);
/* On the writer's thread: deletes the room of a leave_call from the store. */
bool subscribe_run_leave(struct store *, struct writer_job *);

#endif
