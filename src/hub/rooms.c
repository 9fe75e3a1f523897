/* SPDX-License-Identifier: ISC */
/*
 * rooms.c - the verbs on rooms: subscribe_escrow, unsubscribe_escrow, presence.
 */
#include "hub/call.h"

#include <stdlib.h>

#include "base/json_slice.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/kept.h"

#define TOO_MANY_ROOMS "the connection is in as many rooms as it may be in"
#define BAD_CURSOR     "cursor: a string that this server gave is accepted"

/* The acknowledgement of subscribe_escrow: its cursor is the seam between what was missed and what is live. */
static void
answer_subscribed(struct sub *sub, struct span ack, int64_t unread)
{
	struct hub *hub = sub->session->hub;
	int64_t seam =
	    sub->is_behind || sub->position > hub->position ? sub->position : hub->position;
	char cursor[CURSOR_SIZE];
	struct buf out = {0};

	if (ack.n == 0)
		return;
	session_ok_begin(sub->session, &out, ack);
	json_member_string(&out, "escrowId", topic_escrow(sub->topic));
	json_member_cstr(&out, "cursor", hub_cursor(hub, cursor, seam));
	presence_list(sub->topic, &out);
	json_member_int(&out, "unread", unread);
	if (sub->has_gap)
		json_member_bool(&out, "gap", true);
	json_close(&out, '}');
	session_answer_end(sub->session, &out);
}

void
sub_catch_up_done(struct sub *sub, struct hub_time now)
{
	struct session *s = sub->session;
	struct call c = {.session = s, .event = SPAN("subscribe_escrow"), .now = now};
	struct look l = {0};

	sub->has_begun = true;
	sub_set_behind(sub, false);
	if (sub->topic->room == NULL || seat_of(sub)->ack == NULL)
		return;
	char *ack = seat_of(sub)->ack;
	seat_of(sub)->ack = NULL;
	c.ack = span_of(ack);
	memcpy(c.escrow_id, topic_escrow(sub->topic).p, topic_escrow(sub->topic).n);
	if (call_look(&l, &c))
		answer_subscribed(sub, c.ack, l.unread);
	sub->has_gap = false;
	free(ack);
}

/* Membership and cursor are good: takes effect. */
static void
subscribe_now(const struct call *c, const struct look *l)
{
	struct session *s = c->session;
	struct sub *sub = session_sub(s, span_of(c->escrow_id));

	if (sub != NULL) { /* again: changes nothing */
		answer_subscribed(sub, c->ack, l->unread);
		return;
	}
	if (s->n_rooms >= hub_max_rooms(s->hub)) { /* others were on their way */
		kept_forget_room(s, span_of(c->escrow_id));
		call_refuse(c, CHAT_RATE_LIMITED, TOO_MANY_ROOMS);
		return;
	}
	sub = session_enter(s, span_of(c->escrow_id), &l->standing, l->from, l->checked, c->now);
	log_info("conn %u: subscribed escrow=%s rooms=%u", s->number, c->escrow_id, s->n_rooms);
	if (l->cursor_state == CURSOR_LOST) {
		sub_gap(sub, c->now);
		sub->has_gap = true;
		answer_subscribed(sub, c->ack, l->unread);
		sub->has_gap = false;
		session_hold_live(s);
	} else if (l->cursor.n > 0 ? sub_begin_asked(sub) : sub_begin(sub)) {
		seat_of(sub)->ack = c->ack.n > 0 ? mem_strndup(c->ack.p, c->ack.n) : NULL;
		s->transport->resume(s);
	} else {
		answer_subscribed(sub, c->ack, l->unread);
	}
}

void
session_leave(struct session *s, struct span escrow_id, struct hub_time now)
{
	struct sub *sub = session_sub(s, escrow_id);

	if (sub == NULL)
		return;
	if (seat_of(sub)->ack != NULL)
		session_refuse(s, SPAN("subscribe_escrow"), span_of(seat_of(sub)->ack),
		    CHAT_CONFLICT, "unsubscribed meanwhile", escrow_id);
	presence_leave(sub, SESSION_LEFT, now);
	sub_free(sub);
	session_release_held(s, now);
	log_info("conn %u: unsubscribed escrow=%.*s rooms=%u", s->number, (int)escrow_id.n,
	    escrow_id.p, s->n_rooms);
}

static void
unsubscribe_now(const struct call *c)
{
	session_leave(c->session, span_of(c->escrow_id), c->now);
	call_answer_ok(c);
}

