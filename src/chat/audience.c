/* SPDX-License-Identifier: ISC */
/*
 * audience.c - the users whom a row of the log concerns.
 */
#include "chat/audience.h"

#include <inttypes.h>
#include <string.h>

#include "contract/names.h"
#include "store/memo.h"
#include "store/tables/escrows.h"
#include "store/tables/token_rows.h"

bool
audience_next(struct span *who, struct span *key)
{
	const char *end = who->n > 0 ? memchr(who->p, '\0', who->n) : NULL;

	if (end == NULL)
		return false;
	*key = (struct span){who->p, (size_t)(end - who->p)};
	*who = (struct span){end + 1, who->n - key->n - 1};
	return true;
}

/* ---- members ---- */

struct listeners {
	struct span except; /* n 0: nobody */
	int64_t position;   /* participants listed at or after it do not get the row */
	struct buf *out;
};

static bool
add_listener(const struct participant *p, void *arg)
{
	const struct listeners *l = arg;

	if (p->role != ROLE_OBSERVER && !span_is(l->except, p->wallet) &&
	    p->since_position < l->position)
		buf_add(l->out, p->wallet, strlen(p->wallet) + 1);
	return true;
}

/* ---- a message ---- */

static void
add_all_but(struct buf *out, struct span all, struct span sender)
{
	struct span key;

	buf_reserve(out, all.n);
	while (audience_next(&all, &key)) {
		if (!span_eq(key, sender))
			buf_add(out, key.p, key.n + 1);
	}
}

void
audience_of_message(struct store *st, int64_t escrow, struct span sender, struct buf *out)
{
	char bytes[1 + sizeof(escrow)] = "a";
	struct span key = {bytes, sizeof(bytes)}, all;
	struct buf read = {0};

	memcpy(bytes + 1, &escrow, sizeof(escrow));
	if (!memo_look(st, key, &all)) {
		struct listeners l = {.position = INT64_MAX, .out = &read};

		participants_each(st, escrow, add_listener, &l);
		all = buf_as_span(&read);
		memo_keep(st, key, all);
	}
	add_all_but(out, all, sender);
	buf_clear(&read);
}

/* ---- rows ---- */

static void
add_members(
    struct store *st, const struct eventlog_row *row, struct span escrow_id, struct buf *out)
{
	struct listeners l = {row->actor, row->position, out};
	struct escrow escrow;

	if (escrow_find(st, escrow_id, &escrow))
		participants_each(st, escrow.id, add_listener, &l);
}

static void
add_member(struct store *st, const struct eventlog_row *row, struct span escrow_id, struct buf *out)
{
	struct participant p;
	struct escrow escrow;

	if (span_is(row->event, "removed") || !escrow_find(st, escrow_id, &escrow) ||
	    !participant_find(st, escrow.id, row->actor, &p))
		return;
	buf_addc(out, (char)('0' + p.role));
	buf_str(out, p.name);
}

void
audience_of_row(struct store *st, const struct eventlog_row *row, struct buf *out)
{
	struct span name;

	switch (topic_parse(row->topic, &name)) {
	case TOPIC_MEMBERS:
		add_members(st, row, name, out);
		break;
	case TOPIC_MEMBERSHIP:
		add_member(st, row, name, out);
		break;
	case TOPIC_SESSIONS:
		buf_printf(out, "%" PRId64, token_rows_ended_until(st, name));
		break;
	default:
		break;
	}
}
