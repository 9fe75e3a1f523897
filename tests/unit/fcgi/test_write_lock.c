/* SPDX-License-Identifier: ISC */
/*
 * test_turn.c - the turn to write: one transaction for all jobs that waited, and the failure of one
 * job does not touch another.
 */
#include "fcgi/write_lock.h"

#include <pthread.h>
#include <stdatomic.h>

#include "store/tables/escrows.h"
#include "unit/tmp_store.h"

#define WAITERS 5
#define LONG_MS 60000

struct world {
	struct tmp *t;
	struct write_lock turn;
	int commits;        /* on the store's thread alone */
	atomic_bool is_let; /* the first job may end */
	atomic_int ringers;
};

struct job {
	struct world *w;
	const char *name;
	pthread_t thread;
	bool refuses, breaks; /* having written */
	int busy_ms, runs, commits_before;
	enum store_err err;
};

static int
setup(void **state)
{
	static struct world w;
	int rc = tmp_setup(state);

	w = (struct world){.t = *state};
	write_lock_init(&w.turn, w.t->st);
	*state = &w;
	return rc;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	write_lock_clear(&w->turn);
	*state = w->t;
	return tmp_teardown(state);
}

static int
on_commit(void *arg)
{
	struct world *w = arg;

	w->commits++;
	return 0;
}

static bool
run_job(struct store *st, void *arg)
{
	struct job *j = arg;

	j->runs++;
	j->commits_before = j->w->commits;
	escrow_insert(st, span_of(j->name), SPAN("Title"), SPAN(""), 1);
	if (j->breaks)
		escrow_insert(st, span_of(j->name), SPAN("Title"), SPAN(""), 1);
	return !j->refuses;
}

static bool
run_until_let(struct store *st, void *arg)
{
	struct job *j = arg;

	while (!j->w->is_let)
		sched_yield();
	return run_job(st, arg);
}

static void *
write_one(void *arg)
{
	struct job *j = arg;
	bool must_ring;

	j->err = write_lock_run(&j->w->turn, j->busy_ms, run_job, j, &must_ring);
	j->w->ringers += must_ring;
	return NULL;
}

static void *
write_first(void *arg)
{
	struct job *j = arg;
	bool must_ring;

	j->err = write_lock_run(&j->w->turn, LONG_MS, run_until_let, j, &must_ring);
	j->w->ringers += must_ring;
	return NULL;
}

static void
wait_until_taken(struct world *w)
{
	bool is_taken = false;

	while (!is_taken) {
		pthread_mutex_lock(&w->turn.lock);
		is_taken = w->turn.is_taken && !w->turn.first;
		pthread_mutex_unlock(&w->turn.lock);
	}
}

/* Waits until a job is in the queue behind another one. */
static void
start_waiter(struct world *w, struct job *j)
{
	void *last = w->turn.last, *now = last;

	assert_int_equal(pthread_create(&j->thread, NULL, write_one, j), 0);
	while (now == last) {
		pthread_mutex_lock(&w->turn.lock);
		now = w->turn.last;
		pthread_mutex_unlock(&w->turn.lock);
	}
}

/* One job is being run when the others come. */
static void
run_all(struct world *w, struct job *first, struct job *others)
{
	static const char *const names[WAITERS] = {"b", "c", "d", "e", "f"};

	sqlite3_commit_hook(w->t->st->db, on_commit, w);
	*first = (struct job){.w = w, .name = "a"};
	assert_int_equal(pthread_create(&first->thread, NULL, write_first, first), 0);
	wait_until_taken(w);
	for (int i = 0; i < WAITERS; i++) {
		others[i].w = w;
		others[i].name = names[i];
		others[i].busy_ms = LONG_MS;
		start_waiter(w, &others[i]);
	}
	w->is_let = true;
	pthread_join(first->thread, NULL);
	for (int i = 0; i < WAITERS; i++)
		pthread_join(others[i].thread, NULL);
}

static void
who_waits_while_another_commits_is_in_one_transaction_with_all_who_wait(void **state)
{
	struct world *w = *state;
	struct job first, others[WAITERS] = {0};

	run_all(w, &first, others);
	assert_int_equal(first.err, STORE_OK);
	for (int i = 0; i < WAITERS; i++) {
		assert_int_equal(others[i].err, STORE_OK);
		assert_int_equal(others[i].runs, 1);
		assert_int_equal(others[i].commits_before, 1);
	}
	assert_int_equal(w->commits, 2);
	assert_int_equal(w->ringers, 2);
	assert_int_equal(sql_int(w->t->foreign, "SELECT count(*) FROM escrows"), 1 + WAITERS);
	assert_false(w->turn.is_taken);
}

