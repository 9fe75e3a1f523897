/* SPDX-License-Identifier: ISC */
/*
 * store_rows.h - for the tests of the database as a whole: a few rows of the log, and the sizes of
 * its files.
 */
#ifndef STORE_ROWS_H
#define STORE_ROWS_H

#include <sys/stat.h>

#include "store/tables/eventlog.h"
#include "unit/tmp_store.h"

/* The size of the database with this suffix of its path ("-wal"); -1: there is no such file. */
static inline off_t
size_of(const struct tmp *t, const char *suffix)
{
	char path[128];
	struct stat sb;

	snprintf(path, sizeof(path), "%s%s", t->path, suffix);
	return stat(path, &sb) == 0 ? sb.st_size : -1;
}

/* Appends a durable row to a topic. Returns its position, or 0 on an error. */
static inline int64_t
append(struct store *st, const char *topic)
{
	return eventlog_append(
	    st, span_of(topic), SPAN("escrow:update"), SPAN("{}"), SPAN(""), true, 1000);
}

/* Appends a row in a transaction of its own; arg gets its position. */
static inline bool
append_one(struct store *st, void *arg)
{
	*(int64_t *)arg = append(st, "escrow_1");
	return true;
}

/* Appends *arg rows of 60,000 bytes each. */
static inline bool
append_much(struct store *st, void *arg)
{
	static char data[60000];

	memset(data, ' ', sizeof(data));
	for (int i = 0; i < *(int *)arg; i++)
		eventlog_append(st, SPAN("escrow_1"), SPAN("a"), (struct span){data, sizeof(data)},
		    SPAN(""), true, 1);
	return true;
}

#endif
