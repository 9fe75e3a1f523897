/* SPDX-License-Identifier: ISC */
/*
 * session.c - the user of a session, and what a session is told.
 */
#include "hub/session/session.h"

#include <stdio.h>

#include "base/json.h"
#include "base/log.h"
#include "contract/views.h"
#include "hub/replay/event.h"

void *
session_owner(const struct session *s)
{
	return s->owner;
}

uint32_t
session_number(const struct session *s)
{
	return s->number;
}

struct span
session_wallet(const struct session *s)
{
	return topic_wallet(s->own.topic);
}

const char *
session_name(const struct session *s)
{
	return s->name != NULL ? s->name : topic_wallet(s->own.topic).p;
}

struct user
session_user(const struct session *s)
{
	struct user u = {.proof = session_proof(s)};
	struct span key = topic_wallet(s->own.topic);

	memcpy(u.key, key.p, key.n + 1);
	memcpy(u.name, session_name(s), strlen(session_name(s)) + 1);
	return u;
}

bool
session_is_behind(const struct session *s)
{
	return s->n_behind > 0 || s->n_missed > 0;
}

/* ---- telling it ---- */

void
session_send_event(struct session *s, const char *name, struct span data, struct span cursor,
    struct span escrow_id)
{
	struct chat_event ev = {.kind = FRAME_CONTROL,
	    .name = span_of(name),
	    .data = data,
	    .cursor = cursor,
	    .escrow_id = escrow_id};

	s->transport->send(s, event_frame(&ev, s->transport->encoding));
	event_clear(&ev);
}

void
session_answer_end(struct session *s, struct buf *out)
{
	struct frame *f = ack_end(s->transport->encoding, out);

	s->transport->send(s, f);
	frame_unref(f);
}

void
session_ok_begin(struct session *s, struct buf *out, struct span ack)
{
	ack_begin(s->transport->encoding, out, ack);
	json_open(out, '{');
	json_member_bool(out, "ok", true);
}

/* A refusal of rights is a line of the audit trail; a malformed or too frequent event is not worth
 * one. */
static void
note_refusal(const struct session *s, struct span event, enum error err, struct span escrow_id)
{
	char wallet[16], number[16];

	if (err != ERROR_FORBIDDEN && err != ERROR_NOT_PARTICIPANT && err != ERROR_UNAUTHORIZED) {
		log_debug(
		    "conn %u: %.*s refused: %s", s->number, (int)event.n, event.p, error_code(err));
		return;
	}
	snprintf(number, sizeof(number), "%u", s->number);
	log_audit("refused",
	    (const struct log_field[]){
		{"code", span_of(error_code(err))},
		{"conn", span_of(number)},
		{"wallet", span_of(log_wallet(wallet, topic_wallet(s->own.topic)))},
		{"escrow", escrow_id},
		{"verb", event},
	    },
	    5);
}

void
session_refuse(struct session *s, struct span event, struct span ack, enum error err,
    const char *why, struct span escrow_id)
{
	struct buf out = {0}, data = {0};

	note_refusal(s, event, err, escrow_id);
	if (ack.n > 0) {
		ack_begin(s->transport->encoding, &out, ack);
		view_refusal(&out, err, why);
		session_answer_end(s, &out);
	} else {
		view_chat_error(&data, event, err, why, escrow_id);
		session_send_event(s, "chat_error", buf_as_span(&data), SPAN(""), SPAN(""));
		buf_clear(&data);
	}
}
