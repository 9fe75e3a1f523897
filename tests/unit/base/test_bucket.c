/* SPDX-License-Identifier: ISC */
/*
 * test_bucket.c - token buckets: how much a full one gives, and when an empty one gives again.
 */
#include "base/bucket.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

static const struct bucket ten_a_second = {10, 1000000};

static void
a_full_bucket_gives_all_its_tokens_and_no_more(void **state)
{
	const struct bucket *b = &ten_a_second;
	int64_t full_at = 0, now = 5000000;

	for (int i = 0; i < 10; i++) {
		assert_int_equal(bucket_wait_us(b, full_at, 1, now), 0);
		full_at = bucket_take(b, full_at, 1, now);
	}
	assert_int_equal(bucket_wait_us(b, full_at, 1, now), 100000);
	assert_int_equal(bucket_wait_us(b, full_at, 3, now), 300000);
	assert_int_equal(bucket_wait_us(b, full_at, 3, now + 300000), 0);
	assert_int_equal(full_at, now + 1000000);
}

static void
more_than_a_bucket_holds_needs_a_full_one_and_leaves_a_debt(void **state)
{
	const struct bucket *b = &ten_a_second;
	int64_t full_at = bucket_take(b, 0, 1, 0);

	assert_int_equal(bucket_wait_us(b, full_at, 50, 0), 100000);
	assert_int_equal(bucket_wait_us(b, full_at, 50, 100000), 0);
	full_at = bucket_take(b, full_at, 50, 100000);
	assert_int_equal(full_at, 5100000);
	assert_int_equal(bucket_wait_us(b, full_at, 0, 100000), 4000000);
}

/* Else a bucket with more tokens than microseconds would give any number of them. */
static void
a_token_costs_at_least_a_microsecond(void **state)
{
	const struct bucket b = {INT64_C(1) << 53, 1000000};

	assert_int_equal(bucket_cost_us(&b, 1), 1);
	assert_int_equal(bucket_cost_us(&b, 0), 0);
	assert_int_equal(bucket_cost_us(&b, b.tokens), 1000000); /* no overflow on the way */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_full_bucket_gives_all_its_tokens_and_no_more),
	    cmocka_unit_test(more_than_a_bucket_holds_needs_a_full_one_and_leaves_a_debt),
	    cmocka_unit_test(a_token_costs_at_least_a_microsecond),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
