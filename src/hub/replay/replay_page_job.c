/* SPDX-License-Identifier: ISC */
/*
 * replay_page_job.c - runs on the reader's thread: reads pages of the log for sessions that are
 * behind.
 */
#include "hub/replay/replay_page_job.h"

#include "contract/row.h"
#include "store/packed.h"

#define PAGE_ROWS  128
#define PAGE_BYTES (256 * 1024)

static bool
has_gap(const struct replay_page *p)
{
	for (int i = 0; i < p->n; i++) {
		if (p->sources[i].state == FEED_GAP)
			return true;
	}
	return false;
}

static bool
take_row(const struct eventlog_row *row, void *arg)
{
	struct replay_page *p = arg;
	struct eventlog_row whole = *row;
	struct buf data = {0};

	if (row_data(row, &data)) { /* else it was passed over by the tail too */
		whole.data = buf_as_span(&data);
		whole.message = NULL;
		packed_add(&p->rows, &whole);
	}
	buf_clear(&data);
	return p->rows.len < PAGE_BYTES;
}

void
replay_page_run(struct store *st, struct read_job *job)
{
	struct replay_page *p = (struct replay_page *)job;

	p->rows.len = 0;
	p->whole = feed_page(st, &p->job.hub->options.rules, &p->user, p->sources, p->n, p->until,
	    PAGE_ROWS, take_row, p);
	p->has_gap = has_gap(p);
	if (p->has_gap)
		p->oldest = eventlog_oldest(st);
}
