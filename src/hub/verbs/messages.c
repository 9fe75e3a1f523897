/* SPDX-License-Identifier: ISC */
/*
 * messages.c - a client sends a message, or marks some as read. messages_job.c writes both.
 */
#include "hub/verbs/messages.h"

#include "base/json.h"
#include "base/json_slice.h"
#include "base/log.h"
#include "hub/verbs/messages_job.h"

/* Bytes of a message's JSON beside its content. The loop's thread frees the JSON, so it allocates
 * the memory as well. */
#define MESSAGE_ROOM 400

static bool
apply_send(struct call *c, struct hub_time now)
{
	struct send_call *j = (struct send_call *)c;
	struct buf out = {0};

	if (c->ack.n == 0)
		return true;
	session_ok_begin(c->session, &out, c->ack);
	json_member_raw(&out, "message", buf_as_span(&j->send.message));
	json_close(&out, '}');
	session_answer_end(c->session, &out);
	return true;
}

static void
clear_send(struct call *c)
{
	buf_clear(&((struct send_call *)c)->send.message);
}

void
message_begin(const struct incoming *in)
{
	struct span content = {0}, id = {"", 0};
	struct send_call *j;

	if (!json_slice_string(in->read[0], in->decoded, &content)) {
		incoming_refuse(in, ERROR_BAD_REQUEST, "content: a string is needed");
		return;
	}
	if (json_slice_type(in->read[1]) != JSON_NULL &&
	    (!json_slice_string(in->read[1], in->decoded, &id) || !name_client_id(id))) {
		incoming_refuse(
		    in, ERROR_BAD_REQUEST, "clientMsgId: 1 to 64 of A-Z a-z 0-9 _ - are accepted");
		return;
	}
	log_info("conn %u: message escrow=%s", in->session->number, in->escrow_id);
	j = call_new(in, sizeof(*j) + content.n, apply_send);
	j->call.clear = clear_send;
	memcpy(j->content, content.p, content.n);
	memcpy(j->client_msg_id, id.p, id.n);
	j->send = (struct chat_send){.user = &j->call.user,
	    .escrow_id = span_of(j->call.escrow_id),
	    .content = {j->content, content.n},
	    .client_msg_id = {j->client_msg_id, id.n},
	    .now_ms = in->now.wall_ms};
	buf_reserve(&j->send.message, content.n + MESSAGE_ROOM);
	call_write(&j->call, messages_run_send);
	j->call.job.write.bytes = (uint32_t)content.n;
}

static bool
apply_mark(struct call *c, struct hub_time now)
{
	struct buf out = {0};

	if (c->ack.n == 0)
		return true;
	session_ok_begin(c->session, &out, c->ack);
	json_member_int(&out, "unread", ((struct mark_call *)c)->mark.unread);
	json_close(&out, '}');
	session_answer_end(c->session, &out);
	return true;
}

void
mark_begin(const struct incoming *in)
{
	struct span one = incoming_string(in, "messageId"), up_to = incoming_string(in, "upTo");
	struct span id = up_to.n > 0 ? up_to : one;
	struct mark_call *j;

	if ((one.n > 0) == (up_to.n > 0)) {
		incoming_refuse(in, ERROR_BAD_REQUEST, "messageId or upTo is needed, and not both");
		return;
	}
	if (id.n >= sizeof(j->message_id)) {
		incoming_refuse(in, ERROR_NOT_FOUND, NULL);
		return;
	}
	j = call_new(in, sizeof(*j), apply_mark);
	memcpy(j->message_id, id.p, id.n);
	j->mark = (struct chat_mark){.user = &j->call.user,
	    .escrow_id = span_of(j->call.escrow_id),
	    .message_id = {j->message_id, id.n},
	    .up_to = up_to.n > 0,
	    .now_ms = in->now.wall_ms};
	call_write(&j->call, messages_run_mark);
}
