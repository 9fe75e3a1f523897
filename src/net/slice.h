/* SPDX-License-Identifier: ISC */
/*
 * slice.h - how much of one connection's input a turn of the loop works off: so many events or so
 * many microseconds. Then the next connection has its turn, and the rest is offered again in the
 * next turn. All functions belong to the loop's thread.
 */
#ifndef NET_SLICE_H
#define NET_SLICE_H

#include <stdbool.h>

#include "base/clock.h"
#include "net/loop.h"

#define SLICE_EVENTS 64
#define SLICE_US     500
#define SLICE_LEAST  4 /* connections that go on in each turn, however much others have spent */

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

/* The caller asks after an event when there is more input; the clock starts at the first question,
 * so a single event costs nothing. True: the rest is left for the next turn. In a turn in which all
 * slices together were long (loop_is_spent), each connection has one event more. */
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
