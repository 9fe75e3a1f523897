/* SPDX-License-Identifier: ISC */
/*
 * room.c - a session enters a room, leaves it, or is removed from it.
 */
#include "hub/room/room.h"

#include "base/check.h"
#include "base/log.h"
#include "contract/views.h"
#include "hub/recovery/recoverable.h"
#include "hub/room/presence.h"
#include "hub/room/typing_state.h"

struct subscription *
room_enter(struct session *s, struct span escrow_id, const struct standing *standing,
    int64_t position, int64_t checked, struct hub_time now)
{
	char name[TOPIC_SIZE];
	struct topic *t = topic_get(s->hub, topic_of_escrow(name, escrow_id), true);
	struct subscription *sub = subscription_new(t, s, position);

	sub->role = (uint8_t)standing->role;
	subscription_seat(sub)->checked = checked;
	presence_join(sub, standing->name, now);
	return sub;
}

void
room_leave(struct subscription *sub, enum session_end end, struct hub_time now)
{
	typing_leave(sub);
	presence_leave(sub, end, now);
	presence_forget(sub);
	subscription_free(sub);
}

void
session_leave(struct session *s, struct span escrow_id, struct hub_time now)
{
	struct subscription *sub = subscription_find(s, escrow_id);

	if (sub == NULL)
		return;
	room_leave(sub, SESSION_LEFT, now);
	log_info("conn %u: unsubscribed escrow=%.*s rooms=%u", s->number, (int)escrow_id.n,
	    escrow_id.p, s->n_rooms);
}

void
room_remove(struct subscription *sub, struct hub_time now)
{
	struct session *s = sub->session;
	struct seat *seat = subscription_seat(sub);
	struct span escrow_id = topic_escrow(sub->topic);
	struct buf data = {0};

	log_info("conn %u: removed from escrow=%.*s", s->number, (int)escrow_id.n, escrow_id.p);
	if (seat->call != NULL) {
		seat->call->job.err = ERROR_NOT_PARTICIPANT;
		seat->call->stage = CALL_DONE;
		seat->call = NULL;
	}
	view_chat_error(&data, SPAN("subscribe_escrow"), ERROR_REMOVED, NULL, escrow_id);
	session_send_event(s, "chat_error", buf_as_span(&data), SPAN(""), SPAN(""));
	buf_clear(&data);
	recoverable_forget_room(s, escrow_id);
	room_leave(sub, SESSION_LEFT, now);
}
