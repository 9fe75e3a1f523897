/* SPDX-License-Identifier: ISC */
/*
 * budget.h - limits on what a session spends, and a wallet over all of its requests: buckets in
 * memory. All functions belong to the loop's thread.
 */
#ifndef HUB_BUDGET_H
#define HUB_BUDGET_H

#include <stdint.h>

#include "base/span.h"

/* A bucket is the time (mono µs) at which it is full again; 0 is a full bucket. Spends cost, where
 * rate is given back each second; a full bucket holds window_ms worth of it, and always lets one
 * cost through. Returns 0: it was spent; else the ms until it may be, and nothing was spent. rate
 * 0: no limit. */
int64_t
budget_spend(int64_t *full_at, int64_t cost, int64_t rate, int64_t window_ms, int64_t now_ms);

/* Spends a cost that was caused already, however large it is. */
void budget_charge(int64_t *full_at, int64_t cost, int64_t rate, int64_t now_ms);

/* The ms until a bucket that was overdrawn is not any more; 0: it is not overdrawn. */
int64_t budget_overdrawn(const int64_t *full_at, int64_t window_ms, int64_t now_ms);

/* A fixed number of buckets for all wallets; a wallet always has the same one. Two wallets rarely
 * share one, and nobody can choose with whom they share. */
#define BUDGET_SLOTS 8192
/* The bucket of a wallet, one of slots. */
int64_t *budget_of(int64_t slots[BUDGET_SLOTS], struct span wallet);

#endif
