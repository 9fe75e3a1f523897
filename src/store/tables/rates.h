/* SPDX-License-Identifier: ISC */
/*
 * rates.h - rate limits of wallets and other names: token buckets that both programs share. Inside
 * a write transaction only.
 */
#ifndef STORE_RATES_H
#define STORE_RATES_H

#include <stdint.h>

#include "base/bucket.h"
#include "base/span.h"
#include "store/store.h"

struct rate {
	/* A wallet's key, or another name that begins with '/', which no wallet does. A name that
	 * begins with "/day/" uses the wall clock, and its limit has at most a day; all others use
	 * the monotonic clock, and have at most RATE_PER_MAX_US. */
	struct span name;
	struct bucket limit;
	int64_t now_us;
	int64_t full_at; /* us; set by rate_wait */
};
#define RATE_PER_MAX_US INT64_C(60000000)
#define RATE_DAY_US     INT64_C(86400000000)
#define RATE_DAY_PREFIX "/day/"

/* Returns 0 if the bucket holds that many tokens; else the ms until it does. For more tokens than a
 * bucket can hold, it must be full. Writes nothing. A bucket whose full_at is impossibly late
 * counts as full: it is of an earlier boot, or the clock was wrong. A connection that remembers
 * keeps the bucket (memo.h). */
int64_t rate_wait(struct store *, struct rate *, int64_t tokens);
/* Takes the tokens, after rate_wait has returned 0. */
void rate_take(struct store *, struct rate *, int64_t tokens);

/* rate_wait for one token and, if that returns 0, rate_take; rate is the number of tokens. */
int64_t rate_spend(struct store *, struct span name, int64_t rate, int64_t per_us, int64_t now_us);

#endif
