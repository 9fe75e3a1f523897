/* SPDX-License-Identifier: ISC */
/*
 * views.c - the JSON of stored things as clients see them, and of refusals.
 */
#include "contract/views.h"

#include "base/json.h"
#include "contract/names.h"
#include "proto/utf8.h"

#define BRIEF_MAX 200 /* code points */

void
view_message(struct buf *out, const struct message *m, struct span escrow_id)
{
	char id[MESSAGE_ID_SIZE];

	buf_reserve(out, m->content.n + escrow_id.n + m->sender_name.n + 256);
	json_open(out, '{');
	json_member_cstr(out, "id", message_id_format(id, m->id, m->nonce));
	json_member_string(out, "escrowId", escrow_id);
	json_member_string(out, "senderId", m->sender_name);
	if (m->sender_role != ROLE_NONE)
		json_member_cstr(out, "senderRole", role_name(m->sender_role));
	json_member_string(out, "content", m->content);
	json_member_time(out, "timestamp", m->at);
	json_member_bool(out, "read", m->read);
	if (m->client_msg_id.n > 0)
		json_member_string(out, "clientMsgId", m->client_msg_id);
	json_close(out, '}');
}

void
view_row(struct buf *out, const struct eventlog_row *row)
{
	struct span escrow_id;

	if (row->message == NULL)
		buf_span(out, row->data);
	else if (topic_parse(row->topic, &escrow_id) == TOPIC_ESCROW)
		view_message(out, row->message, escrow_id);
}

bool
view_participant(const struct participant *p, void *arg)
{
	struct buf *out = arg;

	json_element(out);
	json_open(out, '{');
	json_member_cstr(out, "walletAddress", p->name);
	json_member_cstr(out, "role", role_name(p->role));
	json_close(out, '}');
	return true;
}

void
view_message_brief(struct buf *out, const struct message *m)
{
	struct span rest = m->content;
	char id[MESSAGE_ID_SIZE];
	uint32_t point;

	for (int i = 0; i < BRIEF_MAX; i++) {
		if (!utf8_next(&rest, &point))
			break;
	}
	json_open(out, '{');
	json_member_cstr(out, "id", message_id_format(id, m->id, m->nonce));
	json_member_string(out, "senderId", m->sender_name);
	json_member_time(out, "timestamp", m->at);
	json_member_string(out, "content", (struct span){m->content.p, m->content.n - rest.n});
	json_close(out, '}');
}

void
view_message_notification(struct buf *out, struct span escrow_id, struct span title, int64_t at_ms)
{
	struct buf text = {0};

	buf_str(&text, "New message in escrow: ");
	buf_span(&text, title);
	json_open(out, '{');
	json_member_cstr(out, "type", "message_received");
	json_member_cstr(out, "title", "New Message");
	json_member_string(out, "message", buf_as_span(&text));
	json_member_string(out, "escrowId", escrow_id);
	json_member_time(out, "timestamp", at_ms);
	json_close(out, '}');
	buf_clear(&text);
}

void
view_message_read(struct buf *out, struct span escrow_id, const char *message_id,
    struct span reader, const char *up_to)
{
	json_open(out, '{');
	json_member_string(out, "escrowId", escrow_id);
	json_member_cstr(out, "messageId", message_id);
	json_member_string(out, "readerId", reader);
	if (up_to)
		json_member_cstr(out, "upTo", up_to);
	json_close(out, '}');
}

void
view_refusal(struct buf *out, enum error err, const char *why)
{
	json_open(out, '{');
	json_member_bool(out, "ok", false);
	json_member_cstr(out, "code", error_code(err));
	json_member_cstr(out, "error", why ? why : error_text(err));
	json_close(out, '}');
}

void
view_chat_error(
    struct buf *out, struct span event, enum error err, const char *why, struct span escrow_id)
{
	json_open(out, '{');
	json_member_string(out, "event", event);
	json_member_cstr(out, "code", error_code(err));
	json_member_cstr(out, "error", why ? why : error_text(err));
	if (escrow_id.n > 0)
		json_member_string(out, "escrowId", escrow_id);
	json_close(out, '}');
}
