/* SPDX-License-Identifier: ISC */
/*
 * session.c - one client's connection as the hub sees it: its user, its subscriptions, what it is told.
 */
#include "hub/state.h"

#include <stdlib.h>

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "chat/views.h"

#define READ_MS 100

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
session_is_busy(struct session *s)
{
	s->was_busy = s->n_jobs >= (writer_pending(s->hub->writer) > WRITER_MAX ? 1 : JOBS_MAX);
	return s->was_busy;
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

	s->transport->send(s, event_frame(&ev, s->transport->wire));
	event_clear(&ev);
}

static void
answer_begin(struct session *s, struct buf *out, struct span ack)
{
	ack_begin(s->transport->wire, out, ack);
}

void
session_answer_end(struct session *s, struct buf *out)
{
	struct frame *f = ack_end(s->transport->wire, out);

	s->transport->send(s, f);
	frame_unref(f);
}

void
session_ok_begin(struct session *s, struct buf *out, struct span ack)
{
	answer_begin(s, out, ack);
	json_open(out, '{');
	json_member_bool(out, "ok", true);
}

/* Who may not is a line of the audit trail; what is malformed or too fast is not worth one. */
static void
note_refusal(const struct session *s, struct span event, enum chat_err err, struct span escrow_id)
{
	char wallet[16], number[16];

	if (err != CHAT_FORBIDDEN && err != CHAT_NOT_PARTICIPANT && err != CHAT_UNAUTHORIZED) {
		log_debug("conn %u: %.*s refused: %s", s->number, (int)event.n, event.p,
		    chat_err_code(err));
		return;
	}
	snprintf(number, sizeof(number), "%u", s->number);
	log_audit("refused",
	    (const struct log_field[]){
		{"code", span_of(chat_err_code(err))},
		{"conn", span_of(number)},
		{"wallet", span_of(log_wallet(wallet, topic_wallet(s->own.topic)))},
		{"escrow", escrow_id},
		{"verb", event},
	    },
	    5);
}

void
session_answer(struct session *s, struct span ack, struct span json)
{
	struct buf out = {0};

	answer_begin(s, &out, ack);
	buf_span(&out, json);
	session_answer_end(s, &out);
}

void
session_refuse(struct session *s, struct span event, struct span ack, enum chat_err err,
    const char *why, struct span escrow_id)
{
	struct buf out = {0};

	note_refusal(s, event, err, escrow_id);
	if (ack.n > 0) {
		view_refusal(&out, err, why);
		session_answer(s, ack, buf_as_span(&out));
	} else {
		view_chat_error(&out, event, err, why, escrow_id);
		session_send_event(s, "chat_error", buf_as_span(&out), SPAN(""), SPAN(""));
	}
	buf_clear(&out);
}

void
session_bad_frame(struct session *s, const char *why)
{
	session_refuse(s, SPAN(""), SPAN(""), CHAT_BAD_FRAME, why, SPAN(""));
}

void
session_refuse_event(struct session *s, struct span event, struct span ack, const char *why)
{
	session_refuse(s, event, ack, CHAT_BAD_REQUEST, why, SPAN(""));
}

void
session_hello(struct session *s, const struct stream_options *rooms, const enum chat_err *verdicts)
{
	struct hub *hub = s->hub;
	struct buf data = {0};
	char cursor[CURSOR_SIZE];

	hub_cursor(
	    hub, cursor, s->subs->position); /* the own topic's: what it missed comes behind */
	json_open(&data, '{');
	json_member_cstr(&data, "version", hub->options.version);
	json_member_cstr(&data, "walletAddress", session_name(s));
	json_member_cstr(&data, "cursor", cursor);
	json_name(&data, "refused");
	json_open(&data, '[');
	for (size_t i = 0; rooms != NULL && i < rooms->n_rooms; i++) {
		if (verdicts[i] == CHAT_OK)
			continue;
		json_element(&data);
		json_put_string(&data, rooms->rooms[i]);
	}
	json_close(&data, ']');
	json_close(&data, '}');
	session_send_event(s, "hello", buf_as_span(&data), span_of(cursor), SPAN(""));
	buf_clear(&data);
}

