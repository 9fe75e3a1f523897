/* SPDX-License-Identifier: ISC */
/*
 * test_reads.c - the reader thread: what a job sees, in which order jobs come back, and that one's
 * failure is its own.
 */
#include "store/threads/reads.h"

#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>

#include "base/thread.h"
#include "store/tables/eventlog.h"
#include "unit/tmp_store.h"

#define WAIT_MS 120000

struct job {
	struct read_job base;
	bool fails;
	int64_t head;        /* seen */
	bool sees_change;    /* of others */
	enum thread_role on; /* ran there */
	int done_as;         /* 1: first */
};

struct fixture {
	struct tmp *t;
	struct reads *r;
	int woken;
	int order;
};

static void
on_wake(void *arg)
{
	struct fixture *f = arg;

	eventfd_write(f->woken, 1);
}

static void
on_run(struct store *st, struct read_job *base)
{
	struct job *job = (struct job *)base;

	if (job->fails)
		store_fail_at(st, 1, STORE_BROKEN);
	job->head = eventlog_newest(st);
	job->sees_change = store_changed(st);
	job->on = thread_role();
}

static void
on_done(struct read_job *base, void *context)
{
	struct fixture *f = context;

	((struct job *)base)->done_as = ++f->order;
}

static void
start(struct fixture *f, struct tmp *t)
{
	*f = (struct fixture){.t = t, .woken = eventfd(0, EFD_CLOEXEC)};
	f->r = reads_start(tmp_open(t), 60000, on_wake, f, &(struct buf){0});
	assert_non_null(f->r);
}

static void
submit(struct fixture *f, struct job *jobs, int n)
{
	for (int i = 0; i < n; i++) {
		jobs[i].base.next = i + 1 < n ? &jobs[i + 1].base : NULL;
		jobs[i].base.run = on_run;
		jobs[i].base.done = on_done;
	}
	reads_submit(f->r, &jobs[0].base, &jobs[n - 1].base, (size_t)n);
}

static void
collect_all(struct fixture *f)
{
	eventfd_t n;

	while (reads_pending(f->r) > 0) {
		struct pollfd p = {.fd = f->woken, .events = POLLIN};

		assert_int_equal(poll(&p, 1, WAIT_MS), 1);
		assert_int_equal(eventfd_read(f->woken, &n), 0);
		reads_collect(f->r, f);
	}
}

static void
end(struct fixture *f)
{
	reads_free(f->r);
	close(f->woken);
}

static bool
append(struct store *st, void *arg)
{
	(void)arg;
	return eventlog_append(st, SPAN("escrow_1"), SPAN("e"), SPAN("{}"), SPAN(""), true, 1) > 0;
}

/* ---- the promises ---- */

static void
a_job_sees_what_was_committed_before_it_was_submitted(void **state)
{
	struct fixture f;

	start(&f, *state);
	for (int i = 1; i <= 200; i++) {
		struct job job = {0};

		assert_int_equal(store_write(f.t->st, append, NULL), STORE_OK);
		submit(&f, &job, 1);
		collect_all(&f);
		assert_int_equal(job.base.err, STORE_OK);
		assert_int_equal(job.head, i);
		assert_true(job.sees_change);
	}
	end(&f);
}

static void
a_job_is_told_whether_another_connection_has_committed(void **state)
{
	struct fixture f;
	struct job jobs[3] = {0};

	start(&f, *state);
	submit(&f, jobs, 2);
	collect_all(&f);
	assert_false(jobs[1].sees_change);
	assert_int_equal(store_write(f.t->st, append, NULL), STORE_OK);
	submit(&f, &jobs[2], 1);
	collect_all(&f);
	assert_true(jobs[2].sees_change);
	end(&f);
}

static void
jobs_come_back_in_the_order_in_which_they_were_submitted(void **state)
{
	static struct job jobs[1000];
	struct fixture f;

	memset(jobs, 0, sizeof(jobs));
	start(&f, *state);
	for (int i = 0; i < 1000; i += 100)
		submit(&f, &jobs[i], 100);
	collect_all(&f);
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(jobs[i].done_as, i + 1);
		assert_int_equal(jobs[i].on, THREAD_READER);
	}
	end(&f);
}

static void
the_failure_of_one_job_does_not_fail_another(void **state)
{
	struct fixture f;
	struct job jobs[5] = {[1].fails = true, [3].fails = true};

	start(&f, *state);
	assert_int_equal(store_write(f.t->st, append, NULL), STORE_OK);
	submit(&f, jobs, 5);
	collect_all(&f);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(jobs[i].base.err, i % 2 == 1 ? STORE_BROKEN : STORE_OK);
		if (i % 2 == 0)
			assert_int_equal(jobs[i].head, 1);
	}
	end(&f);
}

/* Keeps the thread until the test lets it go on. */
struct gate {
	struct job job;
	int reached, opened; /* eventfds */
};

