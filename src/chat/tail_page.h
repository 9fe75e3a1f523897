/* SPDX-License-Identifier: ISC */
/*
 * tail_page.h - a page of the log for the daemon's tail: read, checked and complete, so that the
 * rest needs no store.
 */
#ifndef CHAT_TAIL_PAGE_H
#define CHAT_TAIL_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "store/store.h"

#define TAIL_PAGE_ROWS  512
#define TAIL_PAGE_BYTES 1048576 /* a page ends with the row that reaches it */

struct tail_page {
	int64_t after; /* a position */
	int limit;     /* rows, 1 to TAIL_PAGE_ROWS */
	/* results */
	struct buf rows; /* read them with packed_read; the caller owns the buffer */
	int n;
	bool is_cut;  /* it ended at a limit: there may be more rows */
	int64_t last; /* the position of the last row; `after` if there is none */
};

/* Reads the rows that follow a position; inside a transaction. Each row has its checked data
 * (row_data) and its `who` (audience_of_row). Rows that only the daemon acts upon (membership:,
 * session:, sessions:) have no data. An invalid row has event.n == 0, and data and who are empty.
 * After an error of the store the rows so far are complete, and is_cut is set. */
void tail_page_read(struct store *, struct tail_page *);

#endif
