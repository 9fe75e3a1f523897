/* SPDX-License-Identifier: ISC */
/*
 * test_writer.c - the writer thread: order, groups, one job's failure, the end.
 */
#include "store/threads/writer.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/thread.h"
#include "store/tables/eventlog.h"
#include "unit/tmp_store.h"

struct fixture {
	struct tmp *t;
	struct writer *w;
	int woken; /* eventfd: counts wakes */
	int wakes;
	int order; /* of done */
};

struct job {
	struct writer_job base;
	const char *topic;
	bool refuses, writes_first, is_wrong;
	int runs;
	int64_t position;
	/* after */
	int done_as;
};

static void
on_wake(void *arg)
{
	struct fixture *f = arg;
	uint64_t one = 1;

	assert_int_equal(write(f->woken, &one, sizeof(one)), sizeof(one));
}

static bool
on_run(struct store *st, struct writer_job *base)
{
	struct job *job = (struct job *)base;

	job->runs++;
	job->position = 0;
	if (job->refuses && !job->writes_first)
		return false;
	job->position =
	    eventlog_append(st, span_of(job->topic), SPAN("e"), SPAN("{}"), SPAN(""), true, 1);
	if (job->is_wrong)
		eventlog_append(st, SPAN("x"), SPAN("x"), (struct span){"", 2000000000}, SPAN(""),
		    true, 1); /* too large for SQLite */
	return !job->refuses;
}

static void
on_done(struct writer_job *base, void *context)
{
	struct fixture *f = context;

	((struct job *)base)->done_as = ++f->order;
}

static void
start(struct fixture *f, struct tmp *t, int interval_us)
{
	*f = (struct fixture){.t = t, .woken = eventfd(0, EFD_CLOEXEC)};
	f->w = writer_start(t->st, interval_us, on_wake, f, &(struct buf){0});
	t->st = NULL; /* the writer's now */
}

static void
prepare(struct job *jobs, int n)
{
	for (int i = 0; i < n; i++) {
		jobs[i].base = (struct writer_job){
		    .next = i + 1 < n ? &jobs[i + 1].base : NULL, .run = on_run, .done = on_done};
		jobs[i].topic = jobs[i].topic ? jobs[i].topic : "escrow_1";
	}
}

static void
submit(struct fixture *f, struct job *jobs, int n)
{
	prepare(jobs, n);
	writer_submit(f->w, &jobs[0].base, &jobs[n - 1].base, (size_t)n);
}

/* Waits for wakes until nothing is pending. */
static void
collect_all(struct fixture *f)
{
	uint64_t n;

	while (writer_pending(f->w) > 0) {
		struct pollfd p = {.fd = f->woken, .events = POLLIN};

		assert_int_equal(poll(&p, 1, PATIENT_MS), 1);
		assert_int_equal(read(f->woken, &n, sizeof(n)), sizeof(n));
		f->wakes += (int)n;
		writer_collect(f->w, f, NULL);
	}
}

static void
end(struct fixture *f)
{
	writer_free(f->w);
	close(f->woken);
}

static void
jobs_are_committed_and_handed_back_in_order(void **state)
{
	enum { N = 3000 };
	struct job *jobs = mem_zalloc(N * sizeof(*jobs));
	struct fixture f;

	start(&f, *state, 0);
	for (int i = 0; i < N; i += 10)
		submit(&f, jobs + i, 10);
	collect_all(&f);
	for (int i = 0; i < N; i++) {
		assert_int_equal(jobs[i].base.err, STORE_OK);
		assert_int_equal(jobs[i].position, i + 1);
		assert_int_equal(jobs[i].done_as, i + 1);
		assert_int_equal(jobs[i].runs, 1);
	}
	assert_int_equal(sql_int(f.t->foreign, "SELECT count(*) FROM log"), N);
	end(&f);
	free(jobs);
}

static void
a_done_job_is_committed_already(void **state)
{
	struct job job = {0};
	struct fixture f;

	start(&f, *state, 200);
	for (int i = 1; i <= 20; i++) {
		submit(&f, &job, 1);
		collect_all(&f);
		assert_int_equal(sql_int(f.t->foreign, "SELECT count(*) FROM log"), i);
	}
	end(&f);
}

static int
count_commit(void *commits)
{
	++*(int *)commits;
	return 0;
}

static void
jobs_that_come_together_share_commits(void **state)
{
	enum { N = 2000 };
	struct job *jobs = mem_zalloc(N * sizeof(*jobs));
	struct tmp *t = *state;
	struct fixture f;
	int commits = 0;

	sqlite3_commit_hook(t->st->db, count_commit, &commits);
	start(&f, t, 0);
	submit(&f, jobs, N);
	collect_all(&f);
	assert_int_equal(commits, 4); /* batches of 512 */
	assert_true(f.wakes <= 4);
	end(&f);
	free(jobs);
}

