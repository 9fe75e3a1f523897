/* SPDX-License-Identifier: ISC */
/*
 * memo.h - values that a writer remembers, so that it need not read them again. They are kept
 * between write transactions, as long as no other connection commits, nothing is rolled back, and
 * the writer does not change the rows that they were made of. Inside a transaction only.
 */
#ifndef STORE_MEMO_H
#define STORE_MEMO_H

#include "base/map.h"
#include "store/store.h"

struct memo {
	struct map entries;
	size_t bytes;          /* of their keys and values */
	unsigned generation;   /* entries of an earlier generation are void */
	unsigned seen_version; /* the version of the database after our last commit */
};

/* The memory for the value of a key; size must be the same at each call for that key. The memory is
 * as the caller left it; it is all zero at the first call, and whenever the value may be out of
 * date. Valid until the next call. NULL: nothing is kept, because this is no write transaction, the
 * connection does not remember, or the transaction has failed. */
void *memo_find(struct store *, struct span key, size_t size);

/* Values of any length, under keys that are never given to memo_find. memo_look returns false if no
 * value is known; the value is valid until the next call. memo_keep copies the value, unless it is
 * too large or nothing is kept. */
bool memo_look(struct store *, struct span key, struct span *value);
void memo_keep(struct store *, struct span key, struct span value);

/* Makes all values void, because they may be wrong from now on. */
void memo_forget(struct store *);

/* ---- for the transactions ---- */
/* Called when a write transaction has begun: forgets all if another connection has committed. */
void memo_begin(struct store *);
void memo_commit(struct store *); /* called when it has committed */
void memo_clear(struct memo *);

#endif
