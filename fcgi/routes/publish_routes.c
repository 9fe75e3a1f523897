/* SPDX-License-Identifier: ISC */
/*
 * publish_routes.c - the platform publishes, with a service key, an event, a notification or a
 * list. Each is one transaction. The JSON in the log is compact; numbers stay as they were written.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/json_slice.h"
#include "base/log.h"
#include "base/mem.h"
#include "contract/cursor.h"
#include "fcgi/routes.h"

#define LIST_MAX 1000 /* items */

static const char too_long[] = "data: at most 64 KiB are accepted.";

/* ---- writing ---- */

struct publish_job {
	struct chat_publish_list list;
	char cursor[CURSOR_SIZE];
};

static bool
run_publish(struct store *st, void *arg)
{
	struct publish_job *j = arg;
	char incarnation[INCARNATION_SIZE];

	if (!chat_publish_all(st, &j->list))
		return false;
	incarnation_current(st, incarnation);
	cursor_format(j->cursor, incarnation, j->list.position);
	return true;
}

/* True: all events are in the log, and the reply is open after the member cursor. */
static bool
publish(struct exchange *c, struct publish_job *j)
{
	int64_t now_ms = clock_wall_ms();

	for (size_t i = 0; i < j->list.n; i++)
		j->list.items[i].now_ms = now_ms;
	if (!exchange_write(c, run_publish, j))
		return false;
	if (j->list.position == 0) {
		exchange_refuse(c, ERROR_BAD_REQUEST, NULL);
		return false;
	}
	log_debug("service %s: published up to %lld", c->service, (long long)j->list.position);
	json_member_cstr(reply_open(c->reply, 202), "cursor", j->cursor);
	return true;
}

static void
publish_one(struct exchange *c, struct chat_publish *p)
{
	struct publish_job j = {.list = {.items = p, .n = 1}};

	if (p->data.n > DATA_MAX)
		exchange_refuse(c, ERROR_TOO_LONG, too_long);
	else if (publish(c, &j))
		reply_close(c->reply);
}

/* ---- one event ---- */

/* The text of a body that was parsed. */
static struct span
body_of(const struct exchange *c)
{
	return json_slice(buf_as_span(&c->request->body));
}

/* Reads {event, data, durable?} from body, whose text is slice; data is written into text. On an
 * error *why says what is wrong. */
static enum error
event_read(const struct json *body, struct span slice, struct chat_publish *p, struct buf *text,
    const char **why)
{
	const struct json *data = json_get(body, "data"), *durable = json_get(body, "durable");

	p->durable = true;
	if (!json_string(json_get(body, "event"), &p->event) || !name_event_publishable(p->event))
		*why = "event: a publisher cannot use this name.";
	else if (json_type(data) != JSON_OBJECT)
		*why = "data: one JSON object is required.";
	else if (durable && !json_bool(durable, &p->durable))
		*why = "durable: true or false is accepted.";
	if (*why)
		return ERROR_BAD_REQUEST;
	json_copy(text, json_slice_member(slice, "data"));
	p->data = buf_as_span(text);
	if (p->data.n <= DATA_MAX)
		return ERROR_NONE;
	*why = too_long;
	return ERROR_TOO_LONG;
}

void
publish_event(struct exchange *c)
{
	struct chat_publish p = {0};
	struct buf data = {0};
	char topic[TOPIC_SIZE];
	const char *why = NULL;
	enum error err;

	if (!exchange_escrow(c))
		return;
	p.topic = topic_of_escrow(topic, c->param);
	err = event_read(c->request->json, body_of(c), &p, &data, &why);
	if (err == ERROR_NONE)
		publish_one(c, &p);
	else
		exchange_refuse(c, err, why);
	buf_clear(&data);
}

/* ---- one notification ---- */

void
publish_notification(struct exchange *c)
{
	static const char *const required[] = {"type", "title", "message"};
	struct chat_publish p = {.event = SPAN("notification"), .durable = true};
	struct buf data = {0};
	char topic[TOPIC_SIZE];
	struct user user;
	struct span text;

	if (!name_wallet(c->param, &user)) {
		exchange_refuse(c, ERROR_BAD_REQUEST, "This is no valid walletAddress.");
		return;
	}
	for (size_t i = 0; i < 3; i++) {
		if (json_string(json_get(c->request->json, required[i]), &text))
			continue;
		exchange_refuse(
		    c, ERROR_BAD_REQUEST, "type, title and message: strings are required.");
		return;
	}
	json_copy(&data, body_of(c));
	if (!json_get(c->request->json, "timestamp")) {
		data.len--; /* the closing brace: one more member goes before it */
		json_member_time(&data, "timestamp", clock_wall_ms());
		json_close(&data, '}');
	}
	p.topic = topic_of_user(topic, span_of(user.key));
	p.data = buf_as_span(&data);
	publish_one(c, &p);
	buf_clear(&data);
}

