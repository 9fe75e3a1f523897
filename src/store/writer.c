/* SPDX-License-Identifier: ISC */
/*
 * writer.c - the one writer thread: takes the jobs that were submitted, runs them in one
 * transaction, hands them back. While a batch commits, jobs gather for the next one. Between two
 * commits the thread rests, so that more jobs gather.
 */
#include "store/writer.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"
#include "store/db.h"

/* The limits of one transaction, since it holds the lock of the database. */
#define BATCH_JOBS  512
#define BATCH_BYTES 262144
#define JOB_US      400 /* the rest after a batch is so long for each of its jobs */

struct list {
	struct writer_job *first, *last;
	int n; /* of a batch */
};

struct writer {
	struct store *st;
	int interval_us;
	void (*wake)(void *);
	void *wake_arg;
	pthread_t thread;
	bool is_joined;
	atomic_size_t pending;
	atomic_ullong begun, handed_back; /* batches */
	atomic_llong rests_until;         /* mono us: the thread takes no jobs before */

	pthread_mutex_t lock; /* protects the members below */
	pthread_cond_t more;  /* the thread waits for jobs, or for the end */
	struct lanes jobs;
	struct list finished;
	struct fresh_list fresh; /* rows of the finished jobs */
	bool is_stopping;
};

static void
list_append(struct list *l, struct writer_job *first, struct writer_job *last)
{
	last->next = NULL;
	if (l->last != NULL)
		l->last->next = first;
	else
		l->first = first;
	l->last = last;
}

/* ---- a batch ---- */

static void
fail_all(struct writer_job *from, enum store_err err)
{
	for (; from != NULL; from = from->next)
		from->err = err;
}

/* Runs the jobs of a batch. False: a statement has failed, or a job has written rows and then
 * returned false; the caller rolls the batch back. */
static bool
run_each(struct store *st, struct writer_job *jobs)
{
	for (struct writer_job *job = jobs; job != NULL; job = job->next) {
		sqlite3_int64 changes = sqlite3_total_changes64(st->db);
		bool agreed = job->run(st, job);

		if (st->err != STORE_OK || (!agreed && sqlite3_total_changes64(st->db) != changes))
			return false;
		job->err = agreed ? STORE_OK : STORE_REFUSED;
	}
	return true;
}

static bool
run_job(struct store *st, void *arg)
{
	struct writer_job *job = arg;

	return job->run(st, job);
}

/* Runs each job in a transaction of its own. A lock or a full disk stops all jobs alike, so the
 * jobs after such an error fail at once. */
static void
run_alone(struct store *st, struct writer_job *jobs)
{
	for (struct writer_job *job = jobs; job != NULL; job = job->next) {
		job->err = store_write(st, run_job, job);
		if (job->err == STORE_BUSY || job->err == STORE_FULL ||
		    job->err == STORE_READONLY) {
			fail_all(job->next, job->err);
			return;
		}
	}
}

void
writer_run(struct store *st, struct writer_job *jobs)
{
	enum store_err err = tx_begin(st, SQL_BEGIN_WRITE);

	if (err != STORE_OK) {
		fail_all(jobs, err);
		return;
	}
	if (!run_each(st, jobs)) {
		tx_rollback(st);
		run_alone(st, jobs);
		return;
	}
	err = tx_commit(st);
	if (err != STORE_OK)
		fail_all(jobs, err);
}

/* ---- the thread ---- */

/* Waits for jobs. False: there are none, and the writer is to end. */
static bool
wait_for_jobs(struct writer *w)
{
	bool has;

	pthread_mutex_lock(&w->lock);
	while (w->jobs.waiting == 0 && !w->is_stopping)
		pthread_cond_wait(&w->more, &w->lock);
	has = w->jobs.waiting > 0;
	pthread_mutex_unlock(&w->lock);
	return has;
}

/* Fills a batch from the lanes in turn. It has at least one job, however large that is. */
static struct list
take_jobs(struct writer *w)
{
	struct list batch = {0};
	size_t bytes = 0;

	pthread_mutex_lock(&w->lock);
	for (struct writer_job *job; batch.n < BATCH_JOBS; batch.n++) {
		if ((job = lanes_first(&w->jobs)) == NULL ||
		    (batch.n > 0 && bytes + job->bytes > BATCH_BYTES))
			break;
		lanes_take(&w->jobs);
		bytes += job->bytes;
		list_append(&batch, job, job);
	}
	pthread_mutex_unlock(&w->lock);
	return batch;
}

static void
hand_back(struct writer *w, struct list batch)
{
	struct fresh_list appended = STAILQ_HEAD_INITIALIZER(appended);
	bool was_empty;

	fresh_take(&appended, &w->st->fresh); /* the rows that the batch has committed */
	pthread_mutex_lock(&w->lock);
	was_empty = w->finished.first == NULL;
	list_append(&w->finished, batch.first, batch.last);
	STAILQ_CONCAT(&w->fresh, &appended);
	atomic_fetch_add(&w->handed_back, 1);
	pthread_mutex_unlock(&w->lock);
	if (was_empty)
		w->wake(w->wake_arg);
}

