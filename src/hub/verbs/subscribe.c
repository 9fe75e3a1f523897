/* SPDX-License-Identifier: ISC */
/*
 * subscribe.c - a client enters or leaves a room, or asks who is in it. A recoverable session
 * enters or leaves a room only after the store has committed that.
 */
#include "hub/verbs/subscribe.h"

#include "base/json.h"
#include "base/json_slice.h"
#include "base/log.h"
#include "hub/recovery/recoverable.h"
#include "hub/replay/replay.h"
#include "hub/room/changes.h"
#include "hub/room/presence.h"
#include "hub/room/rights.h"
#include "hub/room/room.h"
#include "hub/verbs/subscribe_job.h"

#define TOO_MANY_ROOMS "the connection is in as many rooms as it may be in"

/* Notes that a call of a recoverable session changes which rooms the store has. Returns the
 * session's id in the store. */
static int64_t
change_rooms(struct call *c)
{
	struct recoverable *k = c->session->recoverable;

	c->changes_room = true;
	k->changes++;
	return k->id;
}

/* ---- entering ---- */

/* Sends the acknowledgement of subscribe_escrow. Its cursor is the seam: the missed events have
 * positions up to it, and the live events have positions after it. */
static void
answer(const struct call *c, struct subscription *sub)
{
	struct session *s = c->session;
	struct hub *hub = s->hub;
	int64_t seam = subscription_is_behind(sub) || sub->position > hub->position ? sub->position
										    : hub->position;
	char cursor[CURSOR_SIZE];
	struct buf out = {0};

	if (c->ack.n == 0)
		return;
	session_ok_begin(s, &out, c->ack);
	json_member_string(&out, "escrowId", topic_escrow(sub->topic));
	json_member_cstr(&out, "cursor", hub_cursor(hub, cursor, seam));
	presence_list(sub->topic, &out);
	json_member_int(&out, "unread", c->unread);
	if (c->has_gap)
		json_member_bool(&out, "gap", true);
	json_close(&out, '}');
	session_answer_end(s, &out);
}

/* The session did not enter the room, so the room must not be recovered. */
static void
on_refused(struct call *c)
{
	c->changes_room = false;
	if ((c->forgets_room || ((struct subscribe_call *)c)->is_put) &&
	    subscription_find(c->session, span_of(c->escrow_id)) == NULL)
		recoverable_forget_room(c->session, span_of(c->escrow_id));
}

/* ERROR_NONE: no limit forbids that the session enters now. */
static enum error
check_limits(struct subscribe_call *j, struct hub_time now)
{
	struct session *s = j->call.session;

	if (s->n_rooms >= hub_max_rooms(s->hub)) {
		j->call.why = TOO_MANY_ROOMS;
		return ERROR_RATE_LIMITED;
	}
	if (j->cursor_n > 0 && hub_replay_is_spent(s->hub, &j->call.user, now)) {
		j->call.why = CURSOR_SPENT_TEXT;
		return ERROR_RATE_LIMITED;
	}
	return ERROR_NONE;
}

/* Makes the subscription. True: the call was answered. False: the subscription is behind, and the
 * call is answered at the end of the replay. */
static bool
enter(struct subscribe_call *j, struct hub_time now)
{
	struct call *c = &j->call;
	struct session *s = c->session;
	struct subscription *sub =
	    room_enter(s, span_of(c->escrow_id), &j->standing, j->from, j->checked, now);

	log_info("conn %u: subscribed escrow=%s rooms=%u", s->number, c->escrow_id, s->n_rooms);
	c->changes_room = false;
	if (c->forgets_room)
		recoverable_renew_room(s, span_of(c->escrow_id), j->from);
	if (j->cursor_state == CURSOR_LOST) {
		subscription_seat(sub)->call = c;
		replay_gap(sub, j->oldest, now);
		recoverable_renew_room(s, span_of(c->escrow_id), sub->position);
		answer(c, sub);
		subscription_hold_live(s);
		return true;
	}
	if (!(j->cursor_n > 0 ? subscription_begin_asked(sub) : subscription_begin(sub))) {
		answer(c, sub);
		return true;
	}
	subscription_seat(sub)->call = c;
	c->stage = CALL_REPLAYING;
	j->has_begun = true;
	s->transport->resume(s);
	return false;
}

