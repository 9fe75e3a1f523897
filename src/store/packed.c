/* SPDX-License-Identifier: ISC */
/*
 * packed.c - rows of the log, packed into a buffer. Each row is a head of fixed size, followed by
 * its texts.
 */
#include "store/packed.h"

#include <stdlib.h>

#include "base/mem.h"

#define FIRST_BYTES 8192 /* about ten messages: most commits need no more */

struct head {
	int64_t position, at;
	size_t topic_n, event_n, data_n, actor_n, who_n;
	bool durable;
};

static size_t
row_size(const struct head *h)
{
	return sizeof(*h) + h->topic_n + h->event_n + h->data_n + h->actor_n + h->who_n;
}

void
packed_add(struct buf *rows, const struct eventlog_row *row)
{
	struct head h = {.position = row->position,
	    .at = row->at,
	    .topic_n = row->topic.n,
	    .event_n = row->event.n,
	    .data_n = row->data.n,
	    .actor_n = row->actor.n,
	    .who_n = row->who.n,
	    .durable = row->durable};

	if (rows->cap == 0)
		buf_reserve(rows, FIRST_BYTES);
	buf_reserve(rows, row_size(&h));
	buf_add(rows, &h, sizeof(h));
	buf_span(rows, row->topic);
	buf_span(rows, row->event);
	buf_span(rows, row->data);
	buf_span(rows, row->actor);
	buf_span(rows, row->who);
}

static struct span
take(const char **p, size_t n)
{
	struct span taken = {*p, n};

	*p += n;
	return taken;
}

/* Frees the commits at the front whose rows were all read. Returns the first of the rest, or
 * NULL. */
static struct packed *
first(struct packed_list *list)
{
	struct packed *f;

	while ((f = STAILQ_FIRST(list)) != NULL && f->at == f->rows.len) {
		STAILQ_REMOVE_HEAD(list, link);
		buf_clear(&f->rows);
		free(f);
	}
	return f;
}

/* Reads the row that begins at p into *out, and returns its head. */
static struct head
read_row(const char *p, struct eventlog_row *out)
{
	struct head h;

	memcpy(&h, p, sizeof(h));
	p += sizeof(h);
	*out = (struct eventlog_row){.position = h.position, .at = h.at, .durable = h.durable};
	out->topic = take(&p, h.topic_n);
	out->event = take(&p, h.event_n);
	out->data = take(&p, h.data_n);
	out->actor = take(&p, h.actor_n);
	out->who = take(&p, h.who_n);
	return h;
}

bool
packed_read(const struct buf *rows, size_t *at, struct eventlog_row *out)
{
	struct head h;

	if (*at >= rows->len)
		return false;
	h = read_row(rows->p + *at, out);
	*at += row_size(&h);
	return true;
}

bool
packed_next(struct packed_list *list, struct eventlog_row *out)
{
	const struct packed *f = first(list);

	if (f == NULL)
		return false;
	read_row(f->rows.p + f->at, out);
	return true;
}

void
packed_pass(struct packed_list *list)
{
	struct packed *f = STAILQ_FIRST(list);
	struct head h;

	memcpy(&h, f->rows.p + f->at, sizeof(h));
	f->at += row_size(&h);
}

void
packed_take(struct packed_list *list, struct buf *rows)
{
	struct packed *f;

	if (rows->len == 0)
		return;
	f = mem_zalloc(sizeof(*f));
	f->rows = *rows;
	*rows = (struct buf){0};
	STAILQ_INSERT_TAIL(list, f, link);
}

void
packed_clear(struct packed_list *list)
{
	struct packed *f;

	STAILQ_FOREACH (f, list, link)
		f->at = f->rows.len;
	first(list);
}
