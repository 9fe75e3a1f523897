/* SPDX-License-Identifier: ISC */
/*
 * verbs.c - the events that clients send: one row each. Everything is answered, nothing closes a connection.
 */
#include "hub/state.h"

#include <stdlib.h>

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "chat/views.h"
#include "store/kept.h"

#define READ_MS    100
#define BAD_CURSOR "cursor: a string that this server gave is accepted"

struct call { /* one event in hand */
	struct session *session;
	struct span event, ack;
	const struct json *data;
	char escrow_id[STORE_NAME_SIZE];
	struct hub_time now;
};

static struct span
member_string(const struct json *data, const char *name)
{
	struct span s = {"", 0};

	json_string(json_get(data, name), &s);
	return s;
}

static void
refuse(const struct call *c, enum chat_err err, const char *why)
{
	session_refuse(c->session, c->event, c->ack, err, why, span_of(c->escrow_id));
}

/* {ok:true, …}: begins an answer, and sends it. */
static void
answer_begin(struct buf *out)
{
	json_open(out, '{');
	json_member_bool(out, "ok", true);
}

static void
answer_end(const struct call *c, struct buf *out)
{
	json_close(out, '}');
	if (c->ack.n > 0)
		session_answer(c->session, c->ack, buf_as_span(out));
	buf_clear(out);
}

static void
answer_ok(const struct call *c)
{
	struct buf out = {0};

	answer_begin(&out);
	answer_end(c, &out);
}

/* A job of this call. */
static void
job_init(
    struct hub_job *job, const struct call *c, bool (*run)(struct store *, struct writer_job *))
{
	job->job.run = run;
	job->hub = c->session->hub;
	job->session = c->session;
	job->user = session_user(c->session);
	memcpy(job->escrow_id, c->escrow_id, sizeof(job->escrow_id));
	memcpy(job->ack, c->ack.p, c->ack.n);
}

/* ---- rooms ---- */

struct look { /* what a subscription needs to know of the store, in one read */
	const struct call *call;
	struct user user;
	struct standing standing;
	struct span cursor;
	enum cursor_state cursor_state;
	int64_t from, checked, unread;
	enum chat_err err;
};

static void
read_look(struct store *st, void *arg)
{
	struct look *l = arg;

	l->err = chat_standing(st, &l->call->session->hub->options.rules, &l->user,
	    span_of(l->call->escrow_id), &l->standing);
	if (l->err != CHAT_OK)
		return;
	l->checked = queue_head(st);
	l->unread = chat_unread(st, &l->user, &l->standing);
	if (l->cursor.n > 0)
		l->cursor_state = cursor_resolve(st, l->cursor, &l->from);
}

/* False: refused, and answered. */
static bool
look(struct look *l, const struct call *c)
{
	l->call = c;
	l->user = session_user(c->session);
	l->err = CHAT_UNAVAILABLE;
	if (store_read(c->session->hub->store, READ_MS, read_look, l) != STORE_OK)
		l->err = CHAT_UNAVAILABLE;
	if (l->err != CHAT_OK)
		refuse(c, l->err, NULL);
	return l->err == CHAT_OK;
}

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
	answer_begin(&out);
	json_member_string(&out, "escrowId", topic_escrow(sub->topic));
	json_member_cstr(&out, "cursor", hub_cursor(hub, cursor, seam));
	presence_list(sub->topic, &out);
	json_member_int(&out, "unread", unread);
	if (sub->has_gap)
		json_member_bool(&out, "gap", true);
	json_close(&out, '}');
	session_answer(sub->session, ack, buf_as_span(&out));
	buf_clear(&out);
}

