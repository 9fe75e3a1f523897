/* SPDX-License-Identifier: ISC */
/*
 * reads.h - the one reader thread of the daemon, which runs read jobs: look-ups and pages of the
 * log. Each job sees everything that was committed before it was submitted. The failure of one job
 * never makes another fail.
 */
#ifndef STORE_THREADS_READS_H
#define STORE_THREADS_READS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "store/store.h"
#include "store/threads/lanes.h"

struct reads;

/* Embedded in the caller's own struct; zero except for run, done and lane, which the caller sets.
 * The reader owns it from reads_submit until done is called. */
struct read_job {
	struct read_job *next;
	/* Called on the reader's thread, inside a read transaction; it may call store_changed. */
	void (*run)(struct store *, struct read_job *);
	/* Called on the caller's thread, by reads_collect, for the jobs of one lane in the order in
	 * which they were submitted; frees the job or keeps it. */
	void (*done)(struct read_job *, void *context);
	enum store_err err; /* set before done is called */
	/* The caller sets it: lane_of the wallet, or 0 for the server itself. Jobs of one lane keep
	 * their order; the lanes are served in turn. */
	uint32_t lane;
	struct lane_place place; /* used by the reader alone */
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

/* reads_pending: how many jobs were submitted and not yet collected. reads_pending_of: how many
 * jobs of a lane still wait for the thread. */
size_t reads_pending(const struct reads *);
size_t reads_pending_of(struct reads *, uint32_t lane);

/* reads_stop finishes the jobs that were submitted, stops the thread and closes its store. The
 * caller collects once more before reads_free, for which NULL is fine. */
void reads_stop(struct reads *);
void reads_free(struct reads *);

#endif
