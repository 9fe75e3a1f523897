/* SPDX-License-Identifier: ISC */
/*
 * queue_rows.h - for the tests of the log: appending a row, and writing down the rows that were
 * read.
 */
#ifndef QUEUE_ROWS_H
#define QUEUE_ROWS_H

#include "store/tables/eventlog.h"
#include "unit/tmp_store.h"

#define INTO "INSERT INTO broadcast_queue(topic, event, data) VALUES"

/* Appends a row. Returns its position, or 0 on an error. */
static inline int64_t
append(struct store *st, const char *topic, const char *actor, bool durable, int64_t at)
{
	return eventlog_append(
	    st, span_of(topic), SPAN("e"), SPAN("{}"), span_of(actor), durable, at);
}

/* Adds the position of a row to the buffer arg. */
static inline bool
note_position(const struct eventlog_row *row, void *arg)
{
	buf_printf(arg, "%d ", (int)row->position);
	return true;
}

/* As note_position, but stops after two rows. */
static inline bool
note_two(const struct eventlog_row *row, void *arg)
{
	struct buf *b = arg;

	note_position(row, arg);
	return b->len < 4;
}

#endif
