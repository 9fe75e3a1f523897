/* SPDX-License-Identifier: ISC */
/*
 * presence.c - which users are in a room: per user, not per connection. Neither presence nor typing
 * is in the log: a client that read too slowly and missed some of it is sent the latest state of
 * each user instead.
 */
#include "hub/room/presence.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"

#define PRESENT_MAX    200  /* listed, and announced, in one room */
#define REMEMBERED_MAX 1000 /* users who left, kept for readers that have missed their leaving */

struct presence *
presence_find(const struct topic *t, struct span key)
{
	struct map_node *node = map_find(&t->room->presences, key);

	return node != NULL ? MAP_ENTRY(node, struct presence, node) : NULL;
}

const char *
presence_name(const struct presence *p)
{
	return p->name != NULL ? p->name : topic_wallet(p->user).p;
}

void
presence_rename(struct presence *p, const char *name)
{
	if (strcmp(name, presence_name(p)) == 0)
		return;
	free(p->name);
	p->name = span_is(topic_wallet(p->user), name) ? NULL : mem_strdup(name);
}

static void
presence_free(struct hub *hub, struct presence *p)
{
	rare_timer_stop(&hub->timers[TIMER_GRACE], &p->grace);
	rare_timer_stop(&hub->timers[TIMER_TYPING], &p->typing);
	free(p->name);
	free(p);
}

struct presence *
presence_get(struct topic *t, struct topic *user, const char *name)
{
	struct presence *p = presence_find(t, topic_wallet(user));

	if (p == NULL) {
		p = mem_zalloc(sizeof(*p));
		p->topic = t;
		p->user = user;
		user->n_presences++;
		map_insert(&t->room->presences, &p->node, topic_wallet(user));
	}
	presence_rename(p, name);
	return p;
}

void
presence_release(struct hub *hub, struct presence *p)
{
	struct topic *t = p->topic, *user = p->user;
	bool is_remembered = t->room->n_missing > 0 && t->room->presences.count <= REMEMBERED_MAX;

	if (p->n_connections > 0 || p->is_present || p->is_typing || is_remembered)
		return;
	map_remove(&t->room->presences, &p->node);
	presence_free(hub, p);
	topic_release(hub, t);
	user->n_presences--;
	topic_release(hub, user);
}

void
presence_tell(const struct presence *p, const char *name, const char *member, int64_t value,
    struct session *only)
{
	char iso[CLOCK_ISO_SIZE];
	struct topic *t = p->topic;
	struct buf data = {0};
	struct chat_event ev = {.kind = only != NULL ? FRAME_CONTROL : FRAME_EPHEMERAL,
	    .name = span_of(name),
	    .escrow_id = topic_escrow(t)};

	buf_reserve(&data, 256);
	json_open(&data, '{');
	json_member_string(&data, "escrowId", ev.escrow_id);
	json_member_cstr(&data, "walletAddress", presence_name(p));
	if (strcmp(member, "timestamp") == 0)
		json_member_cstr(&data, member, clock_iso(iso, value));
	else
		json_member_bool(&data, member, value != 0);
	json_close(&data, '}');
	ev.data = buf_as_span(&data);
	if (only != NULL)
		only->transport->send(only, event_frame(&ev, only->transport->encoding));
	else
		subscription_push(t, &ev, p->user);
	event_clear(&ev);
	buf_clear(&data);
}

static void
announce(struct presence *p, struct hub_time now)
{
	struct room *r = p->topic->room;

	p->changed = ++r->changes;
	if (r->n_present <= PRESENT_MAX)
		presence_tell(
		    p, p->is_present ? "user_joined" : "user_left", "timestamp", now.wall_ms, NULL);
}

static void
set_absent(struct hub *hub, struct presence *p, struct hub_time now)
{
	if (p->is_present) {
		p->is_present = false;
		announce(p, now);
		p->topic->room->n_present--;
	}
	presence_release(hub, p);
}

