/* SPDX-License-Identifier: ISC */
/*
 * feed.h - the events that a user missed since a position, in pages.
 */
#ifndef CHAT_FEED_H
#define CHAT_FEED_H

#include "chat/chat.h"

/* One source that a reader follows, with its own position. */
struct feed_source {
	struct span name; /* an escrowId, or the wallet's key for the own topic */
	bool own;         /* the own topic: user:WALLET and their notifications, as one */
	int64_t after;    /* rows at or before it are not wanted; advanced to the page's end */
	/* Result. FEED_GAP: rows after that position were trimmed. FEED_REMOVED: the user may not
	 * read there now. */
	enum { FEED_OK, FEED_GAP, FEED_REMOVED } state;
};

/* Gives one page of the events that a user missed on these sources, in log order: positions up to
 * until, at most limit rows. Inside a read transaction. Membership is checked as it is now, then
 * gaps; a source that fails one of the checks gives no rows. Returns the position up to which the
 * page is complete, and advances the other sources to it. After an error of the store it returns -1
 * and advances nothing; the caller throws away the rows that were given. Once a position was
 * returned the rows are valid, whatever store_read says about the end of the transaction. */
int64_t feed_page(struct store *, const struct rules *, const struct user *, struct feed_source *,
    int n, int64_t until, int limit, eventlog_each *, void *arg);

#endif
