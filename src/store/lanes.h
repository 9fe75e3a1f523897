/* SPDX-License-Identifier: ISC */
/*
 * lanes.h - jobs that wait, taken in turn: a lane has the jobs that one wallet has submitted.
 * However many jobs wait in one lane, the first job of another is taken after at most one of each.
 * Not locked.
 */
#ifndef STORE_LANES_H
#define STORE_LANES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/map.h"

/* Embedded in a job: its place in its lane while it waits. */
struct lane_place {
	STAILQ_ENTRY(lane_place) link;
	void *job;
};

struct lane;

/* lanes_init; an empty one owns only its table, which lanes_clear releases. */
struct lanes {
	struct map by_number;
	TAILQ_HEAD(, lane) turns; /* those in which jobs wait; the first is next */
	size_t waiting;           /* jobs of all lanes */
};

void lanes_init(struct lanes *);
void lanes_clear(struct lanes *);

/* The lane of a wallet, by its key: never 0, which is the server's own. Any thread. */
uint32_t lane_of(struct span wallet);

/* Adds a job behind those of its lane. Its owner keeps the job until it is taken. */
void lanes_add(struct lanes *, uint32_t number, struct lane_place *, void *job);

/* The first job of the lane whose turn it is, or NULL: none waits. */
void *lanes_first(const struct lanes *);
/* Takes that job out of its lane; the next lane has its turn then. */
void *lanes_take(struct lanes *);

/* How many jobs wait in a lane. */
size_t lanes_waiting_in(const struct lanes *, uint32_t number);

#endif
