/* SPDX-License-Identifier: ISC */
/*
 * fresh.h - copies of the rows of the log that the writer has just appended, so that its process
 * need not read them from the database. Nothing is locked: a list belongs to one thread at a time.
 */
#ifndef STORE_FRESH_H
#define STORE_FRESH_H

#include <sys/queue.h>

#include "base/buf.h"
#include "store/queue.h"

struct fresh { /* the rows of one commit, in order, without those that triggers made */
	STAILQ_ENTRY(fresh) link;
	struct buf rows;
	size_t at; /* the offset in rows of the next row to read */
};
STAILQ_HEAD(fresh_list, fresh);

void fresh_add(struct buf *rows, const struct queue_row *);

/* Reads the row at the offset *at of rows, and moves *at behind it. False: there are no more. The
 * spans are valid as long as rows is not changed. */
bool fresh_read(const struct buf *rows, size_t *at, struct queue_row *out);

/* Reads the next row of a list and leaves it there. False: there is none. fresh_pass removes the
 * row; until then its spans are valid. */
bool fresh_next(struct fresh_list *, struct queue_row *out);
void fresh_pass(struct fresh_list *);

/* Moves the rows that fresh_add has made to the end of the list, and leaves the buffer empty. */
void fresh_take(struct fresh_list *, struct buf *rows);

void fresh_clear(struct fresh_list *);

#endif
