/* SPDX-License-Identifier: ISC */
/*
 * eventlog_row.h - for eventlog.c and eventlog_merge.c: reads a row of the log.
 */
#ifndef STORE_EVENTLOG_ROW_H
#define STORE_EVENTLOG_ROW_H

#include "store/db.h"
#include "store/tables/eventlog.h"

/* The columns are those of log_rows. Spans are valid until the next step. If the row is a message,
 * *message is filled and out->message points to it. */
void eventlog_row_read(const struct query *, struct eventlog_row *out, struct message *message);

#endif
