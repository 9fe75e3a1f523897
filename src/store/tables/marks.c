/* SPDX-License-Identifier: ISC */
/*
 * marks.c - which messages were read (a part of messages.h). A wallet has two marks in an escrow,
 * both values of messages.at. up_to: the wallet itself has read up to there. shown_to: the others
 * see the messages as read up to there; an observer's marks do not move it. shown_to is never ahead
 * of up_to. There are also single marks of messages after up_to or shown_to.
 */
#include "store/tables/messages.h"

#include "store/db.h"

struct marks {
	int64_t up_to, shown_to;
};

static struct query *
use_own(struct store *st, enum sql_id id, int64_t escrow, struct span wallet)
{
	struct query *q = use(st, id);

	bind_int(q, ":escrow", escrow);
	bind_text(q, ":wallet", wallet);
	return q;
}

static struct marks
marks_find(struct store *st, int64_t escrow, struct span wallet)
{
	struct query *q = use_own(st, SQL_READS_FIND, escrow, wallet);
	struct marks r = {0};

	if (step(q)) {
		r = (struct marks){column_int(q, 0), column_int(q, 1)};
		done(q);
	}
	return r;
}

void
mark_senders(struct store *st, int64_t escrow, struct span wallet, int64_t at, bool single,
    bool (*each)(struct span sender, int64_t id, uint64_t nonce, void *), void *arg)
{
	struct marks r = marks_find(st, escrow, wallet);
	struct query *q = use_own(st, SQL_UNREAD_SENDERS, escrow, wallet);

	bind_int(q, ":after", single && at > r.up_to ? at - 1 : r.up_to);
	bind_int(q, ":at", at);
	while (step(q))
		if (!each(column_text(q, 0), column_int(q, 1), (uint64_t)column_int(q, 2), arg))
			break;
	done(q);
}

/* A mark at `from` moves forward over single marks: to the newest single mark before the first
 * message of others that has none. Returns its new place. */
static int64_t
past_marks(struct store *st, int64_t escrow, struct span wallet, int64_t from, bool shown)
{
	struct query *q = use_own(st, SQL_MARK_HOLE, escrow, wallet);
	int64_t hole, newest;

	bind_int(q, ":after", from);
	bind_int(q, ":shown", shown);
	hole = single_int(q, INT64_MAX);
	q = use_own(st, SQL_MARK_NEWEST_BEFORE, escrow, wallet);
	bind_int(q, ":hole", hole);
	bind_int(q, ":shown", shown);
	newest = single_int(q, from);
	return newest > from ? newest : from;
}

static void
settle(struct store *st, int64_t escrow, struct span wallet, struct marks r)
{
	struct query *q;

	r.up_to = past_marks(st, escrow, wallet, r.up_to, false);
	r.shown_to = past_marks(st, escrow, wallet, r.shown_to, true);
	q = use_own(st, SQL_READS_PUT, escrow, wallet);
	bind_int(q, ":up_to", r.up_to);
	bind_int(q, ":shown_to", r.shown_to);
	run(q);
	q = use_own(st, SQL_MARKS_DROP, escrow, wallet);
	bind_int(q, ":up_to", r.up_to);
	bind_int(q, ":shown_to", r.shown_to);
	run(q);
}

void
mark_up_to(struct store *st, int64_t escrow, struct span wallet, int64_t at, bool shown)
{
	struct marks r = marks_find(st, escrow, wallet);

	if (at <= r.up_to && (!shown || at <= r.shown_to))
		return;
	if (at > r.up_to)
		r.up_to = at;
	if (shown && at > r.shown_to)
		r.shown_to = at;
	settle(st, escrow, wallet, r);
}

void
mark_one(struct store *st, int64_t escrow, struct span wallet, int64_t at, bool shown)
{
	struct marks r = marks_find(st, escrow, wallet);
	struct query *q;

	if (at <= r.up_to && (!shown || at <= r.shown_to))
		return;
	q = use_own(st, SQL_MARK_PUT, escrow, wallet);
	bind_int(q, ":at", at);
	bind_int(q, ":shown", shown);
	if (run(q) && sqlite3_changes(st->db) > 0)
		settle(st, escrow, wallet, r);
}
