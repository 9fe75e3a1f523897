/* SPDX-License-Identifier: ISC */
/*
 * wire_nchan.c - nchan (nginx), for comparison: /pubsub/ROOM by WebSocket, or /sub/ROOM by
 * server-sent events and long-poll with POST /pub/ROOM up.
 */
#include <stdio.h>

#include "tests/bench/http.h"
#include "tests/bench/load.h"
#include "tests/bench/websocket.h"

/* ---- WebSocket ---- */

static void
open_websocket(struct client *c)
{
	char path[64];

	snprintf(path, sizeof(path), "/pubsub/room-%u", c->room);
	websocket_ask(&c->links[0], path);
}

static size_t
input_websocket(struct client *c, struct link *l, char *in, size_t len)
{
	struct websocket_frame f;
	struct span content;
	size_t at = 0, n;

	if (c->state == CLIENT_CONNECTED) {
		if ((at = websocket_accepted(in, len)) == 0)
			return 0;
		client_joined(c);
	}
	for (; (n = websocket_get(in + at, len - at, &f)) > 0; at += n) {
		if (!websocket_answer(l, &f) && json_content(f.payload, &content))
			client_delivered(c, content, n);
	}
	return at;
}

static void
send_websocket(struct client *c, uint64_t message, struct span content)
{
	struct buf text = {0};

	(void)message;
	json_padded(&text, content, c->load->o.frame_bytes - 4);
	websocket_put(&c->links[0].out, 0x1, buf_as_span(&text));
	link_want_send(&c->links[0]);
	buf_clear(&text);
}

/* ---- up by POST ---- */

static void
publish(struct client *c, uint64_t message, struct span content)
{
	struct buf text = {0};

	json_padded(&text, content, c->load->o.frame_bytes);
	http_ask(link_up(c), message, (struct http_parts){HTTP_JSON, buf_as_span(&text)},
	    "/pub/room-%u", c->room);
	buf_clear(&text);
}

static size_t
input_publish(struct client *c, struct link *l, char *in, size_t len)
{
	struct answer a;
	size_t at = 0, n;

	for (; (n = http_answer(l, in + at, len - at, &a)) > 0; at += n)
		client_acknowledged(c, a.tag, a.status / 100 == 2);
	return at;
}

static const struct wire wire_publish = {
    .name = "nchan-publish", .input = input_publish, .send = publish};

/* ---- server-sent events ---- */

static void
open_sse(struct client *c)
{
	http_ask(&c->links[0], 0, (struct http_parts){.fields = "Accept: text/event-stream\r\n"},
	    "/sub/room-%u", c->room);
}

/* The stream is not chunked, or each chunk is whole lines. Lines between two events are skipped. */
static size_t
input_sse(struct client *c, struct link *l, char *in, size_t len)
{
	size_t at = 0;
	struct span content, event;
	char *end;
	int status;

	if (c->state == CLIENT_CONNECTED) {
		if ((at = http_head(in, len, &status)) == 0)
			return 0;
		if (status != 200)
			load_die("client %u: %.*s", c->number, (int)len, in);
		client_joined(c);
	}
	for (; (end = memmem(in + at, len - at, "\n\n", 2)) != NULL; at += event.n) {
		event = (struct span){in + at, (size_t)(end + 2 - in) - at};
		if (json_content(event, &content))
			client_delivered(c, content, event.n);
	}
	return at;
}

/* ---- long-poll ---- */

/* Two fields of the answer say where the next request goes on. */
static void
ask_next(struct client *c)
{
	http_ask(&c->links[0], 0, (struct http_parts){.fields = buf_cstr(&c->token)},
	    "/sub/room-%u", c->room);
}

/* The first is held: it is there when the load has settled. */
static void
open_poll(struct client *c)
{
	ask_next(c);
	client_joined(c);
}

static void
on_answer(struct client *c, const struct answer *a)
{
	struct span content, since, tag;

	if (a->status != 200 || !json_content(a->body, &content) ||
	    !http_field(a->head, "Last-Modified", &since) || !http_field(a->head, "ETag", &tag))
		load_die("client %u: %.*s", c->number, (int)a->head.n, a->head.p);
	c->token.len = 0;
	buf_printf(&c->token, "If-Modified-Since: %.*s\r\nIf-None-Match: %.*s\r\n", (int)since.n,
	    since.p, (int)tag.n, tag.p);
	client_delivered(c, content, a->bytes);
	ask_next(c);
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

const struct wire wire_nchan_websocket = {
    .name = "nchan-websocket",
    .what = "a peer: nchan's pubsub location",
    .is_unanswered = true,
    .open = open_websocket,
    .input = input_websocket,
    .send = send_websocket,
};
const struct wire wire_nchan_sse = {
    .name = "nchan-sse",
    .what = "a peer: nchan's event source",
    .up = &wire_publish,
    .open = open_sse,
    .input = input_sse,
};
const struct wire wire_nchan_poll = {
    .name = "nchan-poll",
    .what = "a peer: nchan's long-poll",
    .up = &wire_publish,
    .open = open_poll,
    .input = input_poll,
};
