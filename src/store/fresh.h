/* SPDX-License-Identifier: ISC */
/*
 * fresh.h - rows of the log as the writer has just appended them, so that its own process need not
 * read them again. Not locked: a list belongs to one thread at a time.
 */
#ifndef STORE_FRESH_H
#define STORE_FRESH_H

#include <sys/queue.h>

#include "base/buf.h"
#include "store/queue.h"

struct fresh { /* the rows of one commit, in order; not those that triggers made */
	STAILQ_ENTRY(fresh) link;
	struct buf rows;
	size_t at; /* of the reader in rows */
};
STAILQ_HEAD(fresh_list, fresh);

void fresh_add(struct buf *rows, const struct queue_row *);

/* Reads the row at an offset into rows, and moves the offset behind it. False: there are no more.
 * Spans live as long as rows is unchanged. */
bool fresh_read(const struct buf *rows, size_t *at, struct queue_row *out);

/* Reads the next row of a list and leaves it there; spans live as long as the list. False: there is
 * none. fresh_pass goes on behind it. */
bool fresh_next(struct fresh_list *, struct queue_row *out);
void fresh_pass(struct fresh_list *);

/* Moves rows that fresh_add has made to the end of the list; the buffer is empty then. */
void fresh_take(struct fresh_list *, struct buf *rows);

void fresh_clear(struct fresh_list *);

#endif
