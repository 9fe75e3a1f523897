/* SPDX-License-Identifier: ISC */
/*
 * wire_websocket.c - the native transport: /ws, JSON in text frames (RFC 6455, the client's side).
 */
#include <inttypes.h>
#include <stdlib.h>

#include "tests/bench/load.h"
#include "tests/bench/websocket.h"

#define INSERTED      "escrow:update" /* what wire_insert publishes */
#define SUBSCRIBE_ACK "s"             /* messages are acknowledged by number */

static void
open_ws(struct client *c)
{
	websocket_ask(&c->links[0], "/ws");
}

static void
send_text(struct client *c, struct buf *text)
{
	websocket_put(&c->links[0].out, 0x1, buf_as_span(text));
	link_want_send(&c->links[0]);
	buf_clear(text);
}

static void
subscribe(struct client *c)
{
	struct buf text = {0};

	buf_printf(&text,
	    "{\"event\":\"subscribe_escrow\",\"data\":{\"escrowId\":\"room-%u\"},\"ack\":"
	    "\"" SUBSCRIBE_ACK "\"}",
	    c->room);
	c->state = CLIENT_JOINING;
	send_text(c, &text);
}

static void
send_message(struct client *c, uint64_t message, struct span content)
{
	struct buf text = {0};

	buf_printf(&text,
	    "{\"event\":\"chat_message\",\"data\":{\"escrowId\":\"room-%u\",\"content\":\"",
	    c->room);
	buf_span(&text, content);
	buf_str(&text, "\"}");
	if (c->load->o.wants_acks)
		buf_printf(&text, ",\"ack\":%" PRIu64, message);
	buf_addc(&text, '}');
	send_text(c, &text);
}

static void
on_text(struct client *c, struct span text, size_t frame_bytes)
{
	struct span content;

	if ((span_begins(text, "{\"event\":\"chat_message\"") ||
		span_begins(text, "{\"event\":\"" INSERTED "\"")) &&
	    json_content(text, &content)) {
		client_delivered(c, content, frame_bytes);
	} else if (span_begins(text, "{\"ack\":\"" SUBSCRIBE_ACK "\",\"data\":{\"ok\":true")) {
		client_joined(c);
	} else if (span_begins(text, "{\"ack\":")) {
		char *end;
		uint64_t message = strtoull(text.p + 7, &end, 10);
		client_acknowledged(c, message,
		    span_begins((struct span){end, (size_t)(text.p + text.n - end)},
			",\"data\":{\"ok\":true"));
	} else if (span_begins(text, "{\"event\":\"hello\"")) {
		subscribe(c);
	} else if (!span_begins(text, "{\"event\":\"user_")) {
		load_die("client %u: %.*s", c->number, (int)text.n, text.p);
	}
}

static size_t
input(struct client *c, struct link *l, char *in, size_t len)
{
	struct websocket_frame f;
	size_t at = 0, n;

	if (c->state == CLIENT_CONNECTED) {
		if ((at = websocket_accepted(in, len)) == 0)
			return 0;
		c->state = CLIENT_ACCEPTED;
	}
	for (; (n = websocket_get(in + at, len - at, &f)) > 0; at += n) {
		if (!websocket_answer(l, &f))
			on_text(c, f.payload, n);
	}
	return at;
}

const struct wire wire_websocket = {
    .name = "websocket",
    .what = "the native transport",
    .open = open_ws,
    .input = input,
    .send = send_message,
};
