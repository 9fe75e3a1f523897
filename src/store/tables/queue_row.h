/* SPDX-License-Identifier: ISC */
/*
 * queue_row.h - for queue.c and queue_merge.c: reads a row of the log.
 */
#ifndef STORE_QUEUE_ROW_H
#define STORE_QUEUE_ROW_H

#include "store/db.h"
#include "store/tables/queue.h"

/* The columns are those of log_rows. Spans are valid until the next step. If the row is a message,
 * *message is filled and out->message points to it. */
void queue_row_read(const struct query *, struct queue_row *out, struct message *message);

#endif
