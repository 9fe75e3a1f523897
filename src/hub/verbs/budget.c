/* SPDX-License-Identifier: ISC */
/*
 * budget.c - buckets in memory.
 */
#include "hub/verbs/budget.h"

#include "base/bucket.h"
#include "base/map.h"

#define US_PER_S INT64_C(1000000)

static int64_t
ms_of(int64_t us)
{
	return (us + 999) / 1000;
}

void
budget_charge(int64_t *full_at, int64_t cost, int64_t rate, int64_t now_ms)
{
	const struct bucket b = {rate, US_PER_S};

	if (rate > 0)
		*full_at = bucket_take(&b, *full_at, cost, now_ms * 1000);
}

int64_t
budget_overdrawn(const int64_t *full_at, int64_t window_ms, int64_t now_ms)
{
	const struct bucket b = {1, window_ms * 1000};

	return ms_of(bucket_wait_us(&b, *full_at, 0, now_ms * 1000));
}

int64_t
budget_spend(int64_t *full_at, int64_t cost, int64_t rate, int64_t window_ms, int64_t now_ms)
{
	const struct bucket b = {rate * window_ms / 1000, window_ms * 1000};
	int64_t wait_ms = rate > 0 ? ms_of(bucket_wait_us(&b, *full_at, cost, now_ms * 1000)) : 0;

	if (wait_ms == 0)
		budget_charge(full_at, cost, rate, now_ms);
	return wait_ms;
}

int64_t *
budget_of(int64_t slots[BUDGET_SLOTS], struct span wallet)
{
	return &slots[map_hash(wallet) % BUDGET_SLOTS];
}
