/* SPDX-License-Identifier: ISC */
/*
 * queue.h - the one log of all events: appending, reading on, trimming, and the incarnations that
 * cursors name. Inside a transaction only. A position is a row's id; positions are in commit order.
 * A message is a row of the log itself: message_insert appends it.
 */
#ifndef STORE_QUEUE_H
#define STORE_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "store/messages.h"
#include "store/store.h"

#define INCARNATION_SIZE  17        /* 16 hex digits and a NUL */
#define TOPIC_ROOM_PREFIX "escrow_" /* then the escrow's name: a room's topic */

struct queue_row {
	int64_t position;
	int64_t at; /* wall ms */
	struct span topic, event, data;
	struct span actor; /* n 0: none */
	bool durable;
	/* The users that the row concerns, see chat/audience.h; n 0: nobody, or they were not
	 * looked up (a row as queue_after and queue_merge give it). */
	struct span who;
	/* A message as read from its table: the row has no data, view_row makes it. NULL: the row
	 * has its data (it is no message, or one of an earlier schema, or comes from
	 * fresh_next). */
	const struct message *message;
};

/* Appends a row; returns its position. */
int64_t queue_append(struct store *, struct span topic, struct span event, struct span data,
    struct span actor, bool durable, int64_t now_ms);
/* The same, where the row's `who` is handed on to its own process (fresh.h). The row has no
 * position yet. */
int64_t queue_append_row(struct store *, const struct queue_row *);

/* Hands a message that was just inserted on to its own process (fresh.h), with its data as clients
 * see it. */
void queue_hand_on(struct store *, const struct message *, struct span topic, struct span data);

/* The position of the newest row that was ever appended, even if it was trimmed (sqlite_sequence);
 * and that of the oldest row that is kept, head + 1 where there is none. */
int64_t queue_head(struct store *);
int64_t queue_oldest(struct store *);

typedef bool
queue_each(const struct queue_row *, void *arg); /* spans live for the call; false stops */

/* All rows after a position, in order, at most limit. */
void queue_after(struct store *, int64_t after, int limit, queue_each *, void *arg);

/* A source that a reader follows: the durable rows of a topic or, for notifications, the rows of
 * members: topics that are meant for a wallet. */
struct queue_source {
	struct span topic;
	/* topic is a wallet's key. The rows are those of members: topics of its escrows that are
	 * later than the wallet was added, were not made by it, and not where it is an observer. */
	bool notifications;
	int64_t after; /* rows at or before it are not wanted */
};

/* Merges the sources in log order: rows with position <= until, at most limit. Exact: cost grows
 * with rows given and sources, not with the log. A row that two sources have is given once. Returns
 * the position up to which the sources are exhausted: until, if fewer than limit (at least 1) were
 * found and the callback never said stop; else the last row given, the one at which it said stop
 * included. */
int64_t queue_merge(struct store *, const struct queue_source *, int n, int64_t until, int limit,
    queue_each *, void *arg);

/* True if a durable row of that source behind its position was trimmed: a reader at that position
 * has a gap. */
bool queue_gap(struct store *, const struct queue_source *);

/* Trims by id from the oldest, stopping at the first row younger than keep_ms; rows > 0 also trims
 * down to so many rows; at most max rows in one call. Remembers each topic's newest durable row.
 * Returns how many. Messages stay; they only leave the log. */
int64_t queue_trim(struct store *, int64_t now_ms, int64_t keep_ms, int64_t rows, int64_t max);
int64_t queue_count(struct store *); /* rows kept; an estimate from ids */

/* Records a new random incarnation that starts behind the head. */
void incarnation_begin(struct store *, int64_t now_ms);
/* The name of the newest incarnation. */
void incarnation_current(struct store *, char out[INCARNATION_SIZE]);
/* True if name is known and position is one that it can have: below its successor's first, not
 * ahead of the head. */
bool incarnation_covers(struct store *, struct span name, int64_t position);

#endif
