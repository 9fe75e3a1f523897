/* SPDX-License-Identifier: ISC */
/*
 * chat_routes.c - the routes of users: history, sending, marking as read, unread counts. Each
 * handler runs one transaction by the rules of chat/ and writes the JSON around its result.
 */
#include "base/clock.h"
#include "fcgi/routes.h"

/* ---- history ---- */

struct history_job {
	struct exchange *exchange;
	struct chat_history h;
};

static void
run_history(struct store *st, void *arg)
{
	struct history_job *j = arg;

	chat_history(st, &j->exchange->rest->rules, &j->h);
}

static bool
history_query(struct exchange *c, struct chat_history *h)
{
	if (!exchange_limit(c, &h->limit) || exchange_query(c, "before", &h->before) < 0 ||
	    exchange_query(c, "after", &h->after) < 0)
		return false;
	if (h->before.n > 0 && h->after.n > 0) {
		exchange_refuse(c, ERROR_BAD_REQUEST, "before and after cannot be given together.");
		return false;
	}
	return true;
}

/* The id of the first or last message of the page. Quotes in JSON strings are escaped, so the
 * opening cannot occur in a string. */
static struct span
id_in_page(struct span page, bool last)
{
	static const char opening[] = "{\"id\":\"";
	const size_t n = sizeof(opening) - 1;
	struct span rest;

	for (size_t i = 0; i + n <= page.n; i++) {
		size_t at = last ? page.n - n - i : i;

		if (memcmp(page.p + at, opening, n) != 0)
			continue;
		rest = (struct span){page.p + at + n, page.n - at - n};
		return span_cut(&rest, '"');
	}
	return (struct span){"", 0};
}

static void
link_add(struct buf *link, const struct exchange *c, const struct chat_history *h, bool older)
{
	const char *prefix = c->rest->config->url_prefix;
	struct span id = id_in_page(buf_as_span(&h->messages), !older);

	buf_printf(link, "%s<%s", link->len > 0 ? ", " : "", prefix ? prefix : "");
	buf_span(link, c->request->path);
	buf_printf(link, "?limit=%d&%s=", h->limit, older ? "before" : "after");
	buf_span(link, id);
	buf_printf(link, ">; rel=\"%s\"", older ? "prev" : "next");
}

/* Adds the field Link (RFC 8288): prev is older, next is newer. The bound of a
 * request (before or after) is itself a message, so the page on its side is not empty. Without a
 * bound, the page is the newest, and has no next. */
static void
history_links(struct exchange *c, const struct chat_history *h)
{
	bool forward = h->after.n > 0;
	struct buf link = {0};

	if (h->count == 0)
		return;
	if (forward || h->has_more)
		link_add(&link, c, h, true);
	if (forward ? h->has_more : h->before.n > 0)
		link_add(&link, c, h, false);
	if (link.len > 0)
		reply_header(c->reply, "Link", buf_as_span(&link));
	buf_clear(&link);
}

void
chat_get_history(struct exchange *c)
{
	struct history_job j = {c, {.user = &c->user, .escrow_id = c->param}};
	struct buf *b;

	if (!exchange_escrow(c) || !history_query(c, &j.h))
		return;
	if (!exchange_read(c, run_history, &j))
		goto out;
	if (j.h.err != ERROR_NONE) {
		exchange_refuse(c, j.h.err, NULL);
		goto out;
	}
	b = reply_open(c->reply, 200);
	json_member_raw(b, "messages", buf_as_span(&j.h.messages));
	json_member_int(b, "count", j.h.count);
	json_member_cstr(b, "cursor", j.h.cursor);
	json_member_bool(b, "hasMore", j.h.has_more);
	reply_close(c->reply);
	history_links(c, &j.h);
	reply_etag(c->reply, c->request->if_none_match);
out:
	buf_clear(&j.h.messages);
}

/* ---- sending ---- */

struct send_job {
	struct exchange *exchange;
	struct chat_send s;
};

static bool
run_send(struct store *st, void *arg)
{
	struct send_job *j = arg;

	return chat_send(st, &j->exchange->rest->rules, &j->s);
}

