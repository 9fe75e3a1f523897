/* SPDX-License-Identifier: ISC */
/*
 * ws.c - WebSocket framing (RFC 6455), the server's side.
 */
#include "proto/ws.h"

#include <stdlib.h>

#include "base/mem.h"
#include "proto/deflate.h"

#define FIN  0x80
#define RSV  0x70
#define RSV1 0x40
#define MASK 0x80

struct head {
	uint8_t opcode;
	bool is_final, is_compressed;
	uint64_t payload; /* bytes */
	uint8_t mask[4];
	size_t size;
};

/* A message that came in several pieces, or was inflated. */
struct ws_partial {
	struct buf message; /* so far, unmasked */
	uint64_t left;      /* bytes of the current data frame that are still to come */
	uint8_t mask[4];    /* mask[0] is for the next byte */
	struct utf8 utf8;
	uint8_t opcode;
	bool in_frame; /* inside the payload of a data frame */
	bool is_final; /* that frame is the message's last */
	bool is_compressed;
	bool is_given; /* it was handed out: the next call releases it */
};

void
ws_reader_init(struct ws_reader *r, uint32_t max_bytes, struct deflate *deflate)
{
	*r = (struct ws_reader){.max_bytes = max_bytes, .deflate = deflate};
}

static void
drop_partial(struct ws_reader *r)
{
	if (r->partial != NULL)
		buf_clear(&r->partial->message);
	free(r->partial);
	r->partial = NULL;
}

void
ws_reader_clear(struct ws_reader *r)
{
	drop_partial(r);
	ws_reader_init(r, r->max_bytes, r->deflate);
}

static bool
is_control(uint8_t opcode)
{
	return opcode >= WS_CLOSE;
}

static enum ws_event
fail(struct ws_reader *r, struct ws_message *out, enum ws_code code, const char *why)
{
	drop_partial(r);
	r->is_over = true;
	out->code = (uint16_t)code;
	out->data = span_of(why);
	return WS_BROKEN;
}

/* Unmasks in place, and rotates the mask for the byte after that. */
static void
unmask(char *p, size_t n, uint8_t mask[4])
{
	uint8_t turned[16];
	uint64_t key, a, b;

	for (size_t i = 0; i < sizeof(turned); i++)
		turned[i] = mask[i & 3];
	memcpy(&key, turned, sizeof(key));
	for (; n >= 16; n -= 16, p += 16) {
		memcpy(&a, p, 8);
		memcpy(&b, p + 8, 8);
		a ^= key;
		b ^= key;
		memcpy(p, &a, 8);
		memcpy(p + 8, &b, 8);
	}
	for (size_t i = 0; i < n; i++)
		p[i] = (char)((uint8_t)p[i] ^ turned[i]);
	memcpy(mask, turned + (n & 3), 4);
}

/* ---- frame heads ---- */

/* Checks the first two bytes of a frame. NULL: the frame is allowed now. */
static const char *
check_head(const struct ws_reader *r, uint8_t first, uint8_t second)
{
	uint8_t opcode = first & 0x0f;
	bool is_start = opcode == WS_TEXT || opcode == WS_BINARY;

	if (opcode > WS_PONG || (opcode > WS_BINARY && !is_control(opcode)))
		return "reserved opcode";
	if ((first & RSV) && ((first & RSV) != RSV1 || !is_start || !r->deflate))
		return "reserved bit";
	if (is_control(opcode) && !(first & FIN))
		return "fragmented control frame";
	if (opcode == WS_CONTINUATION && r->partial == NULL)
		return "continuation of nothing";
	if (is_start && r->partial != NULL)
		return "message inside a message";
	if (!(second & MASK))
		return "unmasked frame";
	if (is_control(opcode) && (second & ~MASK) > WS_CONTROL_MAX_BYTES)
		return "long control frame";
	return NULL;
}

static uint64_t
big_endian(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v = v << 8 | p[i];
	return v;
}

/* Reads a head; h->size is 0 if it is incomplete. A bad first byte is refused without waiting for
 * the second. Returns NULL, or the reason for a refusal. */
static const char *
read_head(const struct ws_reader *r, const uint8_t *p, size_t len, struct head *h)
{
	const char *why;
	size_t n;

	h->size = 0;
	if (len == 0)
		return NULL;
	why = check_head(r, p[0], len > 1 ? p[1] : MASK);
	if (why || len < 2)
		return why;
	h->payload = p[1] & ~MASK;
	n = h->payload == 127 ? 8 : h->payload == 126 ? 2 : 0;
	if (len < 2 + n)
		return NULL;
	if (n > 0) {
		h->payload = big_endian(p + 2, n);
		if (h->payload >> 63)
			return "frame length";
		if (h->payload < 126 || (n == 8 && h->payload <= UINT16_MAX))
			return "frame length in more bytes than it needs";
	}
	if (len < 2 + n + sizeof(h->mask))
		return NULL;
	memcpy(h->mask, p + 2 + n, sizeof(h->mask));
	h->opcode = p[0] & 0x0f;
	h->is_final = p[0] & FIN;
	h->is_compressed = p[0] & RSV1;
	h->size = 2 + n + sizeof(h->mask);
	return NULL;
}

