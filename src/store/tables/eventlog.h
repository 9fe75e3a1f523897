/* SPDX-License-Identifier: ISC */
/*
 * eventlog.h - the log of all events: appending, reading and trimming, and the incarnations that
 * cursors name. Inside a transaction only. A position is a row's id; positions are in commit order.
 * A message is a row of the log itself: message_insert appends it.
 */
#ifndef STORE_EVENTLOG_H
#define STORE_EVENTLOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "store/store.h"
#include "store/tables/messages.h"

#define INCARNATION_SIZE  17        /* 16 hex digits and a NUL */
#define TOPIC_ROOM_PREFIX "escrow_" /* a room's topic is this and the escrowId */

struct eventlog_row {
	int64_t position;
	int64_t at; /* wall ms */
	struct span topic, event, data;
	struct span actor; /* n 0: none */
	bool durable;
	/* The users that the row concerns, see chat/audience.h; n 0: nobody, or they were not
	 * looked up (eventlog_after and eventlog_merge do not look them up). */
	struct span who;
	/* A message that was read from its table: the row has no data, and view_row makes it. NULL:
	 * the row has its data, because it is no message, is a message of an earlier schema, or
	 * comes from packed_next. */
	const struct message *message;
};

/* Appends a row; returns its position, or 0 on an error. */
int64_t eventlog_append(struct store *, struct span topic, struct span event, struct span data,
    struct span actor, bool durable, int64_t now_ms);
/* Appends a row as eventlog_append does, and hands the row's `who` on to the writer's process
 * (packed.h). The position in the given row is ignored. */
int64_t eventlog_append_row(struct store *, const struct eventlog_row *);

/* Hands a message that was just inserted on to the writer's process (packed.h). data is the JSON
 * that clients see. */
void eventlog_hand_on(struct store *, const struct message *, struct span topic, struct span data);

/* eventlog_newest: the position of the newest row that was ever appended, even if it was trimmed
 * (sqlite_sequence). eventlog_oldest: the position of the oldest row that is kept; head + 1 if no
 * row is kept. */
int64_t eventlog_newest(struct store *);
int64_t eventlog_oldest(struct store *);

/* The spans are valid during the call. Returns false to stop. */
typedef bool eventlog_each(const struct eventlog_row *, void *arg);

/* The rows after a position, in order, at most limit. */
void eventlog_after(struct store *, int64_t after, int limit, eventlog_each *, void *arg);

/* A source that a reader follows: the durable rows of a topic or, for notifications, the rows of
 * topics that begin with "members:" and are meant for a wallet. */
struct eventlog_source {
	struct span topic;
	/* If true, topic is a wallet's key. The rows are those of the members: topics of the
	 * wallet's escrows. Left out are rows from before the wallet was added, rows that it made
	 * itself, and escrows in which it is an observer. */
	bool notifications;
	int64_t after; /* only rows after this position are wanted */
};

/* Merges the sources in log order: gives the rows with position <= until, at most limit (at least
 * 1). The cost grows with the rows given and the number of sources, not with the log. A row that
 * two sources have is given once. Returns the position up to which all rows were given: until, if
 * fewer than limit rows were found and the callback never stopped; else the position of the last
 * row given, which is also the one at which the callback stopped. */
int64_t eventlog_merge(struct store *, const struct eventlog_source *, int n, int64_t until,
    int limit, eventlog_each *, void *arg);

/* True if a durable row of the source, later than its position, was trimmed: a reader at that
 * position has a gap. */
bool eventlog_gap(struct store *, const struct eventlog_source *);

/* Trims the log from its oldest row on, up to the first row that is younger than keep_ms. If rows
 * is above 0, it also trims younger rows until about that many are left. One call trims at most max
 * rows. Returns how many it has trimmed. Records the newest trimmed durable row of each topic, for
 * eventlog_gap. Messages leave the log, but stay in their table. */
int64_t eventlog_trim(struct store *, int64_t now_ms, int64_t keep_ms, int64_t rows, int64_t max);
int64_t eventlog_count(struct store *); /* the number of rows kept, estimated from their ids */

/* Records a new incarnation with a random name; it begins at the position after the head. */
void incarnation_begin(struct store *, int64_t now_ms);
/* The name of the newest incarnation. */
void incarnation_current(struct store *, char out[INCARNATION_SIZE]);
/* True if the incarnation is known and a cursor of it can have this position: before the first
 * position of the next incarnation, and not after the head. */
bool incarnation_covers(struct store *, struct span name, int64_t position);

#endif
