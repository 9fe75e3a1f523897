/* SPDX-License-Identifier: ISC */
/*
 * deflate.h - permessage-deflate (RFC 7692): the negotiation, and the only use of zlib. Neither
 * side uses context takeover, so one set of streams serves all connections of a thread, and a
 * connection has no memory of its own.
 */
#ifndef PROTO_DEFLATE_H
#define PROTO_DEFLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/span.h"

#define DEFLATE_BITS 15 /* of the window, if the client asks for none smaller */

struct deflate; /* for one thread */

struct deflate *deflate_new(void);
void deflate_free(struct deflate *);

/* Reads the offers of Sec-WebSocket-Extensions (all lines joined) and accepts the first possible
 * one (RFC 7692, section 7.1). True: the field's value for the 101 is appended to answer, and
 * *window_bits is for deflate_message. False: no extension is used. Offers with unknown, repeated
 * or bad parameters are ignored, and so is server_max_window_bits=8, which zlib cannot do. If the
 * syntax of the list is bad, all offers are refused. */
bool deflate_negotiate(struct span offers, int *window_bits, struct buf *answer);

/* Appends the compressed message without the 00 00 ff ff at its end (RFC 7692, section 7.2.1): a
 * payload for WS_COMPRESSED. */
void deflate_message(struct deflate *, int window_bits, struct span message, struct buf *out);

enum inflate_verdict { INFLATE_OK, INFLATE_BAD, INFLATE_TOO_BIG };

/* Appends the inflated payload (RFC 7692, section 7.2.2), at most max_bytes (below 2^31). If the
 * result is not INFLATE_OK, out is unchanged. */
enum inflate_verdict
inflate_message(struct deflate *, struct span payload, size_t max_bytes, struct buf *out);

#endif
