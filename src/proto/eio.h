/* SPDX-License-Identifier: ISC */
/*
 * eio.h - Engine.IO 4 on the wire: packets, payloads, the handshake, and what a request must say.
 * Pure: bytes in, structs out that point into them; it knows no session, no socket, no clock.
 */
#ifndef PROTO_EIO_H
#define PROTO_EIO_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/span.h"

#define EIO_SEPARATOR '\x1e' /* between the packets of a payload */

enum eio_type { EIO_OPEN, EIO_CLOSE, EIO_PING, EIO_PONG, EIO_MESSAGE, EIO_UPGRADE, EIO_NOOP };

/* How data stands in its packet. EIO_BINARY has no type byte: it is a whole WebSocket binary
 * frame. */
enum eio_form { EIO_TEXT, EIO_BINARY, EIO_BASE64 };

struct eio_packet {
	enum eio_type type; /* always EIO_MESSAGE where form is not EIO_TEXT */
	enum eio_form form;
	struct span data; /* behind the type byte; raw bytes or still base64, as form says */
};

/* One packet of text: a WebSocket text frame or a piece of a payload. False: empty, or of an
 * unknown type. UTF-8 is not checked here, but by who took the frame or by eio_payload_next. */
bool eio_decode(struct eio_packet *out, struct span text);

/* The bytes of a binary message: those of the frame, or what its base64 says, appended to
 * scratch; *out is valid until scratch changes. False: not base64 in the standard alphabet with
 * padding; scratch is as before. */
bool eio_binary(const struct eio_packet *, struct buf *scratch, struct span *out);

/* Walks a payload packet by packet, without allocation: 1 and *out, 0 at the end, -1 for a
 * packet that breaks the protocol (an empty one, an unknown type, no UTF-8), and from then on.
 * An empty payload is an empty packet. */
struct eio_payload {
	struct span rest; /* rest.p is NULL at the end */
};

void eio_payload_init(struct eio_payload *, struct span text);
int eio_payload_next(struct eio_payload *, struct eio_packet *out);

/* Appends one packet of text. */
void eio_put(struct buf *, enum eio_type, struct span data);

/* Appends a packet to a payload that starts at the buffer's first byte: behind a separator
 * unless it is the first, EIO_BINARY as 'b' and base64. */
void eio_payload_put(struct buf *payload, const struct eio_packet *);

/* Appends the packet that opens a session: '0' and an object of exactly sid, upgrades,
 * pingInterval, pingTimeout and maxPayload. */
struct eio_handshake {
	struct span sid;
	bool may_upgrade; /* over polling: upgrades is ["websocket"], else [] */
	unsigned ping_interval_ms;
	unsigned ping_timeout_ms;
	size_t max_payload_bytes;
};

void eio_put_open(struct buf *, const struct eio_handshake *);

/* Why a request is refused; the values are the wire's codes. */
enum eio_error {
	EIO_OK = -1,
	EIO_UNKNOWN_TRANSPORT = 0,
	EIO_UNKNOWN_SID = 1,
	EIO_BAD_METHOD = 2,
	EIO_BAD_REQUEST = 3,
	EIO_FORBIDDEN = 4,
	EIO_BAD_VERSION = 5
};

/* The answer to a refused request: {"code":0,"message":"Transport unknown"} and its HTTP status.
 * Static. */
struct span eio_error_json(enum eio_error);
int eio_error_status(enum eio_error);

enum eio_transport { EIO_NO_TRANSPORT, EIO_POLLING, EIO_WEBSOCKET };

struct eio_query {
	bool is_v4;                   /* EIO=4, once */
	enum eio_transport transport; /* EIO_NO_TRANSPORT: missing, unknown, or given twice */
	struct span sid;              /* empty: a handshake; given twice, one that nobody has */
};

/* Reads a query (without its '?'); other names are passed over. Values are compared as they
 * stand, percent signs and all: a sid that needs escaping is none of ours. */
void eio_query_parse(struct eio_query *out, struct span query);

/* What the request is refused with, or EIO_OK. is_upgrade: it asks for a WebSocket. session: the
 * transport on which the session named by sid lives now, EIO_NO_TRANSPORT where there is none.
 * HEAD and OPTIONS are the caller's. */
enum eio_error eio_query_check(
    const struct eio_query *, struct span method, bool is_upgrade, enum eio_transport session);

#endif