static bool
apply_subscribe(struct call *c, struct hub_time now)
{
	struct subscribe_call *j = (struct subscribe_call *)c;
	struct session *s = c->session;
	struct subscription *sub = subscription_find(s, span_of(c->escrow_id));

	/* Its client is gone. A recoverable session enters the room when the client comes back. */
	if (s->is_leaving)
		return true;
	if (!j->has_begun && changes_since(s->hub->changes, span_of(c->user.key),
				 span_of(c->escrow_id), j->checked)) {
		call_read_again(c, subscribe_run_lookup);
		return false;
	}
	if (sub != NULL) { /* subscribing again changes nothing */
		answer(c, sub);
		return true;
	}
	if ((c->job.err = check_limits(j, now)) != ERROR_NONE) {
		call_refuse(c);
		return true;
	}
	return enter(j, now);
}

enum call_kind
subscribe_kind(const struct incoming *in)
{
	return in->session->recoverable != NULL ? CALL_WRITE : CALL_READ;
}

void
subscribe_begin(const struct incoming *in)
{
	struct span cursor = incoming_string(in, "cursor");
	struct subscribe_call *j;

	if (cursor.n == 0 && json_slice_type(json_slice_member(in->data, "cursor")) != JSON_NULL) {
		incoming_refuse(in, ERROR_BAD_REQUEST, CURSOR_BAD_TEXT);
		return;
	}
	j = call_new(in, sizeof(*j) + cursor.n, apply_subscribe);
	j->call.refused = on_refused;
	j->cursor_n = cursor.n;
	memcpy(j->cursor, cursor.p, cursor.n);
	if (in->session->recoverable == NULL) {
		call_read(&j->call, subscribe_run_lookup);
		return;
	}
	j->recoverable_id = change_rooms(&j->call);
	if (cursor.n > 0) /* the events behind this call wait for the end of its replay */
		calls_bar(&j->call);
	call_write(&j->call, subscribe_run_enter);
}

/* ---- leaving ---- */

static bool
apply_leave(struct call *c, struct hub_time now)
{
	session_leave(c->session, span_of(c->escrow_id), now);
	call_answer_ok(c);
	return true;
}

static void
on_leave_refused(struct call *c)
{
	c->changes_room = false;
	if (c->forgets_room && subscription_find(c->session, span_of(c->escrow_id)) == NULL)
		recoverable_forget_room(c->session, span_of(c->escrow_id));
}

enum call_kind
unsubscribe_kind(const struct incoming *in)
{
	return in->session->recoverable != NULL ? CALL_WRITE : CALL_AT_ONCE;
}

void
unsubscribe_begin(const struct incoming *in)
{
	struct leave_call *j;

	if (in->session->recoverable == NULL) {
		session_leave(in->session, span_of(in->escrow_id), in->now);
		incoming_answer_ok(in);
		return;
	}
	j = call_new(in, sizeof(*j), apply_leave);
	j->recoverable_id = change_rooms(&j->call);
	j->call.refused = on_leave_refused;
	call_write(&j->call, subscribe_run_leave);
}

/* ---- presence ---- */

static bool
apply_presence(struct call *c, struct hub_time now)
{
	struct buf out = {0};

	if (!rights_stand((struct rights_call *)c))
		return false;
	session_ok_begin(c->session, &out, c->ack);
	presence_list(topic_find_room(c->session->hub, span_of(c->escrow_id)), &out);
	json_close(&out, '}');
	session_answer_end(c->session, &out);
	return true;
}

void
presence_begin(const struct incoming *in)
{
	struct rights_call *r;

	if (in->ack.n == 0) {
		rights_only(in);
		return;
	}
	r = call_new(in, sizeof(*r), apply_presence);
	rights_read(r);
}
