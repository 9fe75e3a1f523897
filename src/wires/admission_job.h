/* SPDX-License-Identifier: ISC */
/*
 * admission_job.h - the look-up of a user who asks to be let in. Two threads share the struct:
 * while the job is under way, the question and the answer belong to the reader's thread; all else,
 * and at other times everything, belongs to the loop's thread.
 */
#ifndef WIRES_ADMISSION_JOB_H
#define WIRES_ADMISSION_JOB_H

#include "http/gate.h"
#include "hub/job.h"
#include "hub/session/session_lookup.h"

struct admission {
	struct hub_job job; /* first */
	const struct gate *gate;
	void *owner; /* of the caller */
	/* The question: the loop's thread sets it, and leaves it alone while the job runs. */
	struct carried carried;
	struct buf text; /* after own_text: the spans point into it */
	int64_t now_ms;  /* wall */
	/* The answer: the job sets it. */
	enum error err; /* of the identity */
	struct user user;
	/* The rest of the question and of the answer, under the same rule as request and err. The
	 * admission owns lookup.rooms. */
	struct session_lookup lookup;
	/* For the loop's thread alone: the members from here to is_cancelled. */
	struct web_conn *parked; /* NULL: no request, or its client is gone */
	void (*go_on)(struct web_request *, struct admission *);
	/* Serves a request of a user who is known without a look-up (may be NULL). True: it has
	 * served the request. */
	bool (*serve_now)(struct web_request *, struct admission *);
	/* Answers a request that is refused (NULL: web_refuse does). */
	void (*refuse)(struct web_request *, const struct admission *, enum error, const char *why);
	void (*clear)(void *owner);
	void (*done)(struct admission *);
	bool is_cancelled;
};
static_assert(offsetof(struct admission, job) == 0, "an admission is cast from its job");
/* Each poll allocates one: up to this size malloc keeps it in the thread's cache. */
static_assert(sizeof(struct admission) <= 1032, "an admission is small");

/* On the reader's thread: looks up the user and the session that they ask for. */
void admission_run_lookup(struct store *, struct read_job *);

#endif
