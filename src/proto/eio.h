/* SPDX-License-Identifier: ISC */
/*
 * eio.h - Engine.IO protocol 4: packets, payloads, the handshake, and the checks of a request.
 * Pure: the structs point into the input, and nothing here knows a session, a socket or a clock.
 */
#ifndef PROTO_EIO_H
#define PROTO_EIO_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/span.h"

#define EIO_SEPARATOR '\x1e' /* between the packets of a payload */

enum eio_type { EIO_OPEN, EIO_CLOSE, EIO_PING, EIO_PONG, EIO_MESSAGE, EIO_UPGRADE, EIO_NOOP };

/* The form of a packet's data. EIO_BINARY is a whole binary message of WebSocket, without a type
 * byte. */
enum eio_form { EIO_TEXT, EIO_BINARY, EIO_BASE64 };

struct eio_packet {
	enum eio_type type; /* always EIO_MESSAGE if form is not EIO_TEXT */
	enum eio_form form;
	struct span data; /* behind the type byte; raw bytes or still base64, as form says */
};

/* Reads one packet of text: a text message of WebSocket, or a part of a payload. False: it is
 * empty, or its type is unknown. UTF-8 is not checked here, but by ws_read or eio_payload_next. */
bool eio_decode(struct eio_packet *out, struct span text);

/* The bytes of a binary message: EIO_BINARY as they are, EIO_BASE64 decoded and appended to
 * scratch. *out is valid until scratch or the input changes. False: the packet is text, or its
 * base64 is not valid; scratch is unchanged. */
bool eio_binary(const struct eio_packet *, struct buf *scratch, struct span *out);

/* Reads a payload packet by packet, without allocation. Returns 1 with *out; 0 at the end; -1 for a
 * packet that breaks the protocol (empty, unknown type, no UTF-8), and again for each later call.
 * An empty payload counts as an empty packet. */
struct eio_payload {
	struct span rest; /* rest.p is NULL at the end */
};

void eio_payload_init(struct eio_payload *, struct span text);
int eio_payload_next(struct eio_payload *, struct eio_packet *out);

/* Appends one packet of text. */
void eio_put(struct buf *, enum eio_type, struct span data);

/* Appends a packet to a payload that starts at the buffer's first byte. A separator goes before
 * every packet but the first; EIO_BINARY becomes 'b' and base64. */
void eio_payload_put(struct buf *payload, const struct eio_packet *);

/* Appends the open packet of the handshake: '0' and an object with sid, upgrades, pingInterval,
 * pingTimeout and maxPayload. */
struct eio_handshake {
	struct span sid;
	bool may_upgrade; /* over polling: upgrades is ["websocket"], else [] */
	unsigned ping_interval_ms;
	unsigned ping_timeout_ms;
	size_t max_payload_bytes;
};

void eio_put_open(struct buf *, const struct eio_handshake *);

/* The reason for refusing a request; the values are the codes of the protocol. */
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
	struct span sid; /* empty: a handshake; given twice: a sid that no session has */
};

/* Reads a query (without its '?'); other names are ignored. Values are not percent-decoded: no sid
 * of this server needs that. */
void eio_query_parse(struct eio_query *out, struct span query);

/* The error to answer with, or EIO_OK. is_upgrade: the request asks for a WebSocket. session: the
 * present transport of the session with that sid; EIO_NO_TRANSPORT: there is none. The caller
 * handles HEAD and OPTIONS. */
enum eio_error eio_query_check(
    const struct eio_query *, struct span method, bool is_upgrade, enum eio_transport session);

#endif
