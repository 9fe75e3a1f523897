/* SPDX-License-Identifier: ISC */
/*
 * event.h - an event on its way to its subscribers, encoded once for each wire.
 */
#ifndef HUB_REPLAY_EVENT_H
#define HUB_REPLAY_EVENT_H

#include "proto/frame.h"

/* The line by which a stream of server-sent events says after how many ms its client comes back. It
 * stands in the block of hello: a block without data makes some clients fail. */
#define SSE_RETRY "retry: 2000\n"

/* The encodings of events: each transport takes one of them. */
enum encoding {
	ENCODING_WS,  /* /ws: {"event","data","cursor"?,"escrowId"?} in a text frame of RFC 6455 */
	ENCODING_SIO, /* Socket.IO: 42["event",data] in a message of Engine.IO */
	/* the same with the cursor as the last argument, for connection state recovery */
	WIRE_SIO_OFFSET,
	ENCODING_SSE,   /* server-sent events, each as one HTTP chunk */
	WIRE_SSE_PLAIN, /* the same without chunks, for HTTP/1.0 */
	ENCODING_JSON, /* long-poll: the object of ENCODING_WS; an acknowledgement is its data alone */
	ENCODING_COUNT
};

/* One event on its way to its subscribers. It lives within one function, which owns what the spans
 * point to. */
struct chat_event {
	enum frame_kind kind;
	int64_t position; /* in the log; 0: the event is no row of the log */
	struct span name;
	struct span data;      /* one JSON object, which the server has serialised */
	struct span escrow_id; /* n 0: the event is for a user's own topic */
	struct span cursor;    /* n 0: none */
	struct frame *wires[ENCODING_COUNT];
};

/* The frame for a wire, made at the first call; owned by the event. */
struct frame *event_frame(struct chat_event *, enum encoding);
void event_clear(struct chat_event *); /* drops the frames */

/* ack_begin begins an acknowledgement. The caller appends its data, one JSON object. Then ack_end
 * makes the frame, of which the caller owns a reference. ack is the value that the client sent, as
 * JSON; the acknowledgement repeats it. */
void ack_begin(enum encoding, struct buf *, struct span ack);
struct frame *ack_end(enum encoding, struct buf *);

#endif
