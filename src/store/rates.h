/* SPDX-License-Identifier: ISC */
/*
 * rates.h - limits on what a wallet, or another name, may do in a time: buckets that both programs
 * share. Inside a write transaction only.
 */
#ifndef STORE_RATES_H
#define STORE_RATES_H

#include <stdint.h>

#include "base/span.h"
#include "store/store.h"

/* A bucket of so many tokens, which are all back per_us after all were taken (GCRA). */
struct rate {
	/* A wallet's key, or another name that begins with a '/', as no wallet's does. One that
	 * begins with "/day/" goes by the wall clock and lasts a day; all others by the monotonic
	 * clock, and last RATE_PER_MAX_US at most. */
	struct span bucket;
	int64_t tokens; /* at least 1 */
	int64_t per_us;
	int64_t now_us;
	int64_t full_at; /* set by rate_wait */
};
#define RATE_PER_MAX_US INT64_C(60000000)
#define RATE_DAY_US     INT64_C(86400000000)
#define RATE_DAY_PREFIX "/day/"

/* 0: so many tokens are there. Else the ms until they are (where they are more than a bucket has:
 * until it is full). Nothing is written. A bucket that is further from full than it can be counts
 * as full: it is of an earlier boot, or the clock was wrong. A writer remembers the bucket. */
int64_t rate_wait(struct store *, struct rate *, int64_t tokens);
/* Takes the tokens, after rate_wait has returned 0. */
void rate_take(struct store *, struct rate *, int64_t tokens);

/* rate_wait and rate_take of one token. */
int64_t
rate_spend(struct store *, struct span bucket, int64_t rate, int64_t per_us, int64_t now_us);

#endif
