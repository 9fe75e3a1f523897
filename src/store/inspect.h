/* SPDX-License-Identifier: ISC */
/*
 * inspect.h - examines a database: its integrity and its figures. Changes nothing, and works while
 * a daemon runs.
 */
#ifndef STORE_INSPECT_H
#define STORE_INSPECT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct inspection {
	int64_t version, newest; /* the version of its schema, and the newest that is known here */
	char auth_class[16];     /* "open" or "closed" */
	int64_t bytes, wal_bytes;
	struct buf faults; /* a line for each fault, at most 40 */
	void (*figure)(const char *name, int64_t value, void *arg);
	void *arg;
};

/* Examines the file at path. INSPECT_FIGURES looks for no faults; INSPECT_QUICK does not compare
 * the indexes with the tables. figure is called for each figure, unless the schema is not the
 * newest. False: the file is no database of ours, or cannot be read; err holds one line. The caller
 * frees faults. */
enum inspect_depth { INSPECT_FIGURES, INSPECT_QUICK, INSPECT_WHOLE };
bool inspect(const char *path, enum inspect_depth, struct inspection *, struct buf *err);

#endif