/* ---- messages ---- */

static enum ws_event
give(enum ws_opcode opcode, struct span data, struct ws_message *out)
{
	out->opcode = opcode;
	out->data = data;
	return WS_MESSAGE;
}

/* Hands out a complete payload as a message. */
static enum ws_event
give_whole(struct ws_reader *r, enum ws_opcode opcode, struct span payload, struct ws_message *out)
{
	if (opcode == WS_TEXT && !utf8_valid(payload))
		return fail(r, out, WS_BAD_DATA, "text is not UTF-8");
	return give(opcode, payload, out);
}

static enum ws_event
give_inflated(
    struct ws_reader *r, enum ws_opcode opcode, struct span payload, struct ws_message *out)
{
	struct buf plain = {0};
	enum inflate_verdict verdict = inflate_message(r->deflate, payload, r->max_bytes, &plain);

	drop_partial(r);
	r->partial = mem_zalloc(sizeof(*r->partial));
	r->partial->message = plain;
	r->partial->is_given = true;
	if (verdict == INFLATE_TOO_BIG)
		return fail(r, out, WS_TOO_BIG, "message too big");
	if (verdict == INFLATE_BAD)
		return fail(r, out, WS_BAD_DATA, "bad compressed data");
	return give_whole(r, opcode, buf_as_span(&r->partial->message), out);
}

/* Takes the bytes of a data frame's payload that are there. Uncompressed text is checked at
 * once. */
static enum ws_event
take_payload(struct ws_reader *r, char *in, size_t len, size_t *used, struct ws_message *out)
{
	struct ws_partial *p = r->partial;
	size_t n = p->left < len ? (size_t)p->left : len;
	struct span piece = {in, n};
	bool is_text = p->opcode == WS_TEXT && !p->is_compressed;

	if (n > 0) {
		unmask(in, n, p->mask);
		if (is_text && !utf8_feed(&p->utf8, piece))
			return fail(r, out, WS_BAD_DATA, "text is not UTF-8");
		buf_span(&p->message, piece);
		p->left -= n;
		*used += n;
	}
	p->in_frame = p->left > 0;
	if (p->in_frame || !p->is_final)
		return WS_MORE;
	if (p->is_compressed)
		return give_inflated(r, p->opcode, buf_as_span(&p->message), out);
	if (is_text && !utf8_is_whole(&p->utf8))
		return fail(r, out, WS_BAD_DATA, "text is not UTF-8");
	p->is_given = true;
	return give(p->opcode, buf_as_span(&p->message), out);
}

/* The limit of a message's bytes before inflating: compression can make a message a little
 * longer. */
static uint64_t
wire_limit(const struct ws_reader *r, bool is_compressed)
{
	return (uint64_t)r->max_bytes + (is_compressed ? r->max_bytes / 256 + 64 : 0);
}

static enum ws_event
take_data(
    struct ws_reader *r, struct head *h, char *in, size_t len, size_t *used, struct ws_message *out)
{
	bool is_compressed = r->partial != NULL ? r->partial->is_compressed : h->is_compressed;
	size_t so_far = r->partial != NULL ? r->partial->message.len : 0;

	uint64_t limit = wire_limit(r, is_compressed);

	/* so_far can exceed limit if max_bytes was lowered inside the message. */
	if (so_far > limit || h->payload > limit - so_far)
		return fail(r, out, WS_TOO_BIG, "message too big");
	if (r->partial == NULL && h->is_final && h->payload <= len) {
		struct span payload = {in, (size_t)h->payload};
		unmask(in, payload.n, h->mask);
		*used += payload.n;
		return is_compressed ? give_inflated(r, h->opcode, payload, out)
				     : give_whole(r, h->opcode, payload, out);
	}
	if (r->partial == NULL) {
		r->partial = mem_zalloc(sizeof(*r->partial));
		r->partial->opcode = h->opcode;
		r->partial->is_compressed = is_compressed;
	}
	r->partial->is_final = h->is_final;
	r->partial->left = h->payload;
	r->partial->in_frame = true;
	memcpy(r->partial->mask, h->mask, sizeof(h->mask));
	return take_payload(r, in, len, used, out);
}