static void
between_two_commits_there_is_the_interval(void **state)
{
	struct job jobs[600] = {0};
	struct fixture f;
	int64_t start_us;

	start(&f, *state, 30000);
	start_us = clock_mono_us();
	submit(&f, jobs, 600); /* two batches */
	collect_all(&f);
	assert_true(clock_mono_us() - start_us >= 30000);
	end(&f);
}

static void
it_says_how_long_it_rests_and_what_comes_sooner_waits_for_that(void **state)
{
	enum { REST_US = 50000 };
	struct job jobs[200] = {0}, late = {0};
	struct fixture f;
	int64_t rest_us, start_us;

	start(&f, *state, REST_US);
	assert_int_equal(writer_pause_us(f.w), 0);
	do { /* on a slow machine the rest may be over when it is asked for */
		submit(&f, jobs, 200);
		collect_all(&f);
		start_us = clock_mono_us();
		rest_us = writer_pause_us(f.w);
	} while (rest_us == 0);
	assert_in_range(rest_us, 1, REST_US);
	submit(&f, &late, 1);
	collect_all(&f);
	assert_true(clock_mono_us() - start_us >= rest_us - 1000);
	end(&f);
}

static bool
run_much(struct store *st, struct writer_job *job)
{
	static char data[60000];

	memset(data, '1', sizeof(data));
	eventlog_append(
	    st, SPAN("escrow_1"), SPAN("e"), (struct span){data, sizeof(data)}, SPAN(""), true, 1);
	return true;
}

static void
the_log_file_stays_short(void **state)
{
	struct tmp *t = *state;
	struct fixture f;
	char wal[128];
	struct stat st;

	t->options.is_checkpointer = true;
	store_close(t->st);
	t->st = tmp_open(t);
	start(&f, t, 0);
	for (int i = 0; i < 300; i++) { /* 15 pages each */
		struct job job = {0};

		prepare(&job, 1);
		job.base.run = run_much;
		writer_submit(f.w, &job.base, &job.base, 1);
		collect_all(&f);
	}
	snprintf(wal, sizeof(wal), "%s-wal", t->path);
	assert_int_equal(stat(wal, &st), 0);
	assert_true(st.st_size < 1500 * 4120);
	end(&f);
}

static void
a_refusal_undoes_nothing_of_others(void **state)
{
	struct job jobs[5] = {[1] = {.refuses = true}, [3] = {.refuses = true}};
	struct fixture f;

	start(&f, *state, 0);
	submit(&f, jobs, 5);
	collect_all(&f);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(jobs[i].base.err, i % 2 ? STORE_REFUSED : STORE_OK);
		assert_int_equal(jobs[i].runs, 1);
	}
	assert_int_equal(sql_int(f.t->foreign, "SELECT count(*) FROM log"), 3);
	end(&f);
}

static void
a_refusal_that_wrote_something_leaves_nothing_of_it(void **state)
{
	struct job jobs[3] = {[1] = {.topic = "escrow_2", .refuses = true, .writes_first = true}};
	struct fixture f;

	start(&f, *state, 0);
	submit(&f, jobs, 3);
	collect_all(&f);
	assert_int_equal(jobs[0].base.err, STORE_OK);
	assert_int_equal(jobs[1].base.err, STORE_REFUSED);
	assert_int_equal(jobs[2].base.err, STORE_OK);
	assert_int_equal(jobs[0].position, 1);
	assert_int_equal(jobs[2].position, 2);
	assert_string_equal(
	    sql_text(f.t->foreign, "SELECT group_concat(topic) FROM log"), "escrow_1,escrow_1");
	end(&f);
}

static void
one_jobs_failure_is_never_anothers(void **state)
{
	struct job jobs[5] = {[2] = {.is_wrong = true}};
	struct fixture f;

	start(&f, *state, 0);
	submit(&f, jobs, 5);
	collect_all(&f);
	for (int i = 0; i < 5; i++)
		assert_int_equal(jobs[i].base.err, i == 2 ? STORE_BROKEN : STORE_OK);
	assert_int_equal(jobs[4].position, 4);
	assert_int_equal(sql_int(f.t->foreign, "SELECT count(*) FROM log"), 4);
	for (int i = 0; i < 5; i++)
		assert_int_equal(jobs[i].done_as, i + 1);
	end(&f);
}