static void
wait_at_gate(struct store *st, struct read_job *base)
{
	struct gate *g = (struct gate *)base;
	eventfd_t n;

	eventlog_newest(st); /* SQLite takes the snapshot at the first read */
	assert_int_equal(eventfd_write(g->reached, 1), 0);
	assert_int_equal(eventfd_read(g->opened, &n), 0);
}

/* Returns when the thread is at the gate, with a snapshot of the database. */
static void
close_gate(struct fixture *f, struct gate *g)
{
	eventfd_t n;

	*g = (struct gate){.job.base = {.run = wait_at_gate, .done = on_done},
	    .reached = eventfd(0, EFD_CLOEXEC),
	    .opened = eventfd(0, EFD_CLOEXEC)};
	reads_submit(f->r, &g->job.base, &g->job.base, 1);
	assert_int_equal(eventfd_read(g->reached, &n), 0);
}

static void
open_gate(struct fixture *f, struct gate *g)
{
	assert_int_equal(eventfd_write(g->opened, 1), 0);
	collect_all(f);
	close(g->reached);
	close(g->opened);
}

static void
a_flood_of_one_lane_does_not_delay_another(void **state)
{
	static struct job flood[1000];
	struct job other[3] = {0};
	struct gate gate;
	struct fixture f;

	memset(flood, 0, sizeof(flood));
	start(&f, *state);
	close_gate(&f, &gate);
	for (int i = 0; i < 1000; i++)
		flood[i].base.lane = 1;
	submit(&f, flood, 1000);
	for (int i = 0; i < 3; i++)
		other[i].base.lane = 2;
	submit(&f, other, 3);
	assert_int_equal(reads_pending_of(f.r, 2), 3);
	open_gate(&f, &gate);
	for (int i = 0; i < 3; i++)
		assert_in_range(other[i].done_as, 2 * i + 2, 2 * i + 3);
	for (int i = 1; i < 1000; i++)
		assert_true(flood[i].done_as > flood[i - 1].done_as);
	end(&f);
}

static void
a_job_sees_what_was_committed_while_one_before_it_was_running(void **state)
{
	struct job late = {0};
	struct gate gate;
	struct fixture f;

	start(&f, *state);
	close_gate(&f, &gate);
	assert_int_equal(store_write(f.t->st, append, NULL), STORE_OK);
	submit(&f, &late, 1);
	open_gate(&f, &gate);
	assert_int_equal(late.head, 1);
	end(&f);
}

/* Else the log file could not begin anew. */
static void
a_reader_that_waits_holds_no_snapshot(void **state)
{
	static struct job jobs[300];
	struct fixture f;

	memset(jobs, 0, sizeof(jobs));
	start(&f, *state);
	submit(&f, jobs, 300);
	collect_all(&f);
	assert_int_equal(store_write(f.t->st, append, NULL), STORE_OK);
	while (sql_int(f.t->foreign, "PRAGMA wal_checkpoint(TRUNCATE)") != 0)
		sched_yield();
	end(&f);
}

static void
a_reader_does_not_wait_for_a_writer(void **state)
{
	struct fixture f;
	struct job job = {0};

	start(&f, *state);
	begin_write(f.t->st);
	append(f.t->st, NULL);
	submit(&f, &job, 1);
	collect_all(&f);
	assert_int_equal(job.base.err, STORE_OK);
	assert_int_equal(job.head, 0);
	commit(f.t->st);
	end(&f);
}

static void
jobs_that_were_submitted_are_finished_before_the_end(void **state)
{
	struct fixture f;
	struct job jobs[100] = {0};

	start(&f, *state);
	submit(&f, jobs, 100);
	reads_stop(f.r);
	assert_int_equal(reads_collect(f.r, &f), 100);
	assert_int_equal(reads_pending(f.r), 0);
	end(&f);
}

static void
a_thread_that_cannot_be_started_is_an_error_with_a_reason(void **state)
{
	struct buf err = {0};

	thread_fail_at(1);
	assert_null(reads_start(tmp_open(*state), 60000, on_wake, NULL, &err));
	assert_non_null(strstr(buf_cstr(&err), "the reader's thread cannot be started: "));
	buf_clear(&err);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, tmp_setup, tmp_teardown)
	const struct CMUnitTest tests[] = {
	    T(a_job_sees_what_was_committed_before_it_was_submitted),
	    T(a_job_is_told_whether_another_connection_has_committed),
	    T(jobs_come_back_in_the_order_in_which_they_were_submitted),
	    T(the_failure_of_one_job_does_not_fail_another),
	    T(a_flood_of_one_lane_does_not_delay_another),
	    T(a_job_sees_what_was_committed_while_one_before_it_was_running),
	    T(a_reader_that_waits_holds_no_snapshot),
	    T(a_reader_does_not_wait_for_a_writer),
	    T(jobs_that_were_submitted_are_finished_before_the_end),
	    T(a_thread_that_cannot_be_started_is_an_error_with_a_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
