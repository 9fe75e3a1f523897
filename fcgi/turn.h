/* SPDX-License-Identifier: ISC */
/*
 * turn.h - the threads' turn to write. They write with one connection, which so knows what is in the database: another one would have to
 * read anew what the last one wrote. And who waits while another commits is in the next transaction together with all who wait:
 * one commit for all of them, made by one of them. Each thread has one job at most, so none waits for
 * longer than one commit of others: an order by wallet is not needed.
 */
#ifndef FCGI_TURN_H
#define FCGI_TURN_H

#include <pthread.h>

#include "store/store.h"

struct turn_job;

struct turn {
	struct store *st;     /* borrowed; used by who has the turn */
	pthread_mutex_t lock; /* of what follows */
	bool is_taken;
	bool is_checkpoint_due;
	struct turn_job *first, *last;
	struct turn_job
	    *checkpointer; /* who waits for the turn alone, to checkpoint; it goes first */
};

void turn_init(struct turn *, struct store *);
void turn_clear(struct turn *);

/* One transaction, like store_write, maybe together with those of others. run is called on this thread or on another, while this one
 * waits. STORE_BUSY after busy_ms in the queue, or as long for the lock. must_ring is set if the caller is the one to ring. */
enum store_err turn_write(
    struct turn *, int busy_ms, bool (*run)(struct store *, void *arg), void *arg, bool *must_ring);

/* The same if turn and lock can be had at once, else STORE_BUSY. */
enum store_err turn_try_write(struct turn *, bool (*run)(struct store *, void *arg), void *arg);

/* The checkpoint that a commit may have made due (store_checkpoint_if_alone). */
void turn_tidy(struct turn *);

#endif
