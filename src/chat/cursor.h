/* SPDX-License-Identifier: ISC */
/*
 * cursor.h - cursors: the opaque string (incarnation, position) that clients keep, and the events
 * that they missed since then.
 */
#ifndef CHAT_CURSOR_H
#define CHAT_CURSOR_H

#include "chat/chat.h"

#define CURSOR_SIZE 64

/* Writes "INCARNATION-POSITION"; returns out. */
const char *cursor_format(char out[CURSOR_SIZE], const char *incarnation, int64_t position);

enum cursor_state {
	CURSOR_GOOD,
	/* Well-formed, but of another log, or from before a restored backup, or ahead of the log:
	 * answer with a gap. */
	CURSOR_LOST,
	CURSOR_BAD /* no cursor: answer with bad_request */
};
/* Inside a read transaction. */
enum cursor_state cursor_resolve(struct store *, struct span text, int64_t *position);

/* The current incarnation and the log's newest position as a cursor; returns out. Inside a
 * transaction. */
const char *cursor_now(struct store *, char out[CURSOR_SIZE]);

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
    int n, int64_t until, int limit, queue_each *, void *arg);

#endif
