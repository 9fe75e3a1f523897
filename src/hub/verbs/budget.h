/* SPDX-License-Identifier: ISC */
/*
 * budget.h - limits on the events and bytes of one session, or of one wallet: buckets in memory.
 * All functions belong to the loop's thread.
 */
#ifndef HUB_VERBS_BUDGET_H
#define HUB_VERBS_BUDGET_H

#include <stdint.h>

#include "base/span.h"

/* Spends a cost from a bucket. The bucket is stored as the time (mono µs) at which it is full
 * again; 0 is a full one. rate flows back each second (0: no limit), and a full bucket holds what
 * flows in window_ms; a full one allows any cost. Returns 0: the cost was spent. Else nothing was
 * spent, and the result is the time in ms after which it can be. */
int64_t
budget_spend(int64_t *full_at, int64_t cost, int64_t rate, int64_t window_ms, int64_t now_ms);

/* Spends a cost that has arisen already, however large it is. */
void budget_charge(int64_t *full_at, int64_t cost, int64_t rate, int64_t now_ms);

/* The ms for which a bucket is still overdrawn; 0: it is not overdrawn. */
int64_t budget_overdrawn(const int64_t *full_at, int64_t window_ms, int64_t now_ms);

/* All wallets share a fixed number of buckets, and a wallet always has the same one. Two wallets
 * rarely have the same bucket, and nobody can choose whose bucket they share. */
#define BUDGET_SLOTS 8192
/* The bucket of a wallet among the slots. */
int64_t *budget_of(int64_t slots[BUDGET_SLOTS], struct span wallet);

#endif
