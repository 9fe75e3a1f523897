/* SPDX-License-Identifier: ISC */
/*
 * timers.h - timers that tell when they are due; who runs them is the caller's matter. Timers of
 * one constant length stand in a list, where arming and stopping take constant time. Timers of
 * different lengths stand in a heap. Times are in any unit of a clock that does not go back. A
 * timer that is all zero is not armed; an armed one does not move. Only one thread may use a list
 * or a heap at a time.
 */
#ifndef BASE_TIMERS_H
#define BASE_TIMERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

static inline void *
timer_embedder(const void *timer, size_t offset)
{
	return (char *)timer - offset;
}

/* The struct that embeds a timer. */
#define TIMER_OWNER(timer, type, member) ((type *)timer_embedder(timer, offsetof(type, member)))

/* ---- a list: timers of one length ---- */

struct timer {
	TAILQ_ENTRY(timer) link;
	int64_t at;
};
TAILQ_HEAD(timer_list, timer);

void timer_list_init(struct timer_list *);
/* Arms a timer for the time at, also if it was armed in this list before. The list is in the order
 * of times: a time before that of the last timer is put off to it. */
void timer_start(struct timer_list *, struct timer *, int64_t at);
/* Does nothing if the timer is not armed. */
void timer_stop(struct timer_list *, struct timer *);
bool timer_is_armed(const struct timer *);
/* Stops the first timer that is due at now, and returns it. NULL: none is due. */
struct timer *timer_list_due(struct timer_list *, int64_t now);
/* The time of the first timer; INT64_MAX: none is armed. */
int64_t timer_list_next(const struct timer_list *);
/* Ends the process if the list is not in order (base/check.h). Returns the number of timers. */
size_t timer_list_check(const struct timer_list *);

/* A timer of a list that is seldom armed: it takes one pointer while it is not. */
struct rare_timer {
	struct rare_armed *armed;
};
void rare_timer_start(struct timer_list *, struct rare_timer *, int64_t at);
void rare_timer_stop(struct timer_list *, struct rare_timer *);
bool rare_timer_is_armed(const struct rare_timer *);
struct rare_timer *rare_timer_due(struct timer_list *, int64_t now);
/* The first timer of a list, and the one after another; NULL: there is none. */
struct rare_timer *rare_timer_first(const struct timer_list *);
struct rare_timer *rare_timer_after(const struct rare_timer *);

/* ---- a heap: timers of different lengths ---- */

struct heap_timer {
	int64_t at;
	size_t slot; /* in the heap, from 1; 0: it is not armed */
};
struct timer_heap {                /* all zero: empty */
	struct heap_timer **slots; /* slots[n / 2] is not later than slots[n]; from 1 */
	size_t n, capacity;
};
/* Releases the memory of a heap; its timers are not touched. */
void timer_heap_clear(struct timer_heap *);
/* Arms a timer for the time at, also if it was armed before. */
void heap_timer_start(struct timer_heap *, struct heap_timer *, int64_t at);
/* Does nothing if the timer is not armed. */
void heap_timer_stop(struct timer_heap *, struct heap_timer *);
/* Stops the first timer that is due at now, and returns it. NULL: none is due. */
struct heap_timer *timer_heap_due(struct timer_heap *, int64_t now);
/* The time of the first timer; INT64_MAX: none is armed. */
int64_t timer_heap_next(const struct timer_heap *);
/* Ends the process if the heap is not in order (base/check.h). */
void timer_heap_check(const struct timer_heap *);

#endif
