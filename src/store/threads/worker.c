/* SPDX-License-Identifier: ISC */
/*
 * worker.c - a thread with jobs that wait for it in lanes. A job is in one of three lists: it waits
 * in its lane, or is in the batch of the thread, or is finished.
 */
#include "store/threads/worker.h"

#include <string.h>

#include "base/thread.h"

/* ---- the worker's thread ---- */

static void
wait_for_job(struct worker *w)
{
	while (w->jobs.waiting == 0 && !w->is_stopping)
		pthread_cond_wait(&w->more, &w->lock);
}

bool
worker_wait(struct worker *w)
{
	bool has;

	pthread_mutex_lock(&w->lock);
	wait_for_job(w);
	has = w->jobs.waiting > 0;
	pthread_mutex_unlock(&w->lock);
	return has;
}

void *
worker_take(struct worker *w, bool waits, uint64_t *submitted)
{
	struct lane_place *place;

	pthread_mutex_lock(&w->lock);
	if (waits)
		wait_for_job(w);
	place = lanes_take(&w->jobs);
	*submitted = w->jobs.added;
	pthread_mutex_unlock(&w->lock);
	if (place == NULL)
		return NULL;
	STAILQ_INSERT_TAIL(&w->batch, place, link);
	return place->job;
}

void
worker_take_while(struct worker *w, bool (*add)(void *job, void *arg), void *arg)
{
	struct lane_place *place;

	pthread_mutex_lock(&w->lock);
	while ((place = lanes_first(&w->jobs)) != NULL && add(place->job, arg)) {
		lanes_take(&w->jobs);
		STAILQ_INSERT_TAIL(&w->batch, place, link);
	}
	pthread_mutex_unlock(&w->lock);
}

void
worker_hand_back(struct worker *w)
{
	bool was_empty;

	pthread_mutex_lock(&w->lock);
	was_empty = STAILQ_EMPTY(&w->finished);
	STAILQ_CONCAT(&w->finished, &w->batch);
	if (w->kind->on_hand_back != NULL)
		w->kind->on_hand_back(w);
	pthread_mutex_unlock(&w->lock);
	if (was_empty)
		w->wake(w->wake_arg);
}

/* ---- the caller's side ---- */

bool
worker_start(struct worker *w, const struct worker_kind *kind, void (*wake)(void *arg), void *arg,
    struct buf *err)
{
	int error;

	w->kind = kind;
	w->wake = wake;
	w->wake_arg = arg;
	STAILQ_INIT(&w->batch);
	STAILQ_INIT(&w->finished);
	lanes_init(&w->jobs);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->more, NULL);
	w->is_running = thread_start(&w->thread, kind->main, w, &error);
	if (!w->is_running)
		buf_printf(
		    err, "the %s's thread cannot be started: %s", kind->name, strerror(error));
	return w->is_running;
}

void
worker_submit(struct worker *w, struct lane_places *places, size_t n)
{
	struct lane_place *place;
	bool was_empty;

	atomic_fetch_add(&w->pending, n);
	pthread_mutex_lock(&w->lock);
	was_empty = w->jobs.waiting == 0;
	while ((place = STAILQ_FIRST(places)) != NULL) {
		STAILQ_REMOVE_HEAD(places, link);
		lanes_add(&w->jobs, place);
	}
	pthread_mutex_unlock(&w->lock);
	if (was_empty)
		pthread_cond_signal(&w->more);
}

size_t
worker_pending(const struct worker *w)
{
	return atomic_load(&w->pending);
}

size_t
worker_pending_of(struct worker *w, uint32_t lane)
{
	size_t n;

	pthread_mutex_lock(&w->lock);
	n = lanes_waiting_in(&w->jobs, lane);
	pthread_mutex_unlock(&w->lock);
	return n;
}

size_t
worker_collect(struct worker *w, void *context)
{
	struct lane_places finished = STAILQ_HEAD_INITIALIZER(finished);
	struct lane_place *place;
	size_t n = 0;

	pthread_mutex_lock(&w->lock);
	STAILQ_CONCAT(&finished, &w->finished);
	if (w->kind->on_collect != NULL)
		w->kind->on_collect(w);
	pthread_mutex_unlock(&w->lock);
	for (; (place = STAILQ_FIRST(&finished)) != NULL; n++) {
		STAILQ_REMOVE_HEAD(&finished, link);
		atomic_fetch_sub(&w->pending, 1);
		w->kind->done(place->job, context);
	}
	return n;
}

void
worker_stop(struct worker *w)
{
	if (!w->is_running)
		return;
	pthread_mutex_lock(&w->lock);
	w->is_stopping = true;
	pthread_mutex_unlock(&w->lock);
	pthread_cond_signal(&w->more);
	pthread_join(w->thread, NULL);
	w->is_running = false;
}

void
worker_clear(struct worker *w)
{
	worker_stop(w);
	lanes_clear(&w->jobs);
	pthread_cond_destroy(&w->more);
	pthread_mutex_destroy(&w->lock);
}
