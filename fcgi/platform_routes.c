/* SPDX-License-Identifier: ISC */
/*
 * platform_routes.c - what the platform asks with its service keys: escrows, events, notifications;
 * and health.
 */
#include "base/clock.h"
#include "base/log.h"
#include "chat/cursor.h"
#include "fcgi/routes.h"

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unversioned"
#endif

static bool
is_escrow(struct call *c)
{
	if (name_escrow(c->param))
		return true;
	call_refuse(c, CHAT_BAD_REQUEST, "This is no valid escrowId.");
	return false;
}

/* ---- escrows ---- */

static bool
run_put(struct store *st, void *arg)
{
	return chat_escrow_put(st, arg);
}

void
escrow_put(struct call *c)
{
	struct chat_escrow_put p = {.escrow_id = c->param, .now_ms = clock_wall_ms()};

	p.participants = json_get(c->request->json, "participants");
	if (call_string(c, "title", &p.title) < 0 || call_string(c, "status", &p.status) < 0)
		return;
	if (call_write(c, run_put, &p)) {
		if (p.err != CHAT_OK) {
			call_refuse(c, p.err, p.why);
		} else {
			json_member_raw(reply_open(c->reply, p.created ? 201 : 200), "escrow",
			    buf_as_span(&p.escrow));
			reply_close(c->reply);
		}
	}
	buf_clear(&p.escrow);
}

struct get_job {
	struct call *call;
	struct buf escrow;
	enum chat_err err;
};

static void
run_get(struct store *st, void *arg)
{
	struct get_job *j = arg;
	struct call *c = j->call;
	struct standing who;

	j->err =
	    c->is_service ? CHAT_OK : chat_standing(st, &c->rest->rules, &c->user, c->param, &who);
	if (j->err == CHAT_OK)
		j->err = chat_escrow_view(st, c->param, &j->escrow);
}

void
escrow_get(struct call *c)
{
	struct get_job j = {.call = c};

	if (!is_escrow(c))
		return;
	if (call_read(c, run_get, &j)) {
		if (j.err != CHAT_OK) {
			call_refuse(c, j.err, NULL);
		} else {
			json_member_raw(
			    reply_open(c->reply, 200), "escrow", buf_as_span(&j.escrow));
			reply_close(c->reply);
			reply_etag(c->reply, c->request->if_none_match);
		}
	}
	buf_clear(&j.escrow);
}

/* ---- publishing ---- */

struct publish_job {
	struct chat_publish p;
	char cursor[CURSOR_SIZE];
};

static bool
run_publish(struct store *st, void *arg)
{
	struct publish_job *j = arg;
	char incarnation[INCARNATION_SIZE];

	if (!chat_publish(st, &j->p))
		return false;
	incarnation_current(st, incarnation);
	cursor_format(j->cursor, incarnation, j->p.position);
	return true;
}

static void
publish(struct call *c, struct publish_job *j)
{
	if (j->p.data.n > DATA_MAX) {
		call_refuse(c, CHAT_TOO_LONG, "data: at most 64 KiB are accepted.");
		return;
	}
	j->p.now_ms = clock_wall_ms();
	if (!call_write(c, run_publish, j))
		return;
	if (j->p.position == 0) {
		call_refuse(c, CHAT_BAD_REQUEST, NULL);
		return;
	}
	log_debug("service %s: published at %lld", c->service ? c->service : "?",
	    (long long)j->p.position);
	json_member_cstr(reply_open(c->reply, 202), "cursor", j->cursor);
	reply_close(c->reply);
}

void
publish_event(struct call *c)
{
	const struct json *body = c->request->json, *durable = json_get(body, "durable");
	struct publish_job j = {.p = {.durable = true}};
	struct buf data = {0};
	char topic[TOPIC_SIZE];

	if (!is_escrow(c) || call_string(c, "event", &j.p.event) < 0)
		return;
	if (!name_event_publishable(j.p.event)) {
		call_refuse(c, CHAT_BAD_REQUEST, "event: a publisher cannot use this name.");
		return;
	}
	if (json_type(json_get(body, "data")) != JSON_OBJECT) {
		call_refuse(c, CHAT_BAD_REQUEST, "data: one JSON object is required.");
		return;
	}
	if (durable && !json_bool(durable, &j.p.durable)) {
		call_refuse(c, CHAT_BAD_REQUEST, "durable: true or false is accepted.");
		return;
	}
	json_write(&data, json_get(body, "data"));
	j.p.topic = topic_of_escrow(topic, c->param);
	j.p.data = buf_as_span(&data);
	publish(c, &j);
	buf_clear(&data);
}

void
publish_notification(struct call *c)
{
	static const char *const required[] = {"type", "title", "message"};
	struct publish_job j = {.p = {.event = SPAN("notification"), .durable = true}};
	struct buf data = {0};
	char topic[TOPIC_SIZE];
	struct user user;
	struct span text;

	if (!name_wallet(c->param, &user)) {
		call_refuse(c, CHAT_BAD_REQUEST, "This is no valid walletAddress.");
		return;
	}
	for (size_t i = 0; i < 3; i++) {
		if (json_string(json_get(c->request->json, required[i]), &text))
			continue;
		call_refuse(c, CHAT_BAD_REQUEST, "type, title and message: strings are required.");
		return;
	}
	json_write(&data, c->request->json);
	if (!json_get(c->request->json, "timestamp")) {
		data.len--; /* the closing brace: one more member goes before it */
		json_member_time(&data, "timestamp", clock_wall_ms());
		json_close(&data, '}');
	}
	j.p.topic = topic_of_user(topic, span_of(user.key));
	j.p.data = buf_as_span(&data);
	publish(c, &j);
	buf_clear(&data);
}

/* ---- health ---- */

static void
run_head(struct store *st, void *arg)
{
	*(int64_t *)arg = queue_head(st);
}

static void
health_members(struct buf *b, const struct call *c, bool is_healthy)
{
	json_member_cstr(b, "status", is_healthy ? "healthy" : "unhealthy");
	json_member_cstr(b, "version", PACKAGE_VERSION);
	json_member_int(b, "uptime", (clock_mono_ms() - c->rest->started_ms) / 1000);
	json_name(b, "services");
	json_open(b, '{');
	json_name(b, "database");
	json_open(b, '{');
	json_member_cstr(b, "status", is_healthy ? "connected" : "disconnected");
	json_close(b, '}');
	json_close(b, '}');
}

void
health_get(struct call *c)
{
	int64_t head = 0;

	c->reply->no_store = true;
	if (call_read(c, run_head, &head)) {
		health_members(reply_open(c->reply, 200), c, true);
	} else {
		c->reply->body.len--; /* the closing brace of the refusal */
		health_members(&c->reply->body, c, false);
	}
	reply_close(c->reply);
}
