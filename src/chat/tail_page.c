/* SPDX-License-Identifier: ISC */
/*
 * tail_page.c - a page of the log for the daemon's tail.
 */
#include "chat/tail_page.h"

#include "chat/audience.h"
#include "contract/names.h"
#include "contract/row.h"
#include "store/packed.h"

struct reading {
	struct store *st;
	struct tail_page *page;
	struct buf data, who; /* of the current row */
};

/* The daemon acts upon the row and shows it to nobody. */
static bool
is_for_the_daemon(enum topic_kind kind)
{
	return kind == TOPIC_MEMBERSHIP || kind == TOPIC_SESSION || kind == TOPIC_SESSIONS;
}

static bool
is_valid(struct reading *r, const struct eventlog_row *row)
{
	struct span name;
	enum topic_kind kind = topic_parse(row->topic, &name);

	return is_for_the_daemon(kind) ||
	       (kind != TOPIC_WRONG && row->event.n > 0 && row_data(row, &r->data));
}

static bool
add_row(const struct eventlog_row *row, void *arg)
{
	struct reading *r = arg;
	struct tail_page *page = r->page;
	struct eventlog_row whole = {.position = row->position,
	    .at = row->at,
	    .topic = row->topic,
	    .actor = row->actor,
	    .durable = row->durable};

	r->data.len = r->who.len = 0;
	if (is_valid(r, row)) {
		audience_of_row(r->st, row, &r->who);
		whole.event = row->event;
		whole.data = buf_as_span(&r->data);
		whole.who = buf_as_span(&r->who);
	}
	if (store_error(r->st) != STORE_OK)
		return false;
	packed_add(&page->rows, &whole);
	page->last = row->position;
	page->n++;
	page->is_cut = page->n >= page->limit || page->rows.len >= TAIL_PAGE_BYTES;
	return !page->is_cut;
}

void
tail_page_read(struct store *st, struct tail_page *page)
{
	struct reading r = {.st = st, .page = page};

	page->rows.len = 0;
	page->n = 0;
	page->is_cut = false;
	page->last = page->after;
	eventlog_after(st, page->after, page->limit, add_row, &r);
	if (store_error(st) != STORE_OK)
		page->is_cut = true;
	buf_clear(&r.data);
	buf_clear(&r.who);
}
