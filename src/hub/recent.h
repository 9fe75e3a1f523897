/* SPDX-License-Identifier: ISC */
/*
 * recent.h - the durable events that the tail has passed lately, in memory: a subscription that is
 * only a little behind is served from here, and so reaches the tail however fast the tail moves.
 * All functions belong to the loop's thread.
 */
#ifndef HUB_RECENT_H
#define HUB_RECENT_H

#include "store/queue.h"

struct recent;

/* A new memory; every event behind position will be in it. */
struct recent *recent_new(int64_t position);
void recent_free(struct recent *);

/* Adds a copy of a row, with its data as clients get it. Positions grow from call to call. */
void recent_add(struct recent *, const struct queue_row *);

/* The floor: every event behind this position is in memory. */
int64_t recent_floor(const struct recent *);

/* Calls each for the rows behind a position that is not below the floor, in order; each returns
 * false to stop. */
void recent_each(const struct recent *, int64_t after, queue_each *each, void *arg);

#endif
