/* SPDX-License-Identifier: ISC */
/*
 * wire_nats.c - nats-server, for comparison: its own protocol of lines. It stores and acknowledges
 * nothing.
 */
#include <stdlib.h>

#include "tests/bench/load.h"

static void
open_nats(struct client *c)
{
	buf_printf(
	    &c->links[0].out, "CONNECT {\"verbose\":false}\r\nSUB room-%u 1\r\nPING\r\n", c->room);
	link_want_send(&c->links[0]);
}

/* MSG subject sid bytes: the payload follows, and an empty line. Its size; 0: incomplete. */
static size_t
take_message(struct client *c, struct span line, size_t head, const char *in, size_t len)
{
	const char *space = memrchr(line.p, ' ', line.n);
	size_t n = space ? strtoul(space, NULL, 10) : 0;
	struct span content;

	if (len < head + n + 2)
		return 0;
	if (json_content((struct span){in + head, n}, &content))
		client_delivered(c, content, head + n + 2);
	return head + n + 2;
}

static size_t
take_line(struct client *c, struct link *l, const char *in, size_t len)
{
	const char *end = memmem(in, len, "\r\n", 2);
	struct span line = {in, end ? (size_t)(end - in) : 0};
	size_t head = line.n + 2;

	if (end == NULL)
		return 0;
	if (span_begins(line, "MSG "))
		return take_message(c, line, head, in, len);
	if (span_begins(line, "PING")) {
		buf_str(&l->out, "PONG\r\n");
		link_want_send(l);
	} else if (span_begins(line, "PONG") && c->state != CLIENT_READY) {
		client_joined(c);
	} else if (span_begins(line, "-ERR")) {
		load_die("client %u: %.*s", c->number, (int)line.n, line.p);
	}
	return head;
}

static size_t
input(struct client *c, struct link *l, char *in, size_t len)
{
	size_t at = 0, n;

	while ((n = take_line(c, l, in + at, len - at)) > 0)
		at += n;
	return at;
}

static void
publish(struct client *c, uint64_t message, struct span content)
{
	struct buf text = {0};

	(void)message;
	json_padded(&text, content, c->load->o.frame_bytes);
	buf_printf(&c->links[0].out, "PUB room-%u %zu\r\n", c->room, text.len);
	buf_span(&c->links[0].out, buf_as_span(&text));
	buf_str(&c->links[0].out, "\r\n");
	link_want_send(&c->links[0]);
	buf_clear(&text);
}

const struct wire wire_nats = {
    .name = "nats",
    .what = "a peer: nats-server",
    .is_unanswered = true,
    .open = open_nats,
    .input = input,
    .send = publish,
};
