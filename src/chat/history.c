/* SPDX-License-Identifier: ISC */
/*
 * history.c - one page of an escrow's messages, oldest first, and the cursor of that moment.
 */
#include "base/clock.h"
#include "base/json.h"
#include "chat/standing.h"
#include "contract/cursor.h"
#include "contract/views.h"

#define PAGE_MAX 200

/* Messages in the order in which they were read: the JSON of message i ends at text[end[i]]. */
struct page {
	struct span escrow_id;
	struct buf text;
	size_t end[PAGE_MAX + 1];
	int n, limit;
	bool has_more;
};

static bool
on_message(const struct message *m, void *arg)
{
	struct page *page = arg;

	size_t before = page->text.len;

	page->has_more = page->n == page->limit;
	if (page->has_more)
		return false;
	view_message(&page->text, m, page->escrow_id);
	page->has_more = page->n > 0 && page->text.len > HISTORY_BYTES;
	if (page->has_more) {
		page->text.len = before;
		return false;
	}
	page->end[page->n++] = page->text.len;
	return true;
}

static void
page_write(const struct page *page, bool newest_first, struct buf *out)
{
	json_open(out, '[');
	for (int k = 0; k < page->n; k++) {
		int i = newest_first ? page->n - 1 - k : k;
		size_t start = i > 0 ? page->end[i - 1] : 0;

		json_element(out);
		buf_add(out, page->text.p + start, page->end[i] - start);
	}
	json_close(out, ']');
}

static bool
on_bound(const struct message *m, void *arg)
{
	int64_t *at = arg;

	*at = m->at;
	return false;
}

/* The time (wall ms) at which a page begins, from the id of a message of this escrow or a
 * timestamp. */
static enum error
bound_find(struct store *st, int64_t escrow, struct span text, int64_t *at)
{
	int64_t id;
	uint64_t nonce;

	if (memchr(text.p, ':', text.n))
		return clock_parse_iso(text, at) ? ERROR_NONE : ERROR_BAD_REQUEST;
	if (!message_id_parse(text, &id, &nonce) ||
	    !message_find(st, escrow, id, nonce, on_bound, at))
		return ERROR_NOT_FOUND;
	return ERROR_NONE;
}

static enum error
history(struct store *st, const struct rules *rules, struct chat_history *h)
{
	struct page page = {.escrow_id = h->escrow_id, .limit = h->limit};
	struct span bound = h->after.n > 0 ? h->after : h->before;
	bool newest_first = h->after.n == 0;
	struct standing who;
	int64_t at = INT64_MAX;
	enum error err = chat_standing(st, rules, h->user, h->escrow_id, &who);

	if (err != ERROR_NONE)
		return err;
	if (h->limit < 1 || h->limit > PAGE_MAX || (h->before.n > 0 && h->after.n > 0))
		return ERROR_BAD_REQUEST;
	if (bound.n > 0)
		err = bound_find(st, who.escrow, bound, &at);
	if (err != ERROR_NONE)
		return err;
	if (who.escrow != 0 && newest_first)
		messages_before(st, who.escrow, at, h->limit + 1, on_message, &page);
	else if (who.escrow != 0)
		messages_after(st, who.escrow, at, h->limit + 1, on_message, &page);
	page_write(&page, newest_first, &h->messages);
	buf_clear(&page.text);
	h->count = page.n;
	h->has_more = page.has_more;
	cursor_now(st, h->cursor);
	return ERROR_NONE;
}

bool
chat_history(struct store *st, const struct rules *rules, struct chat_history *h)
{
	h->messages.len = 0;
	h->count = 0;
	h->has_more = false;
	h->cursor[0] = '\0';
	h->err = standing_verdict(st, history(st, rules, h));
	if (h->err == ERROR_NONE)
		return true;
	h->messages.len = 0;
	h->count = 0;
	h->has_more = false;
	h->cursor[0] = '\0';
	return false;
}
