/* SPDX-License-Identifier: ISC */
/*
 * loop.c - the event loop: libevent watches descriptors and signals; timers and the end of a turn
 * are our own. Timers stand in a heap, with one timer descriptor, which is set only when the first
 * timer comes sooner. libevent would set its timer anew in each turn, and without
 * EVENT_BASE_FLAG_PRECISE_TIMER it would be as coarse as 4 ms.
 */
#include "io/loop.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/sys.h"
#include "base/timers.h"
#include "io/loop_event.h"

#define WAITS_MAX 1000 /* that the kernel refuses in a row, before the process ends */
#define TURN_US   4000 /* on input, in a turn: then each connection with more waits for the next */

struct loop_signal {
	struct event ev;
	loop_cb *cb;
	void *arg;
	struct loop_signal *next;
};

struct loop_timer {
	struct loop *loop;
	loop_cb *cb;
	void *arg;
	struct heap_timer timer; /* mono us */
};

struct loop_watch {
	struct event ev;
	loop_cb *cb;
	void *arg;
};

struct loop_later {
	struct loop *loop;
	loop_cb *cb;
	void *arg;
	TAILQ_ENTRY(loop_later) link;
	bool is_wanted;
};

struct loop {
	struct event_base *base;
	struct loop_signal *signals;
	bool is_stopped;

	struct timer_heap timers;
	int clock;          /* the timer descriptor */
	int64_t clock_at;   /* is set for then; 0: it is not set */
	int64_t running_us; /* timers due until then are being run; 0: none are */
	int64_t set_us;     /* the first timer of this turn was set then; 0: none was */
	struct event clock_ev;

	TAILQ_HEAD(, loop_later) laters; /* wanted */

	int refused_waits;
	int64_t spent_us; /* of this turn, on input */
	int64_t paced_until;
	int urgent; /* -1: none */
};

/* ---- timers ---- */

struct loop_timer *
loop_timer_new(struct loop *loop, loop_cb *cb, void *arg)
{
	struct loop_timer *t = mem_zalloc(sizeof(*t));

	t->loop = loop;
	t->cb = cb;
	t->arg = arg;
	return t;
}

/* The timer is due at a time. One that is set while timers run is due in the next turn at the
 * soonest. */
static void
set_at(struct loop_timer *t, int64_t at_us, int64_t now)
{
	struct loop *loop = t->loop;

	if (loop->set_us == 0)
		loop->set_us = now;
	if (at_us < now)
		at_us = now;
	if (at_us <= loop->running_us)
		at_us = loop->running_us + 1;
	heap_timer_start(&loop->timers, &t->timer, at_us);
}

void
loop_timer_set_us(struct loop_timer *t, int64_t us)
{
	int64_t now = clock_mono_us();

	set_at(t, now + us, now);
}

void
loop_timer_set_at(struct loop_timer *t, int64_t at_ms)
{
	if (at_ms == INT64_MAX)
		loop_timer_stop(t);
	else if (t->timer.slot == 0 || t->timer.at != at_ms * 1000)
		set_at(t, at_ms * 1000, clock_mono_us());
}

void
loop_timer_stop(struct loop_timer *t)
{
	heap_timer_stop(&t->loop->timers, &t->timer);
}

void
loop_timer_free(struct loop_timer *t)
{
	if (t == NULL)
		return;
	loop_timer_stop(t);
	free(t);
}

/* A timer that was set in this turn fires in the next one at the soonest. */
static void
run_timers(struct loop *loop)
{
	struct heap_timer *due;

	loop->running_us = loop->set_us > 0 ? loop->set_us - 1 : clock_mono_us();
	while (
	    !loop->is_stopped && (due = timer_heap_due(&loop->timers, loop->running_us)) != NULL) {
		struct loop_timer *t = TIMER_OWNER(due, struct loop_timer, timer);
		t->cb(t->arg);
	}
	loop->running_us = 0;
}

/* The first timer ends the coming wait. The descriptor may be set to an earlier time, for a timer
 * that was stopped: then it ends a wait in vain. False: the system does not set it. */
static bool
set_clock(struct loop *loop, int64_t now)
{
	int64_t at = timer_heap_next(&loop->timers);
	struct itimerspec its = {.it_value = {at / 1000000, at % 1000000 * 1000}};

	if (loop->clock_at > now && loop->clock_at <= at)
		return true;
	loop->clock_at = 0;
	if (sys_timerfd_settime(loop->clock, TFD_TIMER_ABSTIME, &its) != 0)
		return false;
	loop->clock_at = at;
	return true;
}

static void
on_clock(evutil_socket_t fd, short what, void *arg)
{
	struct loop *loop = arg;
	uint64_t n;

	loop->clock_at = 0; /* set_clock sets it anew, even if the read below fails */
	if (sys_read(fd, &n, sizeof(n)) < 0 && errno != EAGAIN)
		log_debug("loop: the timer cannot be read: %d", errno);
}

/* ---- the end of a turn ---- */

struct loop_later *
loop_later_new(struct loop *loop, loop_cb *cb, void *arg)
{
	struct loop_later *l = mem_zalloc(sizeof(*l));

	l->loop = loop;
	l->cb = cb;
	l->arg = arg;
	return l;
}

void
loop_later_want(struct loop_later *l)
{
	if (l->is_wanted)
		return;
	l->is_wanted = true;
	TAILQ_INSERT_TAIL(&l->loop->laters, l, link);
}

static void
forget(struct loop_later *l)
{
	if (l->is_wanted)
		TAILQ_REMOVE(&l->loop->laters, l, link);
	l->is_wanted = false;
}

