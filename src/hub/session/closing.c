/* SPDX-License-Identifier: ISC */
/*
 * closing.c - the end of sessions. A session that is leaving stays in its rooms until its calls are
 * done, and nothing is sent to its client meanwhile.
 */
#include "hub/session/closing.h"

#include <stdlib.h>

#include "hub/recovery/recovery.h"
#include "hub/replay/replay.h"
#include "hub/room/presence.h"
#include "hub/room/room.h"
#include "hub/room/typing_state.h"
#include "hub/session/call.h"
#include "hub/session/expiry.h"

/* The transport of a session that is leaving: it drops every frame. */
static bool
send_nowhere(struct session *s, struct frame *f)
{
	return true;
}

static void
resume_nothing(struct session *s)
{
}

static const struct transport nowhere = {
    .name = "closed", .encoding = ENCODING_JSON, .send = send_nowhere, .resume = resume_nothing};
static const struct transport passing_nowhere = {.name = "closed",
    .encoding = ENCODING_JSON,
    .send = send_nowhere,
    .resume = resume_nothing,
    .is_passing = true};

void
closing_end(struct session *s, struct hub_time now)
{
	struct hub *hub = s->hub;

	if (s->types_outside && s->own.topic->n_subscriptions == 1 && !s->transport->is_passing)
		typing_stop_all(hub, s->own.topic);
	while (s->subscriptions != NULL) {
		if (s->subscriptions->topic->room == NULL)
			subscription_free(s->subscriptions);
		else
			room_leave(s->subscriptions, s->end, now);
	}
	TAILQ_REMOVE(&hub->sessions, s, link);
	hub->n_sessions--;
	hub->n_leaving--;
	expiry_free(s);
	free(s->name);
	free(s);
	if (hub->options.on_closed != NULL)
		hub->options.on_closed(hub->options.arg);
}

/* Gives up the events that the session has missed; the calls that waited for them are done. */
static void
forget_missed(struct session *s)
{
	for (struct subscription *sub = s->subscriptions; sub != NULL; sub = sub->next) {
		struct seat *seat = sub->topic->room != NULL ? subscription_seat(sub) : NULL;

		if (sub->position < s->hub->position)
			sub->position = s->hub->position;
		subscription_move(sub, SUB_LIVE);
		if (seat != NULL)
			presence_forget(sub);
		if (seat != NULL && seat->call != NULL) {
			seat->call->stage = CALL_DONE;
			seat->call = NULL;
		}
	}
}

void
session_close(struct session *s, enum session_end end, struct hub_time now)
{
	recovery_end(s, end, now);
	expiry_stop(s);
	replay_stop(s);
	s->transport = s->transport->is_passing ? &passing_nowhere : &nowhere;
	s->end = (uint8_t)end;
	s->is_leaving = true;
	s->hub->n_leaving++;
	forget_missed(s);
	calls_advance(s, now);
}
