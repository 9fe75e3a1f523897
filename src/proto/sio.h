/* SPDX-License-Identifier: ISC */
/*
 * sio.h - Socket.IO protocol 5: packets, their payloads, and binary packets put together.
 * Pure. It takes nothing that the reference parser refuses, nor what no client has reason to send.
 */
#ifndef PROTO_SIO_H
#define PROTO_SIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/span.h"

#define SIO_ATTACHMENTS_MAX 10
#define SIO_NSP_MAX         128                       /* bytes of a namespace's name, its '/' too */
#define SIO_ID_MAX          ((UINT64_C(1) << 53) - 1) /* a JavaScript number holds it exactly */

enum sio_type {
	SIO_CONNECT,
	SIO_DISCONNECT,
	SIO_EVENT,
	SIO_ACK,
	SIO_CONNECT_ERROR,
	SIO_BINARY_EVENT,
	SIO_BINARY_ACK
};

/* A query in a namespace is part of its name, as in the reference. */
struct sio_packet {
	enum sio_type type;
	unsigned attachments; /* how many follow; 0 unless the type is a binary one */
	bool has_id;
	uint64_t id;      /* of the acknowledgement that is wanted or given */
	struct span nsp;  /* "/" when the packet names none */
	struct span data; /* raw JSON, empty when there is none */
};

/* Cuts the data of an Engine.IO message, without reading the JSON: *out points into text. False
 * and *why (static, may be NULL): unknown type, no count of attachments or too many, a bad
 * namespace, an id out of range, or anything but an array or object behind it. A server without
 * binary events refuses here, by sio_is_binary. */
bool sio_decode(struct sio_packet *out, struct span text, const char **why);
bool sio_is_binary(const struct sio_packet *);

/* Checks that data is JSON, and that a client may send it: CONNECT an object or nothing, DISCONNECT
 * nothing, EVENT an array whose first element is a string and no reserved name, ACK an array and
 * an id, CONNECT_ERROR never. False and *why. What is in data then, json_slice.h says. */
bool sio_check(const struct sio_packet *, const char **why);

/* Looks in a parsed payload for {"_placeholder":true,"num":N}: true if those are exactly
 * attachments, each N from 0 on once. order (may be NULL) has the N's as they stand in the
 * payload. */
bool sio_placeholders(const struct json *value, unsigned attachments,
    uint8_t order[SIO_ATTACHMENTS_MAX], const char **why);

/* ---- the writers ----
 * Append one packet, without the Engine.IO type in front; nsp "/" is left out. sio_put_head leaves
 * out data: JSON may be written behind it; sio_put appends data as it stands. pid may be empty.
 * args: elements of JSON with commas between, made by json.h's writer, or nothing. */
void sio_put_head(struct buf *, const struct sio_packet *);
void sio_put(struct buf *, const struct sio_packet *);
void sio_put_connect(struct buf *, struct span nsp, struct span sid, struct span pid);
void sio_put_connect_error(struct buf *, struct span nsp, struct span message);
void sio_put_disconnect(struct buf *, struct span nsp);
void sio_put_event(struct buf *, struct span nsp, struct span name, struct span args);
void sio_put_ack(struct buf *, struct span nsp, uint64_t id, struct span args);

/* A binary packet on its way: the text, then as many binary messages as it said. All zero is
 * valid and idle. */
struct sio_assembly {
	struct sio_packet packet; /* points into text */
	struct buf text;
	struct buf body; /* the attachments, one behind the other */
	size_t ends[SIO_ATTACHMENTS_MAX];
	unsigned have;
	size_t max_bytes;
	bool is_open; /* a packet is in it */
};

/* Takes the text of a binary packet, checked in full (sio_decode, sio_check, sio_placeholders)
 * and copied. False and *why: that, more than max bytes, no binary packet, or one is in it
 * already; nothing is changed then. */
bool sio_assembly_begin(struct sio_assembly *, struct span text, size_t max, const char **why);

/* Takes the next attachment. False and *why: none is due, or text and attachments together
 * exceed max. */
bool sio_assembly_add(struct sio_assembly *, struct span bytes, const char **why);

/* Waiting: an attachment is due, a text packet now breaks the protocol. Whole: packet and
 * attachments may be used, and are then to be cleared. Idle is neither. */
bool sio_assembly_is_waiting(const struct sio_assembly *);
bool sio_assembly_is_whole(const struct sio_assembly *);

/* Attachment i of those taken, borrowed until the assembly changes. */
struct span sio_assembly_at(const struct sio_assembly *, unsigned i);

void sio_assembly_clear(struct sio_assembly *); /* idle again */

#endif
