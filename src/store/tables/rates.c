/* SPDX-License-Identifier: ISC */
/*
 * rates.c - token buckets. A bucket is stored as the time at which it is full again.
 */
#include "store/tables/rates.h"

#include <string.h>

#include "store/db.h"

#define SWEEP_EVERY 128 /* calls of rate_take; a sweep reads more rows than these can add */
#define SWEEP_ROWS  512
#define KEY_MAX     192 /* longer names are not remembered */

/* The remembered value of a bucket; NULL: nothing is remembered, or its name is too long. */
static int64_t *
remembered(struct store *st, struct span bucket)
{
	char key[1 + KEY_MAX] = "r";

	if (bucket.n > KEY_MAX)
		return NULL;
	memcpy(key + 1, bucket.p, bucket.n);
	return memo_find(st, (struct span){key, 1 + bucket.n}, sizeof(int64_t));
}

static int64_t
read_bucket(struct store *st, struct span bucket)
{
	struct query *q = use(st, SQL_RATE_FIND);

	bind_text(q, ":wallet", bucket);
	return single_int(q, 1); /* a new bucket is full: 1 is a time long ago, and 0 is not used */
}

int64_t
rate_wait(struct store *st, struct rate *r, int64_t tokens)
{
	int64_t *known = remembered(st, r->name);

	r->full_at = known != NULL && *known != 0 ? *known : read_bucket(st, r->name);
	if (known != NULL && st->err == STORE_OK)
		*known = r->full_at;
	if (r->full_at > r->now_us + r->limit.per_us)
		r->full_at = r->now_us;
	return (bucket_wait_us(&r->limit, r->full_at, tokens, r->now_us) + 999) / 1000;
}

/* ---- sweeping: deletes buckets that are full again or cannot be right ---- */

static bool
is_of_a_day(struct span bucket)
{
	return bucket.n > strlen(RATE_DAY_PREFIX) &&
	       memcmp(bucket.p, RATE_DAY_PREFIX, strlen(RATE_DAY_PREFIX)) == 0;
}

/* Both kinds of buckets are in one table; each sweep deletes those of one kind, by its clock. */
static void
sweep(struct store *st, const struct rate *r)
{
	bool is_day = is_of_a_day(r->name);
	char *after = st->rates_swept[is_day], upto[sizeof(st->rates_swept[0])];
	struct query *q = use(st, SQL_RATES_PAGE);
	int64_t n;

	bind_text(q, ":after", span_of(after));
	bind_int(q, ":limit", SWEEP_ROWS);
	if (!step(q))
		return;
	n = column_int(q, 0);
	column_copy(q, 1, upto, sizeof(upto));
	done(q);
	if (n == 0) {
		after[0] = '\0';
		return;
	}
	q = use(st, SQL_RATES_SWEEP);
	bind_text(q, ":after", span_of(after));
	bind_text(q, ":upto", span_of(upto));
	bind_int(q, ":is_day", is_day);
	bind_int(q, ":now", r->now_us);
	bind_int(q, ":latest", r->now_us + (is_day ? RATE_DAY_US : RATE_PER_MAX_US));
	run(q);
	strcpy(after, n < SWEEP_ROWS ? "" : upto);
}

void
rate_take(struct store *st, struct rate *r, int64_t tokens)
{
	int64_t *known = remembered(st, r->name);
	struct query *q = use(st, SQL_RATE_PUT);

	/* A bucket never owes: full_at would be taken for an impossible time. */
	if (tokens > r->limit.tokens)
		tokens = r->limit.tokens;
	r->full_at = bucket_take(&r->limit, r->full_at, tokens, r->now_us);
	bind_text(q, ":wallet", r->name);
	bind_int(q, ":arrival", r->full_at);
	run(q);
	if (known != NULL)
		*known = r->full_at;
	if (++st->rate_takes[is_of_a_day(r->name)] % SWEEP_EVERY == 0)
		sweep(st, r);
}

int64_t
rate_spend(struct store *st, struct span name, int64_t rate, int64_t per_us, int64_t now_us)
{
	struct rate r = {.name = name, .limit = {rate < 1 ? 1 : rate, per_us}, .now_us = now_us};
	int64_t wait_ms = rate_wait(st, &r, 1);

	if (wait_ms == 0)
		rate_take(st, &r, 1);
	return wait_ms;
}
