/* SPDX-License-Identifier: ISC */
/*
 * row.h - rows of the log as the daemon hands them out: checked again, whoever wrote them.
 */
#ifndef CHAT_ROW_H
#define CHAT_ROW_H

#include "base/buf.h"
#include "store/queue.h"

/* Appends the row's data, written anew where it is not our own. False: event or data is not valid,
 * and out may hold a part. On any thread. */
bool row_data(const struct queue_row *, struct buf *out);

#endif
