/* SPDX-License-Identifier: ISC */
/*
 * rows.h - inside the store floor: how a row of the log is read, for queue.c and merge.c.
 */
#ifndef STORE_ROWS_H
#define STORE_ROWS_H

#include "store/db.h"
#include "store/queue.h"

/* Columns: those of log_rows. Spans live until the next step; *message is what out->message points to, where it does. */
void queue_row_read(const struct query *, struct queue_row *out, struct message *message);

#endif
