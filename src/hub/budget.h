/* SPDX-License-Identifier: ISC */
/*
 * budget.h - what a session may spend, and a wallet over all of its requests: buckets in memory.
 */
#ifndef HUB_BUDGET_H
#define HUB_BUDGET_H

#include <stdint.h>

#include "base/span.h"

/* A bucket is the time (mono µs) at which it is full again; 0 is a full one. Spends cost of what rate gives back each second; a full bucket
 * holds window_ms' worth, and always lets one cost through. 0: spent; else ms until it may be, and nothing is. rate 0: no limit. */
int64_t
budget_spend(int64_t *full_at, int64_t cost, int64_t rate, int64_t window_ms, int64_t now_ms);

/* Spends what was used already, however much. */
void budget_charge(int64_t *full_at, int64_t cost, int64_t rate, int64_t now_ms);

/* ms until a bucket that was overdrawn is not any more; 0: it is not. */
int64_t budget_overdrawn(const int64_t *full_at, int64_t window_ms, int64_t now_ms);

/* Buckets of wallets: so many, and a wallet has always the same. One is rarely two wallets', and nobody can choose whose he shares. */
#define BUDGET_SLOTS 8192
int64_t *budget_of(int64_t slots[BUDGET_SLOTS], struct span wallet);

#endif
