/* SPDX-License-Identifier: ISC */
/*
 * search.h - messages that say something, in the escrows that a user may read.
 */
#ifndef CHAT_SEARCH_H
#define CHAT_SEARCH_H

#include "chat/chat.h"

#define SEARCH_TEXT_MAX 200 /* code points of what is looked for */

struct search; /* what is kept from one step to the next */

struct chat_search {
	const struct user *user;
	struct span
	    text; /* words, words that begin with… (abc*) and "phrases", of which the first 8 count */
	struct span escrow_id; /* empty: all that list him */
	struct span before;    /* a message id, or empty */
	int limit;             /* 1 to 200 */
	/* results */
	enum chat_err err;
	bool is_done;        /* else: another step, in a transaction of its own */
	struct buf messages; /* a JSON array, newest first: messages, each with its snippet */
	int count;           /* at most limit; fewer where much was looked at */
	char next[MESSAGE_ID_SIZE]; /* the before of the next page; "": there is none */
	struct search *state;       /* owned */
};

/* One step, inside a read transaction; false: err says why. Many escrows take several steps: no transaction is long. */
bool chat_search(struct store *, const struct rules *, struct chat_search *);
void chat_search_clear(struct chat_search *);

#endif
