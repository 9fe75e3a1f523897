/* SPDX-License-Identifier: ISC */
/*
 * walk.c - hub_check: recounts every counter, list and state of the hub.
 */
#include "base/check.h"
#include "hub/recovery/recovery.h"
#include "hub/replay/replay.h"
#include "hub/room/presence.h"
#include "hub/session/call.h"
#include "hub/session/expiry.h"

static void
check_subscription(struct subscription *sub)
{
	struct session *s = sub->session;
	struct seat *seat = sub->topic->room != NULL ? subscription_seat(sub) : NULL;

	check(sub->index < sub->topic->n_subscriptions);
	check(topic_subscriptions(sub->topic)[sub->index] == sub);
	check(sub->state == SUB_CATCHING_UP || sub->state == SUB_HELD || sub->state == SUB_LIVE);
	check(sub->state != SUB_HELD || s->transport->is_merged);
	check(sub->state != SUB_LIVE || !s->transport->is_merged || s->n_behind == 0);
	if (seat == NULL) {
		check(sub == &s->own && sub->next == NULL && !sub->has_missed);
		return;
	}
	check(seat->presence != NULL && seat->presence->topic == sub->topic);
	check(seat->presence->user == s->own.topic && seat->presence->is_present);
	check(seat->call == NULL || seat->call == STAILQ_FIRST(&s->calls));
	check(seat->call == NULL || seat->call->stage == CALL_REPLAYING);
	check(seat->call == NULL || subscription_is_behind(sub));
}

static void
check_calls(const struct session *s)
{
	const struct call *c;
	size_t n = 0, n_waiting = 0;

	STAILQ_FOREACH (c, &s->calls, next) {
		n++;
		n_waiting += c->stage == CALL_WAITING;
		check(c->session == s);
		check(c->stage != CALL_REPLAYING || n == 1);
		check(c->stage != CALL_WAITING || n > 1); /* the first would have begun */
		check(c->stage != CALL_RUNNING || n_waiting == 0);
		/* Calls that run are of one kind; the first may have to read once more. */
		check(c->stage != CALL_RUNNING || n == 1 || c->kind == s->calls_kind);
	}
	check(n == s->n_calls && n_waiting == s->n_waiting);
}

static void
check_session(struct session *s)
{
	size_t n_rooms = 0, n_behind = 0, n_missed = 0;

	for (struct subscription *sub = s->subscriptions; sub != NULL; sub = sub->next) {
		check(sub->session == s);
		check_subscription(sub);
		n_rooms += sub->topic->room != NULL;
		n_behind += subscription_is_behind(sub);
		n_missed += sub->has_missed;
	}
	check(n_rooms == s->n_rooms && n_behind == s->n_behind && n_missed == s->n_missed);
	check_calls(s);
	replay_check(s);
}

#define FEW 64 /* counting anew for each of them takes the square of their number */

static size_t
count_connections(struct topic *t, const struct presence *p)
{
	size_t n = 0;

	for (uint32_t i = 0; i < t->n_subscriptions; i++)
		n += subscription_seat(topic_subscriptions(t)[i])->presence == p;
	return n;
}

static void
check_room(struct topic *t)
{
	const struct room *r = t->room;
	size_t n_present = 0, n_typing = 0, n_missing = 0, n_connections = 0;

	for (struct map_node *n = NULL; (n = map_next(&r->presences, n)) != NULL;) {
		const struct presence *p = MAP_ENTRY(n, struct presence, node);

		check(p->topic == t);
		check(t->n_subscriptions > FEW || p->n_connections == count_connections(t, p));
		check(p->is_typing == rare_timer_is_armed(&p->typing));
		check(p->n_connections == 0 || (p->is_present && !rare_timer_is_armed(&p->grace)));
		check(p->n_connections > 0 || p->is_present == rare_timer_is_armed(&p->grace));
		check(p->n_connections > 0 || p->is_present || p->is_typing || r->n_missing > 0);
		n_connections += p->n_connections;
		n_present += p->is_present;
		n_typing += p->is_typing;
	}
	for (uint32_t i = 0; i < t->n_subscriptions; i++)
		n_missing += topic_subscriptions(t)[i]->has_missed;
	check(n_present == r->n_present && n_typing == r->n_typing && n_missing == r->n_missing);
	check(n_connections == t->n_subscriptions);
	check(t->n_presences == 0);
}

/* The number of rooms in which a user is known, by their own topic. */
static size_t
count_presences(const struct hub *hub, const struct topic *user)
{
	size_t count = 0;

	for (struct map_node *n = NULL; (n = map_next(&hub->topics, n)) != NULL;) {
		const struct topic *t = MAP_ENTRY(n, struct topic, node);
		count += t->room != NULL && presence_find(t, topic_wallet(user)) != NULL;
	}
	return count;
}

void
hub_check(const struct hub *hub)
{
	struct session *s;
	size_t n_sessions = 0, n_leaving = 0, n_rooms = 0, n_subscriptions = 0, n_in_topics = 0;

	TAILQ_FOREACH (s, &hub->sessions, link) {
		check_session(s);
		n_sessions++;
		n_leaving += s->is_leaving;
		n_subscriptions += 1u + s->n_rooms;
	}
	for (struct map_node *n = NULL; (n = map_next(&hub->topics, n)) != NULL;) {
		struct topic *t = MAP_ENTRY(n, struct topic, node);

		check(t->n_subscriptions <= t->cap_subscriptions);
		n_in_topics += t->n_subscriptions;
		n_rooms += t->room != NULL;
		if (t->room != NULL)
			check_room(t);
		else if (hub->topics.count <= FEW)
			check(t->n_presences == count_presences(hub, t));
	}
	check(n_sessions == hub->n_sessions && n_leaving == hub->n_leaving);
	check(n_rooms == hub->n_rooms);
	check(n_subscriptions == n_in_topics);
	for (int i = 0; i < TIMER_KINDS; i++)
		timer_list_check(&hub->timers[i]);
	jobs_check(hub->jobs);
	expiry_check(hub);
	recovery_check(hub);
}
