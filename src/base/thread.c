/* SPDX-License-Identifier: ISC */
/*
 * thread.c - the role of each thread, kept in the thread itself, and starting one.
 */
#include "base/thread.h"

#include <errno.h>

#include "base/check.h"

static _Thread_local enum thread_role role;
static int fail_countdown; /* for tests: the thread_start calls until one fails; 0: none fails */

void
thread_is(enum thread_role now)
{
	role = now;
}

enum thread_role
thread_role(void)
{
	return role;
}

void
thread_check_store(void)
{
	if (CHECKS_ALL)
		check(role != THREAD_LOOP);
}

void
thread_fail_at(int nth)
{
	fail_countdown = nth;
}

bool
thread_start(pthread_t *thread, void *(*main)(void *), void *arg, int *error)
{
	if (fail_countdown > 0 && --fail_countdown == 0)
		*error = EAGAIN;
	else
		*error = pthread_create(thread, NULL, main, arg);
	return *error == 0;
}