void
presence_join(struct subscription *sub, const char *name, struct hub_time now)
{
	struct hub *hub = sub->session->hub;
	struct room *r = sub->topic->room;
	struct presence *p = presence_get(sub->topic, sub->session->own.topic, name);

	subscription_seat(sub)->presence = p;
	p->n_connections++;
	rare_timer_stop(&hub->timers[TIMER_GRACE], &p->grace);
	if (p->is_present)
		return;
	p->is_present = true;
	r->n_present++;
	announce(p, now);
}

void
presence_leave(struct subscription *sub, enum session_end end, struct hub_time now)
{
	struct hub *hub = sub->session->hub;
	struct presence *p = subscription_seat(sub)->presence;

	subscription_seat(sub)->presence = NULL;
	if (p == NULL || --p->n_connections > 0)
		return;
	if (end == SESSION_LOST && hub->options.presence_grace_ms > 0)
		rare_timer_start(&hub->timers[TIMER_GRACE], &p->grace,
		    now.mono_ms + hub->options.presence_grace_ms);
	else
		set_absent(hub, p, now);
}

void
presence_removed(struct hub *hub, struct topic *t, struct span key, struct hub_time now)
{
	struct presence *p = presence_find(t, key);

	if (p == NULL || p->n_connections > 0 || !p->is_present)
		return;
	rare_timer_stop(&hub->timers[TIMER_GRACE], &p->grace);
	set_absent(hub, p, now);
}

void
presence_tick(struct hub *hub, struct hub_time now)
{
	struct rare_timer *tm;

	while ((tm = rare_timer_due(&hub->timers[TIMER_GRACE], now.mono_ms)) != NULL)
		set_absent(hub, TIMER_OWNER(tm, struct presence, grace), now);
}

void
presence_list(const struct topic *t, struct buf *out)
{
	size_t listed = 0;

	json_name(out, "present");
	json_open(out, '[');
	for (struct map_node *n = NULL; t != NULL && listed < PRESENT_MAX;) {
		if ((n = map_next(&t->room->presences, n)) == NULL)
			break;
		const struct presence *p = MAP_ENTRY(n, struct presence, node);
		if (!p->is_present)
			continue;
		json_element(out);
		json_put_string(out, span_of(presence_name(p)));
		listed++;
	}
	json_close(out, ']');
	json_member_int(out, "presentCount", t != NULL ? (int64_t)t->room->n_present : 0);
}

void
presence_forget(struct subscription *sub)
{
	struct hub *hub = sub->session->hub;
	struct room *r = sub->topic->room;

	if (!sub->has_missed)
		return;
	subscription_forget_missed(sub);
	if (r->n_missing > 0)
		return;
	/* Nobody has missed anything: users who left need not be remembered. The topic stays: sub
	 * is in it. */
	for (struct map_node *next, *n = map_next(&r->presences, NULL); n != NULL; n = next) {
		next = map_next(&r->presences, n);
		presence_release(hub, MAP_ENTRY(n, struct presence, node));
	}
}

bool
presence_catch_up(struct subscription *sub, struct hub_time now)
{
	struct session *s = sub->session;
	struct room *r = sub->topic->room;
	uint32_t missed = subscription_seat(sub)->missed;
	bool is_told = false;

	for (struct map_node *n = map_next(&r->presences, NULL); n != NULL;
	    n = map_next(&r->presences, n)) {
		const struct presence *p = MAP_ENTRY(n, struct presence, node);
		bool has_moved = room_is_since(p->changed, missed) && r->n_present <= PRESENT_MAX;
		bool has_typed = room_is_since(p->typing_changed, missed);
		if (p->user == s->own.topic)
			continue;
		if (has_moved)
			presence_tell(p, p->is_present ? "user_joined" : "user_left", "timestamp",
			    now.wall_ms, s);
		if (has_typed)
			presence_tell(p, "user_typing", "isTyping", p->is_typing, s);
		is_told = is_told || has_moved || has_typed;
	}
	presence_forget(sub);
	return is_told;
}

void
presence_clear(struct hub *hub, struct room *r)
{
	struct map_node *n;

	while ((n = map_next(&r->presences, NULL)) != NULL) {
		struct presence *p = MAP_ENTRY(n, struct presence, node);
		map_remove(&r->presences, n);
		p->user->n_presences--;
		presence_free(hub, p);
	}
}
