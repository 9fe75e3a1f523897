/* SPDX-License-Identifier: ISC */
/*
 * slice.h - limits how much input of one connection a turn of the loop works off: SLICE_EVENTS
 * events or SLICE_US microseconds. Then the next connection is served, and the rest is offered
 * again in the next turn. All functions belong to the loop's thread.
 */
#ifndef IO_SLICE_H
#define IO_SLICE_H

#include <stdbool.h>

#include "base/clock.h"
#include "io/loop.h"

#define SLICE_EVENTS 64
#define SLICE_US     500
#define SLICE_LEAST  4 /* so many connections go on in each turn, even if its time is spent */

struct slice {
	struct loop *loop;
	int64_t began_us, last_us; /* mono */
	unsigned n;                /* events */
};

static inline void
slice_begin(struct slice *s, struct loop *loop)
{
	*s = (struct slice){.loop = loop};
}

/* The caller asks this after each event, if there is more input. True: the rest of the input waits
 * for the next turn. The time is counted from the first question, so that a single event costs
 * nothing. When the turn has spent its time (loop_is_spent), a connection still gets one event. */
static inline bool
slice_is_spent(struct slice *s)
{
	s->last_us = clock_mono_us();
	if (s->n++ == 0)
		s->began_us = s->last_us;
	return s->n >= SLICE_EVENTS || s->last_us - s->began_us >= SLICE_US ||
	       loop_is_spent(s->loop);
}

/* Counts the time of the slice as spent in this turn. */
static inline void
slice_end(struct slice *s)
{
	if (s->n > 1)
		loop_spend_us(s->loop, s->last_us - s->began_us);
}

#endif
