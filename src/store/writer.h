/* SPDX-License-Identifier: ISC */
/*
 * writer.h - the one writer thread of the daemon: jobs in, group commits, finished jobs out.
 * Jobs of one batch commit together; the lanes in which jobs wait (lanes.h) fill it in turn. If a
 * statement of one job fails, the batch is rolled back and each job is run alone, so one job's
 * failure is never another's.
 */
#ifndef STORE_WRITER_H
#define STORE_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/fresh.h"
#include "store/lanes.h"
#include "store/store.h"

struct writer;

/* Embedded in the caller's own struct; the writer owns it from submit until it is given back. */
struct writer_job {
	struct writer_job *next;
	/* Inside a write transaction, on the writer thread or the one that calls writer_run; like
	 * store_write's run. False: it wrote nothing (one that did is run again, alone, and rolled
	 * back); the rest of its batch stands. */
	bool (*run)(struct store *, struct writer_job *);
	/* On the caller's thread, from writer_collect; frees the job or keeps it. writer_run does
	 * not call it. */
	void (*done)(struct writer_job *, void *context);
	enum store_err err; /* set before done */
	/* Set by the submitter: jobs of one lane (lane_of the wallet; 0: the server's own) keep
	 * their order; the lanes are served in turn. bytes: of its content, about; 0: few. */
	uint32_t lane;
	uint32_t bytes;
	struct lane_place place; /* the writer's own */
};

/* Runs jobs as the thread does, for a caller that has a thread of its own: in order, in one
 * transaction; sets err of each. */
void writer_run(struct store *, struct writer_job *first);

/* Starts the thread on a store of its own (owned from now on). wake is called on the writer thread
 * when jobs have finished and none were waiting to be collected before. interval_us: the
 * longest rest between two group commits; after a batch of few jobs it is 400 us for each. NULL: no
 * thread could be started, err says why, and the store is closed. */
struct writer *
writer_start(struct store *, int interval_us, void (*wake)(void *arg), void *arg, struct buf *err);

/* How long the thread takes no jobs yet: jobs that come sooner may as well be gathered. */
int64_t writer_rest_us(const struct writer *);

/* Hands over a chain of n jobs linked by next, in order: one lock, at most one wake of the
 * thread. */
void writer_submit(struct writer *, struct writer_job *first, struct writer_job *last, size_t n);

/* How many batches the thread has begun, and how many of these writer_collect gives back. If a
 * transaction of another connection began before writer_begun was asked, each row of this writer
 * that the transaction sees is of a batch up to that number. Any thread. */
uint64_t writer_begun(const struct writer *);
uint64_t writer_handed_back(const struct writer *);

/* Jobs submitted and not yet collected; and those of a lane that still wait for the thread. */
size_t writer_pending(const struct writer *);
size_t writer_pending_of(struct writer *, uint32_t lane);

/* Calls done for each finished job, in commit order; then the list gets, behind its rows, the rows
 * of the log that these jobs have appended (NULL: nobody wants them). Returns how many jobs there
 * were. */
size_t writer_collect(struct writer *, void *context, struct fresh_list *);

/* writer_stop finishes the jobs that were submitted, stops the thread, checkpoints (TRUNCATE) and
 * closes its store. The caller collects once more before writer_free. */
void writer_stop(struct writer *);
void writer_free(struct writer *);

#endif
