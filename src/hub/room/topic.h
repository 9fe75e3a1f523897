/* SPDX-License-Identifier: ISC */
/*
 * topic.h - a topic is the address of events: the room of an escrow, or a user's own topic. A topic
 * exists as long as it has a subscription or a presence. All functions belong to the loop's thread.
 */
#ifndef HUB_ROOM_TOPIC_H
#define HUB_ROOM_TOPIC_H

#include "hub/core.h"

#define SUBSCRIPTIONS_FEW 2 /* most topics are a user's own, or a room of two */

struct room {                 /* the part that only an escrow's topic has */
	struct map presences; /* struct presence, by wallet key */
	uint32_t n_present, n_typing;
	uint32_t n_missing; /* subscriptions that missed some presence or typing */
	uint32_t changes;   /* how often presence or typing has changed; wraps, see room_is_since */
};

/* True if a change came at or after another, both as room->changes counted them. The counter wraps,
 * so this is wrong for two changes that are 2^31 or more apart: then a reader that missed the later
 * one is told a state once more, or is not told a state that it has missed for so long. */
static inline bool
room_is_since(uint32_t change, uint32_t other)
{
	return (int32_t)(change - other) >= 0;
}

struct topic {
	struct map_node node; /* in hub->topics, by name */
	union {               /* the subscriptions, see topic_subscriptions */
		struct subscription *few[SUBSCRIPTIONS_FEW];
		struct subscription **many;
	};
	uint32_t n_subscriptions, cap_subscriptions;
	struct room *room;    /* NULL: it is a user's own topic */
	uint32_t n_presences; /* of a user's own topic: their presences in all rooms */
	char name[];
};

/* The n_subscriptions of a topic; valid until one comes or goes. */
static inline struct subscription **
topic_subscriptions(struct topic *t)
{
	return t->cap_subscriptions > SUBSCRIPTIONS_FEW ? t->many : t->few;
}

/* The topic of that name, or NULL; topic_get makes it. The hub owns it. */
struct topic *topic_find(struct hub *, struct span name);
struct topic *topic_get(struct hub *, struct span name, bool is_room);
/* The room of an escrow, or NULL. */
struct topic *topic_find_room(struct hub *, struct span escrow_id);
/* A user's own topic by the wallet's key, or NULL. */
struct topic *topic_find_user(struct hub *, struct span wallet);
/* Frees a topic if it has neither a subscription nor a presence. */
void topic_release(struct hub *, struct topic *);

struct span topic_escrow(const struct topic *); /* the escrowId; n 0: it is a user's own topic */
struct span topic_wallet(const struct topic *); /* the key of the wallet whose own topic it is */

#endif
