/* SPDX-License-Identifier: ISC */
/*
 * writer.h - the one writer thread of the daemon, which runs write jobs in group commits. The jobs
 * of one batch commit together; the lanes in which jobs wait (lanes.h) fill the batch in turn. If a
 * statement of one job fails, the batch is rolled back and each job is run alone. So the failure of
 * one job never makes another fail.
 */
#ifndef STORE_THREADS_WRITER_H
#define STORE_THREADS_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/packed.h"
#include "store/store.h"
#include "store/threads/lanes.h"

struct writer;

/* Embedded in the caller's own struct; zero except for run, done, lane and bytes, which the caller
 * sets. The writer owns it from writer_submit until done is called. */
struct writer_job {
	struct writer_job *next;
	/* Called inside a write transaction, on the writer's thread or on the thread that calls
	 * writer_run, like the run of store_write. False: the job is refused, and the rest of its
	 * batch stands. If it has written rows before it was refused, the batch is rolled back, and
	 * each job is run alone. */
	bool (*run)(struct store *, struct writer_job *);
	/* Called on the caller's thread, by writer_collect; frees the job or keeps it. writer_run
	 * does not call it. */
	void (*done)(struct writer_job *, void *context);
	enum store_err err; /* set before done is called */
	/* The caller sets it: lane_of the wallet, or 0 for the server itself. Jobs of one lane keep
	 * their order; the lanes are served in turn. */
	uint32_t lane;
	uint32_t bytes;          /* the caller sets it: about so many are written; 0: few */
	struct lane_place place; /* used by the writer alone */
};

/* Runs jobs on the calling thread as the writer's thread does: in order, in one transaction. Sets
 * err of each job. */
void writer_run(struct store *, struct writer_job *first);

/* Starts the thread on a store, which it owns from now on. wake(arg) is called on the writer's
 * thread when jobs have finished and none were waiting to be collected before. interval_us: the
 * longest rest between two group commits; the rest is 400 us for each job of the last batch, if
 * that is less. NULL: no thread could be started, err says why, and the store is closed. */
struct writer *
writer_start(struct store *, int interval_us, void (*wake)(void *arg), void *arg, struct buf *err);

/* The time for which the thread still rests, in us. It takes no jobs before the end of the rest, so
 * the caller may gather more of them. Any thread. */
int64_t writer_pause_us(const struct writer *);

/* Hands over a chain of n jobs linked by next, in order: one lock, at most one wake of the
 * thread. */
void writer_submit(struct writer *, struct writer_job *first, struct writer_job *last, size_t n);

/* writer_begun: how many batches the thread has begun. writer_handed_back: how many of these have
 * finished, so that writer_collect takes them. A transaction of another connection that began
 * before writer_begun was called sees no row of a later batch than that number. Any thread. */
uint64_t writer_begun(const struct writer *);
uint64_t writer_handed_back(const struct writer *);

/* writer_pending: how many jobs were submitted and not yet collected. writer_pending_of: how many
 * jobs of a lane still wait for the thread. */
size_t writer_pending(const struct writer *);
size_t writer_pending_of(struct writer *, uint32_t lane);

/* Calls done for each finished job, in commit order. Then appends to the list the rows that these
 * jobs have added to the log (NULL: the rows are dropped). Returns how many jobs there were. */
size_t writer_collect(struct writer *, void *context, struct packed_list *);

/* writer_stop finishes the jobs that were submitted, stops the thread, checkpoints (TRUNCATE) and
 * closes its store. The caller collects once more before writer_free. */
void writer_stop(struct writer *);
void writer_free(struct writer *);

#endif
