/* SPDX-License-Identifier: ISC */
/*
 * wire_bare.c - the protocol of bench-floor: frames like the server's with nothing around them,
 * after two requests of the size of a handshake and a subscription, each of which gets an answer.
 *   bare        the floor sends by its own schedule
 *   bare-relay  the client sends a frame as the server would, the floor hands it to the room
 *   bare-poll   as bare, and each delivery is answered by a request: a long-poll's cost to
 *               the kernel
 *   bare-mute   as bare, without the requests: the cost of a socket that the client never writes to
 */
#include "proto/ws.h"
#include "tests/bench/load.h"
#include "tests/bench/websocket.h"

#define HANDSHAKE_BYTES 270
#define SUBSCRIBE_BYTES 80
#define POLL_BYTES      150

static void
request(struct client *c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_addc(&c->links[0].out, 'x');
	link_want_send(&c->links[0]);
}

static void
open_bare(struct client *c)
{
	request(c, HANDSHAKE_BYTES);
}

static void
open_mute(struct client *c)
{
	client_joined(c);
}

static void
on_answer(struct client *c)
{
	if (c->state == CLIENT_CONNECTED) {
		c->state = CLIENT_JOINING;
		request(c, SUBSCRIBE_BYTES);
	} else {
		client_joined(c);
	}
}

static size_t
take_frames(struct client *c, char *in, size_t len, size_t answer_bytes)
{
	struct websocket_frame f;
	struct span content;
	size_t at = 0, n;

	for (; (n = websocket_get(in + at, len - at, &f)) > 0; at += n) {
		if (c->state != CLIENT_READY) {
			on_answer(c);
		} else if (json_content(f.payload, &content)) {
			client_delivered(c, content, n);
			if (answer_bytes > 0)
				request(c, answer_bytes);
		}
	}
	return at;
}

static size_t
input(struct client *c, struct link *l, char *in, size_t len)
{
	return take_frames(c, in, len, 0);
}

static size_t
input_poll(struct client *c, struct link *l, char *in, size_t len)
{
	return take_frames(c, in, len, POLL_BYTES);
}

/* A frame as long as the server's. */
static void
send_relay(struct client *c, uint64_t message, struct span content)
{
	struct buf text = {0};

	json_padded(&text, content, c->load->o.frame_bytes - 4);
	ws_put(&c->links[0].out, WS_TEXT, buf_as_span(&text));
	link_want_send(&c->links[0]);
	buf_clear(&text);
}

const struct wire wire_bare = {
    .name = "bare",
    .what = "bench-floor, which sends by its own schedule",
    .is_silent = true,
    .open = open_bare,
    .input = input,
};
const struct wire wire_bare_poll = {
    .name = "bare-poll",
    .what = "the same, each delivery is answered by a request",
    .is_silent = true,
    .open = open_bare,
    .input = input_poll,
};
const struct wire wire_bare_mute = {
    .name = "bare-mute",
    .what = "the same, no byte goes up",
    .is_silent = true,
    .open = open_mute,
    .input = input,
};
const struct wire wire_bare_relay = {
    .name = "bare-relay",
    .what = "bench-floor --relay",
    .is_unanswered = true,
    .open = open_bare,
    .input = input,
    .send = send_relay,
};
