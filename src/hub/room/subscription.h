/* SPDX-License-Identifier: ISC */
/*
 * subscription.h - one session in one topic: its state, its position, and the delivery of events to
 * it. All functions belong to the loop's thread.
 */
#ifndef HUB_ROOM_SUBSCRIPTION_H
#define HUB_ROOM_SUBSCRIPTION_H

#include "hub/replay/event.h"
#include "hub/session/session.h"

struct seat {                    /* a subscription to a room */
	struct subscription sub; /* first */
	int64_t checked;         /* head of the log when the membership was read */
	uint32_t missed;         /* with has_missed: room->changes when it began to miss them */
	uint32_t serial;         /* tells it from an earlier seat of the session in the same room */
	struct presence *presence;
	/* the call subscribe_escrow that is answered at the end of the replay; or NULL */
	struct call *call;
};
static_assert(offsetof(struct seat, sub) == 0, "a seat is cast from its subscription");
static_assert(sizeof(void *) != 8 || sizeof(struct seat) <= 72, "an idle session has grown");

static inline struct seat *
subscription_seat(struct subscription *sub) /* sub is a subscription to a room */
{
	return (struct seat *)sub;
}

/* Subscribes a session to a topic: to a room, or to its own user's topic. The state is SUB_OPENING.
 * Events up to position are not wanted. The session owns the subscription. */
struct subscription *subscription_new(struct topic *, struct session *, int64_t position);
/* Takes a subscription out of its topic and its session, and frees it. The caller has ended the
 * presence, the call and the missed events of a seat before. */
void subscription_free(struct subscription *);
/* The subscription of a session to a room, or NULL. */
struct subscription *subscription_find(const struct session *, struct span escrow_id);

/* Changes the state, and counts it in the session. If a subscription of a merged session falls
 * behind, the live ones are held, since one cursor stands for all of them. Only this function and
 * subscription_hold_live change a state. */
void subscription_move(struct subscription *, enum sub_state);
/* Holds the live subscriptions of a merged session while others are behind. */
void subscription_hold_live(struct session *);
/* Begins the delivery behind the subscription's position. True: the subscription is behind, since
 * the tail has passed that position, or since another subscription of the merged session is behind.
 * False: the subscription is live. */
bool subscription_begin(struct subscription *);
/* Begins the delivery as subscription_begin does, for a client that came with a cursor: the bytes
 * of the replay count against its wallet. */
bool subscription_begin_asked(struct subscription *);
/* True while the subscription gets its events by the replay (replay.h). */
static inline bool
subscription_is_behind(const struct subscription *sub)
{
	return sub->state == SUB_CATCHING_UP || sub->state == SUB_HELD;
}

/* Sends an event to each live subscription of a topic, except to those of the user whose own topic
 * is not_to (NULL: no exception). If the transport's queue is full, a durable event makes the
 * subscription fall behind, and an event of presence or typing counts as missed. */
void subscription_push(struct topic *, struct chat_event *, const struct topic *not_to);

/* subscription_miss: the subscription has missed presence or typing. subscription_forget_missed: it
 * has missed none any more. */
void subscription_miss(struct subscription *);
void subscription_forget_missed(struct subscription *);

#endif
