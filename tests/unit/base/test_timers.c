/* SPDX-License-Identifier: ISC */
/*
 * test_timers.c - lists and heaps of timers: the order in which they are due, and that a timer can
 * be armed again and stopped at any time.
 */
#include "base/timers.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

struct job {
	char name;
	struct timer timer;
	struct rare_timer rare;
	struct heap_timer heap;
};

/* ---- lists ---- */

static struct job *
due(struct timer_list *list, int64_t now)
{
	struct timer *t = timer_list_due(list, now);

	return t != NULL ? TIMER_OWNER(t, struct job, timer) : NULL;
}

static void
timers_of_a_list_are_due_in_their_order(void **state)
{
	struct job a = {0}, b = {0}, c = {0};
	struct timer_list list;

	timer_list_init(&list);
	assert_true(timer_list_next(&list) == INT64_MAX);
	assert_null(due(&list, INT64_MAX));
	timer_start(&list, &a.timer, 10);
	timer_start(&list, &b.timer, 10);
	timer_start(&list, &c.timer, 20);
	assert_int_equal(timer_list_check(&list), 3);
	assert_int_equal(timer_list_next(&list), 10);
	assert_null(due(&list, 9));
	assert_ptr_equal(due(&list, 19), &a);
	assert_ptr_equal(due(&list, 19), &b);
	assert_false(timer_is_armed(&b.timer));
	assert_null(due(&list, 19));
	assert_ptr_equal(due(&list, 20), &c);
}

static void
a_timer_of_a_list_is_armed_anew_and_stopped(void **state)
{
	struct job a = {0}, b = {0};
	struct timer_list list;

	timer_list_init(&list);
	timer_stop(&list, &a.timer);
	timer_start(&list, &a.timer, 10);
	timer_start(&list, &b.timer, 11);
	timer_start(&list, &a.timer, 12);
	assert_int_equal(timer_list_next(&list), 11);
	timer_stop(&list, &b.timer);
	timer_stop(&list, &b.timer);
	assert_ptr_equal(due(&list, 12), &a);
	assert_int_equal(timer_list_check(&list), 0);
}

/* A list stays in order, whatever its caller asks for. */
static void
a_time_before_the_last_one_of_a_list_is_put_off(void **state)
{
	struct job a = {0}, b = {0};
	struct timer_list list;

	timer_list_init(&list);
	timer_start(&list, &a.timer, 10);
	timer_start(&list, &b.timer, 5);
	assert_int_equal(b.timer.at, 10);
	assert_ptr_equal(due(&list, 10), &a);
	assert_ptr_equal(due(&list, 10), &b);
}

static void
a_rare_timer_behaves_like_one_of_a_list(void **state)
{
	struct job a = {0}, b = {0};
	struct timer_list list;

	timer_list_init(&list);
	assert_null(rare_timer_first(&list));
	rare_timer_stop(&list, &a.rare);
	rare_timer_start(&list, &a.rare, 10);
	rare_timer_start(&list, &b.rare, 20);
	rare_timer_start(&list, &a.rare, 30);
	assert_true(rare_timer_is_armed(&a.rare));
	assert_ptr_equal(rare_timer_first(&list), &b.rare);
	assert_ptr_equal(rare_timer_after(&b.rare), &a.rare);
	assert_null(rare_timer_after(&a.rare));
	assert_null(rare_timer_due(&list, 19));
	assert_ptr_equal(rare_timer_due(&list, 20), &b.rare);
	assert_false(rare_timer_is_armed(&b.rare));
	rare_timer_stop(&list, &a.rare);
	assert_int_equal(timer_list_check(&list), 0);
}

/* ---- heaps ---- */

#define JOBS 200

/* The timers that are armed come out in order, and no other. */
static void
assert_in_order(struct timer_heap *heap, size_t n)
{
	int64_t last = INT64_MIN;
	struct heap_timer *t;

	for (; n > 0; n--) {
		assert_true(timer_heap_next(heap) >= last);
		last = timer_heap_next(heap);
		assert_null(timer_heap_due(heap, last - 1));
		t = timer_heap_due(heap, last);
		assert_non_null(t);
		assert_int_equal(t->at, last);
		assert_int_equal(t->slot, 0);
		timer_heap_check(heap);
	}
	assert_null(timer_heap_due(heap, INT64_MAX));
	assert_true(timer_heap_next(heap) == INT64_MAX);
}

static void
timers_of_a_heap_are_due_in_the_order_of_their_times(void **state)
{
	struct heap_timer timers[JOBS] = {0};
	struct timer_heap heap = {0};
	size_t armed = 0;

	for (size_t i = 0; i < JOBS; i++)
		heap_timer_start(&heap, &timers[i], (int64_t)(i * 7919 % 101));
	for (size_t i = 0; i < JOBS; i += 3)
		heap_timer_stop(&heap, &timers[i]);
	for (size_t i = 0; i < JOBS; i += 5)
		heap_timer_start(&heap, &timers[i], (int64_t)(i * 104729 % 97));
	timer_heap_check(&heap);
	for (size_t i = 0; i < JOBS; i++)
		armed += timers[i].slot > 0;
	assert_in_order(&heap, armed);
	heap_timer_stop(&heap, &timers[0]);
	timer_heap_clear(&heap);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(timers_of_a_list_are_due_in_their_order),
	    cmocka_unit_test(a_timer_of_a_list_is_armed_anew_and_stopped),
	    cmocka_unit_test(a_time_before_the_last_one_of_a_list_is_put_off),
	    cmocka_unit_test(a_rare_timer_behaves_like_one_of_a_list),
	    cmocka_unit_test(timers_of_a_heap_are_due_in_the_order_of_their_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
