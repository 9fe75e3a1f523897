/* SPDX-License-Identifier: ISC */
/*
 * wake.c - an event descriptor, a flag that says that it was rung, and a check of the flag once a
 * second.
 */
#include "io/wake.h"

#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/sys.h"

#define CHECK_US 1000000
#define TRIES    3

struct wake {
	loop_cb *cb;
	void *arg;
	struct loop_watch *watch;
	struct loop_timer *check_timer;
	int fd;
	bool is_rung; /* atomic */
};

/* The flag is cleared first: a thread that rings after that is heard by this callback, or rings
 * anew. */
static void
hear(struct wake *w)
{
	if (__atomic_exchange_n(&w->is_rung, false, __ATOMIC_ACQ_REL))
		w->cb(w->arg);
}

static void
on_readable(void *arg)
{
	struct wake *w = arg;
	uint64_t n;

	if (sys_read(w->fd, &n, sizeof(n)) < 0 && errno != EAGAIN && errno != EINTR)
		log_debug("wake: a ring cannot be read: %d", errno); /* it stays readable */
	hear(w);
}

static void
on_check(void *arg)
{
	struct wake *w = arg;

	loop_timer_set_us(w->check_timer, CHECK_US);
	hear(w);
}

struct wake *
wake_new(struct loop *loop, loop_cb *cb, void *arg)
{
	struct wake *w = mem_zalloc(sizeof(*w));

	w->cb = cb;
	w->arg = arg;
	w->fd = sys_eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (w->fd >= 0)
		w->watch = loop_watch_new(loop, w->fd, on_readable, w);
	if (w->watch == NULL) {
		int err = errno;

		wake_free(w);
		errno = err;
		return NULL;
	}
	w->check_timer = loop_timer_new(loop, on_check, w);
	loop_timer_set_us(w->check_timer, CHECK_US);
	return w;
}

void
wake_free(struct wake *w)
{
	if (w == NULL)
		return;
	loop_watch_free(w->watch);
	loop_timer_free(w->check_timer);
	if (w->fd >= 0)
		close(w->fd);
	free(w);
}

/* A thread that finds the flag set need not ring: the thread that set it has rung, or on_check will
 * hear both. */
void
wake_ring(struct wake *w)
{
	static const uint64_t one = 1;

	if (__atomic_exchange_n(&w->is_rung, true, __ATOMIC_ACQ_REL))
		return;
	for (int i = 0; i < TRIES; i++) {
		if (sys_write(w->fd, &one, sizeof(one)) > 0 || errno == EAGAIN)
			return; /* EAGAIN: as full as it can be, so it can be read */
	}
}

int
wake_fd(const struct wake *w)
{
	return w->fd;
}