/* The header Idempotency-Key and the body's clientMsgId mean the same. */
static bool
send_body(struct exchange *c, struct chat_send *s)
{
	struct span key = c->request->idempotency_key;
	int has_content = exchange_string(c, "content", &s->content);
	int has_id = has_content < 0 ? -1 : exchange_string(c, "clientMsgId", &s->client_msg_id);

	if (has_id < 0)
		return false;
	if (!has_content) {
		exchange_refuse(c, ERROR_BAD_REQUEST, "content: a string is required.");
		return false;
	}
	if (has_id && key.n > 0 && !span_eq(key, s->client_msg_id)) {
		exchange_refuse(c, ERROR_BAD_REQUEST, "Idempotency-Key and clientMsgId differ.");
		return false;
	}
	if (!has_id)
		s->client_msg_id = key;
	if ((has_id || key.n > 0) && !name_client_id(s->client_msg_id)) {
		exchange_refuse(
		    c, ERROR_BAD_REQUEST, "clientMsgId: 1 to 64 of A-Z a-z 0-9 _ - are accepted.");
		return false;
	}
	return true;
}

void
chat_post_send(struct exchange *c)
{
	struct send_job j = {c, {.user = &c->user, .escrow_id = c->param}};

	if (!exchange_escrow(c) || !send_body(c, &j.s))
		return;
	j.s.now_ms = clock_wall_ms();
	j.s.mono_us = clock_mono_us();
	if (!exchange_write(c, run_send, &j))
		goto out;
	if (j.s.err != ERROR_NONE) {
		c->reply->retry_after_s = (int)((j.s.retry_ms + 999) / 1000);
		exchange_refuse(c, j.s.err, NULL);
		goto out;
	}
	json_member_raw(
	    reply_open(c->reply, j.s.repeated ? 200 : 201), "message", buf_as_span(&j.s.message));
	reply_close(c->reply);
out:
	buf_clear(&j.s.message);
}

/* ---- reading ---- */

struct mark_job {
	struct exchange *exchange;
	struct chat_mark m;
};

static bool
run_mark(struct store *st, void *arg)
{
	struct mark_job *j = arg;

	return chat_mark(st, &j->exchange->rest->rules, &j->m);
}

static bool
mark(struct exchange *c, struct mark_job *j)
{
	j->m.now_ms = clock_wall_ms();
	if (!exchange_write(c, run_mark, j))
		return false;
	if (j->m.err != ERROR_NONE)
		exchange_refuse(c, j->m.err,
		    j->m.err == ERROR_BAD_REQUEST ? "You cannot mark your own message as read."
						  : NULL);
	return j->m.err == ERROR_NONE;
}

void
chat_put_read(struct exchange *c)
{
	struct mark_job j = {c, {.user = &c->user, .message_id = c->param, .refuse_own = true}};
	struct buf *b;

	if (!mark(c, &j))
		return;
	b = reply_open(c->reply, 200);
	json_name(b, "message");
	json_open(b, '{');
	json_member_string(b, "id", c->param);
	json_member_bool(b, "read", j.m.read);
	json_close(b, '}');
	reply_close(c->reply);
}

void
chat_put_read_up_to(struct exchange *c)
{
	struct mark_job j = {c, {.user = &c->user, .escrow_id = c->param, .up_to = true}};
	int has_id = exchange_string(c, "messageId", &j.m.message_id);

	if (has_id < 0 || !exchange_escrow(c))
		return;
	if (!has_id) {
		exchange_refuse(c, ERROR_BAD_REQUEST, "messageId: a string is required.");
		return;
	}
	if (!mark(c, &j))
		return;
	json_member_int(reply_open(c->reply, 200), "unread", j.m.unread);
	reply_close(c->reply);
}

/* ---- unread messages ---- */

struct unread_job {
	const struct user *user;
	int64_t count;
	struct buf escrows;
};

static void
run_unread(struct store *st, void *arg)
{
	struct unread_job *j = arg;

	j->escrows.len = 0;
	j->count = chat_unread_escrows(st, j->user, &j->escrows);
}

void
chat_get_unread(struct exchange *c)
{
	struct unread_job j = {.user = &c->user};
	struct buf *b;

	if (exchange_read(c, run_unread, &j)) {
		b = reply_open(c->reply, 200);
		json_member_int(b, "count", j.count);
		json_member_raw(b, "escrows", buf_as_span(&j.escrows));
		reply_close(c->reply);
		reply_etag(c->reply, c->request->if_none_match);
	}
	buf_clear(&j.escrows);
}

static void
run_unread_count(struct store *st, void *arg)
{
	struct unread_job *j = arg;

	j->count = chat_unread_all(st, j->user);
}

void
chat_get_unread_count(struct exchange *c)
{
	struct unread_job j = {.user = &c->user};

	if (!exchange_read(c, run_unread_count, &j))
		return;
	json_member_int(reply_open(c->reply, 200), "count", j.count);
	reply_close(c->reply);
}
