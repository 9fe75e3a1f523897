/* SPDX-License-Identifier: ISC */
/*
 * inspect.h - a look at a database from outside: whether it is whole, and its figures. Nothing is changed, a daemon may run.
 */
#ifndef STORE_INSPECT_H
#define STORE_INSPECT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct inspection {
	int64_t version, newest; /* its schema, and the newest one known here */
	char auth_class[16];     /* "open" or "closed" */
	int64_t bytes, log_file_bytes;
	struct buf faults; /* a line for each thing that is wrong, at most 40 */
	void (*figure)(const char *name, int64_t value, void *arg);
	void *arg;
};

/* Looks at the file at path; quick leaves out the comparison of indexes with tables; with skip_check nothing is looked for that could be
 * wrong. figure is called for each figure, unless the schema is not the newest. False: it is no database of ours, or cannot be read; err
 * holds one line. The caller frees faults. */
enum inspect_depth { INSPECT_FIGURES, INSPECT_QUICK, INSPECT_WHOLE };
bool inspect(const char *path, enum inspect_depth, struct inspection *, struct buf *err);

#endif
