/* SPDX-License-Identifier: ISC */
/*
 * publish.c - publishes one event to a room or to a user: by the database, or by a server.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_slice.h"
#include "chat/chat.h"
#include "contract/cursor.h"
#include "ctl/commands.h"
#include "ctl/fetch.h"
#include "ctl/secret_file.h"
#include "ctl/site.h"

#define ASK_MS 10000

struct job {
	struct chat_publish p;
	char topic[TOPIC_SIZE];
	struct buf data;
	char cursor[CURSOR_SIZE];
};

/* ---- the event ---- */

static int
read_topic(struct job *j, const struct options *o)
{
	struct user user;

	if (!o->room == !o->user)
		return fail_usage("publish: either --room or --user is needed");
	if (o->room && !name_escrow(span_of(o->room)))
		return fail_usage("publish: --room: 1 to 128 bytes without / or control characters "
				  "are accepted");
	if (o->user && !name_wallet(span_of(o->user), &user))
		return fail_usage("publish: --user: a walletAddress is accepted");
	j->p.topic = o->room ? topic_of_escrow(j->topic, span_of(o->room))
			     : topic_of_user(j->topic, span_of(user.key));
	return EXIT_GOOD;
}

static int
read_event(struct job *j, const struct options *o)
{
	const char *why = NULL; /* why the data is no JSON */
	struct json *json;

	j->p.event = span_of(o->args[0]);
	j->p.durable = !o->is_ephemeral;
	if (!name_event_publishable(j->p.event))
		return fail_usage("publish: %s: a publisher cannot use this name", o->args[0]);
	json = json_parse(span_of(o->args[1]), &why);
	if (json_type(json) == JSON_OBJECT)
		json_copy(&j->data, json_slice(span_of(o->args[1])));
	json_free(json);
	j->p.data = buf_as_span(&j->data);
	if (j->data.len == 0)
		return fail_usage("publish: DATA: a JSON object is accepted, and this is %s%s",
		    why ? "none: " : "another JSON value", why ? why : "");
	if (j->data.len > DATA_MAX)
		return fail_usage("publish: DATA: at most 65536 bytes are accepted");
	return EXIT_GOOD;
}

/* ---- by the database ---- */

static bool
run_publish(struct store *st, void *arg)
{
	struct job *j = arg;
	char incarnation[INCARNATION_SIZE];

	j->cursor[0] = '\0';
	if (!chat_publish(st, &j->p))
		return false;
	incarnation_current(st, incarnation);
	cursor_format(j->cursor, incarnation, j->p.position);
	return true;
}

static int
publish_here(struct job *j, const struct options *o)
{
	struct site p;
	int status = site_open(&p, o);

	j->p.now_ms = clock_wall_ms();
	if (status == EXIT_GOOD)
		status = site_write(&p, run_publish, j);
	if (status == EXIT_GOOD)
		puts(j->cursor);
	site_close(&p);
	return status;
}

/* ---- by a server ---- */

/* Prints the cursor of a good answer; else the error that the server answered. */
static int
judge(const struct fetch *f, const struct json *answer)
{
	struct span text = {"", 0};

	if (f->status == 202 && json_string(json_get(answer, "cursor"), &text)) {
		put_plain(stdout, text);
		putchar('\n');
		return EXIT_GOOD;
	}
	if (f->status == 0)
		return fail("%s: %s", f->base, f->why);
	if (!json_string(json_get(answer, "error"), &text))
		return fail("%s: %d, and no answer of escrowchat.fcgi", f->base, f->status);
	return fail("%s: %d: %.*s", f->base, f->status, (int)text.n, text.p);
}

static int
publish_there(struct job *j, const struct options *o)
{
	struct fetch f = {.base = o->url, .path = "/api/publish", .timeout_ms = ASK_MS};
	struct buf header = {0}, body = {0};
	struct json *answer;
	int status;

	if (!o->key_file)
		return fail_usage(
		    "publish: --url needs --key-file, a service key with scope publish");
	buf_str(&header, "X-Service-Key: ");
	status = secret_file_key(o->key_file, o->key, &header);
	if (status == EXIT_GOOD) {
		json_open(&body, '[');
		json_element(&body);
		json_open(&body, '{');
		json_member_string(&body, "topic", j->p.topic);
		json_member_string(&body, "event", j->p.event);
		json_member_raw(&body, "data", j->p.data);
		json_member_bool(&body, "durable", j->p.durable);
		json_close(&body, '}');
		json_close(&body, ']');
		f.headers[0] = buf_cstr(&header);
		f.body = buf_as_span(&body);
		fetch(&f);
		answer = json_parse(buf_as_span(&f.got), NULL);
		status = judge(&f, answer);
		json_free(answer);
	}
	explicit_bzero(header.p, header.len);
	buf_clear(&header);
	buf_clear(&body);
	fetch_clear(&f);
	return status;
}

int
publish(const struct options *o)
{
	struct job j = {0};
	int status = read_topic(&j, o);

	if (status == EXIT_GOOD)
		status = read_event(&j, o);
	if (status == EXIT_GOOD)
		status = o->url ? publish_there(&j, o) : publish_here(&j, o);
	buf_clear(&j.data);
	return status;
}