/* What a session that can be recovered is in, it is in when that is committed. */
struct room_job {
	struct hub_job job;
	struct look look;
	int64_t kept;
};

static bool
run_enter(struct store *st, struct writer_job *job)
{
	struct room_job *j = (struct room_job *)job;

	kept_room_put(st, j->kept, span_of(j->job.escrow_id), j->look.from);
	return true;
}

static bool
run_leave(struct store *st, struct writer_job *job)
{
	struct room_job *j = (struct room_job *)job;

	kept_room_delete(st, j->kept, span_of(j->job.escrow_id));
	return true;
}

/* The tail may have passed a removal that the look before the job knew nothing of, when there was no subscription to end. False:
 * refused, and answered. */
static bool
still_stands(const struct call *c, struct look *l)
{
	struct look again = {0};

	if (c->session->hub->position <= l->checked)
		return true;
	if (!call_look(&again, c)) {
		kept_forget_room(c->session, span_of(c->escrow_id));
		return false;
	}
	l->standing = again.standing;
	l->checked = again.checked;
	l->unread = again.unread;
	return true;
}

static void
finish_room(struct hub_job *job, struct hub_time now)
{
	struct room_job *j = (struct room_job *)job;
	struct call c = {.session = job->session,
	    .event = span_of(job->event),
	    .ack = span_of(job->ack),
	    .now = now};

	memcpy(c.escrow_id, job->escrow_id, sizeof(c.escrow_id));
	if (job->err != CHAT_OK)
		call_refuse(&c, job->err, NULL);
	else if (job->job.run == run_leave)
		unsubscribe_now(&c);
	else if (still_stands(&c, &j->look))
		subscribe_now(&c, &j->look);
}

static void
keep_room(
    const struct call *c, const struct look *l, bool (*run)(struct store *, struct writer_job *))
{
	struct room_job *j = mem_zalloc(sizeof(*j));

	call_job(&j->job, c, run);
	j->job.event = run == run_enter ? "subscribe_escrow" : "unsubscribe_escrow";
	j->job.finish = finish_room;
	j->kept = c->session->kept->id;
	if (l != NULL)
		j->look = *l;
	j->look.call = NULL;
	job_submit(&j->job);
}

void
kept_forget_room(struct session *s, struct span escrow_id)
{
	struct call c = {.session = s, .ack = SPAN("")};

	if (s->kept == NULL)
		return;
	memcpy(c.escrow_id, escrow_id.p, escrow_id.n);
	keep_room(&c, NULL, run_leave);
}

static bool
is_replay_spent(const struct call *c)
{
	struct user user = session_user(c->session);

	return hub_replay_is_spent(c->session->hub, &user, c->now);
}

void
room_subscribe(const struct call *c)
{
	struct session *s = c->session;
	struct look l = {.cursor = call_string(c, "cursor"),
	    .cursor_state = CURSOR_GOOD,
	    .from = s->hub->position};
	struct span cursor = json_slice_member(c->data, "cursor");
	bool is_in = session_sub(s, span_of(c->escrow_id)) != NULL;

	if (json_slice_type(cursor) != JSON_NULL && l.cursor.n == 0) {
		call_refuse(c, CHAT_BAD_REQUEST, BAD_CURSOR);
		return;
	}
	if (!is_in && s->n_rooms >= hub_max_rooms(s->hub)) {
		call_refuse(c, CHAT_RATE_LIMITED, TOO_MANY_ROOMS);
		return;
	}
	if (!is_in && l.cursor.n > 0 && is_replay_spent(c)) {
		call_refuse(c, CHAT_RATE_LIMITED, "cursor: too much was replayed lately");
		return;
	}
	if (!call_look(&l, c))
		return;
	if (l.cursor_state == CURSOR_BAD)
		call_refuse(c, CHAT_BAD_REQUEST, BAD_CURSOR);
	else if (s->kept != NULL && !is_in)
		keep_room(c, &l, run_enter);
	else
		subscribe_now(c, &l);
}

void
room_unsubscribe(const struct call *c)
{
	if (c->session->kept != NULL)
		keep_room(c, NULL, run_leave);
	else
		unsubscribe_now(c);
}

void
room_presence(const struct call *c)
{
	struct look l = {0};
	char name[TOPIC_SIZE];
	struct buf out = {0};

	if (!call_look(&l, c))
		return;
	call_answer_begin(c, &out);
	presence_list(
	    topic_find(c->session->hub, topic_of_escrow(name, span_of(c->escrow_id))), &out);
	call_answer_end(c, &out);
}
