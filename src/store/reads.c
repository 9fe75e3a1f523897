/* SPDX-License-Identifier: ISC */
/*
 * reads.c - the one reader thread: takes jobs, runs each in a read transaction, hands them back.
 * In the log file's mode (WAL) a reader never waits for a writer.
 */
#include "store/reads.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"
#include "store/db.h"

#define BATCH_JOBS 64  /* run before they are handed back */
#define BATCH_US   500 /* or so long: whoever waits for the first is not kept waiting */

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

	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t more;  /* the thread waits for jobs, or for the end */
	struct lanes jobs;
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

/* ---- the thread ---- */

static void
run_job(struct store *st, void *arg)
{
	struct read_job *job = arg;

	job->run(st, job);
}

/* NULL: there is none, and it is the end. */
static struct read_job *
take_job(struct reads *r, bool waits)
{
	struct read_job *job;

	pthread_mutex_lock(&r->lock);
	while (waits && r->jobs.waiting == 0 && !r->is_stopping)
		pthread_cond_wait(&r->more, &r->lock);
	job = lanes_take(&r->jobs);
	pthread_mutex_unlock(&r->lock);
	return job;
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

	thread_is(THREAD_READER);
	while ((job = take_job(r, true)) != NULL) {
		int64_t until = clock_mono_us() + BATCH_US;
		struct list batch = {0};

		for (int n = 0; job != NULL; n++) {
			job->err = store_read(r->st, r->deadline_ms, run_job, job);
			list_append(&batch, job, job);
			job = n + 1 < BATCH_JOBS && clock_mono_us() < until ? take_job(r, false)
									    : NULL;
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
