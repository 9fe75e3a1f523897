/* SPDX-License-Identifier: ISC */
/*
 * memo.h - values that a writer has read before and would read again. They are kept from one write
 * transaction to the next, as long as nobody else commits, nothing is rolled back, and the writer
 * itself changes nothing that they were made of. Inside a transaction only.
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

/* The memory for the value under a key, which has the same size at each call. The memory is as it
 * was left or, the first time and whenever it could be out of date, all zero. Valid until the next
 * call. NULL: nothing is kept here, since this is no write transaction or the connection does not
 * remember. */
void *memo_find(struct store *, struct span key, size_t size);

/* Values of any length, under keys that are never given to memo_find. memo_look: false where no
 * value is known; the value is valid until the next call. memo_keep copies the value, unless it is
 * too large or nothing is kept here. */
bool memo_look(struct store *, struct span key, struct span *value);
void memo_keep(struct store *, struct span key, struct span value);

/* The values that are kept may be wrong from now on: they are void. */
void memo_forget(struct store *);

/* ---- for the transactions ---- */
void memo_begin(struct store *);  /* a write transaction has begun; asks whether others committed */
void memo_commit(struct store *); /* it has committed */
void memo_clear(struct memo *);

#endif
