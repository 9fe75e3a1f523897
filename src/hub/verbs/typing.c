/* SPDX-License-Identifier: ISC */
/*
 * typing.c - a client says that its user types, or not any more.
 */
#include "hub/verbs/typing.h"

#include "base/log.h"
#include "hub/room/rights.h"
#include "hub/room/typing_state.h"

struct typing_call {               /* of a session that is not in the room */
	struct rights_call rights; /* first */
	bool is_start;
};
static_assert(offsetof(struct typing_call, rights) == 0, "it is cast from its call");

/* Types in a room, to which a participant need not be subscribed. sub: NULL where they are not.
 * False: their role may not write. */
static bool
type(struct session *s, struct subscription *sub, struct span escrow_id,
    const struct standing *standing, struct hub_time now)
{
	const char *name =
	    sub != NULL ? presence_name(subscription_seat(sub)->presence) : standing->name;
	struct standing role = {.role = sub != NULL ? sub->role : standing->role};
	char topic[TOPIC_SIZE];

	if (!chat_may_write(&role))
		return false;
	log_debug("conn %u: typing escrow=%.*s", s->number, (int)escrow_id.n, escrow_id.p);
	s->types_outside = s->types_outside || sub == NULL;
	typing_start(topic_get(s->hub, topic_of_escrow(topic, escrow_id), true), s, name, now);
	return true;
}

static void
stop_typing(struct session *s, struct span escrow_id)
{
	struct topic *t = topic_find_room(s->hub, escrow_id);

	if (t != NULL)
		typing_stop(s->hub, t, topic_wallet(s->own.topic));
}

static bool
apply_typing(struct call *c, struct hub_time now)
{
	struct typing_call *j = (struct typing_call *)c;
	struct span escrow_id = span_of(c->escrow_id);
	struct subscription *sub = subscription_find(c->session, escrow_id);

	if (!rights_stand(&j->rights))
		return false;
	if (!j->is_start) {
		stop_typing(c->session, escrow_id);
	} else if (!type(c->session, sub, escrow_id, &j->rights.standing, now)) {
		c->job.err = ERROR_FORBIDDEN;
		call_refuse(c);
		return true;
	}
	call_answer_ok(c);
	return true;
}

static void
type_outside(const struct incoming *in, bool is_start)
{
	struct typing_call *j = call_new(in, sizeof(*j), apply_typing);

	j->is_start = is_start;
	rights_read(&j->rights);
}

enum call_kind
typing_kind(const struct incoming *in)
{
	bool is_in = subscription_find(in->session, span_of(in->escrow_id)) != NULL;

	return is_in ? CALL_AT_ONCE : CALL_READ;
}

void
typing_start_begin(const struct incoming *in)
{
	struct subscription *sub = subscription_find(in->session, span_of(in->escrow_id));

	if (sub == NULL)
		type_outside(in, true);
	else if (type(in->session, sub, span_of(in->escrow_id), NULL, in->now))
		incoming_answer_ok(in);
	else
		incoming_refuse(in, ERROR_FORBIDDEN, NULL);
}

void
typing_stop_begin(const struct incoming *in)
{
	if (subscription_find(in->session, span_of(in->escrow_id)) == NULL) {
		type_outside(in, false);
		return;
	}
	stop_typing(in->session, span_of(in->escrow_id));
	incoming_answer_ok(in);
}
