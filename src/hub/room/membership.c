/* SPDX-License-Identifier: ISC */
/*
 * membership.c - applies the rows of the log that change memberships and tokens to the sessions of
 * their users. The tail calls this at the row's place among the events.
 */
#include "hub/room/membership.h"

#include <stdio.h>

#include "base/log.h"
#include "hub/room/changes.h"
#include "hub/room/presence.h"
#include "hub/room/room.h"
#include "hub/room/typing_state.h"
#include "hub/session/expiry.h"

static void
note_membership(const struct eventlog_row *row, struct span escrow_id)
{
	char wallet[16], position[24];

	snprintf(position, sizeof(position), "%lld", (long long)row->position);
	log_audit("membership",
	    (const struct log_field[]){
		{"change", row->event},
		{"wallet", span_of(log_wallet(wallet, row->actor))},
		{"escrow", escrow_id},
		{"position", span_of(position)},
	    },
	    4);
}

/* Ends the typing and the grace of a removed user who has no connection in the room any more. */
static void
end_absent(struct hub *hub, struct topic *room, struct span wallet, struct hub_time now)
{
	struct presence *p = presence_find(room, wallet);

	if (p == NULL || p->n_connections > 0)
		return;
	bool is_present = p->is_present;
	typing_stop(hub, room, wallet);
	if (is_present) /* else it is freed perhaps, and the room with it */
		presence_removed(hub, room, wallet, now);
}

/* Takes all sessions of a removed user out of the room at this position, so that no later event of
 * the room reaches them. */
static void
remove_member(
    struct hub *hub, const struct eventlog_row *row, struct span escrow_id, struct hub_time now)
{
	struct topic *own = topic_find_user(hub, row->actor), *room;

	for (uint32_t i = own != NULL ? own->n_subscriptions : 0; i-- > 0;) {
		struct session *s = topic_subscriptions(own)[i]->session;
		struct subscription *sub = subscription_find(s, escrow_id);

		if (sub == NULL || subscription_seat(sub)->checked >= row->position)
			continue;
		room_remove(sub, now);
		calls_advance(s, now);
	}
	if ((room = topic_find_room(hub, escrow_id)) != NULL)
		end_absent(hub, room, row->actor, now);
}

static void
change_member(struct hub *hub, const struct eventlog_row *row, struct span escrow_id)
{
	struct topic *own = topic_find_user(hub, row->actor);
	struct standing who = {0};

	if (row->who.n == 0 || own == NULL) /* the user is not listed any more, or not connected */
		return;
	who.role = (enum role)(row->who.p[0] - '0');
	memcpy(who.name, row->who.p + 1, row->who.n - 1);
	for (uint32_t i = 0; i < own->n_subscriptions; i++) {
		struct subscription *sub =
		    subscription_find(topic_subscriptions(own)[i]->session, escrow_id);

		if (sub == NULL || subscription_seat(sub)->checked >= row->position)
			continue;
		sub->role = (uint8_t)who.role;
		if (subscription_seat(sub)->presence != NULL)
			presence_rename(subscription_seat(sub)->presence, who.name);
	}
}

void
membership_change(
    struct hub *hub, const struct eventlog_row *row, struct span escrow_id, struct hub_time now)
{
	note_membership(row, escrow_id);
	changes_note(hub->changes, row->actor, escrow_id, row->position);
	if (hub->options.rules.rooms == ROOMS_OPEN)
		return;
	if (span_is(row->event, "removed"))
		remove_member(hub, row, escrow_id, now);
	else
		change_member(hub, row, escrow_id);
}

void
membership_end_tokens(
    struct hub *hub, const struct eventlog_row *row, enum topic_kind kind, struct span name)
{
	struct span wallet = kind == TOPIC_SESSION ? row->actor : name;
	unsigned long long until_ms = 0;

	changes_note(hub->changes, wallet, SPAN(""), row->position);
	if (kind == TOPIC_SESSION)
		expiry_end(hub, wallet, name, 0);
	else if (span_u64(row->who, INT64_MAX, &until_ms))
		expiry_end(hub, wallet, SPAN(""), (int64_t)until_ms);
}
