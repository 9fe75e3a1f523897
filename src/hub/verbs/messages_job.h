/* SPDX-License-Identifier: ISC */
/*
 * messages_job.h - the calls chat_message and message_read, whose structs two threads share: a
 * struct belongs to the writer's thread while its call is CALL_RUNNING, else to the loop's thread.
 */
#ifndef HUB_VERBS_MESSAGES_JOB_H
#define HUB_VERBS_MESSAGES_JOB_H

#include "hub/session/call.h"

struct send_call {
	struct call call;      /* first */
	struct chat_send send; /* the loop's thread sets the question, the job the answer */
	/* The loop's thread sets these; send points to them. */
	char client_msg_id[80];
	char content[];
};
static_assert(offsetof(struct send_call, call) == 0, "a send_call is cast from its call");

struct mark_call {
	struct call call;      /* first */
	struct chat_mark mark; /* the loop's thread sets the question, the job the answer */
	char message_id[80];   /* the loop's thread sets it; mark points to it */
};
static_assert(offsetof(struct mark_call, call) == 0, "a mark_call is cast from its call");

/* On the writer's thread: stores the message of a send_call. job.err says why it is refused. */
bool messages_run_send(struct store *, struct writer_job *);
/* On the writer's thread: marks the messages of a mark_call as read. job.err says why it is
 * refused. */
bool messages_run_mark(struct store *, struct writer_job *);

#endif
