/* SPDX-License-Identifier: ISC */
/*
 * deflate.h - permessage-deflate (RFC 7692): the negotiation, and the door to zlib. Neither side
 * takes over context, so one set of streams serves all connections of a thread, and none holds
 * memory of its own.
 */
#ifndef PROTO_DEFLATE_H
#define PROTO_DEFLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/span.h"

#define DEFLATE_BITS 15 /* the window unless the client asked for a smaller one */

struct deflate; /* for one thread */

struct deflate *deflate_new(void);
void deflate_free(struct deflate *);

/* Reads the offers of Sec-WebSocket-Extensions (all lines joined) and takes the first that can
 * be met. True: *answer is what to put into the field of the 101, *window_bits what to compress
 * with. False: no extension. Passed over are offers with unknown, repeated or bad parameters,
 * and with server_max_window_bits=8, which zlib cannot do; a list that is no list gives false. */
bool deflate_negotiate(struct span offers, int *window_bits, struct buf *answer);

/* Appends the message compressed, without the 00 00 ff ff at its end: a payload for
 * WS_COMPRESSED. */
void deflate_message(struct deflate *, int window_bits, struct span message, struct buf *out);

enum inflate_verdict { INFLATE_OK, INFLATE_BAD, INFLATE_TOO_BIG };

/* Appends what the payload inflates to, at most max_bytes (below 2^31). If not INFLATE_OK, out
 * is as before. */
enum inflate_verdict
inflate_message(struct deflate *, struct span payload, size_t max_bytes, struct buf *out);

#endif