/* ---- its life ---- */

struct resolve {
	struct span text;
	enum cursor_state state;
	int64_t position;
};

static void
resolve_cursor(struct store *st, void *arg)
{
	struct resolve *r = arg;

	r->state = cursor_resolve(st, r->text, &r->position);
}

/* What cannot be read now is a gap, said so. */
static struct resolve
resolve(struct hub *hub, struct span text)
{
	struct resolve r = {.text = text, .state = CURSOR_GOOD, .position = hub->position};

	if (text.n > 0 && store_read(hub->store, READ_MS, resolve_cursor, &r) != STORE_OK)
		r.state = CURSOR_LOST;
	return r;
}

bool
hub_knows_cursor(struct hub *hub, struct span text)
{
	return resolve(hub, text).state != CURSOR_BAD;
}

struct session *
session_new(struct hub *hub, const struct session_options *o, int64_t position)
{
	struct session *s = mem_zalloc(sizeof(*s));
	char own[TOPIC_SIZE], wallet[16];

	s->hub = hub;
	s->transport = o->transport;
	s->owner = o->owner;
	s->number = o->number;
	s->connected_at = o->now.wall_ms;
	if (strcmp(o->user->key, o->user->name) != 0)
		s->name = mem_strdup(o->user->name);
	STAILQ_INIT(&s->held);
	TAILQ_INSERT_TAIL(&hub->sessions, s, link);
	hub->n_sessions++;
	sub_new(topic_get(hub, topic_of_user(own, span_of(o->user->key)), false), s)->position =
	    position;
	expiry_start(s, &o->user->proof, o->now);
	log_line(s->transport->is_passing ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO,
	    "conn %u: connected wallet=%s transport=%s connections=%zu", s->number,
	    log_wallet(wallet, span_of(o->user->key)), s->transport->name, hub->n_sessions);
	return s;
}

struct session *
session_open(struct hub *hub, const struct session_options *o)
{
	struct resolve r = resolve(hub, o->cursor);
	struct session *s =
	    session_new(hub, o, r.state == CURSOR_GOOD ? r.position : hub->position);
	struct sub *sub = s->subs;

	if (s->transport->says_hello)
		session_hello(s, NULL, NULL);
	if (r.state == CURSOR_LOST)
		sub_gap(sub, o->now);
	else if (o->cursor.n > 0)
		sub_begin_asked(sub);
	else
		sub_begin(sub);
	return s;
}

struct sub *
session_enter(struct session *s, struct span escrow_id, const struct standing *standing,
    int64_t position, int64_t checked, struct hub_time now)
{
	char name[TOPIC_SIZE];
	struct sub *sub = sub_new(topic_get(s->hub, topic_of_escrow(name, escrow_id), true), s);

	sub->role = (uint8_t)standing->role;
	seat_of(sub)->checked = checked;
	sub->position = position;
	presence_join(sub, standing->name, now);
	return sub;
}

void
session_release(struct session *s)
{
	if (!s->is_closed || s->n_jobs > 0)
		return;
	expiry_free(s);
	free(s->name);
	free(s);
}

void
session_close(struct session *s, enum session_end end, struct hub_time now)
{
	struct hub *hub = s->hub;

	kept_end(s, end, now);
	if (s->types_outside && s->own.topic->n_subs == 1 && !s->transport->is_passing)
		typing_stop_all(hub, s->own.topic);
	expiry_stop(s);
	timer_stop(&hub->timers, TIMER_PULL, &s->again);
	session_drop_held(s);
	while (s->subs != NULL) {
		struct sub *sub = s->subs;
		if (sub->topic->room != NULL)
			presence_leave(sub, end, now);
		sub_free(sub);
	}
	TAILQ_REMOVE(&hub->sessions, s, link);
	hub->n_sessions--;
	s->is_closed = true;
	session_release(s);
	if (hub->options.on_closed != NULL)
		hub->options.on_closed(hub->options.arg);
}
