/* SPDX-License-Identifier: ISC */
/*
 * typing_state.c - which users type in a room, and until when.
 */
#include "hub/room/typing_state.h"

#define TYPING_MS       3000
#define TYPING_AGAIN_MS 1000

void
typing_start(struct topic *t, struct session *s, const char *name, struct hub_time now)
{
	struct hub *hub = s->hub;
	struct presence *p = presence_get(t, s->own.topic, name);

	rare_timer_start(&hub->timers[TIMER_TYPING], &p->typing, now.mono_ms + TYPING_MS);
	if (p->is_typing && (uint32_t)now.mono_ms - p->typing_relayed < TYPING_AGAIN_MS)
		return;
	t->room->n_typing += p->is_typing ? 0 : 1;
	p->is_typing = true;
	p->typing_relayed = (uint32_t)now.mono_ms;
	p->typing_changed = ++t->room->changes;
	presence_tell(p, "user_typing", "isTyping", true, NULL);
}

void
typing_stop(struct hub *hub, struct topic *t, struct span key)
{
	struct presence *p = t->room->n_typing > 0 ? presence_find(t, key) : NULL;

	if (p == NULL || !p->is_typing)
		return;
	rare_timer_stop(&hub->timers[TIMER_TYPING], &p->typing);
	p->is_typing = false;
	t->room->n_typing--;
	p->typing_changed = ++t->room->changes;
	presence_tell(p, "user_typing", "isTyping", false, NULL);
	presence_release(hub, p);
}

void
typing_stop_all(struct hub *hub, const struct topic *user)
{
	struct rare_timer *next;

	for (struct rare_timer *tm = rare_timer_first(&hub->timers[TIMER_TYPING]); tm != NULL;
	    tm = next) {
		struct presence *p = TIMER_OWNER(tm, struct presence, typing);
		next = rare_timer_after(tm);
		if (p->user == user)
			typing_stop(hub, p->topic, map_key(&p->node));
	}
}

void
typing_leave(struct subscription *sub)
{
	const struct presence *p = subscription_seat(sub)->presence;

	if (p != NULL && p->n_connections == 1)
		typing_stop(sub->session->hub, p->topic, map_key(&p->node));
}

void
typing_tick(struct hub *hub, struct hub_time now)
{
	struct rare_timer *tm;

	while ((tm = rare_timer_due(&hub->timers[TIMER_TYPING], now.mono_ms)) != NULL) {
		struct presence *p = TIMER_OWNER(tm, struct presence, typing);
		typing_stop(hub, p->topic, map_key(&p->node));
	}
}