/* ---- rest: jobs gather, and another process can get the lock of the database ---- */

int64_t
writer_rest_us(const struct writer *w)
{
	int64_t until = atomic_load(&w->rests_until), now = clock_mono_us();

	return until > now ? until - now : 0;
}

static void
begin_rest(struct writer *w, const struct list *batch)
{
	int64_t us = (int64_t)batch->n * JOB_US;

	atomic_store(
	    &w->rests_until, clock_mono_us() + (us < w->interval_us ? us : w->interval_us));
}

/* Sleeps until the rest is over. Jobs that are handed over meanwhile do not wake the thread
 * again. */
static void
end_rest(const struct writer *w)
{
	int64_t us;

	while ((us = writer_rest_us(w)) > 0)
		clock_nanosleep(CLOCK_MONOTONIC, 0,
		    &(struct timespec){.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000},
		    NULL);
}

static void *
writer_main(void *arg)
{
	struct writer *w = arg;

	thread_is(THREAD_WRITER);
	while (wait_for_jobs(w)) {
		struct list batch;

		end_rest(w);
		batch = take_jobs(w);
		atomic_fetch_add(&w->begun, 1);
		writer_run(w->st, batch.first);
		begin_rest(w, &batch);
		hand_back(w, batch);
		checkpoint_after_commit(w->st); /* within the rest: no job waits for it */
	}
	store_checkpoint(w->st);
	store_close(w->st);
	return NULL;
}

/* ---- the caller's side ---- */

struct writer *
writer_start(struct store *st, int interval_us, void (*wake)(void *arg), void *arg, struct buf *err)
{
	struct writer *w = mem_zalloc(sizeof(*w));
	int error;

	w->st = st;
	w->interval_us = interval_us;
	w->wake = wake;
	w->wake_arg = arg;
	st->is_daemons = true;
	store_remember(st);
	STAILQ_INIT(&w->fresh);
	lanes_init(&w->jobs);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->more, NULL);
	if (!thread_start(&w->thread, writer_main, w, &error)) {
		buf_printf(err, "the writer's thread cannot be started: %s", strerror(error));
		store_close(st);
		w->is_joined = true;
		writer_free(w);
		return NULL;
	}
	return w;
}

void
writer_submit(struct writer *w, struct writer_job *first, struct writer_job *last, size_t n)
{
	struct writer_job *next;
	bool was_empty;

	atomic_fetch_add(&w->pending, n);
	last->next = NULL;
	pthread_mutex_lock(&w->lock);
	was_empty = w->jobs.waiting == 0;
	for (struct writer_job *job = first; job != NULL; job = next) {
		next = job->next;
		lanes_add(&w->jobs, job->lane, &job->place, job);
	}
	pthread_mutex_unlock(&w->lock);
	if (was_empty)
		pthread_cond_signal(&w->more);
}

uint64_t
writer_begun(const struct writer *w)
{
	return atomic_load(&w->begun);
}

uint64_t
writer_handed_back(const struct writer *w)
{
	return atomic_load(&w->handed_back);
}

size_t
writer_pending(const struct writer *w)
{
	return atomic_load(&w->pending);
}

size_t
writer_pending_of(struct writer *w, uint32_t lane)
{
	size_t n;

	pthread_mutex_lock(&w->lock);
	n = lanes_waiting_in(&w->jobs, lane);
	pthread_mutex_unlock(&w->lock);
	return n;
}

size_t
writer_collect(struct writer *w, void *context, struct fresh_list *fresh)
{
	struct fresh_list appended = STAILQ_HEAD_INITIALIZER(appended);
	struct writer_job *job, *next;
	size_t n = 0;

	pthread_mutex_lock(&w->lock);
	job = w->finished.first;
	w->finished = (struct list){0};
	STAILQ_CONCAT(&appended, &w->fresh);
	pthread_mutex_unlock(&w->lock);
	for (; job != NULL; job = next, n++) {
		next = job->next;
		atomic_fetch_sub(&w->pending, 1);
		job->done(job, context);
	}
	if (fresh != NULL)
		STAILQ_CONCAT(fresh, &appended);
	fresh_clear(&appended);
	return n;
}

void
writer_stop(struct writer *w)
{
	if (w->is_joined)
		return;
	pthread_mutex_lock(&w->lock);
	w->is_stopping = true;
	pthread_mutex_unlock(&w->lock);
	pthread_cond_signal(&w->more);
	pthread_join(w->thread, NULL);
	w->is_joined = true;
}

void
writer_free(struct writer *w)
{
	if (w == NULL)
		return;
	writer_stop(w);
	fresh_clear(&w->fresh);
	lanes_clear(&w->jobs);
	pthread_cond_destroy(&w->more);
	pthread_mutex_destroy(&w->lock);
	free(w);
}