void
sub_catch_up_done(struct sub *sub, struct hub_time now)
{
	struct session *s = sub->session;
	struct call c = {.session = s, .event = SPAN("subscribe_escrow"), .now = now};
	struct look l = {0};

	sub->has_begun = true;
	sub_set_behind(sub, false);
	if (sub->ack == NULL)
		return;
	char *ack = sub->ack;
	sub->ack = NULL;
	c.ack = span_of(ack);
	memcpy(c.escrow_id, topic_escrow(sub->topic).p, topic_escrow(sub->topic).n);
	if (look(&l, &c))
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
	sub = session_enter(s, span_of(c->escrow_id), &l->standing, l->from, l->checked, c->now);
	log_info("conn %u: subscribed escrow=%s rooms=%u", s->number, c->escrow_id, s->n_rooms);
	if (l->cursor_state == CURSOR_LOST) {
		sub_gap(sub, c->now);
		sub->has_gap = true;
		answer_subscribed(sub, c->ack, l->unread);
		sub->has_gap = false;
		session_hold_live(s);
	} else if (sub_begin(sub)) {
		sub->ack = c->ack.n > 0 ? mem_strndup(c->ack.p, c->ack.n) : NULL;
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
	if (sub->ack != NULL)
		session_refuse(s, SPAN("subscribe_escrow"), span_of(sub->ack), CHAT_CONFLICT,
		    "unsubscribed meanwhile", escrow_id);
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
	answer_ok(c);
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
		refuse(&c, job->err, NULL);
	else if (job->job.run == run_enter)
		subscribe_now(&c, &j->look);
	else
		unsubscribe_now(&c);
}

static void
keep_room(
    const struct call *c, const struct look *l, bool (*run)(struct store *, struct writer_job *))
{
	struct room_job *j = mem_zalloc(sizeof(*j));

	job_init(&j->job, c, run);
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

static void
subscribe(const struct call *c)
{
	struct session *s = c->session;
	struct look l = {.cursor = member_string(c->data, "cursor"),
	    .cursor_state = CURSOR_GOOD,
	    .from = s->hub->position};
	const struct json *cursor = json_get(c->data, "cursor");
	bool is_in = session_sub(s, span_of(c->escrow_id)) != NULL;

	if (cursor != NULL && json_type(cursor) != JSON_NULL && l.cursor.n == 0) {
		refuse(c, CHAT_BAD_REQUEST, BAD_CURSOR);
		return;
	}
	if (!is_in && s->n_rooms >= ROOMS_MAX) {
		refuse(c, CHAT_BAD_REQUEST, "a connection can be in 200 rooms at most");
		return;
	}
	if (!look(&l, c))
		return;
	if (l.cursor_state == CURSOR_BAD)
		refuse(c, CHAT_BAD_REQUEST, BAD_CURSOR);
	else if (s->kept != NULL && !is_in)
		keep_room(c, &l, run_enter);
	else
		subscribe_now(c, &l);
}

static void
unsubscribe(const struct call *c)
{
	if (c->session->kept != NULL)
		keep_room(c, NULL, run_leave);
	else
		unsubscribe_now(c);
}

static void
presence(const struct call *c)
{
	struct look l = {0};
	char name[TOPIC_SIZE];
	struct buf out = {0};

	if (!look(&l, c))
		return;
	answer_begin(&out);
	presence_list(
	    topic_find(c->session->hub, topic_of_escrow(name, span_of(c->escrow_id))), &out);
	answer_end(c, &out);
}

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
		memcpy(l.standing.name, sub->presence->name, sizeof(l.standing.name));
	} else if (!look(&l, c)) {
		return;
	}
	if (!chat_may_write(&l.standing)) {
		refuse(c, CHAT_FORBIDDEN, NULL);
		return;
	}
	log_debug("conn %u: typing escrow=%s", s->number, c->escrow_id);
	s->types_outside = s->types_outside || sub == NULL;
	typing_start(topic_get(s->hub, topic_of_escrow(name, span_of(c->escrow_id)), true), s,
	    l.standing.name, c->now);
	answer_ok(c);
}

