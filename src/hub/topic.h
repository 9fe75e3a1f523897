/* SPDX-License-Identifier: ISC */
/*
 * topic.h - a topic is the room of an escrow, or a user's own: events are addressed to topics. A
 * topic exists as long as somebody subscribes to it or is known in it. All functions belong to the
 * loop's thread.
 */
#ifndef HUB_TOPIC_H
#define HUB_TOPIC_H

#include "hub/core.h"

#define SUBSCRIPTIONS_FEW 2 /* most topics are a user's own, or a room of two */

struct room {                 /* the part that only an escrow's topic has */
	struct map presences; /* struct presence, by wallet key */
	uint32_t n_present, n_typing;
	uint32_t n_missing; /* subscriptions that missed some presence or typing */
	uint64_t changes;   /* of presence and typing, counted */
};

struct topic {
	struct map_node node; /* in hub->topics, by name */
	union {               /* n_subscriptions of them, see topic_subscriptions */
		struct subscription *few[SUBSCRIPTIONS_FEW];
		struct subscription **many;
	};
	uint32_t n_subscriptions, cap_subscriptions;
	struct room *room;    /* NULL: a user's own */
	uint32_t n_presences; /* of that user, in any room */
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
/* Frees a topic if nobody subscribes to it and nobody is known in it. */
void topic_release(struct hub *, struct topic *);

struct span topic_escrow(const struct topic *); /* the escrowId; n 0: it is a user's own */
struct span topic_wallet(const struct topic *); /* the key of the user whose own it is */

#endif
