/* SPDX-License-Identifier: ISC */
/*
 * cursor.h - the opaque string (incarnation, position) that clients keep, and what they missed since.
 */
#ifndef CHAT_CURSOR_H
#define CHAT_CURSOR_H

#include "chat/chat.h"

#define CURSOR_SIZE 64

/* "INCARNATION-POSITION". */
const char *cursor_format(char out[CURSOR_SIZE], const char *incarnation, int64_t position);

enum cursor_state {
	CURSOR_GOOD,
	CURSOR_LOST, /* well-formed, but of another log, or from before a restored backup, or ahead of the log: answer with a gap */
	CURSOR_BAD   /* no cursor: bad_request */
};
/* Inside a read transaction. */
enum cursor_state cursor_resolve(struct store *, struct span text, int64_t *position);

/* The current incarnation and the log's head as a cursor. */
const char *cursor_now(struct store *, char out[CURSOR_SIZE]);

/* One thing a reader follows, with its own position. */
struct feed_source {
	struct span name; /* an escrowId, or the wallet's key for the own topic */
	bool own;         /* the own topic: user:WALLET and his notifications, as one */
	int64_t after;    /* rows at or before it are not wanted; advanced to the page's end */
	enum {
		FEED_OK,
		FEED_GAP,
		FEED_REMOVED
	} state; /* result: gap: rows after it were trimmed; removed: no participant now */
};

/* Inside a read transaction: one page of what a user missed on these sources, merged in log order: membership is checked as it is now,
 * then gaps; sources with either give no rows. Rows go up to until, at most limit. Returns the position up to which the page is whole, and
 * advances the sources that gave rows to it. A store's error: -1, nothing is advanced, rows already given are to be thrown away.
 * Once a position was returned the rows are good, whatever store_read says of the transaction's end. */
int64_t feed_page(struct store *, const struct rules *, const struct user *, struct feed_source *,
    int n, int64_t until, int limit, queue_each *, void *arg);

#endif
