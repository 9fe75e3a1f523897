/* SPDX-License-Identifier: ISC */
/*
 * websocket.c - RFC 6455 framing, the client's side.
 */
#include "tests/bench/websocket.h"

#include <stdint.h>

void
websocket_ask(struct link *l, const char *path)
{
	buf_printf(&l->out,
	    "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
	    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	    "Sec-WebSocket-Protocol: escrowchat.v1\r\nX-Wallet-Address: bench-%u\r\n\r\n",
	    path, l->client->number);
	link_want_send(l);
}

size_t
websocket_accepted(const char *in, size_t len)
{
	const char *end = memmem(in, len, "\r\n\r\n", 4);

	if (end == NULL)
		return 0;
	if (len < 12 || memcmp(in, "HTTP/1.1 101", 12) != 0)
		load_die("no WebSocket: %.*s", (int)len, in);
	return (size_t)(end + 4 - in);
}

size_t
websocket_get(const char *in, size_t len, struct websocket_frame *out)
{
	const uint8_t *p = (const uint8_t *)in;
	size_t head = 2, n;

	if (len < 2)
		return 0;
	if (!(p[0] & 0x80) || (p[1] & 0x80) || p[1] == 127)
		load_die("a frame that is fragmented, masked or long");
	n = p[1];
	if (n == 126) {
		head = 4;
		if (len < head)
			return 0;
		n = (size_t)p[2] << 8 | p[3];
	}
	if (len < head + n)
		return 0;
	*out = (struct websocket_frame){p[0] & 0x0f, {in + head, n}};
	return head + n;
}

bool
websocket_answer(struct link *l, const struct websocket_frame *f)
{
	if (f->opcode == 0x1)
		return false;
	if (f->opcode != 0x9)
		load_die("client %u: opcode %d", l->client->number, f->opcode);
	websocket_put(&l->out, 0xa, f->payload);
	link_want_send(l);
	return true;
}

/* The mask is a constant: the server takes it off all the same. */
void
websocket_put(struct buf *b, int opcode, struct span payload)
{
	static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};
	char *to;

	buf_addc(b, (char)(0x80 | opcode));
	if (payload.n < 126) {
		buf_addc(b, (char)(0x80 | payload.n));
	} else {
		buf_addc(b, (char)(0x80 | 126));
		buf_addc(b, (char)(payload.n >> 8));
		buf_addc(b, (char)payload.n);
	}
	buf_add(b, mask, sizeof(mask));
	to = buf_reserve(b, payload.n);
	for (size_t i = 0; i < payload.n; i++)
		to[i] = (char)((uint8_t)payload.p[i] ^ mask[i & 3]);
	b->len += payload.n;
}
