/* SPDX-License-Identifier: ISC */
/*
 * row.h - the data of a row of the log, checked before the daemon hands it out: other programs
 * write rows too.
 */
#ifndef CONTRACT_ROW_H
#define CONTRACT_ROW_H

#include "base/buf.h"
#include "store/tables/eventlog.h"

/* Appends the row's data as JSON; data of the platform is parsed and written again. False: event or
 * data is not valid, and out may hold a part. On any thread. */
bool row_data(const struct eventlog_row *, struct buf *out);

#endif
