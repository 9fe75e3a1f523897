/* SPDX-License-Identifier: ISC */
/*
 * ring.h - the frames that wait for a socket: added in order, and written with as few system calls
 * as possible. Embedded in a connection. A ring knows no loop: its owner says when to write. All
 * functions belong to the loop's thread.
 */
#ifndef IO_RING_H
#define IO_RING_H

#include "proto/frame.h"

#define RING_FEW 2

struct ring {                                /* all zero is an empty one */
	union {                              /* frames, at (head + i) % cap, i < count */
		struct frame *few[RING_FEW]; /* while cap is no more than that */
		struct frame **many;
	};
	uint32_t head, count, cap;
	uint32_t sent;                       /* bytes of the first frame that are written */
	uint32_t event_bytes, control_bytes; /* of all frames in the ring */
};

#define RING_BYTES      (256 * 1024) /* of events; more are refused, since the log has them */
#define RING_FRAMES     1024
#define RING_CLOG_BYTES (64 * 1024) /* of FRAME_CONTROL: beyond, the peer is not read from */

/* True if a queue that has so many frames, with so many bytes of events, takes one more frame. It
 * always takes FRAME_CONTROL; FRAME_EPHEMERAL only while it is not half full. Queues of pollers
 * keep this rule too. */
static inline bool
ring_takes(uint32_t n_frames, uint32_t event_bytes, const struct frame *f)
{
	uint32_t share = f->kind == FRAME_EPHEMERAL ? 2 : 1; /* these need not be kept */

	if (f->kind == FRAME_CONTROL)
		return true;
	return n_frames < RING_FRAMES / share &&
	       (event_bytes == 0 || event_bytes + frame_size(f) <= RING_BYTES / share);
}

static inline bool
ring_accepts(const struct ring *r, const struct frame *f)
{
	return ring_takes(r->count, r->event_bytes, f);
}
/* True while FRAME_CONTROL frames fill the ring: the peer should not be read from. */
bool ring_is_clogged(const struct ring *);

/* Appends a frame and takes a reference of its own. */
void ring_add(struct ring *, struct frame *);

enum ring_state {
	RING_EMPTY,   /* all is written; the memory is given back */
	RING_BLOCKED, /* the kernel takes no more for now */
	RING_FAILED   /* the peer is gone */
};
/* Writes frames until the ring is empty or the kernel takes no more. */
enum ring_state ring_write(struct ring *, int fd);

/* For uring.c; the rings are not empty. ring_has_same_front: both rings have the same frames.
 * ring_front: the bytes for one send; several frames are joined in room (n 0: they do not fit).
 * ring_advance takes out the bytes that were written. */
bool ring_has_same_front(const struct ring *, const struct ring *);
struct span ring_front(const struct ring *, char *room, size_t size);
void ring_advance(struct ring *, size_t written);

/* Recounts the bytes; ends the process (check) if a counter is wrong. */
void ring_check(const struct ring *);

/* True if the ring is empty and has no memory to give back. */
static inline bool
ring_is_idle(const struct ring *r)
{
	return r->count == 0 && r->cap <= RING_FEW;
}

/* Drops all frames, also FRAME_CONTROL, except one that is written in part. */
void ring_give_up(struct ring *);
/* The bytes in the ring, without those of the first frame that are written already. */
static inline size_t
ring_bytes(const struct ring *r)
{
	return (size_t)r->event_bytes + r->control_bytes - r->sent;
}

/* Drops all frames and frees the memory. */
void ring_clear(struct ring *);

#endif
