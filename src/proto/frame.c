/* SPDX-License-Identifier: ISC */
/*
 * frame.c - counted frames.
 */
#include "proto/frame.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "proto/ws.h"

#define HEAD_ROOM 10 /* the longest head of an unmasked WebSocket frame, or of a chunk */
#define TAIL_ROOM 2  /* the end of a chunk */
#define PAYLOAD   (offsetof(struct frame, bytes) + HEAD_ROOM) /* in the buffer */

static size_t live_bytes; /* atomic */

size_t
frame_live_bytes(void)
{
	return __atomic_load_n(&live_bytes, __ATOMIC_RELAXED);
}

void
frame_begin(struct buf *b, size_t expected)
{
	buf_reserve(b, PAYLOAD + expected + TAIL_ROOM);
	b->len = PAYLOAD;
}

struct frame *
frame_end(struct buf *b, enum frame_kind kind)
{
	struct frame *f = (struct frame *)(void *)b->p;

	*f = (struct frame){.refs = 1,
	    .kind = kind,
	    .room = (uint32_t)b->cap,
	    .start = HEAD_ROOM,
	    .payload = HEAD_ROOM,
	    .end = (uint32_t)(b->len - offsetof(struct frame, bytes))};
	__atomic_fetch_add(&live_bytes, b->cap, __ATOMIC_RELAXED);
	*b = (struct buf){0};
	return f;
}

/* Puts a head in front of the payload. */
static void
put_head(struct frame *f, const void *head, size_t n)
{
	f->start -= (uint32_t)n;
	memcpy(f->bytes + f->start, head, n);
}

struct frame *
frame_end_ws(struct buf *b, enum frame_kind kind, int opcode)
{
	struct frame *f = frame_end(b, kind);
	uint8_t head[HEAD_ROOM];

	f->is_binary = opcode == WS_BINARY;
	put_head(f, head, ws_head(head, opcode, frame_payload(f).n));
	return f;
}

struct frame *
frame_end_chunk(struct buf *b, enum frame_kind kind)
{
	char head[HEAD_ROOM + 1];
	int n = snprintf(head, sizeof(head), "%zx\r\n", b->len - PAYLOAD);
	struct frame *f;

	buf_str(b, "\r\n");
	f = frame_end(b, kind);
	put_head(f, head, (size_t)n);
	return f;
}

static struct buf
carrying(struct span bytes)
{
	struct buf b = {0};

	frame_begin(&b, bytes.n);
	buf_span(&b, bytes);
	return b;
}

struct frame *
frame_new(enum frame_kind kind, struct span bytes)
{
	struct buf b = carrying(bytes);

	return frame_end(&b, kind);
}

struct frame *
frame_new_ws(enum frame_kind kind, int opcode, struct span payload)
{
	struct buf b = carrying(payload);

	return frame_end_ws(&b, kind, opcode);
}

struct frame *
frame_new_chunk(enum frame_kind kind, struct span payload)
{
	struct buf b = carrying(payload);

	return frame_end_chunk(&b, kind);
}

struct frame *
frame_ref(struct frame *f)
{
	f->refs++;
	return f;
}

void
frame_unref(struct frame *f)
{
	if (f == NULL || --f->refs > 0)
		return;
	__atomic_fetch_sub(&live_bytes, f->room, __ATOMIC_RELAXED);
	free(f);
}
