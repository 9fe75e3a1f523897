/* SPDX-License-Identifier: ISC */
/*
 * recent.c - two pieces of memory: when the newer one is full, the older one is emptied and becomes
 * the newer.
 */
#include "hub/replay/recent.h"

#include <stdlib.h>

#include "base/mem.h"
#include "store/packed.h"

#define HALF_BYTES (256 * 1024)

struct half {
	struct buf rows;
	int64_t last; /* position of its last row */
};

struct recent {
	struct half older, newer;
	int64_t floor;
};

struct recent *
recent_new(int64_t position)
{
	struct recent *r = mem_zalloc(sizeof(*r));

	r->floor = r->older.last = r->newer.last = position;
	return r;
}

void
recent_free(struct recent *r)
{
	if (r == NULL)
		return;
	buf_clear(&r->older.rows);
	buf_clear(&r->newer.rows);
	free(r);
}

static void
turn_over(struct recent *r)
{
	struct half emptied = r->older;

	r->floor = r->older.last;
	emptied.rows.len = 0;
	emptied.last = r->newer.last;
	r->older = r->newer;
	r->newer = emptied;
}

void
recent_add(struct recent *r, const struct eventlog_row *row)
{
	if (r->newer.rows.len >= HALF_BYTES)
		turn_over(r);
	packed_add(&r->newer.rows, row);
	r->newer.last = row->position;
}

int64_t
recent_oldest(const struct recent *r)
{
	return r->floor;
}

/* False: a callback asked to stop. */
static bool
half_each(const struct half *h, int64_t after, eventlog_each *each, void *arg)
{
	struct eventlog_row row;

	if (h->last <= after)
		return true;
	for (size_t at = 0; packed_read(&h->rows, &at, &row);) {
		if (row.position > after && !each(&row, arg))
			return false;
	}
	return true;
}

void
recent_each(const struct recent *r, int64_t after, eventlog_each *each, void *arg)
{
	if (half_each(&r->older, after, each, arg))
		half_each(&r->newer, after, each, arg);
}
