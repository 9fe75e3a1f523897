/* SPDX-License-Identifier: ISC */
/*
 * verbs.c - the events that clients send: one row each. Everything is answered, nothing closes a connection.
 */
#include "hub/call.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json_slice.h"
#include "base/log.h"
#include "base/mem.h"

#define EVENT_WINDOW_MS 1000

/* ---- typing ---- */

static void
typing_begin(const struct call *c)
{
	struct session *s = c->session;
	struct sub *sub = session_sub(s, span_of(c->escrow_id));
	struct look l = {0};
	char name[TOPIC_SIZE];

	/* A member need not be subscribed to type; who is, was checked when he came. */
	if (sub != NULL) {
		l.standing.role = sub->role;
		snprintf(l.standing.name, sizeof(l.standing.name), "%s",
		    presence_name(seat_of(sub)->presence));
	} else if (!call_look(&l, c)) {
		return;
	}
	if (!chat_may_write(&l.standing)) {
		call_refuse(c, CHAT_FORBIDDEN, NULL);
		return;
	}
	log_debug("conn %u: typing escrow=%s", s->number, c->escrow_id);
	s->types_outside = s->types_outside || sub == NULL;
	typing_start(topic_get(s->hub, topic_of_escrow(name, span_of(c->escrow_id)), true), s,
	    l.standing.name, c->now);
	call_answer_ok(c);
}

static void
typing_end(const struct call *c)
{
	struct session *s = c->session;
	struct look l = {0};
	char name[TOPIC_SIZE];
	struct topic *t = topic_find(s->hub, topic_of_escrow(name, span_of(c->escrow_id)));

	if (session_sub(s, span_of(c->escrow_id)) == NULL && !call_look(&l, c))
		return;
	if (t != NULL)
		typing_stop(s->hub, t, topic_wallet(s->own.topic));
	call_answer_ok(c);
}

/* ---- history ---- */

struct history_call {
	const struct call *call;
	struct chat_history history;
};

static void
read_history(struct store *st, void *arg)
{
	struct history_call *h = arg;

	buf_clear(&h->history.messages);
	chat_history(st, &h->call->session->hub->options.rules, &h->history);
}

/* A string, or not there at all. */
static bool
is_string_or_absent(struct span value)
{
	return json_slice_type(value) == JSON_NULL || json_slice_type(value) == JSON_STRING;
}

/* NULL: fine; else what is wrong with a history's data. */
static const char *
check_history(struct span data, int *limit)
{
	static const char *const names[] = {"before", "after", "limit"};
	struct span values[3];
	int64_t n = 50;

	json_slice_members(data, names, values, 3);
	if (!is_string_or_absent(values[0]) || !is_string_or_absent(values[1]))
		return "before, after: a message id or a timestamp, as a string, is accepted";
	if (json_slice_type(values[2]) != JSON_NULL &&
	    (!json_slice_int(values[2], &n) || n < 1 || n > 200))
		return "limit: 1 to 200 is accepted";
	*limit = (int)n;
	return NULL;
}

static void
history(const struct call *c)
{
	struct user user = session_user(c->session);
	struct history_call h = {.call = c,
	    .history = {.user = &user,
		.escrow_id = span_of(c->escrow_id),
		.before = call_string(c, "before"),
		.after = call_string(c, "after")}};
	const char *why = check_history(c->data, &h.history.limit);
	struct buf out = {0};

	if (why != NULL) {
		call_refuse(c, CHAT_BAD_REQUEST, why);
		return;
	}
	if (store_read(c->session->hub->store, HUB_READ_MS, read_history, &h) != STORE_OK)
		h.history.err = CHAT_UNAVAILABLE;
	if (h.history.err != CHAT_OK) {
		call_refuse(c, h.history.err, NULL);
	} else {
		call_answer_begin(c, &out);
		json_member_raw(&out, "messages", buf_as_span(&h.history.messages));
		json_member_cstr(&out, "cursor", h.history.cursor);
		json_member_bool(&out, "hasMore", h.history.has_more);
		call_answer_end(c, &out);
	}
	buf_clear(&h.history.messages);
}

/* ---- writes: a job each ---- */

#define MESSAGE_ROOM \
	400 /* for the message beside its content: memory comes from the thread that frees it */

struct send_job {
	struct hub_job job;
	struct chat_send send;
	char client_msg_id[80];
	char content[];
};

static bool
run_send(struct store *st, struct writer_job *job)
{
	struct send_job *j = (struct send_job *)job;
	bool written;

	j->send.mono_us = clock_mono_us();
	written = chat_send(st, &j->job.hub->options.rules, &j->send);
	j->job.err = j->send.err;
	/* A repeat waits for the first one's row, which another process may have written a moment ago. */
	j->job.position = j->send.repeated ? queue_head(st) : j->send.position;
	return written;
}

static void
answer_send(struct hub_job *job, struct buf *out)
{
	struct send_job *j = (struct send_job *)job;

	json_member_raw(out, "message", buf_as_span(&j->send.message));
}

static void
clear_send(struct hub_job *job)
{
	struct send_job *j = (struct send_job *)job;

	buf_clear(&j->send.message);
}

