/* SPDX-License-Identifier: ISC */
/*
 * wire_poll.c - long-poll down (/poll), and POST /emit up, for it and for server-sent events.
 */
#include "tests/bench/http.h"
#include "tests/bench/load.h"

static const struct http_parts nothing;

static void
ask_next(struct client *c)
{
	http_ask(&c->links[0], 0, nothing, "/poll?escrow=room-%u&client=c%u&cursor=%.*s", c->room,
	    c->number, (int)c->token.len, c->token.p);
}

/* Without a cursor: answered at once, with the present one. */
static void
open_poll(struct client *c)
{
	http_ask(&c->links[0], 0, nothing, "/poll?escrow=room-%u&client=c%u", c->room, c->number);
}

/* The cursor comes first, then the events: of those, only messages have a content. */
static void
on_answer(struct client *c, struct answer *a)
{
	struct span rest = a->body, value;
	size_t bytes = a->bytes;

	if (a->status != 200 || !json_next_string(&rest, "cursor", &value))
		load_die("client %u: %d %.*s", c->number, a->status, (int)a->body.n, a->body.p);
	c->token.len = 0;
	buf_span(&c->token, value);
	while (json_next_string(&rest, "content", &value)) {
		client_delivered(c, value, bytes);
		bytes = 0;
	}
	ask_next(c);
	if (c->state != CLIENT_READY)
		client_joined(c);
}

static size_t
input_poll(struct client *c, struct link *l, char *in, size_t len)
{
	struct answer a;
	size_t at = 0, n;

	for (; (n = http_answer(l, in + at, len - at, &a)) > 0; at += n)
		on_answer(c, &a);
	return at;
}

/* ---- up ---- */

static void
emit(struct client *c, uint64_t message, struct span content)
{
	struct buf body = {0};

	buf_printf(&body,
	    "{\"event\":\"chat_message\",\"data\":{\"escrowId\":\"room-%u\",\"content\":\"%.*s\"}}",
	    c->room, (int)content.n, content.p);
	http_ask(link_up(c), message, (struct http_parts){HTTP_JSON, buf_as_span(&body)},
	    "/emit?client=c%u", c->number);
	buf_clear(&body);
}

static size_t
input_emit(struct client *c, struct link *l, char *in, size_t len)
{
	struct answer a;
	size_t at = 0, n;

	for (; (n = http_answer(l, in + at, len - at, &a)) > 0; at += n)
		client_acknowledged(
		    c, a.tag, a.status == 200 && span_begins(a.body, "{\"ok\":true"));
	return at;
}

const struct wire wire_poll = {
    .name = "poll",
    .what = "long-poll, POST /emit up",
    .up = &wire_emit,
    .open = open_poll,
    .input = input_poll,
};
const struct wire wire_emit = {
    .name = "emit",
    .what = "POST /emit, only up",
    .input = input_emit,
    .send = emit,
};
