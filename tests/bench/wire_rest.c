/* SPDX-License-Identifier: ISC */
/*
 * wire_rest.c - REST over a kept connection.
 *   rest-send     POST /api/chat/{room}/send: as --up of another wire the answer is an
 *                 acknowledgement; by itself it is the delivery
 *   rest-history  GET /api/chat/{room}/history?limit=50: the answer must have 50 messages that
 *                 follow each other
 */
#include "tests/bench/http.h"
#include "tests/bench/load.h"
#include "tests/bench/payload.h"

#define PAGE 50

static void
open_rest(struct client *c)
{
	client_joined(c);
}

/* ---- send ---- */

static void
post(struct client *c, uint64_t message, struct span content)
{
	struct link *l = c->load->o.wire == &wire_rest_send ? &c->links[0] : link_up(c);
	struct buf body = {0};

	buf_printf(&body, "{\"content\":\"%.*s\"}", (int)content.n, content.p);
	http_ask(l, message, (struct http_parts){HTTP_JSON, buf_as_span(&body)},
	    "/api/chat/room-%u/send", c->room);
	buf_clear(&body);
}

static bool
is_message(struct span json, uint64_t message)
{
	struct span content;
	uint64_t number;
	int64_t due_us;

	return json_content(json, &content) && payload_read(content, &number, &due_us) &&
	       number == message;
}

static size_t
input_send(struct client *c, struct link *l, char *in, size_t len)
{
	struct answer a;
	size_t at = 0, n;

	for (; (n = http_answer(l, in + at, len - at, &a)) > 0; at += n) {
		bool ok = a.status == 201 && is_message(a.body, a.tag);
		if (c->load->o.wire == &wire_rest_send)
			client_answered(c, a.tag, ok, n);
		else
			client_acknowledged(c, a.tag, ok);
	}
	return at;
}

/* ---- history ---- */

static void
ask_history(struct client *c, uint64_t message, struct span content)
{
	(void)content;
	http_ask(&c->links[0], message, (struct http_parts){0},
	    "/api/chat/room-%u/history?limit=%d", c->room, PAGE);
}

/* Oldest first: each room's messages have rising numbers. */
static bool
is_page(struct span json)
{
	struct span content;
	uint64_t number, last = 0;
	int64_t due_us;
	int n = 0;

	for (; json_next_string(&json, "content", &content); n++, last = number) {
		if (!payload_read(content, &number, &due_us) || (n > 0 && number <= last))
			return false;
	}
	return n == PAGE;
}

static size_t
input_history(struct client *c, struct link *l, char *in, size_t len)
{
	struct answer a;
	size_t at = 0, n;

	for (; (n = http_answer(l, in + at, len - at, &a)) > 0; at += n)
		client_answered(c, a.tag, a.status == 200 && is_page(a.body), n);
	return at;
}

const struct wire wire_rest_send = {
    .name = "rest-send",
    .what = "POST /api/chat/{room}/send",
    .is_request = true,
    .open = open_rest,
    .input = input_send,
    .send = post,
};
const struct wire wire_rest_history = {
    .name = "rest-history",
    .what = "GET /api/chat/{room}/history?limit=50",
    .is_request = true,
    .open = open_rest,
    .input = input_history,
    .send = ask_history,
};
