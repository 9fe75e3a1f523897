/* SPDX-License-Identifier: ISC */
/*
 * tail_job.c - runs on the reader's thread: reads pages of the log for the tail.
 */
#include "hub/replay/tail_job.h"

void
tail_run_page(struct store *st, struct read_job *job)
{
	struct tail_read *l = (struct tail_read *)job;
	bool has_changed = store_changed(st);

	l->page.n = 0;
	l->page.is_cut = false;
	if (l->is_certain || has_changed)
		tail_page_read(st, &l->page);
	l->begun = jobs_begun(l->job.hub->jobs);
}
