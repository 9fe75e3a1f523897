/* SPDX-License-Identifier: ISC */
/*
 * stream.c - sessions whose rooms are named in the request: each stands alone, and one cursor stands for all of its topics.
 */
#include "hub/state.h"

#include <stdlib.h>

#define READ_MS 100

struct stream_look { /* what a request needs to know of the store, in one read */
	struct hub *hub;
	const struct stream_options *options;
	enum cursor_state cursor;
	int64_t position, checked;
	struct standing standings[STREAM_ROOMS_MAX];
	enum chat_err *verdicts;
};

static void
read_look(struct store *st, void *arg)
{
	struct stream_look *l = arg;
	const struct stream_options *o = l->options;

	l->cursor = o->session.cursor.n > 0 ? cursor_resolve(st, o->session.cursor, &l->position)
					    : CURSOR_GOOD;
	l->checked = queue_head(st);
	for (size_t i = 0; i < o->n_rooms; i++)
		l->verdicts[i] = chat_standing(
		    st, &l->hub->options.rules, o->session.user, o->rooms[i], &l->standings[i]);
}

static enum chat_err
look(struct stream_look *l)
{
	size_t refused = 0;

	if (store_read(l->hub->store, READ_MS, read_look, l) != STORE_OK)
		return CHAT_UNAVAILABLE;
	if (l->cursor == CURSOR_BAD)
		return CHAT_BAD_REQUEST;
	for (size_t i = 0; i < l->options->n_rooms; i++)
		refused += l->verdicts[i] != CHAT_OK;
	return refused > 0 && refused == l->options->n_rooms ? l->verdicts[0] : CHAT_OK;
}

/* What the one before has not been told of a room, this one is to be told. */
static void
inherit(struct sub *sub, const struct session *predecessor)
{
	struct sub *before =
	    predecessor != NULL ? session_sub(predecessor, topic_escrow(sub->topic)) : NULL;

	if (before == NULL || !before->has_missed)
		return;
	sub->has_missed = true;
	seat_of(sub)->missed = seat_of(before)->missed;
	sub->topic->room->n_missing++;
	sub->session->n_missed++;
}

struct session *
session_open_stream(struct hub *hub, const struct stream_options *o,
    enum chat_err verdicts[STREAM_ROOMS_MAX], enum chat_err *err)
{
	struct stream_look l = {
	    .hub = hub, .options = o, .position = hub->position, .verdicts = verdicts};
	struct session *s;

	if ((*err = look(&l)) != CHAT_OK)
		return NULL;
	s = session_new(hub, &o->session, l.cursor == CURSOR_GOOD ? l.position : hub->position);
	s->is_stream = true;
	expiry_inherit(s, o->predecessor, o->now);
	for (size_t i = 0; i < o->n_rooms; i++) {
		if (verdicts[i] == CHAT_OK)
			inherit(session_enter(s, o->rooms[i], &l.standings[i], s->subs->position,
				    l.checked, o->now),
			    o->predecessor);
	}
	if (s->transport->says_hello)
		session_hello(s, o, verdicts);
	for (struct sub *sub = s->subs; sub != NULL; sub = sub->next) {
		if (l.cursor == CURSOR_LOST)
			sub_gap(sub, o->now);
		else if (o->session.cursor.n > 0)
			sub_begin_asked(sub);
		else
			sub_begin(sub);
	}
	return s;
}

bool
session_is_of(
    const struct session *s, const struct user *user, const struct span *rooms, size_t n_rooms)
{
	if (!span_is(topic_wallet(s->own.topic), user->key) ||
	    strcmp(session_name(s), user->name) != 0 || s->n_rooms != n_rooms ||
	    strcmp(session_proof(s).hash, user->proof.hash) != 0)
		return false;
	for (size_t i = 0; i < n_rooms; i++) {
		if (session_sub(s, rooms[i]) == NULL)
			return false;
	}
	return true;
}

const char *
session_cursor(const struct session *s, char out[CURSOR_SIZE])
{
	int64_t position = INT64_MAX;

	for (const struct sub *sub = s->subs; sub != NULL; sub = sub->next) {
		int64_t at = sub->is_behind || sub->position > s->hub->position ? sub->position
										: s->hub->position;
		if (at < position)
			position = at;
	}
	return hub_cursor(s->hub, out, position);
}

size_t
hub_count_streams(struct hub *hub, const struct user *user)
{
	char name[TOPIC_SIZE];
	struct topic *own = topic_find(hub, topic_of_user(name, span_of(user->key)));
	size_t n = 0;

	for (uint32_t i = 0; own != NULL && i < own->n_subs; i++)
		n += topic_subs(own)[i]->session->is_stream;
	return n;
}
