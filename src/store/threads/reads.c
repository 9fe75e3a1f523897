/* SPDX-License-Identifier: ISC */
/*
 * reads.c - the one reader thread: takes jobs, runs them in read transactions, hands them back.
 * With a WAL a reader never waits for a writer.
 */
#include "store/threads/reads.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"
#include "store/db.h"
#include "store/threads/worker.h"

#define BATCH_JOBS  64    /* so many jobs are handed back together, */
#define BATCH_US    500   /* or fewer after this time, so that the first does not wait long */
#define SNAPSHOT_US 20000 /* no job begins on an older snapshot, which keeps the WAL from a reset */

struct reads {
	struct worker worker;
	struct store *st;
	int deadline_ms;

	/* used by the reader's thread alone */
	uint64_t snapshot_of;   /* jobs up to this number were submitted before the snapshot */
	int64_t snapshot_until; /* mono us */
};

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

	if (job->place.number > r->snapshot_of || now_us > r->snapshot_until)
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

/* Takes the next job; gives the snapshot back before it waits. NULL: the thread is to end. */
static struct read_job *
wait_for_job(struct reads *r, uint64_t *submitted)
{
	struct read_job *job = worker_take(&r->worker, false, submitted);

	if (job != NULL)
		return job;
	snapshot_end(r);
	return worker_take(&r->worker, true, submitted);
}

static void *
reads_main(void *worker)
{
	struct reads *r = worker;
	struct read_job *job;
	uint64_t submitted;

	thread_is(THREAD_READER);
	while ((job = wait_for_job(r, &submitted)) != NULL) {
		int64_t until = clock_mono_us() + BATCH_US;

		for (int n = 1; job != NULL; n++) {
			run_job(r, job, submitted);
			if (n >= BATCH_JOBS || clock_mono_us() >= until)
				break;
			job = worker_take(&r->worker, false, &submitted);
		}
		worker_hand_back(&r->worker);
	}
	store_close(r->st);
	return NULL;
}

/* ---- the caller's side ---- */

static void
call_done(void *arg, void *context)
{
	struct read_job *job = arg;

	job->done(job, context);
}

static const struct worker_kind kind = {.name = "reader", .main = reads_main, .done = call_done};

struct reads *
reads_start(struct store *st, int deadline_ms, void (*wake)(void *arg), void *arg, struct buf *err)
{
	struct reads *r = mem_zalloc(sizeof(*r));

	r->st = st;
	r->deadline_ms = deadline_ms;
	if (!worker_start(&r->worker, &kind, wake, arg, err)) {
		store_close(st);
		reads_free(r);
		return NULL;
	}
	return r;
}

void
reads_submit(struct reads *r, struct read_job *first, struct read_job *last, size_t n)
{
	struct lane_places places = STAILQ_HEAD_INITIALIZER(places);

	last->next = NULL;
	for (struct read_job *job = first; job != NULL; job = job->next) {
		job->place = (struct lane_place){.job = job, .lane = job->lane};
		STAILQ_INSERT_TAIL(&places, &job->place, link);
	}
	worker_submit(&r->worker, &places, n);
}

size_t
reads_pending(const struct reads *r)
{
	return worker_pending(&r->worker);
}

size_t
reads_pending_of(struct reads *r, uint32_t lane)
{
	return worker_pending_of(&r->worker, lane);
}

size_t
reads_collect(struct reads *r, void *context)
{
	return worker_collect(&r->worker, context);
}

void
reads_stop(struct reads *r)
{
	worker_stop(&r->worker);
}

void
reads_free(struct reads *r)
{
	if (r == NULL)
		return;
	worker_clear(&r->worker);
	free(r);
}
