/* SPDX-License-Identifier: ISC */
/*
 * worker.h - a thread with jobs that wait for it in lanes (lanes.h): what the writer's and the
 * reader's thread have in common. The main function of a kind of worker takes jobs, runs them, and
 * hands them back together. The caller's thread submits jobs and collects them.
 */
#ifndef STORE_THREADS_WORKER_H
#define STORE_THREADS_WORKER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "store/threads/lanes.h"

struct worker;

struct worker_kind {
	const char *name;            /* for an error: "writer" */
	void *(*main)(void *worker); /* of the thread; ends when there are no jobs any more */
	void (*done)(void *job, void *context); /* worker_collect calls it */
	/* Called with the lock held, on the worker's thread when a batch is handed back, and on the
	 * caller's thread when it is collected; so both threads can exchange more than jobs. NULL:
	 * there is nothing else to exchange. */
	void (*on_hand_back)(struct worker *);
	void (*on_collect)(struct worker *);
};

/* Embedded first in the struct of its owner. Only the functions below use the members. */
struct worker {
	const struct worker_kind *kind;
	void (*wake)(void *);
	void *wake_arg;
	pthread_t thread;
	bool is_running; /* used by the caller's thread */
	atomic_size_t pending;
	struct lane_places batch; /* used by the worker's thread: jobs that it has taken */

	pthread_mutex_t lock; /* protects the members below */
	pthread_cond_t more;  /* the thread waits for jobs, or for the end */
	struct lanes jobs;
	struct lane_places finished;
	bool is_stopping;
};

/* ---- the caller's side ---- */

/* Starts the thread. wake(arg) is called on the worker's thread when jobs have finished and none
 * were waiting to be collected before. False: no thread could be started, and err says why. */
bool worker_start(struct worker *, const struct worker_kind *, void (*wake)(void *arg), void *arg,
    struct buf *err);

/* Hands over a chain of n jobs, which becomes empty: one lock, at most one wake of the thread. The
 * caller has set job and lane of each place. */
void worker_submit(struct worker *, struct lane_places *, size_t n);

/* worker_pending: how many jobs were submitted and not yet collected. worker_pending_of: how many
 * jobs of a lane still wait for the thread. */
size_t worker_pending(const struct worker *);
size_t worker_pending_of(struct worker *, uint32_t lane);

/* Calls done for each finished job, in the order in which the thread took them. Returns how many
 * there were. */
size_t worker_collect(struct worker *, void *context);

/* worker_stop lets the thread finish the jobs that were submitted, and waits for its end.
 * worker_clear stops it too; after worker_start has failed it is to be called all the same. */
void worker_stop(struct worker *);
void worker_clear(struct worker *);

/* ---- for the main function, on the worker's thread ---- */

/* Waits for jobs. False: there are none, and the thread is to end. */
bool worker_wait(struct worker *);

/* Takes the next job into the batch, and tells how many jobs were submitted by then (place.number
 * of the last one). waits: waits for a job if there is none. NULL: there is no job or, after a
 * wait, the thread is to end. */
void *worker_take(struct worker *, bool waits, uint64_t *submitted);

/* Takes jobs into the batch, all under one lock, as long as add agrees to the next one. */
void worker_take_while(struct worker *, bool (*add)(void *job, void *arg), void *arg);

/* Hands the batch back, and calls wake if no other jobs are waiting to be collected. */
void worker_hand_back(struct worker *);

#endif
