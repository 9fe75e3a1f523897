/* SPDX-License-Identifier: ISC */
/*
 * overview.c - escrows as they are shown: one to the platform, one or all of their own to a user,
 * with their role, the last message and the number of unread ones.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/json.h"
#include "chat/standing.h"
#include "contract/views.h"

#define PAGE_MAX   200
#define PAGE_BYTES (1 << 20) /* a page ends here, since escrows can have many participants */

/* ---- one escrow ---- */

static bool
on_last_message(const struct message *m, void *arg)
{
	struct buf *out = arg;

	json_name(out, "lastMessage");
	view_message_brief(out, m);
	return false;
}

/* Writes the member lastMessage if there is a message. */
static void
write_last_message(struct store *st, int64_t escrow, struct buf *out)
{
	messages_before(st, escrow, INT64_MAX, 1, on_last_message, out);
}

/* Writes the escrow as a user with that standing sees it; who NULL: as the platform sees it. */
static void
write_escrow(struct store *st, struct span escrow_id, const struct escrow *e,
    const struct user *user, const struct standing *who, struct buf *out)
{
	json_open(out, '{');
	json_member_string(out, "escrowId", escrow_id);
	json_member_cstr(out, "title", e->title);
	if (e->status[0] != '\0')
		json_member_cstr(out, "status", e->status);
	if (who && who->role != ROLE_NONE)
		json_member_cstr(out, "role", role_name(who->role));
	json_name(out, "participants");
	json_open(out, '[');
	participants_each(st, e->id, view_participant, out);
	json_close(out, ']');
	if (who) {
		write_last_message(st, e->id, out);
		json_member_int(out, "unread", chat_unread(st, user, who));
	}
	json_member_time(out, "createdAt", e->created_at);
	json_member_time(out, "updatedAt", e->updated_at);
	json_close(out, '}');
}

/* Drops the text again if a statement failed. */
static enum error
verdict(struct store *st, struct buf *out, size_t start)
{
	enum error err = standing_verdict(st, ERROR_NONE);

	if (err != ERROR_NONE)
		out->len = start;
	return err;
}

enum error
chat_escrow_view(struct store *st, struct span escrow_id, struct buf *out)
{
	struct escrow e;
	size_t start = out->len;

	if (!escrow_find(st, escrow_id, &e))
		return standing_verdict(st, ERROR_NOT_FOUND);
	write_escrow(st, escrow_id, &e, NULL, NULL, out);
	return verdict(st, out, start);
}

enum error
chat_escrow_seen(struct store *st, const struct rules *rules, const struct user *user,
    struct span escrow_id, struct buf *out)
{
	struct standing who;
	struct escrow e;
	size_t start = out->len;
	enum error err = standing_find(st, rules, user, escrow_id, &who, &e);

	if (err != ERROR_NONE)
		return err;
	if (e.id == 0)
		return ERROR_NOT_FOUND;
	write_escrow(st, escrow_id, &e, user, &who, out);
	return verdict(st, out, start);
}

/* ---- all escrows of a user ---- */

struct page {
	struct store *st;
	struct chat_escrows *list;
	bool has_more;
};

static bool
on_listed(const struct participation *p, void *arg)
{
	struct page *page = arg;
	struct chat_escrows *l = page->list;
	struct standing who = standing_of(&p->participant, p->escrow.id);

	if (l->count == l->limit || l->escrows.len >= PAGE_BYTES) {
		page->has_more = true;
		return false;
	}
	json_element(&l->escrows);
	write_escrow(page->st, p->escrow_id, &p->escrow, l->user, &who, &l->escrows);
	l->count++;
	snprintf(l->next, sizeof(l->next), "%" PRId64 "-%.*s", p->activity, (int)p->escrow_id.n,
	    p->escrow_id.p);
	return store_error(page->st) == STORE_OK;
}

/* The mark of a page: ACTIVITY-ESCROWID of its last escrow. */
static bool
mark_read(struct span mark, int64_t *activity, struct span *escrow_id)
{
	unsigned long long at;

	*activity = INT64_MAX;
	*escrow_id = (struct span){"", 0};
	if (mark.n == 0)
		return true;
	if (!span_u64(span_cut(&mark, '-'), INT64_MAX, &at) || !mark.p || !name_escrow(mark))
		return false;
	*activity = (int64_t)at;
	*escrow_id = mark;
	return true;
}

static enum error
list_escrows(struct store *st, struct chat_escrows *l)
{
	struct page page = {.st = st, .list = l};
	struct span escrow_id;
	int64_t activity;

	if (l->limit < 1 || l->limit > PAGE_MAX || !mark_read(l->before, &activity, &escrow_id))
		return ERROR_BAD_REQUEST;
	json_open(&l->escrows, '[');
	participations_by_activity(
	    st, span_of(l->user->key), activity, escrow_id, l->limit + 1, on_listed, &page);
	json_close(&l->escrows, ']');
	if (!page.has_more)
		l->next[0] = '\0';
	return ERROR_NONE;
}

bool
chat_escrows(struct store *st, struct chat_escrows *l)
{
	l->escrows.len = 0;
	l->count = 0;
	l->next[0] = '\0';
	l->err = standing_verdict(st, list_escrows(st, l));
	if (l->err == ERROR_NONE)
		return true;
	l->escrows.len = 0;
	l->count = 0;
	l->next[0] = '\0';
	return false;
}

/* ---- unread messages ---- */

struct unread {
	struct store *st;
	struct buf *out;
	int64_t sum;
	int shown;
};

static bool
on_unread(const struct unread_escrow *of, void *arg)
{
	struct unread *u = arg;

	u->sum += of->count;
	if (u->shown == PAGE_MAX)
		return true;
	u->shown++;
	json_element(u->out);
	json_open(u->out, '{');
	json_member_string(u->out, "escrowId", of->escrow_id);
	json_member_int(u->out, "count", of->count);
	write_last_message(u->st, of->escrow, u->out);
	json_close(u->out, '}');
	return store_error(u->st) == STORE_OK;
}

int64_t
chat_unread_escrows(struct store *st, const struct user *user, struct buf *out)
{
	struct unread u = {.st = st, .out = out};

	json_open(out, '[');
	unread_each(st, span_of(user->key), on_unread, &u);
	json_close(out, ']');
	return u.sum;
}
