/* SPDX-License-Identifier: ISC */
/*
 * search_routes.c - search in messages.
 */
#include "base/clock.h"
#include "chat/search.h"
#include "fcgi/routes.h"

#define SEARCH_MS 1000 /* for all steps together */

struct search_job {
	struct exchange *exchange;
	struct chat_search s;
};

static void
run_search(struct store *st, void *arg)
{
	struct search_job *j = arg;

	chat_search(st, &j->exchange->rest->rules, &j->s);
}

static bool
search_query(struct exchange *c, struct chat_search *s)
{
	if (!exchange_limit(c, &s->limit) || exchange_query(c, "q", &s->text) < 0 ||
	    exchange_query(c, "escrowId", &s->escrow_id) < 0 ||
	    exchange_query(c, "before", &s->before) < 0)
		return false;
	if (s->escrow_id.n == 0 || name_escrow(s->escrow_id))
		return true;
	exchange_refuse(c, ERROR_BAD_REQUEST, "This is no valid escrowId.");
	return false;
}

/* Searches step by step; each step is a read transaction of its own. */
static bool
search_all(struct exchange *c, struct search_job *j)
{
	int64_t until_ms = clock_mono_ms() + SEARCH_MS;

	do {
		if (!exchange_read(c, run_search, j))
			return false;
		if (j->s.err != ERROR_NONE) {
			exchange_refuse(c, j->s.err,
			    j->s.err == ERROR_BAD_REQUEST ? "q: 1 to 200 characters are accepted."
							  : NULL);
			return false;
		}
		if (clock_mono_ms() > until_ms) {
			reply_store_failure(c->reply, STORE_DEADLINE);
			return false;
		}
	} while (!j->s.is_done);
	return true;
}

void
search_get(struct exchange *c)
{
	struct search_job j = {c, {.user = &c->user}};
	struct buf *b;

	if (search_query(c, &j.s) && search_all(c, &j)) {
		b = reply_open(c->reply, 200);
		json_member_raw(b, "messages", buf_as_span(&j.s.messages));
		json_member_int(b, "count", j.s.count);
		json_member_bool(b, "hasMore", j.s.next[0] != '\0');
		if (j.s.next[0] != '\0')
			json_member_cstr(b, "next", j.s.next);
		reply_close(c->reply);
	}
	chat_search_clear(&j.s);
}
