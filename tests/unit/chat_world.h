/* SPDX-License-Identifier: ISC */
/*
 * chat_world.h - a fresh database and short ways to act in it: for the tests of the rules.
 * Time stands still unless a test moves it.
 */
#ifndef CHAT_WORLD_H
#define CHAT_WORLD_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/json.h"
#include "chat/chat.h"
#include "contract/cursor.h"
#include "contract/views.h"
#include "unit/patience.h"

#define WORLD_NOW INT64_C(1764000000000) /* 2025-11-24T16:00:00.000Z */

struct world {
	char dir[40], path[60];
	struct store *st;
	struct rules rules;
	int64_t now_ms, mono_us;
	struct user user; /* who acts in the call under way */
	/* the last call of each verb */
	struct chat_send send;
	struct chat_mark mark;
	struct chat_history history;
	struct chat_escrow_put put;
	struct chat_publish publish;
	struct chat_escrows escrows;
	struct buf text; /* what world_log and others wrote */
};

static inline void
world_open(struct world *w)
{
	struct store_options options = {
	    .path = w->path, .mode = 0600, .auth_open = true, .busy_ms = PATIENT_MS};
	struct buf err = {0};

	w->st = store_open(&options, &err);
	if (!w->st)
		fail_msg("%s", buf_cstr(&err));
	buf_clear(&err);
}

static inline int
world_setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	strcpy(w->dir, "/tmp/escrowchat-test-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	snprintf(w->path, sizeof(w->path), "%s/chat.db", w->dir);
	w->now_ms = WORLD_NOW;
	w->mono_us = 1000000;
	world_open(w);
	*state = w;
	return 0;
}

static inline int
world_teardown(void **state)
{
	static const char *const files[] = {"", "-wal", "-shm", "-journal", ".lock", ".bell"};
	struct world *w = *state;
	char name[80];

	store_close(w->st);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		snprintf(name, sizeof(name), "%s%s", w->path, files[i]);
		unlink(name);
	}
	rmdir(w->dir);
	buf_clear(&w->send.message);
	buf_clear(&w->history.messages);
	buf_clear(&w->put.escrow);
	buf_clear(&w->escrows.escrows);
	buf_clear(&w->text);
	free(w);
	return 0;
}

static inline struct user
world_user(const char *wallet)
{
	struct user u;

	assert_true(name_wallet(span_of(wallet), &u));
	return u;
}

/* ---- verbs: each is one transaction; the answer is the rules', or ERROR_UNAVAILABLE where the
 * store itself failed ---- */

static inline enum error
world_answer(enum store_err store, enum error err)
{
	if (store == STORE_OK || store == STORE_REFUSED) {
		assert_int_equal(store == STORE_OK, err == ERROR_NONE);
		return err;
	}
	return ERROR_UNAVAILABLE;
}

static inline bool
world_run_send(struct store *st, void *arg)
{
	struct world *w = arg;

	return chat_send(st, &w->rules, &w->send);
}

static inline enum error
world_send_as(struct world *w, const char *wallet, struct span escrow, struct span content,
    struct span client_msg_id)
{
	enum store_err err;

	w->user = world_user(wallet);
	w->send.user = &w->user;
	w->send.escrow_id = escrow;
	w->send.content = content;
	w->send.client_msg_id = client_msg_id;
	w->send.now_ms = w->now_ms;
	w->send.mono_us = w->mono_us;
	err = store_write(w->st, world_run_send, w);
	return world_answer(err, w->send.err);
}

static inline enum error
world_send(struct world *w, const char *wallet, const char *escrow, const char *content)
{
	return world_send_as(w, wallet, span_of(escrow), span_of(content), SPAN(""));
}

/* Sends a message, and copies its id to id. */
static inline const char *
world_sent(
    struct world *w, const char *wallet, const char *escrow, const char *content, char id[64])
{
	struct span text;
	struct json *v;

	assert_int_equal(world_send(w, wallet, escrow, content), ERROR_NONE);
	v = json_parse(buf_as_span(&w->send.message), NULL);
	assert_true(json_string(json_get(v, "id"), &text));
	snprintf(id, 64, "%.*s", (int)text.n, text.p);
	json_free(v);
	return id;
}

static inline bool
world_run_mark(struct store *st, void *arg)
{
	struct world *w = arg;

	return chat_mark(st, &w->rules, &w->mark);
}

static inline enum error
world_mark(struct world *w, const char *wallet, const char *escrow, const char *id, bool up_to)
{
	enum store_err err;

	w->user = world_user(wallet);
	w->mark.user = &w->user;
	w->mark.escrow_id = span_of(escrow);
	w->mark.message_id = span_of(id);
	w->mark.up_to = up_to;
	w->mark.now_ms = w->now_ms;
	err = store_write(w->st, world_run_mark, w);
	return world_answer(err, w->mark.err);
}

static inline void
world_run_history(struct store *st, void *arg)
{
	struct world *w = arg;
	bool is_done = chat_history(st, &w->rules, &w->history);

	assert_int_equal(is_done, w->history.err == ERROR_NONE);
}

static inline enum error
world_history(struct world *w, const char *wallet, const char *escrow, const char *before,
    const char *after, int limit)
{
	enum store_err err;

	w->user = world_user(wallet);
	w->history.user = &w->user;
	w->history.escrow_id = span_of(escrow);
	w->history.before = span_of(before);
	w->history.after = span_of(after);
	w->history.limit = limit;
	err = store_read(w->st, PATIENT_MS, world_run_history, w);
	return err == STORE_OK ? w->history.err : ERROR_UNAVAILABLE;
}

