/* SPDX-License-Identifier: ISC */
/*
 * unread.c - the number of unread messages (a part of messages.h), and the running counts that
 * make it cheap to find where many are unread.
 */
#include "store/tables/messages.h"

#include <stdlib.h>

#include "base/mem.h"
#include "store/db.h"

/* ---- counting ---- */

struct count {
	char sender[STORE_NAME_SIZE];
	int64_t n;
};

struct counts {
	struct count *of;
	size_t n, room;
};

/* A linear search: there are few senders between two tallies. */
static void
count_one(struct counts *c, struct span sender)
{
	struct count *of = c->of;

	while (of < c->of + c->n && !span_is(sender, of->sender))
		of++;
	if (of == c->of + c->n) {
		if (c->n == c->room) {
			c->room += 8;
			c->of = mem_realloc(c->of, c->room, sizeof(*c->of));
		}
		of = &c->of[c->n++];
		*of = (struct count){0};
		memcpy(of->sender, sender.p,
		    sender.n < STORE_NAME_SIZE ? sender.n : STORE_NAME_SIZE - 1);
	}
	of->n++;
}

static void
put(struct store *st, int64_t escrow, struct span sender, int64_t at, int64_t more)
{
	struct query *q = use(st, SQL_TALLY_PUT);

	bind_int(q, ":escrow", escrow);
	bind_text(q, ":sender", sender);
	bind_int(q, ":at", at);
	bind_int(q, ":more", more);
	run(q);
}

void
message_tally(struct store *st, int64_t escrow, int64_t at)
{
	struct query *q = use(st, SQL_TALLY_SINCE);
	struct counts c = {0};
	int64_t all = 0;

	bind_int(q, ":escrow", escrow);
	bind_int(q, ":at", at);
	while (step(q)) {
		count_one(&c, column_text(q, 0));
		all++;
	}
	put(st, escrow, SPAN(""), at, all);
	for (size_t i = 0; i < c.n; i++)
		put(st, escrow, span_of(c.of[i].sender), at, c.of[i].n);
	free(c.of);
}

/* ---- reading ---- */

static struct query *
use_unread(struct store *st, struct span wallet, int64_t from, int64_t to)
{
	struct query *q = use(st, SQL_UNREAD);

	bind_text(q, ":wallet", wallet);
	bind_int(q, ":from", from);
	bind_int(q, ":to", to);
	return q;
}

int64_t
unread_count(struct store *st, int64_t escrow, struct span wallet)
{
	return single_int(use_unread(st, wallet, escrow, escrow), 0);
}

void
unread_each(struct store *st, struct span wallet, unread_escrow_each *each, void *arg)
{
	struct query *q = use_unread(st, wallet, 0, INT64_MAX);

	while (step(q)) {
		struct unread_escrow u = {column_int(q, 0), column_int(q, 1), column_text(q, 2)};

		if (!each(&u, arg))
			break;
	}
	done(q);
}