/* ---- a list ---- */

/* Holds the bytes to which an item's spans point. */
struct item {
	struct json *json; /* owned */
	struct buf data;
	char topic[TOPIC_SIZE];
};

struct list {
	struct item *items; /* LIST_MAX of each */
	struct chat_publish *events;
	size_t n;
};

static void
list_clear(struct list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		json_free(l->items[i].json);
		buf_clear(&l->items[i].data);
	}
	free(l->items);
	free(l->events);
}

/* Reads the target: exactly one of topic, escrowId and walletAddress. */
static bool
target_read(const struct json *json, char topic[TOPIC_SIZE], struct span *out)
{
	const struct json *any = json_get(json, "topic"), *escrow = json_get(json, "escrowId"),
			  *wallet = json_get(json, "walletAddress");
	char escrow_id[STORE_NAME_SIZE];
	struct user user;
	struct span text;

	if (!!any + !!escrow + !!wallet != 1)
		return false;
	if (any)
		return json_string(any, &text) && topic_normal(topic, text, out);
	if (escrow) {
		if (!name_escrow_json(escrow, escrow_id))
			return false;
		*out = topic_of_escrow(topic, span_of(escrow_id));
		return true;
	}
	if (!json_string(wallet, &text) || !name_wallet(text, &user))
		return false;
	*out = topic_of_user(topic, span_of(user.key));
	return true;
}

static enum error
item_read(struct item *item, struct span slice, struct chat_publish *p, const char **why)
{
	const struct json *json = item->json;

	if (json_type(json) != JSON_OBJECT)
		*why = "one JSON object is required.";
	else if (!target_read(json, item->topic, &p->topic))
		*why = "one valid topic, escrowId or walletAddress is required.";
	return *why ? ERROR_BAD_REQUEST : event_read(json, slice, p, &item->data, why);
}

static void
refuse_item(struct exchange *c, enum error err, size_t index, const char *why)
{
	struct buf text = {0};

	buf_printf(&text, "Item %zu: %s", index, why);
	exchange_refuse(c, err, buf_cstr(&text));
	reply_reopen(c->reply);
	json_member_int(&c->reply->body, "index", (int64_t)index);
	reply_close(c->reply);
	buf_clear(&text);
}

/* Adds an item. False: the exchange was refused. */
static bool
list_add(struct exchange *c, struct list *l, struct span text)
{
	const char *why = NULL;
	struct item *item;
	enum error err;

	if (l->n == LIST_MAX) {
		exchange_refuse(c, ERROR_TOO_LONG, "A list of 1 to 1000 items is accepted.");
		return false;
	}
	item = &l->items[l->n++];
	item->json = json_parse(text, NULL);
	err = item_read(item, json_slice(text), &l->events[l->n - 1], &why);
	if (err != ERROR_NONE)
		refuse_item(c, err, l->n - 1, why);
	return err == ERROR_NONE;
}

static bool
list_read_array(struct exchange *c, struct list *l)
{
	struct span element = {"", 0};

	while (json_slice_next(body_of(c), &element)) {
		if (!list_add(c, l, element))
			return false;
	}
	return true;
}

/* Lines end with LF or CRLF. Empty lines are skipped and not counted. */
static bool
list_read_lines(struct exchange *c, struct list *l)
{
	struct span rest = buf_as_span(&c->request->body);

	while (rest.p) {
		struct span line = span_cut(&rest, '\n');

		if (line.n > 0 && line.p[line.n - 1] == '\r')
			line.n--;
		if (span_trim(line).n == 0)
			continue;
		if (!list_add(c, l, line))
			return false;
	}
	return true;
}

void
publish_list(struct exchange *c)
{
	struct publish_job j = {0};
	struct list l = {
	    .items = mem_zalloc(LIST_MAX * sizeof(*l.items)),
	    .events = mem_zalloc(LIST_MAX * sizeof(*l.events)),
	};

	if (!(c->request->json ? list_read_array(c, &l) : list_read_lines(c, &l)))
		goto out;
	if (l.n == 0) {
		exchange_refuse(c, ERROR_BAD_REQUEST, "A list of 1 to 1000 items is accepted.");
		goto out;
	}
	j.list.items = l.events;
	j.list.n = l.n;
	if (!publish(c, &j))
		goto out;
	json_member_int(&c->reply->body, "count", (int64_t)l.n);
	reply_close(c->reply);
out:
	list_clear(&l);
}
