/* SPDX-License-Identifier: ISC */
/*
 * expiry_job.c - runs on the writer's thread: notes that a token is in use.
 */
#include "hub/session/expiry_job.h"

#include "identity/tokens.h"

bool
expiry_run_touch(struct store *st, struct writer_job *job)
{
	struct touch_job *j = (struct touch_job *)job;

	token_use(st, &j->proof, j->now_ms);
	return true;
}
