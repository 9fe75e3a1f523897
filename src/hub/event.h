/* SPDX-License-Identifier: ISC */
/*
 * event.h - an event on its way to its subscribers, encoded once for each wire.
 */
#ifndef HUB_EVENT_H
#define HUB_EVENT_H

#include "hub/frame.h"

/* Which encoding a transport takes. */
enum wire {
	WIRE_WS,  /* /ws: {"event","data","cursor"?,"escrowId"?} in a text frame of RFC 6455 */
	WIRE_SIO, /* Socket.IO: 42["event",data] in a message of Engine.IO */
	/* the same with the cursor as the last argument, for connection state recovery */
	WIRE_SIO_OFFSET,
	WIRE_SSE,       /* server-sent events, each a chunk */
	WIRE_SSE_PLAIN, /* the same without chunks, for HTTP/1.0 */
	WIRE_JSON, /* long-poll: the object as /ws has it; an acknowledgement is its bare data */
	WIRE_COUNT
};

/* One event on its way to its subscribers; it lives for one turn. Spans are borrowed from its
 * maker. */
struct chat_event {
	enum frame_kind kind;
	int64_t position; /* in the log; 0: not of the log */
	struct span name;
	struct span data;      /* JSON of one object, written by us */
	struct span escrow_id; /* n 0: the own topic */
	struct span cursor;    /* n 0: none */
	struct frame *wires[WIRE_COUNT];
};

/* The frame for a wire, made at the first call; owned by the event. */
struct frame *event_frame(struct chat_event *, enum wire);
void event_clear(struct chat_event *); /* drops the frames */

/* An acknowledgement is begun, its data (one JSON object) appended, and ended. ack is the peer's
 * own value (JSON). The caller owns the reference. */
void ack_begin(enum wire, struct buf *, struct span ack);
struct frame *ack_end(enum wire, struct buf *);

#endif
