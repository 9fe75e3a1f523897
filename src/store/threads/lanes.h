/* SPDX-License-Identifier: ISC */
/*
 * lanes.h - jobs that wait, taken in turn: a lane has the jobs of one wallet. However many jobs
 * wait in one lane, the first job of another lane waits for at most one job of each lane. Nothing
 * is locked here: the caller has a lock.
 */
#ifndef STORE_THREADS_LANES_H
#define STORE_THREADS_LANES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/map.h"

/* Embedded in a job: its place in its lane while it waits. Before and after, the owner of the job
 * may have it in another list. */
struct lane_place {
	STAILQ_ENTRY(lane_place) link;
	void *job;       /* the caller of lanes_add has set it, and lane */
	uint64_t number; /* set by lanes_add: the jobs are numbered from 1 */
	uint32_t lane;
};
STAILQ_HEAD(lane_places, lane_place);

struct lane;

/* All lanes of a thread. lanes_init begins it; lanes_clear frees its table, when no job waits. */
struct lanes {
	struct map by_number;
	TAILQ_HEAD(, lane) turns; /* all lanes, in the order of their turns */
	size_t waiting;           /* jobs in all lanes */
	uint64_t added;           /* jobs since lanes_init: the number of the last one */
};

void lanes_init(struct lanes *);
void lanes_clear(struct lanes *);

/* The number of a wallet's lane: never 0, which is the server's own. Two wallets can have the same
 * number, which is rare. Any thread. */
uint32_t lane_of(struct span wallet);

/* Adds a job behind the jobs of its lane. The owner of the job keeps it alive until it is taken. */
void lanes_add(struct lanes *, struct lane_place *);

/* The first job of the lane whose turn it is, or NULL: none waits. */
struct lane_place *lanes_first(const struct lanes *);
/* Takes the job of lanes_first out of its lane, and gives the turn to the next lane. NULL: none
 * waits. */
struct lane_place *lanes_take(struct lanes *);

/* The number of jobs that wait in a lane. */
size_t lanes_waiting_in(const struct lanes *, uint32_t number);

#endif
