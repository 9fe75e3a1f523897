/* SPDX-License-Identifier: ISC */
/*
 * subscription.h - one session in one topic: its state, its position, and the delivery of events to
 * it. All functions belong to the loop's thread.
 */
#ifndef HUB_SUBSCRIPTION_H
#define HUB_SUBSCRIPTION_H

#include "hub/event.h"
#include "hub/session.h"

struct seat {                    /* a subscription to a room */
	struct subscription sub; /* first */
	int64_t checked;         /* membership was read when the log's head was here */
	uint64_t missed;         /* the first of room->changes that it has missed, if it has */
	uint32_t serial;         /* tells it from an earlier seat of the session in the same room */
	struct presence *presence;
	/* the subscribe_escrow that is answered when the replay has ended; or NULL */
	struct call *call;
};
static_assert(offsetof(struct seat, sub) == 0, "a seat is cast from its subscription");

static inline struct seat *
subscription_seat(struct subscription *sub) /* of one to a room */
{
	return (struct seat *)sub;
}

/* Subscribes a session to a topic (to a user's topic only that user's sessions), in SUB_OPENING.
 * Events at or before position are not wanted. The session owns the subscription. */
struct subscription *subscription_new(struct topic *, struct session *, int64_t position);
/* Takes a subscription out of its topic and its session, and frees it. The caller has ended its
 * presence before. */
void subscription_free(struct subscription *);
/* The subscription of a session to a room, or NULL. */
struct subscription *subscription_find(const struct session *, struct span escrow_id);

/* The one function that changes the state; it keeps the counters of the session. Where a
 * subscription of a merged session falls behind, the live ones are held, since one cursor stands
 * for all of them. */
void subscription_move(struct subscription *, enum sub_state);
/* Holds the live subscriptions of a merged session while others are behind. */
void subscription_hold_live(struct session *);
/* Delivery begins at the position of the subscription: live, or behind if the tail is further or
 * other subscriptions of a merged session are behind. True: it is behind. */
bool subscription_begin(struct subscription *);
/* The same where the client came with a cursor: the bytes of the replay count against its
 * wallet. */
bool subscription_begin_asked(struct subscription *);
/* True while the subscription is served from the log. */
static inline bool
subscription_is_behind(const struct subscription *sub)
{
	return sub->state == SUB_CATCHING_UP || sub->state == SUB_HELD;
}

/* Gives an event to each live subscription of a topic except those of one user (NULL: to all).
 * Where the queue has no room, the subscription falls behind or, for presence and typing, has
 * missed the event. */
void subscription_push(struct topic *, struct chat_event *, const struct topic *not_to);

/* From now on the subscription counts as one that has missed presence or typing, or as one that has
 * caught up with them. */
void subscription_miss(struct subscription *);
void subscription_forget_missed(struct subscription *);

#endif
