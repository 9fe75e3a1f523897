/* SPDX-License-Identifier: ISC */
/*
 * test_rates.c - buckets: how much they allow at once, how long to wait, and that a bucket that is
 * full again is removed.
 */
#include "store/tables/rates.h"

#include "unit/tmp_store.h"

#define NOW_US INT64_C(1764000000000000)

static int
spend_all(struct store *st, const char *wallet, int64_t rate, int64_t now_us)
{
	int n = 0;

	while (n < 1000 && rate_spend(st, span_of(wallet), rate, 1000000, now_us) == 0)
		n++;
	return n;
}

static void
a_wallet_may_spend_a_seconds_worth_at_once_and_then_its_rate(void **state)
{
	struct store *st = ((struct tmp *)*state)->st;
	int64_t now = 50000000;

	begin_write(st);
	for (int64_t rate = 1; rate <= 100; rate = rate * 3 + 1) {
		char wallet[32];

		snprintf(wallet, sizeof(wallet), "w%d", (int)rate);
		assert_int_equal(spend_all(st, wallet, rate, now), rate);
		assert_int_equal(spend_all(st, wallet, rate, now + 1000000 / rate), 1);
		assert_int_equal(spend_all(st, wallet, rate, now + 60000000), rate);
	}
	assert_int_equal(spend_all(st, "other", 5, now), 5); /* each wallet has its own */
	commit(st);
}

static void
a_refusal_says_how_long_to_wait_and_costs_nothing(void **state)
{
	struct store *st = ((struct tmp *)*state)->st;
	int64_t now = 1000, wait;

	begin_write(st);
	assert_int_equal(spend_all(st, "w", 4, now), 4);
	for (int i = 0; i < 10; i++)
		assert_int_equal(rate_spend(st, SPAN("w"), 4, 1000000, now), 250);
	wait = rate_spend(st, SPAN("w"), 4, 1000000, now + 100300);
	assert_int_equal(wait, 150); /* 149.7 */
	assert_int_equal(rate_spend(st, SPAN("w"), 4, 1000000, now + 100300 + wait * 1000), 0);
	commit(st);
}

static void
a_bucket_of_an_earlier_boot_is_a_full_one(void **state)
{
	struct store *st = ((struct tmp *)*state)->st;

	begin_write(st);
	assert_int_equal(spend_all(st, "w", 2, 900000000000), 2);
	assert_int_equal(spend_all(st, "w", 2, 5000000), 2);
	commit(st);
}

static void
buckets_that_are_full_again_do_not_pile_up(void **state)
{
	struct tmp *t = *state;

	begin_write(t->st);
	for (int i = 0; i < 5000; i++) {
		char wallet[32];

		snprintf(wallet, sizeof(wallet), "w%d", i);
		assert_int_equal(
		    rate_spend(t->st, span_of(wallet), 10, 1000000, 1000000 + (int64_t)i * 10000),
		    0);
	}
	commit(t->st);
	assert_true(sql_int(t->foreign, "SELECT count(*) FROM rates") < 600);
}

/* ---- many tokens at a time, over a day ---- */

static struct rate
day_of(const char *bucket, int64_t tokens, int64_t now_us)
{
	return (struct rate){
	    .name = span_of(bucket), .limit = {tokens, RATE_DAY_US}, .now_us = now_us};
}

static int64_t
take(struct store *st, const char *bucket, int64_t tokens, int64_t now_us, int64_t n)
{
	struct rate r = day_of(bucket, tokens, now_us);
	int64_t wait_ms = rate_wait(st, &r, n);

	if (wait_ms == 0)
		rate_take(st, &r, n);
	return wait_ms;
}

static void
a_day_s_tokens_can_be_taken_at_once_and_come_back_over_a_day(void **state)
{
	struct store *st = ((struct tmp *)*state)->st;

	begin_write(st);
	for (int i = 0; i < 10; i++)
		assert_int_equal(take(st, "/day/w", 864000, NOW_US, 86400), 0);
	/* ten a second come back */
	assert_int_equal(take(st, "/day/w", 864000, NOW_US, 20), 2000);
	assert_int_equal(take(st, "/day/w", 864000, NOW_US + 1999000, 20), 1);
	assert_int_equal(take(st, "/day/w", 864000, NOW_US + 2000000, 20), 0);
	assert_int_equal(take(st, "/day/w", 864000, NOW_US + 2000000, 1), 100);
	assert_int_equal(take(st, "/day/v", 864000, NOW_US, 864000), 0);
	assert_int_equal(take(st, "/day/w", 864000, NOW_US + 2 * RATE_DAY_US, 864000), 0);
	commit(st);
}