/* ---- control frames ---- */

static bool
is_close_code(unsigned code)
{
	return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
	       (code >= 3000 && code <= 4999);
}

static enum ws_event
take_close(struct ws_reader *r, struct span payload, struct ws_message *out)
{
	out->code = WS_NO_CODE;
	out->data = payload;
	if (payload.n == 1)
		return fail(r, out, WS_PROTOCOL_ERROR, "close frame with half a code");
	if (payload.n >= 2) {
		out->code = (uint16_t)big_endian((const uint8_t *)payload.p, 2);
		out->data = (struct span){payload.p + 2, payload.n - 2};
	}
	if (payload.n >= 2 && !is_close_code(out->code))
		return fail(r, out, WS_PROTOCOL_ERROR, "close code");
	if (!utf8_valid(out->data))
		return fail(r, out, WS_BAD_DATA, "close reason is not UTF-8");
	drop_partial(r);
	r->is_over = true;
	return WS_CLOSED;
}

static enum ws_event
take_control(struct ws_reader *r, struct head *h, char *in, struct ws_message *out)
{
	struct span payload = {in, (size_t)h->payload};

	unmask(in, payload.n, h->mask);
	if (h->opcode == WS_CLOSE)
		return take_close(r, payload, out);
	out->data = payload;
	return h->opcode == WS_PING ? WS_PINGED : WS_PONGED;
}

/* ---- reading ---- */

static enum ws_event
take_frame(struct ws_reader *r, char *in, size_t len, size_t *used, struct ws_message *out)
{
	struct head h;
	const char *why = read_head(r, (const uint8_t *)in, len, &h);

	if (why)
		return fail(r, out, WS_PROTOCOL_ERROR, why);
	if (h.size == 0 || (is_control(h.opcode) && len - h.size < h.payload))
		return WS_MORE;
	*used += h.size;
	if (!is_control(h.opcode))
		return take_data(r, &h, in + h.size, len - h.size, used, out);
	*used += (size_t)h.payload;
	return take_control(r, &h, in + h.size, out);
}

enum ws_event
ws_read(struct ws_reader *r, char *in, size_t len, size_t *used, struct ws_message *out)
{
	enum ws_event event;
	size_t n;

	*used = 0;
	*out = (struct ws_message){.data = {"", 0}};
	if (r->partial != NULL && r->partial->is_given)
		drop_partial(r);
	if (r->is_over) {
		*used = len;
		return WS_MORE;
	}
	do {
		if (*used == len)
			return WS_MORE;
		n = 0;
		event = r->partial != NULL && r->partial->in_frame
			    ? take_payload(r, in + *used, len - *used, &n, out)
			    : take_frame(r, in + *used, len - *used, &n, out);
		*used += n;
	} while (event == WS_MORE && n > 0);
	return event;
}

/* ---- writing ---- */

size_t
ws_head(uint8_t out[WS_HEAD_MAX_BYTES], int opcode, uint64_t payload_bytes)
{
	size_t n = payload_bytes > UINT16_MAX ? 8 : payload_bytes > 125 ? 2 : 0;

	out[0] = (uint8_t)(FIN | opcode);
	out[1] = n == 8 ? 127 : n == 2 ? 126 : (uint8_t)payload_bytes;
	for (size_t i = 0; i < n; i++)
		out[2 + i] = (uint8_t)(payload_bytes >> (8 * (n - 1 - i)));
	return 2 + n;
}

size_t
ws_close_payload(uint8_t out[WS_CONTROL_MAX_BYTES], int code, struct span reason)
{
	size_t n = reason.n < WS_CONTROL_MAX_BYTES - 2 ? reason.n : WS_CONTROL_MAX_BYTES - 2;

	if (code == WS_NO_CODE)
		return 0;
	while (n > 0 && n < reason.n && ((uint8_t)reason.p[n] & 0xc0) == 0x80)
		n--;
	out[0] = (uint8_t)(code >> 8);
	out[1] = (uint8_t)code;
	if (n > 0)
		memcpy(out + 2, reason.p, n);
	return n + 2;
}

void
ws_put(struct buf *b, int opcode, struct span payload)
{
	uint8_t head[WS_HEAD_MAX_BYTES];

	buf_add(b, head, ws_head(head, opcode, payload.n));
	buf_span(b, payload);
}

void
ws_put_close(struct buf *b, int code, struct span reason)
{
	uint8_t payload[WS_CONTROL_MAX_BYTES];

	ws_put(b, WS_CLOSE,
	    (struct span){(const char *)payload, ws_close_payload(payload, code, reason)});
}
