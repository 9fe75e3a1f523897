/* SPDX-License-Identifier: ISC */
/*
 * opening.c - opens sessions, counts those of a user (the limit of a wallet), and answers questions
 * of the transports about an open session.
 */
#include "hub/session/opening.h"

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "hub/replay/replay.h"
#include "hub/room/room.h"
#include "hub/session/expiry.h"
#include "hub/session/session_lookup.h"

/* ---- before a session is opened ---- */

bool
hub_user_is_full(struct hub *hub, const struct user *user, const struct session *leaving)
{
	struct topic *own = topic_find_user(hub, span_of(user->key));
	size_t n = 0;

	if (hub->options.max_per_wallet == 0 || own == NULL)
		return false;
	for (uint32_t i = 0; i < own->n_subscriptions; i++) {
		const struct session *s = topic_subscriptions(own)[i]->session;
		n += !s->transport->is_passing && !s->is_leaving && s != leaving;
	}
	return n >= hub->options.max_per_wallet;
}

const char *
hub_full_text(const struct hub *hub)
{
	return hub->full_text;
}

size_t
hub_streams(struct hub *hub, const struct user *user, struct session **out, size_t max)
{
	struct topic *own = topic_find_user(hub, span_of(user->key));
	size_t n = 0;

	for (uint32_t i = 0; own != NULL && i < own->n_subscriptions; i++) {
		struct session *s = topic_subscriptions(own)[i]->session;

		if (!s->is_stream || s->is_leaving)
			continue;
		if (n < max)
			out[n] = s;
		n++;
	}
	return n;
}

/* ---- opening ---- */

/* Sends hello, with the rooms of the look-up (may be NULL) that the user may not enter. */
static void
say_hello(struct session *s, const struct session_lookup *l)
{
	struct hub *hub = s->hub;
	struct buf data = {0};
	char cursor[CURSOR_SIZE];

	/* The cursor of the own topic: the events that the client missed come after it. */
	hub_cursor(hub, cursor, s->subscriptions->position);
	json_open(&data, '{');
	json_member_cstr(&data, "version", hub->options.version);
	json_member_cstr(&data, "walletAddress", session_name(s));
	json_member_cstr(&data, "cursor", cursor);
	json_name(&data, "refused");
	json_open(&data, '[');
	for (size_t i = 0; l != NULL && i < l->n_rooms; i++) {
		if (l->rooms[i].verdict == ERROR_NONE)
			continue;
		json_element(&data);
		json_put_string(&data, l->rooms[i].escrow_id);
	}
	json_close(&data, ']');
	json_close(&data, '}');
	session_send_event(s, "hello", buf_as_span(&data), span_of(cursor), SPAN(""));
	buf_clear(&data);
}

struct session *
opening_session(struct hub *hub, const struct session_options *o, int64_t position)
{
	struct session *s = mem_zalloc(sizeof(*s));
	char own[TOPIC_SIZE], wallet[16];

	s->hub = hub;
	s->transport = o->transport;
	s->owner = o->owner;
	s->number = o->number;
	s->connected_at = o->now.wall_ms;
	if (strcmp(o->user->key, o->user->name) != 0)
		s->name = mem_strdup(o->user->name);
	STAILQ_INIT(&s->calls);
	TAILQ_INSERT_TAIL(&hub->sessions, s, link);
	hub->n_sessions++;
	subscription_new(
	    topic_get(hub, topic_of_user(own, span_of(o->user->key)), false), s, position);
	expiry_start(s, &o->user->proof, o->now);
	log_line(s->transport->is_passing ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO,
	    "conn %u: connected wallet=%s transport=%s connections=%zu", s->number,
	    log_wallet(wallet, span_of(o->user->key)), s->transport->name, hub->n_sessions);
	return s;
}

static int64_t
first_position(const struct hub *hub, const struct session_lookup *l)
{
	return l != NULL && l->cursor.n > 0 && l->cursor_state == CURSOR_GOOD ? l->position
									      : hub->position;
}

/* Begins the delivery: now, behind the cursor, or with a gap. */
static void
begin(struct subscription *sub, const struct session_lookup *l, struct hub_time now)
{
	if (l == NULL || l->cursor.n == 0)
		subscription_begin(sub);
	else if (l->cursor_state == CURSOR_GOOD)
		subscription_begin_asked(sub);
	else
		replay_gap(sub, l->oldest, now);
}

struct session *
session_open(struct hub *hub, const struct session_options *o)
{
	struct session *s = opening_session(hub, o, first_position(hub, o->lookup));

	if (s->transport->says_hello)
		say_hello(s, NULL);
	begin(s->subscriptions, o->lookup, o->now);
	return s;
}

/* Notes that the presence and typing of a room that the predecessor has missed are yet to be sent
 * to this session. */
static void
inherit(struct subscription *sub, const struct session *predecessor)
{
	struct subscription *before =
	    predecessor != NULL ? subscription_find(predecessor, topic_escrow(sub->topic)) : NULL;

	if (before == NULL || !before->has_missed)
		return;
	subscription_miss(sub);
	subscription_seat(sub)->missed = subscription_seat(before)->missed;
}

struct session *
session_open_stream(struct hub *hub, const struct session_options *o)
{
	const struct session_lookup *l = o->lookup;
	int64_t position = first_position(hub, l);
	struct session *s = opening_session(hub, o, position);

	s->is_stream = true;
	expiry_inherit(s, o->predecessor, o->now);
	for (const struct room_lookup *r = l->rooms; r < l->rooms + l->n_rooms; r++) {
		if (r->verdict == ERROR_NONE)
			inherit(
			    room_enter(s, r->escrow_id, &r->standing, position, l->checked, o->now),
			    o->predecessor);
	}
	if (s->transport->says_hello)
		say_hello(s, l);
	for (struct subscription *sub = s->subscriptions; sub != NULL; sub = sub->next)
		begin(sub, l, o->now);
	return s;
}

/* ---- an open session ---- */

bool
session_is_of(const struct session *s, const struct user *user, const struct session_lookup *l)
{
	if (!span_is(topic_wallet(s->own.topic), user->key) ||
	    strcmp(session_name(s), user->name) != 0 || s->n_rooms != l->n_rooms ||
	    strcmp(session_proof(s).hash, user->proof.hash) != 0)
		return false;
	for (size_t i = 0; i < l->n_rooms; i++) {
		if (subscription_find(s, l->rooms[i].escrow_id) == NULL)
			return false;
	}
	return true;
}