void
loop_later_free(struct loop_later *l)
{
	if (l == NULL)
		return;
	forget(l);
	free(l);
}

static void
run_laters(struct loop *loop)
{
	struct loop_later *l;

	while ((l = TAILQ_FIRST(&loop->laters)) != NULL && !loop->is_stopped) {
		forget(l);
		l->cb(l->arg);
	}
}

/* ---- turns ---- */

bool
loop_event_add(struct event *ev)
{
	return !sys_fails() && event_add(ev, NULL) == 0;
}

static bool
open_loop(struct loop *loop)
{
	loop->clock = sys_timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (loop->clock < 0 || sys_fails() || (loop->base = event_base_new()) == NULL)
		return false;
	event_assign(
	    &loop->clock_ev, loop->base, loop->clock, EV_READ | EV_PERSIST, on_clock, loop);
	return loop_event_add(&loop->clock_ev);
}

struct loop *
loop_new(struct buf *err)
{
	struct loop *loop = mem_zalloc(sizeof(*loop));

	TAILQ_INIT(&loop->laters);
	loop->urgent = -1;
	if (open_loop(loop))
		return loop;
	if (err != NULL)
		buf_printf(err, "loop: no event loop on this system: %s", strerror(errno));
	loop_free(loop);
	return NULL;
}

void
loop_free(struct loop *loop)
{
	if (loop == NULL)
		return;
	for (struct loop_signal *s = loop->signals, *next; s != NULL; s = next) {
		next = s->next;
		event_del(&s->ev);
		free(s);
	}
	if (loop->base != NULL) {
		event_del(&loop->clock_ev);
		event_base_free(loop->base);
	}
	if (loop->clock >= 0)
		close(loop->clock);
	timer_heap_clear(&loop->timers);
	free(loop);
}

struct event_base *
loop_base(struct loop *loop)
{
	return loop->base;
}

void
loop_spend_us(struct loop *loop, int64_t us)
{
	loop->spent_us += us;
}

bool
loop_is_spent(const struct loop *loop)
{
	return loop->spent_us >= TURN_US;
}

void
loop_pace(struct loop *loop, int64_t us, int urgent_fd)
{
	loop->paced_until = clock_mono_us() + us;
	loop->urgent = urgent_fd;
}

/* Input that arrives meanwhile is worked off together in the next turn. */
static void
wait_for_pace(struct loop *loop, int64_t now)
{
	struct pollfd urgent = {.fd = loop->urgent, .events = POLLIN};
	int64_t us = loop->paced_until - now;

	if (us <= 0 || !TAILQ_EMPTY(&loop->laters))
		return;
	if (timer_heap_next(&loop->timers) - now < us)
		us = timer_heap_next(&loop->timers) - now;
	if (us > 0)
		ppoll(&urgent, 1, &(struct timespec){us / 1000000, us % 1000000 * 1000}, NULL);
	loop->paced_until = 0;
}

/* The kernel may give in a moment what it refuses now; if it never does, nothing can be
 * promised. */
static void
nap(struct loop *loop)
{
	check(++loop->refused_waits < WAITS_MAX);
	ppoll(NULL, 0, &(struct timespec){0, 1000000}, NULL);
}

static void
wait_for_events(struct loop *loop, bool may_wait, int64_t now)
{
	if (may_wait && loop->timers.n > 0 && !set_clock(loop, now)) {
		nap(loop);
		may_wait = false;
	}
	if (sys_fails() ||
	    event_base_loop(loop->base, EVLOOP_ONCE | (may_wait ? 0 : EVLOOP_NONBLOCK)) < 0)
		nap(loop);
	else if (may_wait)
		loop->refused_waits = 0;
}

void
loop_run(struct loop *loop)
{
	loop->is_stopped = false;
	while (!loop->is_stopped) {
		wait_for_pace(loop, clock_mono_us());

		int64_t now = clock_mono_us();
		bool is_due = timer_heap_next(&loop->timers) <= now;
		loop->set_us = 0;
		loop->spent_us = 0;
		wait_for_events(loop, !is_due && TAILQ_EMPTY(&loop->laters), now);
		run_timers(loop);
		run_laters(loop);
	}
}

void
loop_stop(struct loop *loop)
{
	loop->is_stopped = true;
	event_base_loopbreak(loop->base);
}

/* ---- descriptors and signals ---- */

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct loop_watch *w = arg;

	w->cb(w->arg);
}

struct loop_watch *
loop_watch_new(struct loop *loop, int fd, loop_cb *cb, void *arg)
{
	struct loop_watch *w = mem_zalloc(sizeof(*w));

	w->cb = cb;
	w->arg = arg;
	event_assign(&w->ev, loop->base, fd, EV_READ | EV_PERSIST, on_readable, w);
	if (loop_event_add(&w->ev))
		return w;
	free(w);
	return NULL;
}

void
loop_watch_free(struct loop_watch *w)
{
	if (w == NULL)
		return;
	event_del(&w->ev);
	free(w);
}

static void
on_signal(evutil_socket_t signo, short what, void *arg)
{
	struct loop_signal *s = arg;

	s->cb(s->arg);
}

bool
loop_on_signal(struct loop *loop, int signo, loop_cb *cb, void *arg)
{
	struct loop_signal *s = mem_zalloc(sizeof(*s));

	s->cb = cb;
	s->arg = arg;
	s->next = loop->signals;
	loop->signals = s;
	event_assign(&s->ev, loop->base, signo, EV_SIGNAL | EV_PERSIST, on_signal, s);
	return loop_event_add(&s->ev);
}
