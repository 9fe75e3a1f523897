/* SPDX-License-Identifier: ISC */
/*
 * escrow_routes.c - escrows: the platform writes them, and participants read them.
 */
#include "base/clock.h"
#include "fcgi/routes.h"

/* ---- one ---- */

static bool
run_put(struct store *st, void *arg)
{
	return chat_escrow_put(st, arg);
}

void
escrow_put(struct exchange *c)
{
	struct chat_escrow_put p = {.escrow_id = c->param, .now_ms = clock_wall_ms()};

	p.participants = json_get(c->request->json, "participants");
	if (exchange_string(c, "title", &p.title) < 0 ||
	    exchange_string(c, "status", &p.status) < 0)
		return;
	if (exchange_write(c, run_put, &p)) {
		if (p.err != ERROR_NONE) {
			exchange_refuse(c, p.err, p.why);
		} else {
			json_member_raw(reply_open(c->reply, p.created ? 201 : 200), "escrow",
			    buf_as_span(&p.escrow));
			reply_close(c->reply);
		}
	}
	buf_clear(&p.escrow);
}

struct get_job {
	struct exchange *exchange;
	struct buf escrow;
	enum error err;
};

static void
run_get(struct store *st, void *arg)
{
	struct get_job *j = arg;
	struct exchange *c = j->exchange;

	j->escrow.len = 0;
	j->err = c->is_service
		     ? chat_escrow_view(st, c->param, &j->escrow)
		     : chat_escrow_seen(st, &c->rest->rules, &c->user, c->param, &j->escrow);
}

void
escrow_get(struct exchange *c)
{
	struct get_job j = {.exchange = c};

	if (!exchange_escrow(c))
		return;
	if (exchange_read(c, run_get, &j)) {
		if (j.err != ERROR_NONE) {
			exchange_refuse(c, j.err, NULL);
		} else {
			json_member_raw(
			    reply_open(c->reply, 200), "escrow", buf_as_span(&j.escrow));
			reply_close(c->reply);
			reply_etag(c->reply, c->request->if_none_match);
		}
	}
	buf_clear(&j.escrow);
}

/* ---- all of a user ---- */

static void
run_list(struct store *st, void *arg)
{
	chat_escrows(st, arg);
}

void
escrows_get(struct exchange *c)
{
	struct chat_escrows l = {.user = &c->user};
	struct buf *b;

	if (!exchange_limit(c, &l.limit) || exchange_query(c, "before", &l.before) < 0)
		return;
	if (!exchange_read(c, run_list, &l))
		goto out;
	if (l.err != ERROR_NONE) {
		exchange_refuse(c, l.err, "before: the next of an earlier page is accepted.");
		goto out;
	}
	b = reply_open(c->reply, 200);
	json_member_raw(b, "escrows", buf_as_span(&l.escrows));
	json_member_int(b, "count", l.count);
	json_member_bool(b, "hasMore", l.next[0] != '\0');
	if (l.next[0] != '\0')
		json_member_cstr(b, "next", l.next);
	reply_close(c->reply);
	reply_etag(c->reply, c->request->if_none_match);
out:
	buf_clear(&l.escrows);
}
