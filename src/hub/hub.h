/* SPDX-License-Identifier: ISC */
/*
 * hub.h - what the transports see of the hub: sessions in, events out.
 * Knows no sockets and no SQL. Time comes in as an argument; the hub names its next deadline for the caller to arm.
 */
#ifndef HUB_HUB_H
#define HUB_HUB_H

#include <stdbool.h>
#include <stdint.h>

#include "chat/chat.h"
#include "hub/event.h"
#include "store/writer.h"

struct hub;
struct session;

struct hub_options {
	struct rules rules;
	int64_t presence_grace_ms;
	const char *version;
};

struct hub_time {
	int64_t mono_ms; /* time-outs */
	int64_t wall_ms; /* what clients see */
};

/* The hub uses reader (on this thread alone) and writer; it owns neither. It begins at the log's head: the incarnation was recorded
 * before. NULL: the log cannot be read (logged). */
struct hub *hub_new(const struct hub_options *, struct store *reader, struct writer *writer);
/* After all sessions were closed. */
void hub_free(struct hub *);

/* ---- what happens ---- */

/* Rows may have been added to the log: hands every new one to its subscribers, then releases the acknowledgements that waited for it.
 * False: nothing was there. */
bool hub_tail(struct hub *, struct hub_time);

/* The writer has finished jobs: collects them; call hub_tail next. */
void hub_collect(struct hub *);

/* End of the caller's turn: hands the jobs gathered in it to the writer thread, at once. */
void hub_flush(struct hub *);

/* Runs what is due: grace periods, typing time-outs. */
void hub_tick(struct hub *, struct hub_time);
int64_t hub_next_deadline(const struct hub *); /* mono ms; INT64_MAX: none */

/* ---- sessions ---- */

/* A transport: how frames reach one session's client. */
struct transport {
	const char *name; /* "websocket" */
	enum wire wire;
	/* Queues one frame (takes its own reference); never closes or frees. False: full, and the frame may be refused (never FRAME_CONTROL). */
	bool (*send)(struct session *, struct frame *);
	/* The session can take input again (session_is_busy was true), or has more to pull. */
	void (*resume)(struct session *);
};

struct session_options {
	const struct transport *transport;
	void *owner; /* the transport's own */
	const struct user *user;
	uint32_t number;    /* for the log */
	struct span cursor; /* of the own topic; n 0: from now */
	int64_t now_wall_ms;
};

/* False: text is no cursor at all. Empty, or one of another log, is fine: the latter is answered with a gap. */
bool hub_knows_cursor(struct hub *, struct span text);

/* Opens a session in its own user's topic and sends hello. */
struct session *session_open(struct hub *, const struct session_options *);

enum session_end {
	SESSION_LEFT, /* said so: shows at once */
	SESSION_LOST  /* anything else: given a grace */
};
/* Ends it: nothing is sent to it any more. Freed when the last of its jobs is done. */
void session_close(struct session *, enum session_end, struct hub_time);

/* One event from the client. data may be NULL; ack is the peer's own value as JSON, n 0: none. Everything is answered: by acknowledgement,
 * or a refusal without one by chat_error. */
void session_event(
    struct session *, struct span event, const struct json *data, struct span ack, struct hub_time);

/* A frame that was no event at all: chat_error bad_frame. */
void session_bad_frame(struct session *, const char *why);

/* True while the session should not be read from: too many of its jobs are under way, or the writer has too many. */
bool session_is_busy(const struct session *);

/* True if it has missed events to fetch: call session_pull when its ring has room. */
bool session_is_behind(const struct session *);
/* Fetches one page of what it missed. False: the log cannot be read now, try again later. */
bool session_pull(struct session *, struct hub_time);

void *session_owner(const struct session *);
uint32_t session_number(const struct session *);

/* ---- figures ---- */
struct hub_figures {
	size_t sessions, rooms;
	uint64_t delivered, bad_rows;
	int64_t position;
	bool is_healthy; /* the log could be read the last time */
};
struct hub_figures hub_figures(const struct hub *);
/* [{walletAddress:"0x123456...", escrowRooms, transport, connectedAt}], at most 1,000 of them. */
void hub_connections(const struct hub *, struct buf *out);

#endif
