/* SPDX-License-Identifier: ISC */
/*
 * test_budget.c - what hub/verbs/budget.h promises.
 */
#include "hub/verbs/budget.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

static void
a_full_bucket_holds_a_window_and_fills_at_its_rate(void **state)
{
	int64_t bucket = 0;

	for (int i = 0; i < 10; i++)
		assert_int_equal(budget_spend(&bucket, 1, 10, 1000, 5000), 0);
	assert_int_equal(budget_spend(&bucket, 1, 10, 1000, 5000), 100);
	assert_int_equal(budget_spend(&bucket, 1, 10, 1000, 5099), 1);
	assert_int_equal(budget_spend(&bucket, 1, 10, 1000, 5100), 0);
	assert_int_equal(budget_spend(&bucket, 1, 10, 1000, 5100), 100);
	/* A budget is full again after a window, and never more than full. */
	for (int i = 0; i < 10; i++)
		assert_int_equal(budget_spend(&bucket, 1, 10, 1000, 90000), 0);
	assert_true(budget_spend(&bucket, 1, 10, 1000, 90000) > 0);
}

static void
what_is_refused_spends_nothing(void **state)
{
	int64_t bucket = 0, before;

	assert_int_equal(budget_spend(&bucket, 1, 1, 1000, 0), 0);
	before = bucket;
	for (int i = 0; i < 5; i++)
		assert_true(budget_spend(&bucket, 1, 1, 1000, 0) > 0);
	assert_true(bucket == before);
}

static void
a_full_bucket_lets_one_cost_through_whatever_it_is(void **state)
{
	int64_t bucket = 0;

	assert_int_equal(budget_spend(&bucket, 100, 10, 1000, 0), 0);
	assert_int_equal(budget_spend(&bucket, 1, 10, 1000, 0), 9100);
}

static void
what_was_used_is_charged_and_paid_off(void **state)
{
	int64_t bucket = 0;

	budget_charge(&bucket, 5000, 1000, 1000);
	assert_int_equal(budget_overdrawn(&bucket, 10000, 1000), 0);
	budget_charge(&bucket, 6000, 1000, 1000);
	assert_int_equal(budget_overdrawn(&bucket, 10000, 1000), 1000);
	assert_int_equal(budget_overdrawn(&bucket, 10000, 1999), 1);
	assert_int_equal(budget_overdrawn(&bucket, 10000, 2000), 0);
}

static void
without_a_rate_there_is_no_limit(void **state)
{
	int64_t bucket = 0;

	for (int i = 0; i < 1000; i++)
		assert_int_equal(budget_spend(&bucket, 1000000, 0, 1000, 0), 0);
	budget_charge(&bucket, INT64_MAX / 2, 0, 0);
	assert_int_equal(budget_overdrawn(&bucket, 0, 0), 0);
}

static void
a_wallet_has_always_the_same_bucket(void **state)
{
	static int64_t slots[BUDGET_SLOTS];

	assert_ptr_equal(budget_of(slots, SPAN("alice")), budget_of(slots, SPAN("alice")));
	for (char c = 'a'; c <= 'z'; c++) {
		int64_t *bucket = budget_of(slots, (struct span){&c, 1});

		assert_true(bucket >= slots && bucket < slots + BUDGET_SLOTS);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_full_bucket_holds_a_window_and_fills_at_its_rate),
	    cmocka_unit_test(what_is_refused_spends_nothing),
	    cmocka_unit_test(a_full_bucket_lets_one_cost_through_whatever_it_is),
	    cmocka_unit_test(what_was_used_is_charged_and_paid_off),
	    cmocka_unit_test(without_a_rate_there_is_no_limit),
	    cmocka_unit_test(a_wallet_has_always_the_same_bucket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
