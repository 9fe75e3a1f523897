/* SPDX-License-Identifier: ISC */
/*
 * timers.h - time-outs of constant length: one sorted list for each kind, so that a timer is armed
 * and disarmed in constant time. Few timers are armed at a time; a timer that is not armed costs
 * one pointer. The functions are inline, so the header is long. All of them belong to the loop's
 * thread.
 */
#ifndef HUB_TIMERS_H
#define HUB_TIMERS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "base/check.h"
#include "base/mem.h"

enum timer_kind {
	/* starts when a user's last connection in a room is lost; at its end they have left */
	TIMER_GRACE,
	TIMER_TYPING, /* at its end typing stops */
	TIMER_PULL,   /* at its end a session pulls again */
	TIMER_KEPT,   /* at its end a lost session cannot be recovered any more */
	TIMER_KINDS
};

struct timer { /* all zero: not armed; does not move while it is armed */
	struct armed *armed;
};

struct armed {
	TAILQ_ENTRY(armed) link;
	struct timer *timer;
	int64_t at; /* mono ms */
};

struct timers {
	TAILQ_HEAD(armed_list, armed) lists[TIMER_KINDS];
};

static inline void
timers_init(struct timers *t)
{
	for (int i = 0; i < TIMER_KINDS; i++)
		TAILQ_INIT(&t->lists[i]);
}

static inline bool
timer_is_armed(const struct timer *tm)
{
	return tm->armed != NULL;
}

/* Disarms a timer; does nothing if it is not armed. */
static inline void
timer_stop(struct timers *t, enum timer_kind kind, struct timer *tm)
{
	if (tm->armed == NULL)
		return;
	TAILQ_REMOVE(&t->lists[kind], tm->armed, link);
	free(tm->armed);
	tm->armed = NULL;
}

/* Arms a timer for the time at, also if it was armed before. Within a kind the length is constant
 * and time does not go back, so the list stays sorted. */
static inline void
timer_start(struct timers *t, enum timer_kind kind, struct timer *tm, int64_t at)
{
	if (tm->armed != NULL)
		TAILQ_REMOVE(&t->lists[kind], tm->armed, link);
	else
		tm->armed = mem_alloc(sizeof(*tm->armed));
	tm->armed->timer = tm;
	tm->armed->at = at;
	TAILQ_INSERT_TAIL(&t->lists[kind], tm->armed, link);
}

/* timers_first: the armed timer of a kind that is due first. timer_after: the armed timer of the
 * same kind that is due next. NULL: there is none. */
static inline struct timer *
timers_first(const struct timers *t, enum timer_kind kind)
{
	const struct armed *first = TAILQ_FIRST(&t->lists[kind]);

	return first != NULL ? first->timer : NULL;
}

static inline struct timer *
timer_after(const struct timer *tm)
{
	const struct armed *next = TAILQ_NEXT(tm->armed, link);

	return next != NULL ? next->timer : NULL;
}

/* Disarms the first timer of a kind that is due at now, and returns it. NULL: none is due. */
static inline struct timer *
timers_due(struct timers *t, enum timer_kind kind, int64_t now)
{
	struct timer *tm = timers_first(t, kind);

	if (tm == NULL || tm->armed->at > now)
		return NULL;
	timer_stop(t, kind, tm);
	return tm;
}

/* For hub_check: each list is sorted, and each armed timer points to its element. */
static inline void
timers_check(const struct timers *t)
{
	const struct armed *a;

	for (int i = 0; i < TIMER_KINDS; i++) {
		int64_t last = INT64_MIN;

		TAILQ_FOREACH (a, &t->lists[i], link) {
			check(a->timer->armed == a && a->at >= last);
			last = a->at;
		}
	}
}

/* The time at which the first timer of all kinds is due (mono ms); INT64_MAX: none is armed. */
static inline int64_t
timers_next(const struct timers *t)
{
	int64_t next = INT64_MAX;

	for (int i = 0; i < TIMER_KINDS; i++) {
		const struct timer *tm = timers_first(t, i);
		if (tm != NULL && tm->armed->at < next)
			next = tm->armed->at;
	}
	return next;
}

#endif