static void
what_fails_or_says_no_harms_none_of_those_beside_it(void **state)
{
	struct world *w = *state;
	struct job first, others[WAITERS] = {[1].refuses = true, [3].breaks = true};

	run_all(w, &first, others);
	for (int i = 0; i < WAITERS; i++)
		assert_int_equal(others[i].err, i == 1   ? STORE_REFUSED
						: i == 3 ? STORE_BROKEN
							 : STORE_OK);
	assert_int_equal(sql_int(w->t->foreign, "SELECT count(*) FROM escrows"), WAITERS - 1);
	assert_false(w->turn.is_taken);
}

static void
who_has_waited_long_enough_gives_up_and_has_written_nothing(void **state)
{
	struct world *w = *state;
	struct job first = {.w = w, .name = "a"}, late = {.w = w, .name = "b", .busy_ms = 20};

	assert_int_equal(pthread_create(&first.thread, NULL, write_first, &first), 0);
	wait_until_taken(w);
	write_one(&late);
	assert_int_equal(late.err, STORE_BUSY);
	assert_null(w->turn.first);
	w->is_let = true;
	pthread_join(first.thread, NULL);
	assert_int_equal(late.runs, 0);
	assert_int_equal(sql_int(w->t->foreign, "SELECT count(*) FROM escrows"), 1);
}

static void
who_only_tries_never_waits(void **state)
{
	struct world *w = *state;
	struct job first = {.w = w, .name = "a"}, try = {.w = w, .name = "b"};

	w->t->st->busy_ms = LONG_MS;
	assert_int_equal(pthread_create(&first.thread, NULL, write_first, &first), 0);
	wait_until_taken(w);
	assert_int_equal(write_lock_try(&w->turn, run_job, &try), STORE_BUSY);
	w->is_let = true;
	pthread_join(first.thread, NULL);
	assert_int_equal(
	    sqlite3_exec(w->t->foreign, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(write_lock_try(&w->turn, run_job, &try), STORE_BUSY);
	assert_int_equal(try.runs, 0);
	sqlite3_exec(w->t->foreign, "COMMIT", NULL, NULL, NULL);
	assert_int_equal(write_lock_try(&w->turn, run_job, &try), STORE_OK);
	assert_int_equal(sql_int(w->t->foreign, "SELECT count(*) FROM escrows"), 2);
}

static void
a_checkpoint_gives_the_turn_back(void **state)
{
	struct world *w = *state;
	struct job first, others[WAITERS] = {0}, next = {.w = w, .name = "g", .busy_ms = LONG_MS};
	int pages;

	w->t->st->checkpoint_at_pages = 1;
	run_all(w, &first, others);
	assert_true(w->turn.is_checkpoint_due);
	pages = w->t->st->wal_pages;
	write_lock_tidy(&w->turn);
	assert_false(w->turn.is_checkpoint_due);
	assert_false(w->turn.is_taken);
	write_one(&next);
	assert_int_equal(next.err, STORE_OK);
	assert_true(w->t->st->wal_pages < pages); /* the log file was begun anew */
}

static void *
tidy(void *arg)
{
	write_lock_tidy(arg);
	return NULL;
}

/* A foreign reader holds the WAL, so the first thread's checkpoint lasts until the reader ends. */
static void
a_checkpoint_is_made_by_one_thread_and_no_other_waits_for_it(void **state)
{
	struct world *w = *state;
	struct job job = {.w = w, .name = "a", .busy_ms = LONG_MS};
	pthread_t first;

	w->t->st->checkpoint_at_pages = 1;
	write_one(&job);
	sql(w->t->foreign, "BEGIN");
	assert_int_equal(sql_int(w->t->foreign, "SELECT count(*) FROM escrows"), 1);
	assert_int_equal(pthread_create(&first, NULL, tidy, &w->turn), 0);
	wait_until_taken(w);
	write_lock_tidy(&w->turn);
	pthread_mutex_lock(&w->turn.lock);
	assert_true(w->turn.is_taken);
	pthread_mutex_unlock(&w->turn.lock);
	sql(w->t->foreign, "COMMIT");
	pthread_join(first, NULL);
	assert_false(w->turn.is_taken);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(who_waits_while_another_commits_is_in_one_transaction_with_all_who_wait),
	    TEST(what_fails_or_says_no_harms_none_of_those_beside_it),
	    TEST(who_has_waited_long_enough_gives_up_and_has_written_nothing),
	    TEST(who_only_tries_never_waits),
	    TEST(a_checkpoint_gives_the_turn_back),
	    TEST(a_checkpoint_is_made_by_one_thread_and_no_other_waits_for_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
