/* SPDX-License-Identifier: ISC */
/*
 * budget.c - buckets in memory (GCRA).
 */
#include "hub/verbs/budget.h"

#include "base/map.h"

#define US_PER_S INT64_C(1000000)

void
budget_charge(int64_t *full_at, int64_t cost, int64_t rate, int64_t now_ms)
{
	int64_t now = now_ms * 1000;

	if (rate == 0)
		return;
	if (*full_at < now)
		*full_at = now;
	*full_at += cost * US_PER_S / rate;
}

int64_t
budget_overdrawn(const int64_t *full_at, int64_t window_ms, int64_t now_ms)
{
	int64_t wait_us = *full_at - (now_ms + window_ms) * 1000;

	return wait_us > 0 ? (wait_us + 999) / 1000 : 0;
}

int64_t
budget_spend(int64_t *full_at, int64_t cost, int64_t rate, int64_t window_ms, int64_t now_ms)
{
	int64_t after = *full_at, wait_ms;

	if (rate == 0)
		return 0;
	budget_charge(&after, cost, rate, now_ms);
	wait_ms = budget_overdrawn(&after, window_ms, now_ms);
	if (wait_ms > 0 && *full_at > now_ms * 1000)
		return wait_ms;
	*full_at = after;
	return 0;
}

int64_t *
budget_of(int64_t slots[BUDGET_SLOTS], struct span wallet)
{
	return &slots[map_hash(wallet) % BUDGET_SLOTS];
}
