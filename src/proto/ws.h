/* SPDX-License-Identifier: ISC */
/*
 * ws.h - WebSocket framing (RFC 6455, section 5), the server's side: reads messages, writes frames.
 * A reader is small and owns memory only while a message is incomplete or was inflated. With
 * permessage-deflate (RFC 7692) it inflates.
 */
#ifndef PROTO_WS_H
#define PROTO_WS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"
#include "proto/utf8.h"

#define WS_HEAD_MAX_BYTES    10  /* of a frame the server sends */
#define WS_CONTROL_MAX_BYTES 125 /* payload of a control frame */

/* For ws_head, WS_COMPRESSED may be added to WS_TEXT and WS_BINARY: deflate_message made the
 * payload. */
enum ws_opcode {
	WS_CONTINUATION,
	WS_TEXT,
	WS_BINARY,
	WS_CLOSE = 8,
	WS_PING,
	WS_PONG,
	WS_COMPRESSED = 0x40
};

enum ws_code { /* status codes of a close frame (RFC 6455, section 7.4.1) */
	WS_NORMAL = 1000,
	WS_GOING_AWAY = 1001,
	WS_PROTOCOL_ERROR = 1002,
	WS_UNSUPPORTED = 1003,
	WS_NO_CODE = 1005, /* never on the wire: the close frame had no payload */
	WS_BAD_DATA = 1007,
	WS_POLICY = 1008,
	WS_TOO_BIG = 1009,
	WS_INTERNAL = 1011,
	WS_TRY_AGAIN = 1013
};

enum ws_event {
	WS_MORE,    /* unused input is an incomplete head or control frame: call again with more */
	WS_MESSAGE, /* opcode is WS_TEXT (valid UTF-8) or WS_BINARY */
	WS_PINGED,  /* answer with a pong of the same data */
	WS_PONGED,
	WS_CLOSED, /* code; data is the reason: answer with that code unless one was sent, close */
	WS_BROKEN  /* protocol error: send a close frame with code and data as reason, then close */
};

struct ws_message {
	enum ws_opcode opcode; /* of WS_MESSAGE */
	uint16_t code;         /* of WS_CLOSED, WS_NO_CODE if it had none, and of WS_BROKEN */
	struct span data;      /* into the input or the reader, until the next call */
};

struct deflate;

struct ws_partial; /* ws.c's own */

struct ws_reader {
	struct ws_partial *partial; /* the message that is incomplete or was inflated, or NULL */
	struct deflate *deflate;    /* borrowed; NULL: permessage-deflate was not negotiated */
	uint32_t max_bytes;         /* of a message, inflated */
	bool is_over;               /* after WS_CLOSED or WS_BROKEN: input is ignored */
};

void ws_reader_init(struct ws_reader *, uint32_t max_bytes, struct deflate *);
void ws_reader_clear(struct ws_reader *);

/* Reads the next event from in, which it unmasks in place; *used bytes are used. Call again with
 * the rest until WS_MORE, even if the rest is empty: this releases the last message. After WS_MORE
 * less than 140 bytes are unused. An uncompressed message in one frame that is complete in the
 * input is not copied. Text is refused at its first bad byte, even if the message is incomplete;
 * compressed data is inflated and checked when the message is complete. */
enum ws_event
ws_read(struct ws_reader *, char *in, size_t len, size_t *used, struct ws_message *out);

/* Writes the head of a final, unmasked frame; returns its size, 2 to WS_HEAD_MAX_BYTES. */
size_t ws_head(uint8_t out[WS_HEAD_MAX_BYTES], int opcode, uint64_t payload_bytes);

/* Writes the payload of a close frame; returns its size. A reason that is too long is cut at the
 * end of a character. WS_NO_CODE gives an empty payload. */
size_t ws_close_payload(uint8_t out[WS_CONTROL_MAX_BYTES], int code, struct span reason);

/* Appends a whole frame: head and payload. */
void ws_put(struct buf *, int opcode, struct span payload);
void ws_put_close(struct buf *, int code, struct span reason);

#endif
