/* SPDX-License-Identifier: ISC */
/*
 * topic.c - the topics of the hub, by name.
 */
#include "hub/room/topic.h"

#include <stdlib.h>

#include "base/mem.h"

#define USER_PREFIX "user:"

struct topic *
topic_find(struct hub *hub, struct span name)
{
	struct map_node *node = map_find(&hub->topics, name);

	return node != NULL ? MAP_ENTRY(node, struct topic, node) : NULL;
}

struct topic *
topic_find_room(struct hub *hub, struct span escrow_id)
{
	char name[TOPIC_SIZE];

	return topic_find(hub, topic_of_escrow(name, escrow_id));
}

struct topic *
topic_find_user(struct hub *hub, struct span wallet)
{
	char name[TOPIC_SIZE];

	return topic_find(hub, topic_of_user(name, wallet));
}

struct topic *
topic_get(struct hub *hub, struct span name, bool is_room)
{
	struct topic *t = topic_find(hub, name);

	if (t != NULL)
		return t;
	t = mem_zalloc(offsetof(struct topic, name) + name.n + 1);
	memcpy(t->name, name.p, name.n);
	t->cap_subscriptions = SUBSCRIPTIONS_FEW;
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
	if (t->n_subscriptions > 0 || t->n_presences > 0 ||
	    (t->room != NULL && t->room->presences.count > 0))
		return;
	map_remove(&hub->topics, &t->node);
	if (t->room != NULL) {
		map_clear(&t->room->presences);
		free(t->room);
		hub->n_rooms--;
	}
	if (t->cap_subscriptions > SUBSCRIPTIONS_FEW)
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