static void
chat_message(const struct call *c)
{
	struct span content = {0}, id = {"", 0};
	struct send_job *j;

	if (!json_slice_string(c->read[0], c->decoded, &content)) {
		call_refuse(c, CHAT_BAD_REQUEST, "content: a string is needed");
		return;
	}
	if (json_slice_type(c->read[1]) != JSON_NULL &&
	    (!json_slice_string(c->read[1], c->decoded, &id) || !name_client_id(id))) {
		call_refuse(
		    c, CHAT_BAD_REQUEST, "clientMsgId: 1 to 64 of A-Z a-z 0-9 _ - are accepted");
		return;
	}
	log_info("conn %u: message escrow=%s", c->session->number, c->escrow_id);
	j = mem_zalloc(sizeof(*j) + content.n);
	call_job(&j->job, c, run_send);
	j->job.event = "chat_message";
	j->job.answer = answer_send;
	j->job.clear = clear_send;
	memcpy(j->content, content.p, content.n);
	memcpy(j->client_msg_id, id.p, id.n);
	j->send = (struct chat_send){.user = &j->job.user,
	    .escrow_id = span_of(j->job.escrow_id),
	    .content = {j->content, content.n},
	    .client_msg_id = {j->client_msg_id, id.n},
	    .now_ms = c->now.wall_ms};
	buf_reserve(&j->send.message, content.n + MESSAGE_ROOM);
	job_submit(&j->job);
}

struct mark_job {
	struct hub_job job;
	struct chat_mark mark;
	char message_id[80];
};

static bool
run_mark(struct store *st, struct writer_job *job)
{
	struct mark_job *j = (struct mark_job *)job;
	bool written = chat_mark(st, &j->job.hub->options.rules, &j->mark);

	j->job.err = j->mark.err;
	j->job.position = j->mark.position;
	return written;
}

static void
answer_mark(struct hub_job *job, struct buf *out)
{
	json_member_int(out, "unread", ((struct mark_job *)job)->mark.unread);
}

static void
message_read(const struct call *c)
{
	struct span one = call_string(c, "messageId"), up_to = call_string(c, "upTo");
	struct span id = up_to.n > 0 ? up_to : one;
	struct mark_job *j;

	if ((one.n > 0) == (up_to.n > 0)) {
		call_refuse(c, CHAT_BAD_REQUEST, "messageId or upTo is needed, and not both");
		return;
	}
	if (id.n >= sizeof(j->message_id)) {
		call_refuse(c, CHAT_NOT_FOUND, NULL);
		return;
	}
	j = mem_zalloc(sizeof(*j));
	call_job(&j->job, c, run_mark);
	j->job.event = "message_read";
	j->job.answer = answer_mark;
	memcpy(j->message_id, id.p, id.n);
	j->mark = (struct chat_mark){.user = &j->job.user,
	    .escrow_id = span_of(j->job.escrow_id),
	    .message_id = {j->message_id, id.n},
	    .up_to = up_to.n > 0,
	    .now_ms = c->now.wall_ms};
	job_submit(&j->job);
}

/* ---- the table ---- */

static const struct verb {
	const char *name;
	void (*run)(const struct call *);
	bool takes_bare_id;  /* data may be the escrowId itself */
	const char *read[2]; /* members of data that are found with the escrowId, in one walk */
} verbs[] = {
    {"chat_message", chat_message, false, {"content", "clientMsgId"}},
    {"typing_start", typing_begin, false},
    {"typing_stop", typing_end, false},
    {"message_read", message_read, false},
    {"subscribe_escrow", room_subscribe, true},
    {"unsubscribe_escrow", room_unsubscribe, true},
    {"history", history, false},
    {"presence", room_presence, false},
};

/* A request that brings one event has no session before it: its wallet's bucket counts. */
static bool
is_too_fast(struct session *s, struct hub_time now)
{
	struct hub *hub = s->hub;
	int64_t *spent = s->transport->is_passing
			     ? budget_of(hub->spent_events, topic_wallet(s->own.topic))
			     : &s->spent;

	return budget_spend(spent, 1, hub->options.event_rate, EVENT_WINDOW_MS, now.mono_ms) > 0;
}

static void
run_verb(struct call *c, const struct verb *verb)
{
	const char *names[] = {"escrowId", verb->read[0], verb->read[1]};
	struct span values[3] = {0};
	bool is_object = json_slice_type(c->data) == JSON_OBJECT;

	json_slice_members(c->data, names, values, verb->read[0] != NULL ? 3 : 1);
	memcpy(c->read, values + 1, sizeof(c->read));
	if (!is_object && !verb->takes_bare_id)
		call_refuse(c, CHAT_BAD_REQUEST, "data: one JSON object is needed");
	else if (!name_escrow_slice(is_object ? values[0] : c->data, c->escrow_id))
		call_refuse(c, CHAT_BAD_REQUEST,
		    "escrowId: 1 to 128 bytes without / or control characters, or a whole number, "
		    "is accepted");
	else
		verb->run(c);
}

void
session_event(
    struct session *s, struct span event, struct span data, struct span ack, struct hub_time now)
{
	struct buf decoded = {0};
	struct call c = {.session = s,
	    .event = event,
	    .ack = ack,
	    .data = data,
	    .decoded = &decoded,
	    .now = now};
	const struct verb *verb = NULL;

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]) && verb == NULL; i++) {
		if (span_is(event, verbs[i].name))
			verb = &verbs[i];
	}
	if (ack.n >= ACK_SIZE) {
		session_bad_frame(s, "ack: too long");
		return;
	}
	if (is_too_fast(s, now)) {
		call_refuse(&c, CHAT_RATE_LIMITED, NULL);
		return;
	}
	if (verb == NULL) {
		call_refuse(&c, CHAT_BAD_REQUEST, "no such event");
		return;
	}
	if (data.n > 0 && memchr(data.p, '\\', data.n) != NULL)
		buf_reserve(&decoded, data.n); /* decoding makes nothing longer */
	run_verb(&c, verb);
	buf_clear(&decoded);
}
