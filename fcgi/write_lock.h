/* SPDX-License-Identifier: ISC */
/*
 * write_lock.h - the right to write, which one thread has at a time. All threads write with one
 * connection, because its page cache stays valid: another connection would have to read again what
 * the last one wrote. Jobs that wait while a thread commits share the next transaction, which one
 * of their threads runs. Each thread has at most one job, so a job waits for one commit of others,
 * and perhaps for a checkpoint: an order by wallet is not needed.
 */
#ifndef FCGI_WRITE_LOCK_H
#define FCGI_WRITE_LOCK_H

#include <pthread.h>

#include "store/store.h"

struct write_job;

struct write_lock {
	struct store *st;     /* borrowed; only the thread that has the right uses it */
	pthread_mutex_t lock; /* guards the members that follow */
	bool is_taken;
	bool is_checkpoint_due;
	struct write_job *first, *last;
	struct write_job *checkpointer; /* waits for the right, to checkpoint; it goes first */
};

void write_lock_init(struct write_lock *, struct store *);
void write_lock_clear(struct write_lock *);

/* Writes like store_write, perhaps in one transaction with the jobs of other threads. run is called
 * on this thread, or on another one while this one waits. STORE_BUSY: the job was not taken within
 * busy_ms, or the store did not get the database's lock. *must_ring: the caller must ring the
 * doorbell, for all jobs of the commit. */
enum store_err write_lock_run(struct write_lock *, int busy_ms,
    bool (*run)(struct store *, void *arg), void *arg, bool *must_ring);

/* Does the same if the right and the database's lock are free at this moment, else returns
 * STORE_BUSY. */
enum store_err
write_lock_try(struct write_lock *, bool (*run)(struct store *, void *arg), void *arg);

/* Makes a checkpoint if a commit has made one due (store_checkpoint_if_alone). It waits for the
 * right, but not for a checkpoint that another thread makes already. */
void write_lock_tidy(struct write_lock *);

#endif