static void
typing_end(const struct call *c)
{
	struct session *s = c->session;
	struct look l = {0};
	char name[TOPIC_SIZE];
	struct topic *t = topic_find(s->hub, topic_of_escrow(name, span_of(c->escrow_id)));

	if (session_sub(s, span_of(c->escrow_id)) == NULL && !look(&l, c))
		return;
	if (t != NULL)
		typing_stop(s->hub, t, topic_wallet(s->own));
	answer_ok(c);
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

static void
history(const struct call *c)
{
	struct user user = session_user(c->session);
	struct history_call h = {.call = c,
	    .history = {.user = &user,
		.escrow_id = span_of(c->escrow_id),
		.before = member_string(c->data, "before"),
		.after = member_string(c->data, "after"),
		.limit = 50}};
	const struct json *limit = json_get(c->data, "limit");
	struct buf out = {0};
	int64_t n = 0;

	if (limit != NULL && (!json_int(limit, &n) || n < 1 || n > 200)) {
		refuse(c, CHAT_BAD_REQUEST, "limit: 1 to 200 is accepted");
		return;
	}
	if (limit != NULL)
		h.history.limit = (int)n;
	if (store_read(c->session->hub->store, READ_MS, read_history, &h) != STORE_OK)
		h.history.err = CHAT_UNAVAILABLE;
	if (h.history.err != CHAT_OK) {
		refuse(c, h.history.err, NULL);
	} else {
		answer_begin(&out);
		json_member_raw(&out, "messages", buf_as_span(&h.history.messages));
		json_member_cstr(&out, "cursor", h.history.cursor);
		json_member_bool(&out, "hasMore", h.history.has_more);
		answer_end(c, &out);
	}
	buf_clear(&h.history.messages);
}

/* ---- writes: a job each ---- */

struct send_job {
	struct hub_job job;
	struct chat_send send;
	struct buf content;
	char client_msg_id[80];
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
	buf_clear(&j->content);
}

static void
chat_message(const struct call *c)
{
	const struct json *client_msg_id = json_get(c->data, "clientMsgId");
	struct span content = {0}, id = {"", 0};
	struct send_job *j;

	if (!json_string(json_get(c->data, "content"), &content)) {
		refuse(c, CHAT_BAD_REQUEST, "content: a string is needed");
		return;
	}
	if (client_msg_id != NULL && (!json_string(client_msg_id, &id) || !name_client_id(id))) {
		refuse(c, CHAT_BAD_REQUEST, "clientMsgId: 1 to 64 of A-Z a-z 0-9 _ - are accepted");
		return;
	}
	log_info("conn %u: message escrow=%s", c->session->number, c->escrow_id);
	j = mem_zalloc(sizeof(*j));
	job_init(&j->job, c, run_send);
	j->job.event = "chat_message";
	j->job.answer = answer_send;
	j->job.clear = clear_send;
	buf_span(&j->content, content);
	memcpy(j->client_msg_id, id.p, id.n);
	j->send = (struct chat_send){.user = &j->job.user,
	    .escrow_id = span_of(j->job.escrow_id),
	    .content = buf_as_span(&j->content),
	    .client_msg_id = {j->client_msg_id, id.n},
	    .now_ms = c->now.wall_ms};
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
	struct span one = member_string(c->data, "messageId"),
		    up_to = member_string(c->data, "upTo");
	struct span id = up_to.n > 0 ? up_to : one;
	struct mark_job *j;

	if ((one.n > 0) == (up_to.n > 0)) {
		refuse(c, CHAT_BAD_REQUEST, "messageId or upTo is needed, and not both");
		return;
	}
	if (id.n >= sizeof(j->message_id)) {
		refuse(c, CHAT_NOT_FOUND, NULL);
		return;
	}
	j = mem_zalloc(sizeof(*j));
	job_init(&j->job, c, run_mark);
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
	bool takes_bare_id; /* data may be the escrowId itself */
} verbs[] = {
    {"chat_message", chat_message, false},
    {"typing_start", typing_begin, false},
    {"typing_stop", typing_end, false},
    {"message_read", message_read, false},
    {"subscribe_escrow", subscribe, true},
    {"unsubscribe_escrow", unsubscribe, true},
    {"history", history, false},
    {"presence", presence, false},
};

void
session_event(struct session *s, struct span event, const struct json *data, struct span ack,
    struct hub_time now)
{
	struct call c = {.session = s, .event = event, .ack = ack, .data = data, .now = now};
	const struct verb *verb = NULL;

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]) && verb == NULL; i++) {
		if (span_is(event, verbs[i].name))
			verb = &verbs[i];
	}
	if (ack.n >= ACK_SIZE) {
		session_bad_frame(s, "ack: too long");
		return;
	}
	if (verb == NULL) {
		refuse(&c, CHAT_BAD_REQUEST, "no such event");
		return;
	}
	bool is_object = json_type(data) == JSON_OBJECT;
	if (!is_object && !verb->takes_bare_id) {
		refuse(&c, CHAT_BAD_REQUEST, "data: one JSON object is needed");
		return;
	}
	if (!name_escrow_json(is_object ? json_get(data, "escrowId") : data, c.escrow_id)) {
		refuse(&c, CHAT_BAD_REQUEST,
		    "escrowId: 1 to 128 bytes without / or control characters, or a whole number, "
		    "is accepted");
		return;
	}
	verb->run(&c);
}
