/* SPDX-License-Identifier: ISC */
/*
 * rows.h - inside the store floor: how a row of the log is read, and which position the next one gets.
 */
#ifndef STORE_ROWS_H
#define STORE_ROWS_H

#include "store/db.h"
#include "store/queue.h"

/* Columns: those of log_rows. Spans live until the next step; *message is what out->message points to, where it does. */
void queue_row_read(const struct query *, struct queue_row *out, struct message *message);

/* The position that the row appended next has: of a message, or of a row whose id that sets the sequence. */
int64_t position_take(struct store *);

#endif
