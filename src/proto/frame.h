/* SPDX-License-Identifier: ISC */
/*
 * frame.h - a frame is a counted run of bytes, ready for the wire, which never changes. An event is
 * one frame for each wire, however many rings hold that frame.
 */
#ifndef PROTO_FRAME_H
#define PROTO_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

enum frame_kind {
	FRAME_CONTROL,  /* acknowledgements, errors, heartbeats: no full ring refuses them */
	FRAME_EVENT,    /* durable events: a full ring refuses them, since the log has them */
	FRAME_EPHEMERAL /* typing, presence, durable:false: a ring refuses them when half full */
};

struct frame {
	uint32_t refs;
	enum frame_kind kind : 8;
	bool is_binary;
	uint32_t room;  /* bytes of memory */
	uint32_t start; /* bytes[start, end) go on the wire */
	/* bytes[payload, end) are the payload, without the head of a WebSocket frame or chunk */
	uint32_t payload;
	uint32_t end;
	char bytes[];
};

/* frame_begin begins a frame in a buffer, with memory for the expected bytes; the caller appends
 * the payload. Each of the three functions below takes the buffer's memory and returns a frame, of
 * which the caller owns the one reference. frame_end adds nothing to the payload. */
void frame_begin(struct buf *, size_t expected);
struct frame *frame_end(struct buf *, enum frame_kind);
/* Makes one unfragmented WebSocket frame of that opcode (RFC 6455, section 5.2). */
struct frame *frame_end_ws(struct buf *, enum frame_kind, int opcode);
/* Makes one chunk of a chunked body (RFC 9112, section 7.1). */
struct frame *frame_end_chunk(struct buf *, enum frame_kind);

/* Each does the same with a copy of bytes. */
struct frame *frame_new(enum frame_kind, struct span bytes);
struct frame *frame_new_ws(enum frame_kind, int opcode, struct span payload);
struct frame *frame_new_chunk(enum frame_kind, struct span payload);
/* Takes or gives back a reference; the last one frees the frame. */
struct frame *frame_ref(struct frame *);
void frame_unref(struct frame *); /* NULL is fine */
/* The memory of all frames of the process, in bytes. Any thread. */
size_t frame_live_bytes(void);

static inline struct span
frame_payload(const struct frame *f)
{
	return (struct span){f->bytes + f->payload, f->end - f->payload};
}

static inline size_t
frame_size(const struct frame *f)
{
	return f->end - f->start;
}

#endif
