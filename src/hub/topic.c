/* SPDX-License-Identifier: ISC */
/*
 * topic.c - who is in which room; hands each event to every subscriber.
 */
#include "hub/state.h"

#include <stdlib.h>

#include "base/mem.h"

#define USER_PREFIX "user:"
#define AHEAD       4

struct topic *
topic_find(struct hub *hub, struct span name)
{
	struct map_node *node = map_find(&hub->topics, name);

	return node != NULL ? MAP_ENTRY(node, struct topic, node) : NULL;
}

struct topic *
topic_get(struct hub *hub, struct span name, bool is_room)
{
	struct topic *t = topic_find(hub, name);

	if (t != NULL)
		return t;
	t = mem_zalloc(offsetof(struct topic, name) + name.n + 1);
	memcpy(t->name, name.p, name.n);
	t->cap_subs = SUBS_FEW;
	if (is_room) {
		t->room = mem_zalloc(sizeof(*t->room));
		hub->n_rooms++;
	}
	map_insert(&hub->topics, &t->node, (struct span){t->name, name.n});
	return t;
}

void
topic_release(struct hub *hub, struct topic *t)
{
	if (t->n_subs > 0 || t->n_presences > 0 ||
	    (t->room != NULL && t->room->presences.count > 0))
		return;
	map_remove(&hub->topics, &t->node);
	if (t->room != NULL) {
		map_clear(&t->room->presences);
		free(t->room);
		hub->n_rooms--;
	}
	if (t->cap_subs > SUBS_FEW)
		free(t->many);
	free(t);
}

struct span
topic_escrow(const struct topic *t)
{
	size_t prefix = sizeof(TOPIC_ROOM_PREFIX) - 1;

	return t->room == NULL ? (struct span){"", 0}
			       : (struct span){t->name + prefix, t->node.key_bytes - prefix};
}

struct span
topic_wallet(const struct topic *t)
{
	size_t prefix = sizeof(USER_PREFIX) - 1;

	return (struct span){t->name + prefix, t->node.key_bytes - prefix};
}

static void
grow(struct topic *t)
{
	uint32_t cap = t->cap_subs * 2;
	struct sub **subs = mem_alloc(cap * sizeof(*subs));

	memcpy(subs, topic_subs(t), t->n_subs * sizeof(*subs));
	if (t->cap_subs > SUBS_FEW)
		free(t->many);
	t->many = subs;
	t->cap_subs = cap;
}

struct sub *
sub_new(struct topic *t, struct session *s)
{
	struct sub *sub = t->room == NULL ? &s->own : mem_zalloc(sizeof(struct seat));

	if (t->n_subs == t->cap_subs)
		grow(t);
	sub->topic = t;
	sub->session = s;
	sub->index = t->n_subs;
	topic_subs(t)[t->n_subs++] = sub;
	sub->next = s->subs;
	s->subs = sub;
	if (t->room != NULL)
		s->n_rooms++;
	return sub;
}

void
sub_free(struct sub *sub)
{
	struct topic *t = sub->topic;
	struct session *s = sub->session;
	struct sub **at = &s->subs, *last;
	bool is_seat = t->room != NULL;

	sub_set_behind(sub, false);
	presence_forget(sub);
	while (*at != sub)
		at = &(*at)->next;
	*at = sub->next;
	last = topic_subs(t)[--t->n_subs];
	topic_subs(t)[sub->index] = last;
	last->index = sub->index;
	topic_release(s->hub, t);
	if (is_seat) {
		s->n_rooms--;
		free(seat_of(sub)->ack);
		free(sub);
	}
}

struct sub *
session_sub(const struct session *s, struct span escrow_id)
{
	for (struct sub *sub = s->subs; sub != NULL; sub = sub->next) {
		if (sub->topic->room != NULL && span_eq(topic_escrow(sub->topic), escrow_id))
			return sub;
	}
	return NULL;
}

void
session_hold_live(struct session *s)
{
	if (!s->transport->is_merged || s->n_behind == 0)
		return;
	for (struct sub *sub = s->subs; sub != NULL; sub = sub->next) {
		if (sub->is_behind || !sub->has_begun)
			continue;
		if (sub->position < s->hub->position)
			sub->position = s->hub->position;
		sub->is_behind = true;
		s->n_behind++;
	}
}

void
sub_set_behind(struct sub *sub, bool is_behind)
{
	struct session *s = sub->session;

	if (sub->is_behind == is_behind)
		return;
	sub->is_behind = is_behind;
	s->n_behind += is_behind ? 1 : -1;
	if (is_behind)
		session_hold_live(s);
}

bool
sub_begin(struct sub *sub)
{
	struct session *s = sub->session;

	sub->has_begun = true;
	sub_set_behind(
	    sub, sub->position < s->hub->position || (s->transport->is_merged && s->n_behind > 0));
	return sub->is_behind;
}

bool
sub_begin_asked(struct sub *sub)
{
	bool is_behind = sub_begin(sub);

	sub->session->is_asking = sub->session->is_asking || is_behind;
	return is_behind;
}

/* A full ring, or a reader that is behind: the log keeps what is durable, the room the latest state of the rest. */
static void
sub_missed(struct sub *sub, const struct chat_event *ev)
{
	if (ev->kind == FRAME_EVENT && !sub->is_behind) {
		sub->position = ev->position - 1;
		sub_set_behind(sub, true);
	} else if (ev->kind == FRAME_EPHEMERAL && ev->position == 0 && sub->topic->room != NULL &&
		   !sub->has_missed) {
		sub->has_missed = true;
		seat_of(sub)->missed = sub->topic->room->changes;
		sub->topic->room->n_missing++;
		sub->session->n_missed++;
	}
}

/* While it has missed some of presence and typing it is given none: what it is told next is the latest of all. */
static bool
sub_takes(const struct sub *sub, const struct chat_event *ev)
{
	return !sub->is_behind && (!sub->has_missed || ev->position > 0);
}

/* The subscribers of a large room are in no cache when their turn comes: their memory is on its way some places before. */
static void
fetch_ahead(struct sub *const *subs, uint32_t i, uint32_t n)
{
	if (i + 3 * AHEAD >= n)
		return;
	__builtin_prefetch(subs[i + 3 * AHEAD]);
	__builtin_prefetch(subs[i + 2 * AHEAD]->session);
	__builtin_prefetch(subs[i + AHEAD]->session->owner);
}

void
topic_push(struct topic *t, struct chat_event *ev, const struct topic *not_to)
{
	struct sub **subs = topic_subs(t);

	for (uint32_t i = 0; i < t->n_subs; i++) {
		struct sub *sub = subs[i];
		struct session *s = sub->session;

		fetch_ahead(subs, i, t->n_subs);
		if (s->own.topic == not_to || (ev->position > 0 && ev->position <= sub->position))
			continue;
		if (sub_takes(sub, ev) &&
		    s->transport->send(s, event_frame(ev, s->transport->wire)))
			s->hub->delivered++;
		else
			sub_missed(sub, ev);
	}
}
