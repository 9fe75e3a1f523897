/* SPDX-License-Identifier: ISC */
/*
 * turn.h - the threads' turn to write. All threads write with one connection, because its page
 * cache stays valid: another connection would have to read again what the last one wrote. Jobs that
 * wait while a thread commits share the next transaction, which one of their threads runs. Each
 * thread has at most one job, so a job waits for one commit of others, and perhaps for a
 * checkpoint: an order by wallet is not needed.
 */
#ifndef FCGI_TURN_H
#define FCGI_TURN_H

#include <pthread.h>

#include "store/store.h"

struct turn_job;

struct turn {
	struct store *st;     /* borrowed; only the thread that has the turn uses it */
	pthread_mutex_t lock; /* guards the members that follow */
	bool is_taken;
	bool is_checkpoint_due;
	struct turn_job *first, *last;
	struct turn_job *checkpointer; /* waits for the turn to checkpoint; it goes first */
};

void turn_init(struct turn *, struct store *);
void turn_clear(struct turn *);

/* Writes like store_write, perhaps in one transaction with the jobs of other threads. run is called
 * on this thread, or on another one while this one waits. STORE_BUSY: the job was not taken within
 * busy_ms, or the store did not get the database's lock. *must_ring: the caller must ring the
 * doorbell, for all jobs of the commit. */
enum store_err turn_write(
    struct turn *, int busy_ms, bool (*run)(struct store *, void *arg), void *arg, bool *must_ring);

/* Does the same if turn and lock are free at this moment, else returns STORE_BUSY. */
enum store_err turn_try_write(struct turn *, bool (*run)(struct store *, void *arg), void *arg);

/* Makes a checkpoint if a commit has made one due (store_checkpoint_if_alone). It waits for the
 * turn, but not for a checkpoint that another thread makes already. */
void turn_tidy(struct turn *);

#endif
