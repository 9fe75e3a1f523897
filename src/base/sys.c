/* SPDX-License-Identifier: ISC */
/*
 * sys.c - the countdown of system calls.
 */
#include "base/sys.h"

#include <errno.h>

atomic_uint sys_countdown;
static atomic_int failure;
static atomic_bool has_failed;

void
sys_fail_nth(unsigned nth, int err)
{
	failure = err;
	has_failed = false;
	sys_countdown = nth;
}

bool
sys_has_failed(void)
{
	return has_failed;
}

bool
sys_count_down(void)
{
	unsigned left = atomic_load(&sys_countdown);

	while (left > 0 && !atomic_compare_exchange_weak(&sys_countdown, &left, left - 1))
		;
	if (left != 1)
		return false;
	has_failed = true;
	errno = failure;
	return true;
}
