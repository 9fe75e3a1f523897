/* SPDX-License-Identifier: ISC */
/*
 * test_recent.c - what hub/replay/recent.h promises.
 */
#include "hub/replay/recent.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

static void
add(struct recent *r, int64_t position, struct span data)
{
	recent_add(r, &(struct eventlog_row){.position = position,
			  .topic = SPAN("escrow_42"),
			  .event = SPAN("x"),
			  .data = data,
			  .durable = true});
}

struct given {
	int64_t first, last;
	int n, stop_after; /* 0: never */
};

static bool
take(const struct eventlog_row *row, void *arg)
{
	struct given *g = arg;

	assert_true(row->position > g->last);
	assert_true(span_is(row->topic, "escrow_42"));
	g->first = g->n == 0 ? row->position : g->first;
	g->last = row->position;
	return ++g->n != g->stop_after;
}

static struct given
give(const struct recent *r, int64_t after, int stop_after)
{
	struct given g = {.stop_after = stop_after};

	recent_each(r, after, take, &g);
	return g;
}

static void
an_empty_memory_begins_at_its_position(void **state)
{
	struct recent *r = recent_new(7);

	assert_int_equal(recent_oldest(r), 7);
	assert_int_equal(give(r, 7, 0).n, 0);
	recent_free(r);
}

static void
rows_are_given_in_order_behind_a_position_until_one_is_not_taken(void **state)
{
	struct recent *r = recent_new(7);
	struct given g;

	for (int i = 8; i < 108; i += 2) /* others are of no topic that is remembered */
		add(r, i, SPAN("{}"));
	g = give(r, 20, 0);
	assert_int_equal(g.first, 22);
	assert_int_equal(g.last, 106);
	assert_int_equal(g.n, 43);
	g = give(r, 7, 3);
	assert_int_equal(g.n, 3);
	assert_int_equal(g.last, 12);
	assert_int_equal(give(r, 106, 0).n, 0);
	recent_free(r);
}

static void
every_row_behind_the_floor_is_there_and_memory_is_bounded(void **state)
{
	static char text[5000];
	struct recent *r = recent_new(0);
	int64_t floor = 0;
	int turns = 0;

	memset(text, 'x', sizeof(text));
	for (int i = 1; i <= 1000; i++) {
		add(r, i, (struct span){text, sizeof(text)});
		assert_true(recent_oldest(r) >= floor);
		turns += recent_oldest(r) > floor;
		floor = recent_oldest(r);
		assert_int_equal(give(r, floor, 0).n, i - floor);
		assert_true((i - floor) * (int64_t)sizeof(text) < 600 * 1024);
	}
	assert_true(turns > 3);
	/* The walk is stopped in the older piece, so it does not begin the newer one. */
	assert_int_equal(give(r, floor, 1).n, 1);
	recent_free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_empty_memory_begins_at_its_position),
	    cmocka_unit_test(rows_are_given_in_order_behind_a_position_until_one_is_not_taken),
	    cmocka_unit_test(every_row_behind_the_floor_is_there_and_memory_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
