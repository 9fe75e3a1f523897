/* SPDX-License-Identifier: ISC */
/*
 * recent.h - the latest durable events that the tail has passed, in memory. A subscription that is
 * only a little behind gets its events from here; so it reaches the tail, however fast the tail
 * moves. All functions belong to the loop's thread.
 */
#ifndef HUB_REPLAY_RECENT_H
#define HUB_REPLAY_RECENT_H

#include "store/tables/eventlog.h"

struct recent;

/* A new, empty memory, which gets every event after a position. recent_free frees it. */
struct recent *recent_new(int64_t position);
void recent_free(struct recent *);

/* Adds a copy of a row, with its data as clients get it. Positions grow from call to call. */
void recent_add(struct recent *, const struct eventlog_row *);

/* The floor of the memory: every event after this position is in it. */
int64_t recent_oldest(const struct recent *);

/* Calls the function `each` for every row after a position, in order, until it returns false. The
 * position must not be below the floor. */
void recent_each(const struct recent *, int64_t after, eventlog_each *each, void *arg);

#endif