static inline bool
world_run_put(struct store *st, void *arg)
{
	struct world *w = arg;

	return chat_escrow_put(st, &w->put);
}

/* participants is a JSON array. */
static inline enum error
world_put_as(struct world *w, struct span escrow, struct span title, const char *participants)
{
	struct json *list = json_parse(span_of(participants), NULL);
	enum store_err err;

	w->put.escrow_id = escrow;
	w->put.title = title;
	w->put.participants = list;
	w->put.now_ms = w->now_ms;
	err = store_write(w->st, world_run_put, w);
	json_free(list);
	return world_answer(err, w->put.err);
}

struct world_look {
	struct world *w;
	int64_t after, result;
};

static inline void
world_run_head(struct store *st, void *arg)
{
	((struct world_look *)arg)->result = eventlog_newest(st);
}

/* The position of the newest row of the log. */
static inline int64_t
world_head(struct world *w)
{
	struct world_look lookup = {w, 0, 0};

	assert_int_equal(store_read(w->st, PATIENT_MS, world_run_head, &lookup), STORE_OK);
	return lookup.result;
}

/* Puts an escrow with these people, "alice client, bob observer". Returns the head of the log
 * after it. */
static inline int64_t
world_put(struct world *w, const char *escrow, const char *people)
{
	struct span rest = span_of(people);
	struct buf list = {0};

	json_open(&list, '[');
	while (rest.p && rest.n > 0) {
		struct span role = span_trim(span_cut(&rest, ','));
		struct span wallet = span_cut(&role, ' ');

		json_element(&list);
		json_open(&list, '{');
		json_member_string(&list, "walletAddress", wallet);
		json_member_string(&list, "role", role);
		json_close(&list, '}');
	}
	json_close(&list, ']');
	assert_int_equal(
	    world_put_as(w, span_of(escrow), SPAN("A title"), buf_cstr(&list)), ERROR_NONE);
	buf_clear(&list);
	return world_head(w);
}

static inline bool
world_run_publish(struct store *st, void *arg)
{
	return chat_publish(st, &((struct world *)arg)->publish);
}

static inline bool
world_publish(struct world *w, const char *topic, const char *event, const char *data, bool durable)
{
	w->publish = (struct chat_publish){.topic = span_of(topic),
	    .event = span_of(event),
	    .data = span_of(data),
	    .durable = durable,
	    .now_ms = w->now_ms};
	return store_write(w->st, world_run_publish, w) == STORE_OK;
}

/* ---- looking ---- */

static inline bool
world_on_row(const struct eventlog_row *r, void *arg)
{
	struct world *w = arg;

	buf_span(&w->text, r->topic);
	buf_addc(&w->text, ' ');
	buf_span(&w->text, r->event);
	buf_str(&w->text, r->actor.n > 0 ? " by " : "");
	buf_span(&w->text, r->actor);
	buf_addc(&w->text, ' ');
	view_row(&w->text, r);
	buf_str(&w->text, r->durable ? "\n" : " ephemeral\n");
	return true;
}

static inline void
world_run_log(struct store *st, void *arg)
{
	struct world_look *lookup = arg;

	eventlog_after(st, lookup->after, 100000, world_on_row, lookup->w);
}

/* Returns the log's rows after a position as lines "TOPIC EVENT [by ACTOR ]DATA". Valid until
 * the next call. */
static inline const char *
world_log(struct world *w, int64_t after)
{
	struct world_look lookup = {w, after, 0};

	w->text.len = 0;
	assert_int_equal(store_read(w->st, PATIENT_MS, world_run_log, &lookup), STORE_OK);
	return buf_cstr(&w->text);
}

struct world_unread {
	struct world *w;
	struct user user;
	const char *escrow; /* NULL: all */
	int64_t count;
};

static inline void
world_run_unread(struct store *st, void *arg)
{
	struct world_unread *u = arg;
	struct standing who;

	if (!u->escrow)
		u->count = chat_unread_all(st, &u->user);
	else if (chat_standing(st, &u->w->rules, &u->user, span_of(u->escrow), &who) == ERROR_NONE)
		u->count = chat_unread(st, &u->user, &who);
	else
		u->count = -1;
}

static inline int
world_unread(struct world *w, const char *wallet, const char *escrow)
{
	struct world_unread u = {w, world_user(wallet), escrow, 0};

	assert_int_equal(store_read(w->st, PATIENT_MS, world_run_unread, &u), STORE_OK);
	return (int)u.count;
}

/* Copies a string member of the JSON in buf to out; "" if there is no such member. */
static inline const char *
world_member(const struct buf *json, const char *name, char out[256])
{
	struct json *v = json_parse(buf_as_span(json), NULL);
	struct span text = SPAN("");

	json_string(json_get(v, name), &text);
	snprintf(out, 256, "%.*s", (int)text.n, text.p);
	json_free(v);
	return out;
}

/* Returns the whole log and the messages of one escrow, so that a test sees that nothing has
 * changed. The caller frees. */
static inline char *
world_snapshot(struct world *w, const char *wallet, const char *escrow)
{
	struct buf all = {0};
	enum error err = world_history(w, wallet, escrow, "", "", 200);

	buf_printf(&all, "%d ", err);
	buf_span(&all, buf_as_span(&w->history.messages));
	buf_addc(&all, '\n');
	buf_str(&all, world_log(w, 0));
	return buf_steal(&all);
}

#endif
