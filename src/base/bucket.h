/* SPDX-License-Identifier: ISC */
/*
 * bucket.h - the arithmetic of token buckets (the generic cell rate algorithm). The state of a
 * bucket is one number, full_at: the time in us at which the bucket is full again. A time that has
 * passed means a full bucket. Pure functions.
 */
#ifndef BASE_BUCKET_H
#define BASE_BUCKET_H

#include <stdint.h>

struct bucket {
	int64_t tokens; /* that a full bucket holds; at least 1 */
	int64_t per_us; /* the time after which an empty bucket is full again */
};

/* The us in which so many tokens flow back: at least 1 for each call, if there are any tokens. */
static inline int64_t
bucket_cost_us(const struct bucket *b, int64_t tokens)
{
	int64_t cost = (int64_t)((__int128)tokens * b->per_us / b->tokens);

	return cost == 0 && tokens > 0 ? 1 : cost;
}

/* The us after which the bucket holds so many tokens; 0: it does now. If they are more than a
 * bucket can hold, it must be full. */
static inline int64_t
bucket_wait_us(const struct bucket *b, int64_t full_at, int64_t tokens, int64_t now_us)
{
	int64_t cost = tokens < b->tokens ? bucket_cost_us(b, tokens) : b->per_us;
	int64_t wait = (full_at > now_us ? full_at - now_us : 0) + cost - b->per_us;

	return wait > 0 ? wait : 0;
}

/* The full_at after the tokens are taken, also if the bucket does not hold them: then it owes. */
static inline int64_t
bucket_take(const struct bucket *b, int64_t full_at, int64_t tokens, int64_t now_us)
{
	return (full_at > now_us ? full_at : now_us) + bucket_cost_us(b, tokens);
}

#endif
