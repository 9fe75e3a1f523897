/* SPDX-License-Identifier: ISC */
/*
 * mark.c - marking one message, or all up to one, as read, and telling the senders and the reader.
 */
#include "chat/standing.h"
#include "contract/views.h"

#include <string.h>

struct target {
	int64_t at;
	bool own, read;
	struct span reader;
};

static bool
on_target(const struct message *m, void *arg)
{
	struct target *t = arg;

	t->at = m->at;
	t->own = span_eq(m->sender, t->reader);
	t->read = m->read;
	return false;
}

/* Appends the events of one marking. */
struct tell {
	struct store *st;
	struct chat_mark *mark;
	struct span escrow_id, shown_as;
	char id[MESSAGE_ID_SIZE]; /* the message named */
	bool to_senders;
	bool is_new;
};

static void
tell_user(struct tell *t, struct span wallet, const char *message_id)
{
	struct chat_mark *m = t->mark;
	struct buf data = {0};
	char topic[TOPIC_SIZE];

	view_message_read(&data, t->escrow_id, message_id, t->shown_as, m->up_to ? t->id : NULL);
	m->position = eventlog_append(t->st, topic_of_user(topic, wallet), SPAN("message_read"),
	    buf_as_span(&data), span_of(m->user->key), true, m->now_ms);
	buf_clear(&data);
}

static bool
on_sender(struct span sender, int64_t id, uint64_t nonce, void *arg)
{
	struct tell *t = arg;
	char message_id[MESSAGE_ID_SIZE];

	t->is_new = true;
	if (t->to_senders)
		tell_user(t, sender, message_id_format(message_id, id, nonce));
	return t->to_senders;
}

/* Tells before it marks: after the marking nobody knows which messages were unread. */
static void
mark_target(struct store *st, struct chat_mark *m, const struct standing *who,
    struct span escrow_id, const struct target *target, const char *id)
{
	struct span reader = span_of(m->user->key);
	struct tell t = {
	    .st = st, .mark = m, .escrow_id = escrow_id, .shown_as = span_of(who->name)};

	t.to_senders = who->role != ROLE_OBSERVER;
	memcpy(t.id, id, sizeof(t.id));
	mark_senders(st, who->escrow, reader, target->at, !m->up_to, on_sender, &t);
	if (!t.is_new)
		return;
	tell_user(&t, reader, t.id);
	if (m->up_to)
		mark_up_to(st, who->escrow, reader, target->at, t.to_senders);
	else
		mark_one(st, who->escrow, reader, target->at, t.to_senders);
}

static enum error
mark(struct store *st, const struct rules *rules, struct chat_mark *m)
{
	struct target target = {.reader = span_of(m->user->key)};
	struct message_place place;
	struct span escrow_id = m->escrow_id;
	struct standing who;
	char text[MESSAGE_ID_SIZE];
	enum error err;
	int64_t id;
	uint64_t nonce;
	bool is_id = message_id_parse(m->message_id, &id, &nonce);

	if (escrow_id.n == 0) {
		if (!is_id || !message_place(st, id, nonce, &place))
			return ERROR_NOT_FOUND;
		escrow_id = span_of(place.escrow_id);
	}
	err = chat_standing(st, rules, m->user, escrow_id, &who);
	if (err == ERROR_NOT_PARTICIPANT && m->escrow_id.n == 0)
		return ERROR_NOT_FOUND;
	if (err != ERROR_NONE)
		return err;
	if (!is_id || !message_find(st, who.escrow, id, nonce, on_target, &target))
		return ERROR_NOT_FOUND;
	if (target.own && m->refuse_own)
		return ERROR_BAD_REQUEST;
	mark_target(st, m, &who, escrow_id, &target, message_id_format(text, id, nonce));
	message_find(st, who.escrow, id, nonce, on_target, &target);
	m->read = target.read;
	m->unread = chat_unread(st, m->user, &who);
	return ERROR_NONE;
}

bool
chat_mark(struct store *st, const struct rules *rules, struct chat_mark *m)
{
	m->read = false;
	m->unread = m->position = 0;
	m->err = standing_verdict(st, mark(st, rules, m));
	if (m->err == ERROR_NONE)
		return true;
	m->read = false;
	m->unread = m->position = 0;
	return false;
}
