/* SPDX-License-Identifier: ISC */
/*
 * send.c - one message: checked, appended to the log and announced in one transaction.
 */
#include <stdio.h>

#include "base/ids.h"
#include "chat/audience.h"
#include "chat/standing.h"
#include "contract/views.h"
#include "proto/utf8.h"
#include "store/tables/rates.h"

#define US_PER_S  INT64_C(1000000)
#define US_PER_MS INT64_C(1000)

/* ---- rate limits ---- */

struct spending {
	struct rate messages, bytes;
	char bytes_name[sizeof(RATE_DAY_PREFIX) + STORE_NAME_SIZE];
};

/* Spends one message and its bytes. Returns 0, or the ms to wait; then nothing is written. */
static int64_t
spend(struct store *st, const struct rules *rules, const struct chat_send *s, int64_t bytes)
{
	struct spending sp = {.messages = {.name = span_of(s->user->key),
				  .limit = {rules->message_rate, US_PER_S},
				  .now_us = s->mono_us},
	    .bytes = {
		.limit = {rules->message_bytes, RATE_DAY_US}, .now_us = s->now_ms * US_PER_MS}};
	int64_t wait_ms = 0;

	snprintf(sp.bytes_name, sizeof(sp.bytes_name), RATE_DAY_PREFIX "%s", s->user->key);
	sp.bytes.name = span_of(sp.bytes_name);
	if (rules->message_rate > 0)
		wait_ms = rate_wait(st, &sp.messages, 1);
	if (wait_ms == 0 && rules->message_bytes > 0)
		wait_ms = rate_wait(st, &sp.bytes, bytes);
	if (wait_ms > 0)
		return wait_ms;
	if (rules->message_rate > 0)
		rate_take(st, &sp.messages, 1);
	if (rules->message_bytes > 0)
		rate_take(st, &sp.bytes, bytes);
	return 0;
}

/* ---- the content ---- */

/* Checks and trims the text. */
static enum error
content_read(struct span text, struct span *content)
{
	if (!utf8_valid(text))
		return ERROR_BAD_REQUEST;
	*content = utf8_trim(text);
	if (content->n == 0)
		return ERROR_EMPTY;
	return utf8_length(*content) > CONTENT_MAX ? ERROR_TOO_LONG : ERROR_NONE;
}

/* ---- a repeat ---- */

struct repeat {
	struct span escrow_id, content;
	struct buf *out;
	bool is_same;
};

static bool
on_first(const struct message *m, void *arg)
{
	struct repeat *r = arg;

	r->is_same = span_eq(m->content, r->content);
	if (r->is_same)
		view_message(r->out, m, r->escrow_id);
	return false;
}

/* True if the clientMsgId was used before. Then *err says whether the content was the same. */
static bool
is_repeat(struct store *st, const struct standing *who, struct chat_send *s, struct span content,
    enum error *err)
{
	struct repeat r = {s->escrow_id, content, &s->message, false};

	if (s->client_msg_id.n == 0 || who->escrow == 0)
		return false;
	if (!message_find_by_client_id(
		st, who->escrow, span_of(s->user->key), s->client_msg_id, on_first, &r))
		return false;
	*err = r.is_same ? ERROR_NONE : ERROR_IDEMPOTENCY_MISMATCH;
	s->repeated = r.is_same;
	return true;
}

/* ---- storing ---- */

/* Appends one row for all participants who are told; none if there are no such participants. */
static void
notify(struct store *st, const struct chat_send *s, const struct escrow *escrow, int64_t at)
{
	struct buf data = {0}, who = {0};
	char topic[TOPIC_SIZE];

	audience_of_message(st, escrow->id, span_of(s->user->key), &who);
	if (who.len > 0) {
		view_message_notification(&data, s->escrow_id, span_of(escrow->title), at);
		eventlog_append_row(st, &(struct eventlog_row){.at = s->now_ms,
					    .topic = topic_of_members(topic, s->escrow_id),
					    .event = SPAN("notification"),
					    .data = buf_as_span(&data),
					    .actor = span_of(s->user->key),
					    .durable = true,
					    .who = buf_as_span(&who)});
	}
	buf_clear(&who);
	buf_clear(&data);
}

static void
store_message(struct store *st, struct chat_send *s, const struct standing *who,
    const struct escrow *escrow, struct span content)
{
	struct message m = {
	    .nonce = ids_u64(),
	    .escrow = escrow->id,
	    .at = s->now_ms,
	    .sender = span_of(s->user->key),
	    .sender_name = span_of(who->name),
	    .sender_role = who->role,
	    .client_msg_id = s->client_msg_id,
	    .content = content,
	};
	char topic[TOPIC_SIZE];

	message_insert(st, &m);
	s->position = m.id;
	view_message(&s->message, &m, s->escrow_id);
	eventlog_hand_on(st, &m, topic_of_escrow(topic, s->escrow_id), buf_as_span(&s->message));
	notify(st, s, escrow, m.at);
}

static enum error
send_message(struct store *st, const struct rules *rules, struct chat_send *s)
{
	struct standing who;
	struct escrow escrow;
	struct span content;
	enum error err = standing_find(st, rules, s->user, s->escrow_id, &who, &escrow);

	if (err != ERROR_NONE)
		return err;
	if (!chat_may_write(&who))
		return ERROR_FORBIDDEN;
	err = content_read(s->content, &content);
	if (err != ERROR_NONE)
		return err;
	if (s->client_msg_id.n > 0 && !name_client_id(s->client_msg_id))
		return ERROR_BAD_REQUEST;
	if (is_repeat(st, &who, s, content, &err))
		return err;
	s->retry_ms = spend(st, rules, s, (int64_t)content.n);
	if (s->retry_ms > 0)
		return ERROR_RATE_LIMITED;
	if (escrow.id == 0) {
		escrow = (struct escrow){0};
		memcpy(escrow.title, s->escrow_id.p, s->escrow_id.n);
		escrow.id = escrow_insert(st, s->escrow_id, s->escrow_id, SPAN(""), s->now_ms);
	}
	store_message(st, s, &who, &escrow, content);
	return ERROR_NONE;
}

bool
chat_send(struct store *st, const struct rules *rules, struct chat_send *s)
{
	s->message.len = 0;
	s->repeated = false;
	s->position = s->retry_ms = 0;
	s->err = standing_verdict(st, send_message(st, rules, s));
	if (s->err == ERROR_NONE)
		return true;
	if (s->err != ERROR_RATE_LIMITED)
		s->retry_ms = 0;
	s->message.len = 0;
	s->repeated = false;
	s->position = 0;
	return false;
}
