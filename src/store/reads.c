/* SPDX-License-Identifier: ISC */
/*
 * reads.c - the one reader thread: takes jobs, runs them in read transactions, hands them back.
 * With a WAL a reader never waits for a writer.
 */
#include "store/reads.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"
#include "store/db.h"

#define BATCH_JOBS  64    /* so many jobs are handed back together, */
#define BATCH_US    500   /* or fewer after this time, so that the first does not wait long */
#define SNAPSHOT_US 20000 /* no job begins on an older snapshot, which keeps the WAL from a reset */

struct list {
	struct read_job *first, *last;
};

struct reads {
	struct store *st;
	int deadline_ms;
	void (*wake)(void *);
	void *wake_arg;
	pthread_t thread;
	bool is_joined;
	atomic_size_t pending;

	/* used by the reader's thread alone */
	uint64_t snapshot_of;   /* jobs up to this number were submitted before the snapshot */
	int64_t snapshot_until; /* mono us */

	pthread_mutex_t lock; /* protects the members below */
	pthread_cond_t more;  /* the thread waits for jobs, or for the end */
	struct lanes jobs;
	uint64_t submitted; /* jobs since the start */
	struct list finished;
	bool is_stopping;
};

static void
list_append(struct list *l, struct read_job *first, struct read_job *last)
{
	last->next = NULL;
	if (l->last != NULL)
		l->last->next = first;
	else
		l->first = first;
	l->last = last;
}

/* ---- the thread: jobs that were submitted before a snapshot was taken share it ---- */

static void
snapshot_end(struct reads *r)
{
	/* Nothing was written, so an error does not concern the rows that were read. */
	if (r->st->depth > 0)
		tx_commit(r->st);
}

/* Takes a snapshot. False: there is none, and st->err says why. */
static bool
snapshot_begin(struct reads *r, uint64_t submitted, int64_t now_us)
{
	if (tx_begin(r->st, SQL_BEGIN_READ) != STORE_OK)
		return false;
	r->snapshot_of = submitted;
	r->snapshot_until = now_us + SNAPSHOT_US;
	return true;
}

static void
run_job(struct reads *r, struct read_job *job, uint64_t submitted)
{
	struct store *st = r->st;
	int64_t now_us = clock_mono_us();

	if (job->number > r->snapshot_of || now_us > r->snapshot_until)
		snapshot_end(r);
	if (st->depth == 0 && !snapshot_begin(r, submitted, now_us)) {
		job->err = st->err;
		return;
	}
	st->deadline_us = now_us + (int64_t)r->deadline_ms * 1000;
	job->run(st, job);
	job->err = st->err;
	if (st->err != STORE_OK) /* so that the error stays with this job */
		tx_rollback(st);
}

/* Takes the next job, and tells how many jobs were submitted by then. waits: waits for a job if
 * there is none. NULL: there is no job or, after a wait, the thread is to end. */
static struct read_job *
take_job(struct reads *r, bool waits, uint64_t *submitted)
{
	struct read_job *job;

	pthread_mutex_lock(&r->lock);
	while (waits && r->jobs.waiting == 0 && !r->is_stopping)
		pthread_cond_wait(&r->more, &r->lock);
	job = lanes_take(&r->jobs);
	*submitted = r->submitted;
	pthread_mutex_unlock(&r->lock);
	return job;
}

/* Takes the next job; gives the snapshot back before it waits. NULL: the thread is to end. */
static struct read_job *
wait_for_job(struct reads *r, uint64_t *submitted)
{
	struct read_job *job = take_job(r, false, submitted);

	if (job != NULL)
		return job;
	snapshot_end(r);
	return take_job(r, true, submitted);
}

static void
hand_back(struct reads *r, const struct list *batch)
{
	bool was_empty;

	pthread_mutex_lock(&r->lock);
	was_empty = r->finished.first == NULL;
	list_append(&r->finished, batch->first, batch->last);
	pthread_mutex_unlock(&r->lock);
	if (was_empty)
		r->wake(r->wake_arg);
}

static void *
reads_main(void *arg)
{
	struct reads *r = arg;
	struct read_job *job;
	uint64_t submitted;

	thread_is(THREAD_READER);
	while ((job = wait_for_job(r, &submitted)) != NULL) {
		int64_t until = clock_mono_us() + BATCH_US;
		struct list batch = {0};

		for (int n = 1; job != NULL; n++) {
			run_job(r, job, submitted);
			list_append(&batch, job, job);
			if (n >= BATCH_JOBS || clock_mono_us() >= until)
				break;
			job = take_job(r, false, &submitted);
		}
		hand_back(r, &batch);
	}
	store_close(r->st);
	return NULL;
}

/* ---- the caller's side ---- */

struct reads *
reads_start(struct store *st, int deadline_ms, void (*wake)(void *arg), void *arg, struct buf *err)
{
	struct reads *r = mem_zalloc(sizeof(*r));
	int error;

	r->st = st;
	r->deadline_ms = deadline_ms;
	r->wake = wake;
	r->wake_arg = arg;
	lanes_init(&r->jobs);
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->more, NULL);
	if (!thread_start(&r->thread, reads_main, r, &error)) {
		buf_printf(err, "the reader's thread cannot be started: %s", strerror(error));
		store_close(st);
		r->is_joined = true;
		reads_free(r);
		return NULL;
	}
	return r;
}

void
reads_submit(struct reads *r, struct read_job *first, struct read_job *last, size_t n)
{
	struct read_job *next;
	bool was_empty;

	atomic_fetch_add(&r->pending, n);
	last->next = NULL;
	pthread_mutex_lock(&r->lock);
	was_empty = r->jobs.waiting == 0;
	for (struct read_job *job = first; job != NULL; job = next) {
		next = job->next;
		job->number = ++r->submitted;
		lanes_add(&r->jobs, job->lane, &job->place, job);
	}
	pthread_mutex_unlock(&r->lock);
	if (was_empty)
		pthread_cond_signal(&r->more);
}

size_t
reads_pending(const struct reads *r)
{
	return atomic_load(&r->pending);
}

size_t
reads_pending_of(struct reads *r, uint32_t lane)
{
	size_t n;

	pthread_mutex_lock(&r->lock);
	n = lanes_waiting_in(&r->jobs, lane);
	pthread_mutex_unlock(&r->lock);
	return n;
}

size_t
reads_collect(struct reads *r, void *context)
{
	struct read_job *job, *next;
	size_t n = 0;

	pthread_mutex_lock(&r->lock);
	job = r->finished.first;
	r->finished = (struct list){0};
	pthread_mutex_unlock(&r->lock);
	for (; job != NULL; job = next, n++) {
		next = job->next;
		atomic_fetch_sub(&r->pending, 1);
		job->done(job, context);
	}
	return n;
}

void
reads_stop(struct reads *r)
{
	if (r->is_joined)
		return;
	pthread_mutex_lock(&r->lock);
	r->is_stopping = true;
	pthread_mutex_unlock(&r->lock);
	pthread_cond_signal(&r->more);
	pthread_join(r->thread, NULL);
	r->is_joined = true;
}

void
reads_free(struct reads *r)
{
	if (r == NULL)
		return;
	reads_stop(r);
	lanes_clear(&r->jobs);
	pthread_cond_destroy(&r->more);
	pthread_mutex_destroy(&r->lock);
	free(r);
}
