/* SPDX-License-Identifier: ISC */
/*
 * frame.h - what a ring holds: a counted run of bytes, ready for the wire, immutable once made.
 * One event is one frame for each wire, however many rings hold it.
 */
#ifndef HUB_FRAME_H
#define HUB_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

enum frame_kind {
	FRAME_CONTROL,  /* acknowledgements, errors, heartbeats: never given up */
	FRAME_EVENT,    /* durable: may be refused by a full ring, the log has it */
	FRAME_EPHEMERAL /* typing, presence, durable:false: goes first */
};

struct frame {
	uint32_t refs;
	enum frame_kind kind : 8;
	bool is_binary;
	uint32_t room;  /* bytes of memory */
	uint32_t start; /* what goes on the wire: bytes[start, end) */
	/* what a WebSocket frame carries, without its head: bytes[payload, end) */
	uint32_t payload;
	uint32_t end;
	char bytes[];
};

/* A frame is made in a buffer: begin, append what it is to carry (about so many bytes), end. The
 * end takes the buffer's memory, and the frame has one reference: */
void frame_begin(struct buf *, size_t expected);
struct frame *frame_end(struct buf *, enum frame_kind);
/* as one unfragmented WebSocket frame of that opcode (RFC 6455, section 5.2), */
struct frame *frame_end_ws(struct buf *, enum frame_kind, int opcode);
/* or as one chunk of a chunked body (RFC 9112, section 7.1). */
struct frame *frame_end_chunk(struct buf *, enum frame_kind);

/* The same three with a copy of bytes. */
struct frame *frame_new(enum frame_kind, struct span bytes);
struct frame *frame_new_ws(enum frame_kind, int opcode, struct span payload);
struct frame *frame_new_chunk(enum frame_kind, struct span payload);
/* Takes or gives back a reference; the last one frees the frame. */
struct frame *frame_ref(struct frame *);
void frame_unref(struct frame *); /* NULL is fine */
/* The memory of all frames that there are, bytes. Any thread. */
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