static void
a_fault_anywhere_leaves_acknowledged_jobs_stored_and_refused_ones_not(void **state)
{
	struct fixture f;
	struct tmp *t = *state;
	int expected = 0;

	for (int nth = 1; nth <= 8; nth++) {
		struct job jobs[5] = {0};

		store_fail_at(t->st, nth, nth % 2 ? STORE_FULL : STORE_BROKEN);
		start(&f, t, 0);
		submit(&f, jobs, 5);
		collect_all(&f);
		for (int i = 0; i < 5; i++)
			expected += jobs[i].base.err == STORE_OK;
		assert_int_equal(sql_int(t->foreign, "SELECT count(*) FROM log"), expected);
		end(&f);
		t->st = tmp_open(t);
	}
	assert_true(expected > 20);
}

static void
a_lock_fails_the_batch_once_and_later_jobs_work(void **state)
{
	struct tmp *t = *state;
	struct job jobs[50] = {0}, later = {0};
	struct fixture f;
	int64_t start_us = clock_mono_us();

	t->st->busy_ms = 3000;
	start(&f, t, 0);
	sql(t->foreign, "BEGIN IMMEDIATE");
	submit(&f, jobs, 50);
	collect_all(&f);
	for (int i = 0; i < 50; i++)
		assert_int_equal(jobs[i].base.err, STORE_BUSY);
	assert_true(clock_mono_us() - start_us < INT64_C(50) * 3000000); /* once, not 50 times */
	sql(t->foreign, "COMMIT");
	submit(&f, &later, 1);
	collect_all(&f);
	assert_int_equal(later.base.err, STORE_OK);
	end(&f);
}

static void
stopping_finishes_what_was_submitted_and_empties_the_log_file(void **state)
{
	enum { N = 1500 };
	struct job *jobs = mem_zalloc(N * sizeof(*jobs));
	struct fixture f;
	char wal[128];

	start(&f, *state, 0);
	submit(&f, jobs, N);
	writer_stop(f.w);
	assert_int_equal(writer_pending(f.w), N);
	assert_int_equal(writer_collect(f.w, &f, NULL), N);
	assert_int_equal(writer_pending(f.w), 0);
	for (int i = 0; i < N; i++)
		assert_int_equal(jobs[i].base.err, STORE_OK);
	snprintf(wal, sizeof(wal), "%s-wal", f.t->path);
	FILE *file = fopen(wal, "r");
	if (file != NULL) {
		assert_int_equal(fgetc(file), EOF);
		fclose(file);
	}
	end(&f);
	free(jobs);
}

static void
on_done_submit_again(struct writer_job *base, void *context)
{
	struct fixture *f = context;
	struct job *job = (struct job *)base;

	if (++job->done_as < 5)
		writer_submit(f->w, base, base, 1);
}

static void
a_done_job_may_be_submitted_again_at_once(void **state)
{
	struct job job = {0};
	struct fixture f;

	start(&f, *state, 0);
	prepare(&job, 1);
	job.base.done = on_done_submit_again;
	writer_submit(f.w, &job.base, &job.base, 1);
	collect_all(&f);
	assert_int_equal(job.runs, 5);
	end(&f);
}

/* Asserts that each row that is handed back equals its row of the log. Returns their number. */
static int
check_rows(struct fixture *f, struct packed_list *rows)
{
	struct eventlog_row row;
	char query[128];
	int n = 0;

	for (; packed_next(rows, &row); packed_pass(rows), n++) {
		snprintf(query, sizeof(query),
		    "SELECT topic || event || data FROM log WHERE id = %d", (int)row.position);
		assert_string_equal(sql_text(f->t->foreign, query), "escrow_1e{}");
		assert_true(span_is(row.topic, "escrow_1") && span_is(row.event, "e") &&
			    span_is(row.data, "{}"));
	}
	return n;
}

static void
rows_that_were_appended_come_back_with_the_jobs_and_no_others(void **state)
{
	struct packed_list rows = STAILQ_HEAD_INITIALIZER(rows);
	struct job jobs[30] = {0};
	struct fixture f;

	start(&f, *state, 0);
	submit(&f, jobs, 10);
	writer_stop(f.w);
	writer_collect(f.w, &f, &rows);
	assert_int_equal(check_rows(&f, &rows), 10);
	end(&f);
	f.t->st = tmp_open(f.t);
	start(&f, *state, 0);
	memset(jobs, 0, sizeof(jobs));
	jobs[11].refuses = jobs[29].refuses = jobs[29].writes_first = true;
	jobs[17].is_wrong = true;
	submit(&f, jobs, 30);
	writer_stop(f.w);
	writer_collect(f.w, &f, &rows);
	check_rows(&f,
	    &rows); /* what was run alone may be missing, but nothing that was undone is there */
	end(&f);
}

static void
a_thread_that_cannot_be_started_is_an_error_with_a_reason(void **state)
{
	struct tmp *t = *state;
	struct buf err = {0};

	thread_fail_at(1);
	assert_null(writer_start(t->st, 0, on_wake, NULL, &err));
	t->st = NULL;
	assert_non_null(strstr(buf_cstr(&err), "the writer's thread cannot be started: "));
	buf_clear(&err);
}

