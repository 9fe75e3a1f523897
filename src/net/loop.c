/* SPDX-License-Identifier: ISC */
/*
 * loop.c - the event loop on libevent.
 */
#include "net/loop.h"

#include <stdlib.h>
#include <event2/event.h>
#include <event2/event_struct.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/loop_event.h"

struct loop_signal {
	struct event ev;
	loop_cb *cb;
	void *arg;
	struct loop_signal *next;
};

struct loop {
	struct event_base *base;
	struct loop_signal *signals;
};

/* Timer, watch and later are one struct event and a callback each. */
struct loop_timer {
	struct event ev;
	loop_cb *cb;
	void *arg;
	bool is_wanted; /* of a later */
};

struct loop_watch {
	struct loop_timer t;
};

struct loop_later {
	struct loop_timer t;
};

struct loop *
loop_new(void)
{
	struct loop *loop = mem_zalloc(sizeof(*loop));
	struct event_config *cfg = event_config_new();

	/* Without it timers are as coarse as the coarse clock: 4 ms. */
	if (cfg == NULL || event_config_set_flag(cfg, EVENT_BASE_FLAG_PRECISE_TIMER) != 0 ||
	    (loop->base = event_base_new_with_config(cfg)) == NULL) {
		log_error("loop: no event loop on this system");
		exit(1);
	}
	event_config_free(cfg);
	return loop;
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
	event_base_free(loop->base);
	free(loop);
}

struct event_base *
loop_base(struct loop *loop)
{
	return loop->base;
}

void
loop_run(struct loop *loop)
{
	event_base_dispatch(loop->base);
}

void
loop_stop(struct loop *loop)
{
	event_base_loopbreak(loop->base);
}

static void
on_event(evutil_socket_t fd, short what, void *arg)
{
	struct loop_timer *t = arg;

	t->is_wanted = false;
	t->cb(t->arg);
}

static void
timer_init(struct loop_timer *t, struct loop *loop, int fd, short what, loop_cb *cb, void *arg)
{
	t->cb = cb;
	t->arg = arg;
	event_assign(&t->ev, loop->base, fd, what, on_event, t);
}

struct loop_timer *
loop_timer_new(struct loop *loop, loop_cb *cb, void *arg)
{
	struct loop_timer *t = mem_zalloc(sizeof(*t));

	timer_init(t, loop, -1, 0, cb, arg);
	return t;
}

void
loop_timer_set_us(struct loop_timer *t, int64_t us)
{
	struct timeval tv = {us > 0 ? us / 1000000 : 0, us > 0 ? us % 1000000 : 0};

	event_add(&t->ev, &tv);
}

void
loop_timer_stop(struct loop_timer *t)
{
	event_del(&t->ev);
}

void
loop_timer_free(struct loop_timer *t)
{
	if (t == NULL)
		return;
	event_del(&t->ev);
	free(t);
}

struct loop_watch *
loop_watch_new(struct loop *loop, int fd, loop_cb *cb, void *arg)
{
	struct loop_watch *w = mem_zalloc(sizeof(*w));

	timer_init(&w->t, loop, fd, EV_READ | EV_PERSIST, cb, arg);
	event_add(&w->t.ev, NULL);
	return w;
}

void
loop_watch_free(struct loop_watch *w)
{
	if (w == NULL)
		return;
	event_del(&w->t.ev);
	free(w);
}

struct loop_later *
loop_later_new(struct loop *loop, loop_cb *cb, void *arg)
{
	struct loop_later *l = mem_zalloc(sizeof(*l));

	timer_init(&l->t, loop, -1, 0, cb, arg);
	return l;
}

void
loop_later_want(struct loop_later *l)
{
	if (l->t.is_wanted)
		return;
	l->t.is_wanted = true;
	/* Goes behind what is active already, and runs before the loop looks at the descriptors again. */
	event_active(&l->t.ev, EV_TIMEOUT, 1);
}

void
loop_later_free(struct loop_later *l)
{
	if (l == NULL)
		return;
	event_del(&l->t.ev);
	free(l);
}

static void
on_signal(evutil_socket_t signo, short what, void *arg)
{
	struct loop_signal *s = arg;

	s->cb(s->arg);
}

void
loop_on_signal(struct loop *loop, int signo, loop_cb *cb, void *arg)
{
	struct loop_signal *s = mem_zalloc(sizeof(*s));

	s->cb = cb;
	s->arg = arg;
	s->next = loop->signals;
	loop->signals = s;
	event_assign(&s->ev, loop->base, signo, EV_SIGNAL | EV_PERSIST, on_signal, s);
	event_add(&s->ev, NULL);
}
