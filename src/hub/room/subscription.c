/* SPDX-License-Identifier: ISC */
/*
 * subscription.c - the life of a subscription, and the delivery of an event to all subscriptions of
 * a topic.
 */
#include "hub/room/subscription.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"

#define AHEAD 4

/* ---- the array of a topic ---- */

static void
grow(struct topic *t)
{
	uint32_t cap = t->cap_subscriptions * 2;
	struct subscription **subs = mem_alloc(cap * sizeof(*subs));

	memcpy(subs, topic_subscriptions(t), t->n_subscriptions * sizeof(*subs));
	if (t->cap_subscriptions > SUBSCRIPTIONS_FEW)
		free(t->many);
	t->many = subs;
	t->cap_subscriptions = cap;
}

static void
enter_topic(struct subscription *sub, struct topic *t)
{
	if (t->n_subscriptions == t->cap_subscriptions)
		grow(t);
	sub->topic = t;
	sub->index = t->n_subscriptions;
	topic_subscriptions(t)[t->n_subscriptions++] = sub;
}

static void
leave_topic(struct subscription *sub)
{
	struct topic *t = sub->topic;
	struct subscription *last = topic_subscriptions(t)[--t->n_subscriptions];

	topic_subscriptions(t)[sub->index] = last;
	last->index = sub->index;
}

/* ---- life ---- */

struct subscription *
subscription_new(struct topic *t, struct session *s, int64_t position)
{
	struct subscription *sub = t->room == NULL ? &s->own : mem_zalloc(sizeof(struct seat));

	enter_topic(sub, t);
	sub->session = s;
	sub->position = position;
	sub->state = SUB_OPENING;
	sub->next = s->subscriptions;
	s->subscriptions = sub;
	if (t->room != NULL) {
		subscription_seat(sub)->serial = s->hub->next_serial++;
		s->n_rooms++;
	}
	return sub;
}

void
subscription_free(struct subscription *sub)
{
	struct topic *t = sub->topic;
	struct session *s = sub->session;
	struct subscription **at = &s->subscriptions;
	bool is_seat = t->room != NULL;

	check(!is_seat || (subscription_seat(sub)->presence == NULL &&
			      subscription_seat(sub)->call == NULL && !sub->has_missed));
	subscription_move(sub, SUB_LEAVING);
	while (*at != sub)
		at = &(*at)->next;
	*at = sub->next;
	leave_topic(sub);
	topic_release(s->hub, t);
	if (is_seat) {
		s->n_rooms--;
		free(sub);
	}
}

struct subscription *
subscription_find(const struct session *s, struct span escrow_id)
{
	for (struct subscription *sub = s->subscriptions; sub != NULL; sub = sub->next) {
		if (sub->topic->room != NULL && span_eq(topic_escrow(sub->topic), escrow_id))
			return sub;
	}
	return NULL;
}

/* ---- its state ---- */

/* One cursor stands for all topics of a merged session: while one topic is behind, its live topics
 * wait. */
void
subscription_hold_live(struct session *s)
{
	if (!s->transport->is_merged || s->n_behind == 0)
		return;
	for (struct subscription *sub = s->subscriptions; sub != NULL; sub = sub->next) {
		if (sub->state != SUB_LIVE)
			continue;
		if (sub->position < s->hub->position)
			sub->position = s->hub->position;
		sub->state = SUB_HELD;
		s->n_behind++;
	}
}

void
subscription_move(struct subscription *sub, enum sub_state state)
{
	struct session *s = sub->session;

	s->n_behind -= subscription_is_behind(sub);
	sub->state = state;
	s->n_behind += subscription_is_behind(sub);
	if (subscription_is_behind(sub))
		subscription_hold_live(s);
}

bool
subscription_begin(struct subscription *sub)
{
	struct session *s = sub->session;

	if (sub->position < s->hub->position)
		subscription_move(sub, SUB_CATCHING_UP);
	else
		subscription_move(
		    sub, s->transport->is_merged && s->n_behind > 0 ? SUB_HELD : SUB_LIVE);
	return subscription_is_behind(sub);
}

bool
subscription_begin_asked(struct subscription *sub)
{
	bool is_behind = subscription_begin(sub);

	sub->session->is_charged = sub->session->is_charged || is_behind;
	return is_behind;
}

const char *
session_cursor(const struct session *s, char out[CURSOR_SIZE])
{
	int64_t position = INT64_MAX;

	for (const struct subscription *sub = s->subscriptions; sub != NULL; sub = sub->next) {
		int64_t at = sub->state != SUB_LIVE || sub->position > s->hub->position
				 ? sub->position
				 : s->hub->position;
		if (at < position)
			position = at;
	}
	return hub_cursor(s->hub, out, position);
}

/* ---- what it has missed of presence and typing ---- */

void
subscription_miss(struct subscription *sub)
{
	if (sub->has_missed)
		return;
	sub->has_missed = true;
	subscription_seat(sub)->missed = sub->topic->room->changes;
	sub->topic->room->n_missing++;
	sub->session->n_missed++;
}

void
subscription_forget_missed(struct subscription *sub)
{
	if (!sub->has_missed)
		return;
	sub->has_missed = false;
	sub->topic->room->n_missing--;
	sub->session->n_missed--;
}

/* ---- delivery ---- */

/* The event was not sent, since the queue was full or the subscription is behind: the log keeps
 * durable events, the room keeps the latest state of presence and typing. */
static void
give_up(struct subscription *sub, const struct chat_event *ev)
{
	if (ev->kind == FRAME_EVENT && sub->state == SUB_LIVE) {
		sub->position = ev->position - 1;
		subscription_move(sub, SUB_CATCHING_UP);
	} else if (ev->kind == FRAME_EPHEMERAL && ev->position == 0 && sub->topic->room != NULL) {
		subscription_miss(sub);
	}
}

/* A subscription that has missed presence or typing is given no more of it: the next thing it is
 * told is the latest state. */
static bool
takes(const struct subscription *sub, const struct chat_event *ev)
{
	return sub->state == SUB_LIVE && (!sub->has_missed || ev->position > 0);
}

/* The subscribers of a large room are in no cache when their turn comes: their memory is fetched
 * some places ahead. */
static void
fetch_ahead(struct subscription *const *subs, uint32_t i, uint32_t n)
{
	if (i + 3 * AHEAD >= n)
		return;
	__builtin_prefetch(subs[i + 3 * AHEAD]);
	__builtin_prefetch(subs[i + 2 * AHEAD]->session);
	__builtin_prefetch(subs[i + AHEAD]->session->owner);
}

void
subscription_push(struct topic *t, struct chat_event *ev, const struct topic *not_to)
{
	struct subscription **subs = topic_subscriptions(t);

	for (uint32_t i = 0; i < t->n_subscriptions; i++) {
		struct subscription *sub = subs[i];
		struct session *s = sub->session;

		fetch_ahead(subs, i, t->n_subscriptions);
		if (s->own.topic == not_to || (ev->position > 0 && ev->position <= sub->position))
			continue;
		if (takes(sub, ev) &&
		    s->transport->send(s, event_frame(ev, s->transport->encoding)))
			s->hub->delivered++;
		else
			give_up(sub, ev);
	}
}
