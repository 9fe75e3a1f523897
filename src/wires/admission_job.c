/* SPDX-License-Identifier: ISC */
/*
 * admission_job.c - runs on the reader's thread: looks up who asks to be let in, and what the store
 * knows of the session they ask for.
 */
#include "wires/admission_job.h"

void
admission_run_lookup(struct store *st, struct read_job *job)
{
	struct admission *a = (struct admission *)job;

	a->err = auth_user(a->gate->auth, st, &a->carried.request, a->now_ms, &a->user);
	if (a->err == ERROR_NONE)
		session_lookup_run(st, &a->job.hub->options.rules, &a->user, &a->lookup);
}
