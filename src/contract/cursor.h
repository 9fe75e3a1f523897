/* SPDX-License-Identifier: ISC */
/*
 * cursor.h - cursors: the opaque string (incarnation, position) that clients keep.
 */
#ifndef CONTRACT_CURSOR_H
#define CONTRACT_CURSOR_H

#include "base/span.h"
#include "store/store.h"

#define CURSOR_SIZE 64

/* Writes "INCARNATION-POSITION"; returns out. */
const char *cursor_format(char out[CURSOR_SIZE], const char *incarnation, int64_t position);

enum cursor_state {
	CURSOR_GOOD,
	/* Well-formed, but of another log, or from before a restored backup, or ahead of the log:
	 * answer with a gap. */
	CURSOR_LOST,
	CURSOR_BAD /* no cursor: answer with bad_request and CURSOR_BAD_TEXT */
};
#define CURSOR_BAD_TEXT   "cursor: a string that this server gave is accepted"
#define CURSOR_SPENT_TEXT "cursor: too much was replayed lately" /* with rate_limited */

/* Inside a read transaction. */
enum cursor_state cursor_resolve(struct store *, struct span text, int64_t *position);

/* The current incarnation and the log's newest position as a cursor; returns out. Inside a
 * transaction. */
const char *cursor_now(struct store *, char out[CURSOR_SIZE]);

#endif
