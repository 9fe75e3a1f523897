/* SPDX-License-Identifier: ISC */
/*
 * positions.c - the positions that rows of the log take. Messages take theirs without a write to
 * sqlite_sequence, which gets the last position of many messages at once.
 */
#include "store/db.h"

int64_t
position_take(struct store *st)
{
	if (st->head < 0)
		st->head = single_int(use(st, SQL_EVENTLOG_NEWEST), 0);
	return ++st->head;
}

void
positions_settle(struct store *st)
{
	struct query *q;

	if (!st->is_head_ahead)
		return;
	st->is_head_ahead = false;
	q = use(st, SQL_EVENTLOG_NEWEST_PUT);
	bind_int(q, ":head", st->head);
	run(q);
}

/* True for the statements that write a message or a row of the log, or no row of the log at all:
 * none of them fires a trigger that appends a row. */
static bool
leaves_positions(enum sql_id id)
{
	switch (id) {
	case SQL_BEGIN_WRITE:
	case SQL_MESSAGE_INSERT:
	case SQL_EVENTLOG_APPEND:
	case SQL_EVENTLOG_NEWEST_PUT:
	case SQL_RATE_PUT:
	case SQL_TALLY_PUT:
	case SQL_SEARCH_INDEX:
		return true;
	default:
		return false;
	}
}

/* Any row of the log that the next statement makes gets its position from sqlite_sequence. */
static void
settle_and_forget(struct store *st)
{
	positions_settle(st);
	st->head = -1;
}

void
positions_watch(struct query *q, enum sql_id id)
{
	if (q->is_writer && !leaves_positions(id))
		q->before = settle_and_forget;
}
