/* SPDX-License-Identifier: ISC */
/*
 * event.c - the encodings of an event and of an acknowledgement: a row per wire.
 */
#include "hub/replay/event.h"

#include "base/json.h"
#include "proto/ws.h"

/* ---- events ---- */

static void
put_object(struct buf *b, const struct chat_event *ev)
{
	json_open(b, '{');
	json_member_string(b, "event", ev->name);
	json_member_raw(b, "data", ev->data);
	if (ev->cursor.n > 0)
		json_member_string(b, "cursor", ev->cursor);
	if (ev->escrow_id.n > 0)
		json_member_string(b, "escrowId", ev->escrow_id);
	json_close(b, '}');
}

/* An EVENT of the namespace "/" (Socket.IO protocol 5), as a message of Engine.IO. */
static void
put_sio(struct buf *b, const struct chat_event *ev)
{
	buf_add(b, "42[", 3);
	json_put_string(b, ev->name);
	buf_addc(b, ',');
	buf_span(b, ev->data);
	buf_addc(b, ']');
}

/* Only a durable event has an offset. */
static void
put_sio_offset(struct buf *b, const struct chat_event *ev)
{
	put_sio(b, ev);
	if (ev->cursor.n == 0 || ev->kind != FRAME_EVENT)
		return;
	b->len--; /* the bracket */
	buf_addc(b, ',');
	json_put_string(b, ev->cursor);
	buf_addc(b, ']');
}

/* One event of a stream (WHATWG HTML, section 9.2): our JSON is one line, our names and cursors
 * have no line ends. */
static void
put_sse(struct buf *b, const struct chat_event *ev)
{
	if (span_is(ev->name, "hello"))
		buf_str(b, SSE_RETRY);
	if (ev->cursor.n > 0) {
		buf_str(b, "id: ");
		buf_span(b, ev->cursor);
		buf_addc(b, '\n');
	}
	buf_str(b, "event: ");
	buf_span(b, ev->name);
	buf_str(b, "\ndata: ");
	buf_span(b, ev->data);
	buf_add(b, "\n\n", 2);
}

/* ---- acknowledgements: what stands before the data ---- */

static void
ack_object(struct buf *b, struct span ack)
{
	json_open(b, '{');
	json_member_raw(b, "ack", ack);
	json_name(b, "data");
}

static void
ack_sio(struct buf *b, struct span ack)
{
	buf_add(b, "43", 2);
	buf_span(b, ack);
	buf_addc(b, '[');
}

/* On this wire an acknowledgement is its bare data: nothing stands before it. */
static void
ack_bare(struct buf *b, struct span ack)
{
}

/* ---- the wires ---- */

static struct frame *
end_text(struct buf *b, enum frame_kind kind)
{
	return frame_end_ws(b, kind, WS_TEXT);
}

static const struct {
	void (*put)(struct buf *, const struct chat_event *);
	struct frame *(*end)(struct buf *, enum frame_kind);
	void (*ack)(struct buf *, struct span ack);
	const char *ack_end;
} wires[ENCODING_COUNT] = {
    [ENCODING_WS] = {put_object, end_text, ack_object, "}"},
    [ENCODING_SIO] = {put_sio, end_text, ack_sio, "]"},
    [WIRE_SIO_OFFSET] = {put_sio_offset, end_text, ack_sio, "]"},
    [ENCODING_SSE] = {put_sse, frame_end_chunk, ack_bare, ""},
    [WIRE_SSE_PLAIN] = {put_sse, frame_end, ack_bare, ""},
    [ENCODING_JSON] = {put_object, frame_end, ack_bare, ""},
};

struct frame *
event_frame(struct chat_event *ev, enum encoding wire)
{
	struct buf b = {0};

	if (ev->wires[wire] != NULL)
		return ev->wires[wire];
	frame_begin(&b, ev->data.n + ev->name.n + ev->cursor.n + ev->escrow_id.n + 64);
	wires[wire].put(&b, ev);
	ev->wires[wire] = wires[wire].end(&b, ev->kind);
	return ev->wires[wire];
}

void
event_clear(struct chat_event *ev)
{
	for (int i = 0; i < ENCODING_COUNT; i++) {
		frame_unref(ev->wires[i]);
		ev->wires[i] = NULL;
	}
}

void
ack_begin(enum encoding wire, struct buf *b, struct span ack)
{
	frame_begin(b, ack.n + 440); /* of a short message: 512 bytes with the frame's own */
	wires[wire].ack(b, ack);
}

struct frame *
ack_end(enum encoding wire, struct buf *b)
{
	buf_str(b, wires[wire].ack_end);
	return wires[wire].end(b, FRAME_CONTROL);
}