static void
more_than_a_bucket_holds_takes_all_of_a_full_one(void **state)
{
	struct store *st = ((struct tmp *)*state)->st;

	begin_write(st);
	assert_int_equal(take(st, "/day/w", 1000, NOW_US, 20000), 0);
	assert_int_equal(take(st, "/day/w", 1000, NOW_US, 20000), RATE_DAY_US / 1000);
	commit(st);
}

/* The smallest and the largest limits do not overflow, and no token is free. */
static void
limits_of_any_size_hold(void **state)
{
	static const int64_t limits[] = {1, 1000, 20 << 20, INT64_C(1) << 40};
	struct store *st = ((struct tmp *)*state)->st;

	begin_write(st);
	for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
		char bucket[32];

		snprintf(bucket, sizeof(bucket), "/day/w%zu", i);
		assert_int_equal(take(st, bucket, limits[i], NOW_US, limits[i]), 0);
		assert_true(take(st, bucket, limits[i], NOW_US, 1) > 0);
		assert_int_equal(take(st, bucket, limits[i], NOW_US + RATE_DAY_US, limits[i]), 0);
	}
	commit(st);
}

static void
a_writer_that_remembers_sees_what_others_took(void **state)
{
	struct tmp *t = *state;

	store_remember(t->st);
	for (int i = 0; i < 2; i++) {
		begin_write(t->st);
		assert_int_equal(take(t->st, "/day/w", 1000, NOW_US, 400), 0);
		commit(t->st);
	}
	begin_write(t->st);
	assert_true(take(t->st, "/day/w", 1000, NOW_US, 400) > 0);
	commit(t->st);
	sql(t->foreign, "DELETE FROM rates");
	begin_write(t->st);
	assert_int_equal(take(t->st, "/day/w", 1000, NOW_US, 1000), 0);
	tx_rollback(t->st);
	begin_write(t->st); /* what was rolled back was not taken */
	assert_int_equal(take(t->st, "/day/w", 1000, NOW_US, 1000), 0);
	commit(t->st);
}

/* Each kind of bucket has its own clock: no sweep deletes buckets that the other kind still
 * needs. */
static void
buckets_of_both_kinds_stay_until_they_are_full_again(void **state)
{
	struct tmp *t = *state;

	begin_write(t->st);
	assert_int_equal(take(t->st, "/day/kept", 1000, NOW_US, 1000), 0);
	assert_int_equal(spend_all(t->st, "kept", 1, 100000000), 1);
	for (int i = 0; i < 3000; i++) {
		char name[32];

		snprintf(name, sizeof(name), "w%d", i);
		assert_int_equal(rate_spend(t->st, span_of(name), 1000, 1000000, 100000000), 0);
		snprintf(name, sizeof(name), "/day/w%d", i);
		assert_int_equal(take(t->st, name, 1000000, NOW_US + i * INT64_C(1000000), 1), 0);
	}
	commit(t->st);
	assert_int_equal(
	    sql_int(t->foreign, "SELECT count(*) FROM rates WHERE wallet IN ('kept', '/day/kept')"),
	    2);
	assert_true(
	    sql_int(t->foreign, "SELECT count(*) FROM rates WHERE wallet GLOB '/day/*'") < 1500);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    tmp_test(a_wallet_may_spend_a_seconds_worth_at_once_and_then_its_rate),
	    tmp_test(a_refusal_says_how_long_to_wait_and_costs_nothing),
	    tmp_test(a_bucket_of_an_earlier_boot_is_a_full_one),
	    tmp_test(buckets_that_are_full_again_do_not_pile_up),
	    tmp_test(a_day_s_tokens_can_be_taken_at_once_and_come_back_over_a_day),
	    tmp_test(more_than_a_bucket_holds_takes_all_of_a_full_one),
	    tmp_test(limits_of_any_size_hold),
	    tmp_test(a_writer_that_remembers_sees_what_others_took),
	    tmp_test(buckets_of_both_kinds_stay_until_they_are_full_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
