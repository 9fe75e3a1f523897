/* SPDX-License-Identifier: ISC */
/*
 * writer.c - the one writer thread: takes the jobs that were submitted, runs them in one
 * transaction, hands them back. While a batch commits, jobs gather for the next one. Between two
 * commits the thread rests, so that more jobs gather.
 */
#include "store/threads/writer.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"
#include "store/db.h"
#include "store/threads/worker.h"

/* The limits of one transaction, since it holds the lock of the database. */
#define BATCH_JOBS  512
#define BATCH_BYTES 262144
#define JOB_US      400 /* the rest after a batch is so long for each of its jobs */

struct writer {
	struct worker worker;
	struct store *st;
	int interval_us;
	atomic_ullong begun, handed_back; /* batches */
	atomic_llong rests_until;         /* mono us: the thread takes no jobs before */

	/* Rows that were added to the log go through these lists. */
	struct packed_list appended; /* used by the writer's thread: rows of its batch */
	struct packed_list finished; /* protected by the worker's lock: rows of the finished jobs */
	struct packed_list collected; /* used by the caller's thread: rows of the collected jobs */
};

static struct writer *
writer_of(struct worker *worker)
{
	return (struct writer *)worker;
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

struct batch {
	struct writer_job *first, **end; /* linked by next */
	int n;
	size_t bytes;
};

/* A batch has at least one job, however large that is. */
static bool
batch_add(void *arg, void *batch)
{
	struct writer_job *job = arg;
	struct batch *b = batch;

	if (b->n == BATCH_JOBS || (b->n > 0 && b->bytes + job->bytes > BATCH_BYTES))
		return false;
	job->next = NULL;
	*b->end = job;
	b->end = &job->next;
	b->n++;
	b->bytes += job->bytes;
	return true;
}

static void
on_hand_back(struct worker *worker)
{
	struct writer *w = writer_of(worker);

	STAILQ_CONCAT(&w->finished, &w->appended);
	atomic_fetch_add(&w->handed_back, 1);
}

/* ---- rest: jobs gather, and another process can get the lock of the database ---- */

int64_t
writer_pause_us(const struct writer *w)
{
	int64_t until = atomic_load(&w->rests_until), now = clock_mono_us();

	return until > now ? until - now : 0;
}

static void
begin_rest(struct writer *w, int jobs)
{
	int64_t us = (int64_t)jobs * JOB_US;

	atomic_store(
	    &w->rests_until, clock_mono_us() + (us < w->interval_us ? us : w->interval_us));
}

/* Sleeps until the rest is over. Jobs that are handed over meanwhile do not wake the thread
 * again. */
static void
end_rest(const struct writer *w)
{
	int64_t us;

	while ((us = writer_pause_us(w)) > 0)
		clock_nanosleep(CLOCK_MONOTONIC, 0,
		    &(struct timespec){.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000},
		    NULL);
}

static void
run_batch(struct writer *w)
{
	struct batch batch = {.end = &batch.first};

	worker_take_while(&w->worker, batch_add, &batch);
	atomic_fetch_add(&w->begun, 1);
	writer_run(w->st, batch.first);
	begin_rest(w, batch.n);
	packed_take(&w->appended, &w->st->appended); /* the rows that the batch has committed */
	worker_hand_back(&w->worker);
}

static void *
writer_main(void *worker)
{
	struct writer *w = writer_of(worker);

	thread_is(THREAD_WRITER);
	while (worker_wait(worker)) {
		end_rest(w);
		run_batch(w);
		checkpoint_after_commit(w->st); /* within the rest: no job waits for it */
	}
	store_checkpoint(w->st);
	store_close(w->st);
	return NULL;
}

/* ---- the caller's side ---- */

static void
on_collect(struct worker *worker)
{
	struct writer *w = writer_of(worker);

	STAILQ_CONCAT(&w->collected, &w->finished);
}

static void
call_done(void *arg, void *context)
{
	struct writer_job *job = arg;

	job->done(job, context);
}

static const struct worker_kind kind = {
    .name = "writer",
    .main = writer_main,
    .done = call_done,
    .on_hand_back = on_hand_back,
    .on_collect = on_collect,
};

struct writer *
writer_start(struct store *st, int interval_us, void (*wake)(void *arg), void *arg, struct buf *err)
{
	struct writer *w = mem_zalloc(sizeof(*w));

	w->st = st;
	w->interval_us = interval_us;
	st->is_daemons = true;
	store_remember(st);
	STAILQ_INIT(&w->appended);
	STAILQ_INIT(&w->finished);
	STAILQ_INIT(&w->collected);
	if (!worker_start(&w->worker, &kind, wake, arg, err)) {
		store_close(st);
		writer_free(w);
		return NULL;
	}
	return w;
}

void
writer_submit(struct writer *w, struct writer_job *first, struct writer_job *last, size_t n)
{
	struct lane_places places = STAILQ_HEAD_INITIALIZER(places);

	last->next = NULL;
	for (struct writer_job *job = first; job != NULL; job = job->next) {
		job->place = (struct lane_place){.job = job, .lane = job->lane};
		STAILQ_INSERT_TAIL(&places, &job->place, link);
	}
	worker_submit(&w->worker, &places, n);
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
	return worker_pending(&w->worker);
}

size_t
writer_pending_of(struct writer *w, uint32_t lane)
{
	return worker_pending_of(&w->worker, lane);
}

size_t
writer_collect(struct writer *w, void *context, struct packed_list *rows)
{
	size_t n = worker_collect(&w->worker, context);

	if (rows != NULL)
		STAILQ_CONCAT(rows, &w->collected);
	packed_clear(&w->collected);
	return n;
}

void
writer_stop(struct writer *w)
{
	worker_stop(&w->worker);
}

void
writer_free(struct writer *w)
{
	if (w == NULL)
		return;
	worker_clear(&w->worker);
	packed_clear(&w->finished);
	free(w);
}
