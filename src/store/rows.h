/* SPDX-License-Identifier: ISC */
/*
 * rows.h - for queue.c and merge.c: reads a row of the log.
 */
#ifndef STORE_ROWS_H
#define STORE_ROWS_H

#include "store/db.h"
#include "store/queue.h"

/* The columns are those of log_rows. Spans are valid until the next step. If the row is a message,
 * *message is filled and out->message points to it. */
void queue_row_read(const struct query *, struct queue_row *out, struct message *message);

#endif
