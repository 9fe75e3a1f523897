/* SPDX-License-Identifier: ISC */
/*
 * set_clock.h - a monotonic clock that the test moves forward, in place of base/clock.c. A test
 * includes it before all other headers.
 */
#ifndef SET_CLOCK_H
#define SET_CLOCK_H

#define clock_mono_ms true_mono_ms
#define clock_mono_us true_mono_us
#include "base/clock.c"
#undef clock_mono_ms
#undef clock_mono_us

#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* The clock is ahead of the kernel's clock by so much; the test adds to it. */
static int64_t ahead_us;

int64_t clock_mono_ms(void);
int64_t clock_mono_us(void);

int64_t
clock_mono_us(void)
{
	return true_mono_us() + ahead_us;
}

int64_t
clock_mono_ms(void)
{
	return clock_mono_us() / 1000;
}

/* The loop sets this timer by the test's clock; the kernel waits by its own clock. */
int
timerfd_settime(int fd, int flags, const struct itimerspec *its, struct itimerspec *old)
{
	int64_t us = (int64_t)its->it_value.tv_sec * 1000000 + its->it_value.tv_nsec / 1000;
	struct itimerspec true_its = {0};

	us = us > ahead_us ? us - ahead_us : 1;
	true_its.it_value = (struct timespec){us / 1000000, us % 1000000 * 1000};
	return (int)syscall(SYS_timerfd_settime, fd, flags, &true_its, old);
}

#endif
