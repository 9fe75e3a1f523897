/* SPDX-License-Identifier: ISC */
/*
 * event.c - the encodings of an event and of an acknowledgement: a row per wire.
 */
#include "hub/event.h"

#include "base/json.h"
#include "proto/ws.h"

static void
put_object(struct buf *b, const struct chat_event *ev)
{
	buf_reserve(b, ev->data.n + ev->name.n + ev->cursor.n + ev->escrow_id.n + 64);
	json_open(b, '{');
	json_member_string(b, "event", ev->name);
	json_member_raw(b, "data", ev->data);
	if (ev->cursor.n > 0)
		json_member_string(b, "cursor", ev->cursor);
	if (ev->escrow_id.n > 0)
		json_member_string(b, "escrowId", ev->escrow_id);
	json_close(b, '}');
}

static struct frame *
encode_ws(const struct chat_event *ev)
{
	struct buf b = {0};
	struct frame *f;

	put_object(&b, ev);
	f = frame_new_ws(ev->kind, WS_TEXT, buf_as_span(&b));
	buf_clear(&b);
	return f;
}

static struct frame *
ack_ws(struct span ack, struct span data)
{
	struct buf b = {0};
	struct frame *f;

	json_open(&b, '{');
	json_member_raw(&b, "ack", ack);
	json_member_raw(&b, "data", data);
	json_close(&b, '}');
	f = frame_new_ws(FRAME_CONTROL, WS_TEXT, buf_as_span(&b));
	buf_clear(&b);
	return f;
}

/* An EVENT of the namespace "/" (Socket.IO protocol 5), as a message of Engine.IO. */
static struct frame *
encode_sio(const struct chat_event *ev)
{
	struct buf b = {0};
	struct frame *f;

	buf_reserve(&b, ev->data.n + ev->name.n + ev->cursor.n + 16);
	buf_add(&b, "42[", 3);
	json_put_string(&b, ev->name);
	buf_addc(&b, ',');
	buf_span(&b, ev->data);
	if (ev->cursor.n > 0 && ev->kind == FRAME_EVENT) { /* an offset is a durable event's */
		buf_addc(&b, ',');
		json_put_string(&b, ev->cursor);
	}
	buf_addc(&b, ']');
	f = frame_new_ws(ev->kind, WS_TEXT, buf_as_span(&b));
	buf_clear(&b);
	return f;
}

static struct frame *
encode_sio_plain(const struct chat_event *ev)
{
	struct chat_event plain = *ev;

	plain.cursor = (struct span){"", 0};
	return encode_sio(&plain);
}

static struct frame *
ack_sio(struct span ack, struct span data)
{
	struct buf b = {0};
	struct frame *f;

	buf_printf(&b, "43%.*s[", (int)ack.n, ack.p);
	buf_span(&b, data);
	buf_addc(&b, ']');
	f = frame_new_ws(FRAME_CONTROL, WS_TEXT, buf_as_span(&b));
	buf_clear(&b);
	return f;
}

static struct frame *
encode_json(const struct chat_event *ev)
{
	struct buf b = {0};
	struct frame *f;

	put_object(&b, ev);
	f = frame_new(ev->kind, buf_as_span(&b));
	buf_clear(&b);
	return f;
}

static struct frame *
ack_json(struct span ack, struct span data)
{
	return frame_new(FRAME_CONTROL, data);
}

/* One event of a stream (WHATWG HTML, section 9.2): our JSON is one line, our names and cursors have no line ends. */
static void
put_sse(struct buf *b, const struct chat_event *ev)
{
	if (ev->cursor.n > 0)
		buf_printf(b, "id: %.*s\n", (int)ev->cursor.n, ev->cursor.p);
	buf_printf(b, "event: %.*s\ndata: ", (int)ev->name.n, ev->name.p);
	buf_span(b, ev->data);
	buf_add(b, "\n\n", 2);
}

static struct frame *
encode_sse(const struct chat_event *ev)
{
	struct buf b = {0};
	struct frame *f;

	put_sse(&b, ev);
	f = frame_new_chunk(ev->kind, buf_as_span(&b));
	buf_clear(&b);
	return f;
}

static struct frame *
encode_sse_plain(const struct chat_event *ev)
{
	struct buf b = {0};
	struct frame *f;

	put_sse(&b, ev);
	f = frame_new(ev->kind, buf_as_span(&b));
	buf_clear(&b);
	return f;
}

static const struct {
	struct frame *(*event)(const struct chat_event *);
	struct frame *(*ack)(struct span ack, struct span data);
} wires[WIRE_COUNT] = {
    [WIRE_WS] = {encode_ws, ack_ws},
    [WIRE_SIO] = {encode_sio_plain, ack_sio},
    [WIRE_SIO_OFFSET] = {encode_sio, ack_sio},
    [WIRE_SSE] = {encode_sse,
	ack_json}, /* streams are not asked anything: the acknowledgement is never used */
    [WIRE_SSE_PLAIN] = {encode_sse_plain, ack_json},
    [WIRE_JSON] = {encode_json, ack_json},
};

struct frame *
event_frame(struct chat_event *ev, enum wire wire)
{
	if (ev->wires[wire] == NULL)
		ev->wires[wire] = wires[wire].event(ev);
	return ev->wires[wire];
}

void
event_clear(struct chat_event *ev)
{
	for (int i = 0; i < WIRE_COUNT; i++) {
		frame_unref(ev->wires[i]);
		ev->wires[i] = NULL;
	}
}

struct frame *
ack_frame(enum wire wire, struct span ack, struct span data)
{
	return wires[wire].ack(ack, data);
}
