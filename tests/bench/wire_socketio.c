/* SPDX-License-Identifier: ISC */
/*
 * wire_socketio.c - Socket.IO 4: the same packets over a WebSocket, or over HTTP long-polling.
 * Polling: link 0 has the GETs and, until the client has joined, the POSTs; then link 1 has those.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "tests/bench/http.h"
#include "tests/bench/load.h"
#include "tests/bench/websocket.h"

#define PATH      "/socket.io/?EIO=4&transport="
#define SEPARATOR '\x1e' /* between the packets of one answer */

enum tag { TAG_GET, TAG_POST }; /* of polling's requests */

static const struct http_parts nothing;

static void
post(struct client *c, struct span packet)
{
	struct link *l = c->state == CLIENT_READY ? link_up(c) : &c->links[0];

	http_ask(l, TAG_POST,
	    (struct http_parts){"Content-Type: text/plain;charset=UTF-8\r\n", packet},
	    PATH "polling&sid=%.*s", (int)c->token.len, c->token.p);
}

static void
put(struct client *c, struct buf *packet)
{
	if (c->load->o.wire == &wire_socketio_polling) {
		post(c, buf_as_span(packet));
	} else {
		websocket_put(&c->links[0].out, 0x1, buf_as_span(packet));
		link_want_send(&c->links[0]);
	}
	buf_clear(packet);
}

static void
send_message(struct client *c, uint64_t message, struct span content)
{
	struct buf packet = {0};

	buf_str(&packet, "42");
	if (c->load->o.wants_acks)
		buf_printf(&packet, "%" PRIu64, message);
	buf_printf(&packet, "[\"chat_message\",{\"escrowId\":\"room-%u\",\"content\":\"", c->room);
	buf_span(&packet, content);
	buf_str(&packet, "\"}]");
	put(c, &packet);
}

/* ---- packets down: each is answered by what the client says next ---- */

static void
on_open(struct client *c, struct span packet)
{
	struct buf connect = {0};
	struct span sid;

	if (!json_next_string(&packet, "sid", &sid))
		load_die("client %u: no sid", c->number);
	buf_span(&c->token, sid);
	c->state = CLIENT_ACCEPTED;
	buf_printf(&connect, "40{\"walletAddress\":\"bench-%u\"}", c->number);
	put(c, &connect);
}

static void
on_connect(struct client *c)
{
	struct buf subscribe = {0};

	c->state = CLIENT_JOINING;
	buf_printf(&subscribe, "420[\"subscribe_escrow\",{\"escrowId\":\"room-%u\"}]", c->room);
	put(c, &subscribe);
}

static void
on_ack(struct client *c, struct span packet)
{
	char *end;
	uint64_t id = strtoull(packet.p + 2, &end, 10);
	bool ok =
	    span_begins((struct span){end, (size_t)(packet.p + packet.n - end)}, "[{\"ok\":true");

	if (c->state == CLIENT_READY)
		client_acknowledged(c, id, ok);
	else if (ok)
		client_joined(c);
	else
		load_die("client %u: %.*s", c->number, (int)packet.n, packet.p);
}

static void
on_packet(struct client *c, struct span packet, size_t bytes)
{
	struct buf pong = {0};
	struct span content;

	if (span_begins(packet, "42[\"chat_message\"") && json_content(packet, &content)) {
		client_delivered(c, content, bytes);
	} else if (span_begins(packet, "43")) {
		on_ack(c, packet);
	} else if (span_begins(packet, "0{")) {
		on_open(c, packet);
	} else if (span_begins(packet, "40")) {
		on_connect(c);
	} else if (span_begins(packet, "2")) {
		buf_addc(&pong, '3');
		put(c, &pong);
	} else if (!span_begins(packet, "42[\"user_") && !span_begins(packet, "6")) {
		load_die("client %u: %.*s", c->number, (int)packet.n, packet.p);
	}
}

/* ---- over a WebSocket ---- */

static void
open_websocket(struct client *c)
{
	websocket_ask(&c->links[0], PATH "websocket");
}

static size_t
input_websocket(struct client *c, struct link *l, char *in, size_t len)
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
			on_packet(c, f.payload, n);
	}
	return at;
}

/* ---- over polling ---- */

static void
ask_next(struct client *c)
{
	http_ask(
	    &c->links[0], TAG_GET, nothing, PATH "polling&sid=%.*s", (int)c->token.len, c->token.p);
}

static void
open_polling(struct client *c)
{
	http_ask(&c->links[0], TAG_GET, nothing, PATH "polling");
}

static void
on_payload(struct client *c, struct answer *a)
{
	struct span packet;
	size_t bytes = a->bytes;

	while (a->body.p != NULL) {
		packet = span_cut(&a->body, SEPARATOR);
		on_packet(c, packet, bytes);
		bytes = 0;
	}
	ask_next(c);
}

static size_t
input_polling(struct client *c, struct link *l, char *in, size_t len)
{
	struct answer a;
	size_t at = 0, n;

	for (; (n = http_answer(l, in + at, len - at, &a)) > 0; at += n) {
		if (a.status != 200)
			load_die(
			    "client %u: %d %.*s", c->number, a.status, (int)a.body.n, a.body.p);
		if (a.tag == TAG_GET)
			on_payload(c, &a);
	}
	return at;
}

const struct wire wire_socketio = {
    .name = "socketio",
    .what = "Socket.IO over WebSocket",
    .open = open_websocket,
    .input = input_websocket,
    .send = send_message,
};
const struct wire wire_socketio_polling = {
    .name = "socketio-polling",
    .what = "Socket.IO over HTTP long-polling",
    .open = open_polling,
    .input = input_polling,
    .send = send_message,
};
