/* SPDX-License-Identifier: ISC */
/*
 * sys.c - the countdown of system calls.
 */
#include "base/sys.h"

#include <errno.h>

unsigned sys_countdown;
static int failure;
static bool has_failed;

void
sys_fail_nth(unsigned nth, int err)
{
	sys_countdown = nth;
	failure = err;
	has_failed = false;
}

bool
sys_has_failed(void)
{
	return has_failed;
}

bool
sys_count_down(void)
{
	if (--sys_countdown > 0)
		return false;
	has_failed = true;
	errno = failure;
	return true;
}
