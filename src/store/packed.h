/* SPDX-License-Identifier: ISC */
/*
 * packed.h - rows of the log, packed into a buffer: the rows that the writer has just appended, so
 * that its process need not read them from the database; or rows that were read, for another
 * thread. Nothing is locked: a buffer or a list belongs to one thread at a time.
 */
#ifndef STORE_PACKED_H
#define STORE_PACKED_H

#include <sys/queue.h>

#include "base/buf.h"
#include "store/tables/eventlog.h"

/* The rows of one commit, in order, without those that triggers made; or of one page. */
struct packed {
	STAILQ_ENTRY(packed) link;
	struct buf rows;
	size_t at; /* the offset in rows of the next row to read */
};
STAILQ_HEAD(packed_list, packed);

/* Appends a copy of a row to a buffer. A message of the row is not copied: the row has its data. */
void packed_add(struct buf *rows, const struct eventlog_row *);

/* Reads the row at the offset *at of rows, and moves *at behind it. False: there are no more. The
 * spans are valid as long as rows is not changed. */
bool packed_read(const struct buf *rows, size_t *at, struct eventlog_row *out);

/* Reads the next row of a list and leaves it there. False: there is none. packed_pass removes the
 * row; until then its spans are valid. */
bool packed_next(struct packed_list *, struct eventlog_row *out);
void packed_pass(struct packed_list *);

/* Moves the rows that packed_add has made to the end of the list, and leaves the buffer empty. */
void packed_take(struct packed_list *, struct buf *rows);

void packed_clear(struct packed_list *);

#endif
