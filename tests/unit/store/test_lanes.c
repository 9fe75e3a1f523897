/* SPDX-License-Identifier: ISC */
/*
 * test_lanes.c - jobs that wait are taken in turn, and in order within a lane.
 */
#include "store/threads/lanes.h"

#include "unit/tmp_store.h"

struct job {
	struct lane_place place; /* first: what lanes_take returns is the job */
	int number;              /* within its lane */
};

static struct job *
add(struct lanes *ls, struct job *job, uint32_t lane, int number)
{
	*job = (struct job){.place = {.job = job, .lane = lane}, .number = number};
	lanes_add(ls, &job->place);
	return job;
}

static void
nothing_waits_at_first(void **state)
{
	struct lanes ls;

	(void)state;
	lanes_init(&ls);
	assert_null(lanes_first(&ls));
	assert_null(lanes_take(&ls));
	assert_int_equal(lanes_waiting_in(&ls, 0), 0);
	lanes_clear(&ls);
}

static void
a_lane_s_jobs_are_taken_in_their_order(void **state)
{
	struct job jobs[100];
	struct lanes ls;

	(void)state;
	lanes_init(&ls);
	for (int i = 0; i < 100; i++)
		add(&ls, &jobs[i], 7, i);
	assert_int_equal(lanes_waiting_in(&ls, 7), 100);
	for (int i = 0; i < 100; i++) {
		assert_ptr_equal(lanes_first(&ls), &jobs[i]);
		assert_ptr_equal(lanes_take(&ls), &jobs[i]);
		assert_int_equal(ls.waiting, 99 - i);
	}
	assert_null(lanes_take(&ls));
	lanes_clear(&ls);
}

static void
a_job_waits_for_at_most_one_of_each_other_lane(void **state)
{
	static struct job flood[10000], others[3];
	struct lanes ls;

	(void)state;
	lanes_init(&ls);
	for (int i = 0; i < 10000; i++)
		add(&ls, &flood[i], 1, i);
	for (uint32_t i = 0; i < 3; i++)
		add(&ls, &others[i], 2 + i, 0);
	assert_ptr_equal(lanes_take(&ls), &flood[0]);
	for (int i = 0; i < 3; i++)
		assert_ptr_equal(lanes_take(&ls), &others[i]);
	for (int i = 1; i < 10000; i++)
		assert_ptr_equal(lanes_take(&ls), &flood[i]);
	assert_int_equal(ls.waiting, 0);
	lanes_clear(&ls);
}

static void
jobs_are_numbered_in_the_order_in_which_they_are_added(void **state)
{
	struct job jobs[3];
	struct lanes ls;

	(void)state;
	lanes_init(&ls);
	add(&ls, &jobs[0], 1, 0);
	add(&ls, &jobs[1], 2, 0);
	lanes_take(&ls);
	add(&ls, &jobs[2], 1, 1);
	for (uint64_t i = 0; i < 3; i++)
		assert_int_equal(jobs[i].place.number, i + 1);
	assert_int_equal(ls.added, 3);
	while (lanes_take(&ls) != NULL)
		;
	lanes_clear(&ls);
}

/* Jobs come and are taken in a random order: each is taken once, in the order of its lane. */
static void
each_job_is_taken_once_whatever_the_order_of_coming_and_going(void **state)
{
	enum { LANES = 5, JOBS = 4000 };
	static struct job jobs[JOBS];
	int added[LANES] = {0}, taken[LANES] = {0}, n_added = 0, n_taken = 0;
	unsigned random = 1;
	struct lanes ls;

	(void)state;
	lanes_init(&ls);
	while (n_taken < JOBS) {
		random = random * 1664525 + 1013904223;
		if (n_added < JOBS && random >> 30 != 0) {
			uint32_t lane = (random >> 8) % LANES;

			add(&ls, &jobs[n_added++], lane, added[lane]++);
		} else if (ls.waiting > 0) {
			struct job *job = (struct job *)lanes_take(&ls);

			assert_int_equal(job->number, taken[job->place.lane]++);
			n_taken++;
		}
		assert_int_equal(ls.waiting, n_added - n_taken);
		for (uint32_t i = 0; i < LANES; i++)
			assert_int_equal(lanes_waiting_in(&ls, i), added[i] - taken[i]);
	}
	lanes_clear(&ls);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_waits_at_first),
	    cmocka_unit_test(a_lane_s_jobs_are_taken_in_their_order),
	    cmocka_unit_test(a_job_waits_for_at_most_one_of_each_other_lane),
	    cmocka_unit_test(jobs_are_numbered_in_the_order_in_which_they_are_added),
	    cmocka_unit_test(each_job_is_taken_once_whatever_the_order_of_coming_and_going),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