/* ---- turns ---- */

/* Keeps the thread until the test lets it go on. */
struct gate {
	struct writer_job base;
	int reached, opened; /* eventfds */
};

static bool
wait_at_gate(struct store *st, struct writer_job *base)
{
	struct gate *g = (struct gate *)base;
	eventfd_t n;

	(void)st;
	return eventfd_write(g->reached, 1) == 0 && eventfd_read(g->opened, &n) == 0;
}

static void
gate_done(struct writer_job *base, void *context)
{
	(void)base;
	(void)context;
}

/* Returns when the thread is at the gate: jobs that are submitted from now on are in a later
 * batch. */
static void
close_gate(struct fixture *f, struct gate *g)
{
	eventfd_t n;

	*g = (struct gate){.base = {.run = wait_at_gate, .done = gate_done},
	    .reached = eventfd(0, EFD_CLOEXEC),
	    .opened = eventfd(0, EFD_CLOEXEC)};
	writer_submit(f->w, &g->base, &g->base, 1);
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
submit_to(struct fixture *f, struct job *jobs, int n, uint32_t lane, uint32_t bytes)
{
	prepare(jobs, n);
	for (int i = 0; i < n; i++) {
		jobs[i].base.lane = lane;
		jobs[i].base.bytes = bytes;
	}
	writer_submit(f->w, &jobs[0].base, &jobs[n - 1].base, (size_t)n);
}

static void
a_flood_of_one_lane_does_not_delay_another(void **state)
{
	enum { FLOOD = 10000 };
	struct job *flood = mem_zalloc(FLOOD * sizeof(*flood)), other[3] = {0};
	struct gate gate;
	struct fixture f;

	start(&f, *state, 0);
	close_gate(&f, &gate);
	submit_to(&f, flood, FLOOD, 1, 0);
	submit_to(&f, other, 3, 2, 0);
	assert_int_equal(writer_pending_of(f.w, 2), 3);
	assert_int_equal(writer_pending_of(f.w, 1), FLOOD);
	open_gate(&f, &gate);
	for (int i = 0; i < 3; i++) /* one of each lane in turn */
		assert_in_range(other[i].position, 2 * i + 1, 2 * i + 2);
	for (int i = 1; i < FLOOD; i++)
		assert_true(flood[i].position > flood[i - 1].position);
	assert_int_equal(writer_pending_of(f.w, 1), 0);
	end(&f);
	free(flood);
}

static void
a_batch_is_bounded_in_bytes_and_a_job_alone_is_not(void **state)
{
	struct job jobs[40] = {0}, large[2] = {0};
	struct tmp *t = *state;
	struct gate gate;
	struct fixture f;
	int commits = 0;

	sqlite3_commit_hook(t->st->db, count_commit, &commits);
	start(&f, t, 0);
	close_gate(&f, &gate);
	submit_to(&f, jobs, 40, 1, 20000); /* 13 of them are 256 KiB */
	open_gate(&f, &gate);
	assert_int_equal(commits, 5); /* one of them for the gate */
	commits = 0;
	submit_to(&f, large, 2, 1, 1000000);
	collect_all(&f);
	assert_int_equal(commits, 2);
	end(&f);
}

#define OPENED(f) cmocka_unit_test_setup_teardown(f, tmp_setup, tmp_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    OPENED(jobs_are_committed_and_handed_back_in_order),
	    OPENED(a_done_job_is_committed_already),
	    OPENED(jobs_that_come_together_share_commits),
	    OPENED(between_two_commits_there_is_the_interval),
	    OPENED(it_says_how_long_it_rests_and_what_comes_sooner_waits_for_that),
	    OPENED(the_log_file_stays_short),
	    OPENED(a_refusal_undoes_nothing_of_others),
	    OPENED(a_refusal_that_wrote_something_leaves_nothing_of_it),
	    OPENED(one_jobs_failure_is_never_anothers),
	    OPENED(a_fault_anywhere_leaves_acknowledged_jobs_stored_and_refused_ones_not),
	    OPENED(a_lock_fails_the_batch_once_and_later_jobs_work),
	    OPENED(stopping_finishes_what_was_submitted_and_empties_the_log_file),
	    OPENED(a_done_job_may_be_submitted_again_at_once),
	    OPENED(rows_that_were_appended_come_back_with_the_jobs_and_no_others),
	    OPENED(a_thread_that_cannot_be_started_is_an_error_with_a_reason),
	    OPENED(a_flood_of_one_lane_does_not_delay_another),
	    OPENED(a_batch_is_bounded_in_bytes_and_a_job_alone_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
