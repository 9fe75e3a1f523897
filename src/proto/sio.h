/* SPDX-License-Identifier: ISC */
/*
 * sio.h - Socket.IO protocol 5: packets, their payloads, and the assembly of binary packets. Pure.
 * It refuses what the reference parser refuses, and packets that no client has a reason to send.
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
	uint64_t id;      /* of the acknowledgement that is requested or given */
	struct span nsp;  /* "/" when the packet names none */
	struct span data; /* raw JSON, empty when there is none */
};

/* Splits the data of an Engine.IO message without reading the JSON; *out points into text. False:
 * the type is unknown, the count of attachments is missing or too large, the namespace or the id is
 * not valid, or the payload is no array or object. *why is a static string; why may be NULL. A
 * server without binary events refuses them after this call, by sio_is_binary. */
bool sio_decode(struct sio_packet *out, struct span text, const char **why);
bool sio_is_binary(const struct sio_packet *);

/* Checks that data is JSON, and that a client may send it. CONNECT has an object or nothing,
 * DISCONNECT nothing, EVENT an array whose first element is a string and no reserved name, ACK an
 * array and an id; CONNECT_ERROR is refused. JSON_GOOD: json_slice.h reads the data after that.
 * JSON_BEYOND: the packet keeps to the protocol, but its data is beyond a limit of json.h and is
 * not read. Else, and then too, *why has the reason. */
enum json_verdict sio_judge(const struct sio_packet *, const char **why);
bool sio_check(const struct sio_packet *, const char **why); /* True if it is JSON_GOOD. */

/* Looks in a parsed payload for {"_placeholder":true,"num":N}. True if there are as many as
 * attachments, and each N from 0 to attachments - 1 is there once. order (may be NULL) gets the
 * values N in the order of the payload. */
bool sio_placeholders(const struct json *value, unsigned attachments,
    uint8_t order[SIO_ATTACHMENTS_MAX], const char **why);

/* ---- the writers ----
 * Append one packet, without the Engine.IO type before it; nsp "/" is left out. sio_put_head leaves
 * out data, so that the caller can append JSON; sio_put appends data unchanged. pid may be empty.
 * args: JSON elements separated by commas, made by json.h's writer, or nothing. */
void sio_put_head(struct buf *, const struct sio_packet *);
void sio_put(struct buf *, const struct sio_packet *);
void sio_put_connect(struct buf *, struct span nsp, struct span sid, struct span pid);
void sio_put_connect_error(struct buf *, struct span nsp, struct span message);
void sio_put_disconnect(struct buf *, struct span nsp);
void sio_put_event(struct buf *, struct span nsp, struct span name, struct span args);
void sio_put_ack(struct buf *, struct span nsp, uint64_t id, struct span args);

/* A binary packet that has come in part: its text, then its attachments as binary messages. All
 * zero is valid and idle. */
struct sio_assembly {
	struct sio_packet packet; /* points into text */
	struct buf text;
	struct buf body; /* the attachments, one after the other */
	size_t ends[SIO_ATTACHMENTS_MAX];
	unsigned have;
	size_t max_bytes;
	bool is_open; /* it has a packet */
};

/* Checks the text of a binary packet (sio_decode, sio_check, sio_placeholders) and copies it.
 * False: a check failed, the text exceeds max bytes, the packet is not binary, or the assembly has
 * a packet already; the assembly is unchanged, and *why has the reason. */
bool sio_assembly_begin(struct sio_assembly *, struct span text, size_t max, const char **why);

/* Copies the next attachment. False: none is due, or text and attachments together exceed max; *why
 * has the reason. */
bool sio_assembly_add(struct sio_assembly *, struct span bytes, const char **why);

/* Waiting: an attachment is due, so a text packet breaks the protocol. Whole: packet and
 * attachments may be used; clear the assembly after that. An idle assembly is neither. */
bool sio_assembly_is_waiting(const struct sio_assembly *);
bool sio_assembly_is_whole(const struct sio_assembly *);

/* Attachment i (below have), borrowed until the assembly changes. */
struct span sio_assembly_at(const struct sio_assembly *, unsigned i);

void sio_assembly_clear(struct sio_assembly *); /* idle again */

#endif
