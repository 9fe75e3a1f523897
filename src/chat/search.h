/* SPDX-License-Identifier: ISC */
/*
 * search.h - searches for words in the messages that a user may read.
 */
#ifndef CHAT_SEARCH_H
#define CHAT_SEARCH_H

#include "chat/chat.h"

#define SEARCH_TEXT_MAX 200 /* code points of the text to search for */

struct search; /* the state between two steps of a search */

struct chat_search {
	const struct user *user;
	struct span text;      /* words, prefixes (abc*) and "phrases"; the first 8 count */
	struct span escrow_id; /* empty: all escrows that list the user */
	struct span before;    /* a message id, or empty */
	int limit;             /* 1 to 200 */
	/* results */
	enum error err;
	bool is_done;        /* else: call again, in another transaction */
	struct buf messages; /* a JSON array, newest first: messages, each with its snippet */
	int count;           /* at most limit; fewer if a step has reached its limit of work */
	char next[MESSAGE_ID_SIZE]; /* "before" for the next page; "": there is none */
	struct search *state;       /* owned; NULL before the first step */
};

/* One step, inside a read transaction. A search in many escrows takes several steps, so that no
 * transaction is long. The results are set when is_done is. False: err says why. */
bool chat_search(struct store *, const struct rules *, struct chat_search *);
void chat_search_clear(struct chat_search *);

#endif
