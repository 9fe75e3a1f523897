/* SPDX-License-Identifier: ISC */
/*
 * timers.h - time-outs of constant length: one list a kind, always sorted, so arming and disarming are O(1).
 */
#ifndef HUB_TIMERS_H
#define HUB_TIMERS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

enum timer_kind {
	TIMER_GRACE, /* a user's last connection in a room was lost: he has left when it runs out */
	TIMER_TYPING, /* typing stops by itself */
	TIMER_PULL,   /* a session pulls once more */
	TIMER_TOUCH,  /* an open session's token is used */
	TIMER_KEPT,   /* a lost session cannot be recovered any more */
	TIMER_KINDS
};

struct timer { /* all zero: not armed */
	TAILQ_ENTRY(timer) link;
	int64_t at; /* mono ms */
};

struct timers {
	TAILQ_HEAD(timer_list, timer) lists[TIMER_KINDS];
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
	return tm->link.tqe_prev != NULL;
}

static inline void
timer_stop(struct timers *t, enum timer_kind kind, struct timer *tm)
{
	if (!timer_is_armed(tm))
		return;
	TAILQ_REMOVE(&t->lists[kind], tm, link);
	tm->link.tqe_prev = NULL;
}

/* Arms for at, again if it was armed. Within a kind the length is constant and time does not go back: the list stays sorted. */
static inline void
timer_start(struct timers *t, enum timer_kind kind, struct timer *tm, int64_t at)
{
	timer_stop(t, kind, tm);
	tm->at = at;
	TAILQ_INSERT_TAIL(&t->lists[kind], tm, link);
}

/* The first of a kind that is due, disarmed; or NULL. */
static inline struct timer *
timers_due(struct timers *t, enum timer_kind kind, int64_t now)
{
	struct timer *tm = TAILQ_FIRST(&t->lists[kind]);

	if (tm == NULL || tm->at > now)
		return NULL;
	timer_stop(t, kind, tm);
	return tm;
}

static inline int64_t
timers_next(const struct timers *t)
{
	int64_t next = INT64_MAX;

	for (int i = 0; i < TIMER_KINDS; i++) {
		const struct timer *tm = TAILQ_FIRST(&t->lists[i]);
		if (tm != NULL && tm->at < next)
			next = tm->at;
	}
	return next;
}

#endif
