/* SPDX-License-Identifier: ISC */
/*
 * memo.h - what a writer has read before and would read again: kept from one write transaction to the next, for as long as nobody else
 * commits, nothing is rolled back, and nothing it was made of is changed by the writer itself.
 */
#ifndef STORE_MEMO_H
#define STORE_MEMO_H

#include "base/map.h"
#include "store/store.h"

struct memo {
	struct map entries;
	size_t bytes;          /* of their keys and values */
	unsigned generation;   /* entries of an earlier one are void */
	unsigned seen_version; /* of the database, after our last commit */
};

/* The memory for what is known under a key, always of that size for it: as it was left or, the first time and whenever it could be out
 * of date, all zero. Valid until the next call. NULL: nothing is kept here (this is no write transaction, or not of one that remembers). */
void *memo_find(struct store *, struct span key, size_t size);

/* The same for values of any length, under keys that are never given to memo_find. memo_look: false
 * where nothing is known; the value is valid until the next call. memo_keep copies it, unless it is
 * too large or nothing is kept here. */
bool memo_look(struct store *, struct span key, struct span *value);
void memo_keep(struct store *, struct span key, struct span value);

/* What is kept may be wrong from now on. */
void memo_forget(struct store *);

/* ---- for the transactions ---- */
void memo_begin(struct store *);  /* a write transaction has begun: did others commit? */
void memo_commit(struct store *); /* it has committed */
void memo_clear(struct memo *);

#endif
