/* SPDX-License-Identifier: ISC */
/*
 * frame.c - counted frames.
 */
#include "hub/frame.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "proto/ws.h"

#define HEAD_ROOM 10 /* the longest head of an unmasked WebSocket frame, or of a chunk */

/* A frame whose payload stands behind room for a head. */
static struct frame *
frame_with_room(enum frame_kind kind, size_t room, struct span payload)
{
	struct frame *f = mem_alloc(sizeof(*f) + room + payload.n);

	f->refs = 1;
	f->kind = kind;
	f->is_binary = false;
	f->start = f->payload = room;
	f->end = room + payload.n;
	memcpy(f->bytes + room, payload.p, payload.n);
	return f;
}

struct frame *
frame_new(enum frame_kind kind, struct span bytes)
{
	return frame_with_room(kind, 0, bytes);
}

struct frame *
frame_new_ws(enum frame_kind kind, int opcode, struct span payload)
{
	struct frame *f = frame_with_room(kind, HEAD_ROOM, payload);
	uint8_t head[HEAD_ROOM];
	size_t n = ws_head(head, opcode, payload.n);

	f->start -= n;
	f->is_binary = opcode == WS_BINARY;
	memcpy(f->bytes + f->start, head, n);
	return f;
}

struct frame *
frame_new_chunk(enum frame_kind kind, struct span payload)
{
	char head[HEAD_ROOM + 1];
	int n = snprintf(head, sizeof(head), "%zx\r\n", payload.n);
	struct frame *f = mem_alloc(sizeof(*f) + HEAD_ROOM + payload.n + 2);

	*f = (struct frame){.refs = 1,
	    .kind = kind,
	    .start = HEAD_ROOM - (uint32_t)n,
	    .payload = HEAD_ROOM,
	    .end = HEAD_ROOM + (uint32_t)payload.n + 2};
	memcpy(f->bytes + f->start, head, (size_t)n);
	memcpy(f->bytes + HEAD_ROOM, payload.p, payload.n);
	memcpy(f->bytes + HEAD_ROOM + payload.n, "\r\n", 2);
	return f;
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
	if (f != NULL && --f->refs == 0)
		free(f);
}
