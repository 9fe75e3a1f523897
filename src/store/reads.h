/* SPDX-License-Identifier: ISC */
/*
 * reads.h - the one reader thread of the daemon: jobs in, look-ups and pages out.
 * Each job sees everything that was committed before it was submitted. One job's failure is never
 * another's.
 */
#ifndef STORE_READS_H
#define STORE_READS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "store/lanes.h"
#include "store/store.h"

struct reads;

/* Embedded in the caller's own struct, all zero but for the members that the caller sets. The
 * reader owns it from submit until done. */
struct read_job {
	struct read_job *next;
	/* On the reader thread, inside a read transaction; store_changed may be called there. */
	void (*run)(struct store *, struct read_job *);
	/* On the caller's thread, from reads_collect, in the order in which the jobs of the same
	 * lane were submitted; frees the job or keeps it. */
	void (*done)(struct read_job *, void *context);
	enum store_err err; /* set before done */
	/* Set by the submitter: jobs of one lane (lane_of the wallet; 0: the server's own) keep
	 * their order; the lanes are served in turn. */
	uint32_t lane;
	struct lane_place place; /* the reader's own, as the next */
	uint64_t number;
};

/* Starts the thread on a store, which it owns from now on. A job that takes longer than deadline_ms
 * ends with STORE_DEADLINE. wake(arg) is called on the reader's thread when jobs have finished and
 * none were waiting to be collected before. NULL: no thread could be started, err says why, and the
 * store is closed. */
struct reads *
reads_start(struct store *, int deadline_ms, void (*wake)(void *arg), void *arg, struct buf *err);

/* Hands over a chain of n jobs linked by next, in order: one lock, at most one wake of the
 * thread. */
void reads_submit(struct reads *, struct read_job *first, struct read_job *last, size_t n);

/* Calls done for each finished job. Returns how many there were. */
size_t reads_collect(struct reads *, void *context);

/* Jobs submitted and not yet collected; and those of a lane that still wait for the thread. */
size_t reads_pending(const struct reads *);
size_t reads_pending_of(struct reads *, uint32_t lane);

/* reads_stop finishes the jobs that were submitted, stops the thread and closes its store. The
 * caller collects once more before reads_free, for which NULL is fine. */
void reads_stop(struct reads *);
void reads_free(struct reads *);

#endif
