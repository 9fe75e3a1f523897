/* SPDX-License-Identifier: ISC */
/*
 * write_lock.c - a queue of jobs. The thread that has the turn takes all jobs in the queue, runs
 * them, and hands the turn to the first job that came meanwhile.
 */
#include "fcgi/write_lock.h"

#include <errno.h>
#include <time.h>

#include "store/threads/writer.h"

#ifdef __SANITIZE_THREAD__ /* that of gcc 12 does not know pthread_cond_clockwait */
#define TURN_CLOCK             CLOCK_REALTIME
#define turn_wait(c, m, until) pthread_cond_timedwait(c, m, until)
#else
#define TURN_CLOCK             CLOCK_MONOTONIC
#define turn_wait(c, m, until) pthread_cond_clockwait(c, m, TURN_CLOCK, until)
#endif

struct write_job {
	struct writer_job job; /* first */
	bool (*run)(struct store *, void *arg);
	void *arg;
	enum {
		QUEUED, /* waits for a thread that takes it, or for the turn */
		TAKEN,  /* another thread runs it, and says when it is done */
		LEADS,  /* has the turn */
		DONE
	} state;
	pthread_cond_t changed;
};

void
write_lock_init(struct write_lock *t, struct store *st)
{
	*t = (struct write_lock){.st = st};
	pthread_mutex_init(&t->lock, NULL);
}

void
write_lock_clear(struct write_lock *t)
{
	pthread_mutex_destroy(&t->lock);
}

/* ---- the queue; the caller holds the lock ---- */

static struct write_job *
next_of(const struct write_job *j)
{
	return (struct write_job *)(void *)j->job.next;
}

static void
append(struct write_lock *t, struct write_job *j)
{
	if (t->last)
		t->last->job.next = &j->job;
	else
		t->first = j;
	t->last = j;
}

static void
take_out(struct write_lock *t, struct write_job *gone)
{
	struct write_job *before = NULL;

	for (struct write_job *j = t->first; j != gone; j = next_of(j))
		before = j;
	if (before)
		before->job.next = gone->job.next;
	else
		t->first = next_of(gone);
	if (t->last == gone)
		t->last = before;
}

static struct write_job *
take_all(struct write_lock *t)
{
	struct write_job *all = t->first;

	t->first = t->last = NULL;
	for (struct write_job *j = all; j; j = next_of(j))
		j->state = TAKEN;
	return all;
}

static void
change(struct write_job *j, int state)
{
	j->state = state;
	pthread_cond_signal(&j->changed);
}

static void
hand_on(struct write_lock *t)
{
	struct write_job *next = t->checkpointer ? t->checkpointer : t->first;

	t->is_taken = next != NULL;
	if (next)
		change(next, LEADS);
}

/* Waits until the job is done or has the turn. False: nobody took it in time; it left the queue. */
static bool
wait_for_turn(struct write_lock *t, struct write_job *j, int busy_ms)
{
	struct timespec until;

	clock_gettime(TURN_CLOCK, &until);
	until.tv_sec += busy_ms / 1000;
	until.tv_nsec += busy_ms % 1000 * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	while (j->state == QUEUED || j->state == TAKEN) {
		if (j->state == TAKEN)
			pthread_cond_wait(&j->changed, &t->lock);
		else if (turn_wait(&j->changed, &t->lock, &until) == ETIMEDOUT &&
			 j->state == QUEUED) {
			take_out(t, j);
			return false;
		}
	}
	return true;
}

/* ---- writing ---- */

static bool
run_job(struct store *st, struct writer_job *job)
{
	struct write_job *j = (struct write_job *)(void *)job;

	return j->run(st, j->arg);
}

/* Runs all queued jobs; the caller has the turn and the lock. True: something was committed. */
static bool
lead(struct write_lock *t, const struct write_job *own)
{
	struct write_job *all = take_all(t), *next;
	bool is_committed = false;

	pthread_mutex_unlock(&t->lock);
	if (next_of(all))
		writer_run(t->st, &all->job);
	else
		all->job.err = store_write(t->st, all->run, all->arg);
	pthread_mutex_lock(&t->lock);
	t->is_checkpoint_due = store_is_checkpoint_due(t->st);
	for (struct write_job *j = all; j; j = next) {
		next = next_of(j); /* after change() its thread may free it */
		is_committed |= j->job.err == STORE_OK;
		if (j != own)
			change(j, DONE);
	}
	hand_on(t);
	return is_committed;
}

enum store_err
write_lock_run(struct write_lock *t, int busy_ms, bool (*run)(struct store *, void *), void *arg,
    bool *must_ring)
{
	struct write_job j = {
	    .job.run = run_job, .run = run, .arg = arg, .changed = PTHREAD_COND_INITIALIZER};
	bool is_in_time = true;

	*must_ring = false;
	pthread_mutex_lock(&t->lock);
	append(t, &j);
	if (t->is_taken)
		is_in_time = wait_for_turn(t, &j, busy_ms);
	else
		j.state = LEADS;
	if (is_in_time && j.state == LEADS) {
		t->is_taken = true;
		*must_ring = lead(t, &j);
	}
	pthread_mutex_unlock(&t->lock);
	pthread_cond_destroy(&j.changed);
	return is_in_time ? j.job.err : STORE_BUSY;
}

enum store_err
write_lock_try(struct write_lock *t, bool (*run)(struct store *, void *), void *arg)
{
	enum store_err err;
	bool is_free;

	pthread_mutex_lock(&t->lock);
	is_free = !t->is_taken;
	t->is_taken = true;
	pthread_mutex_unlock(&t->lock);
	if (!is_free)
		return STORE_BUSY;
	err = store_try_write(t->st, run, arg);
	pthread_mutex_lock(&t->lock);
	t->is_checkpoint_due = store_is_checkpoint_due(t->st);
	hand_on(t);
	pthread_mutex_unlock(&t->lock);
	return err;
}

void
write_lock_tidy(struct write_lock *t)
{
	struct write_job j = {.changed = PTHREAD_COND_INITIALIZER};

	pthread_mutex_lock(&t->lock);
	if (t->is_checkpoint_due && !t->checkpointer) {
		t->checkpointer = &j;
		while (t->is_taken && j.state != LEADS)
			pthread_cond_wait(&j.changed, &t->lock);
		t->is_taken = true;
		t->checkpointer = NULL;
		t->is_checkpoint_due = false; /* so no other thread waits to make it again */
		pthread_mutex_unlock(&t->lock);
		store_checkpoint_if_alone(t->st);
		pthread_mutex_lock(&t->lock);
		hand_on(t);
	}
	pthread_mutex_unlock(&t->lock);
	pthread_cond_destroy(&j.changed);
}
