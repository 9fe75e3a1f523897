/* SPDX-License-Identifier: ISC */
/*
 * transport.h - a session and its transport, as they see each other. Every function belongs to the
 * loop's thread, and only session_close frees the session. Time comes in as an argument.
 */
#ifndef HUB_TRANSPORT_H
#define HUB_TRANSPORT_H

#include "contract/cursor.h"
#include "hub/replay/event.h"

struct session;

struct hub_time {
	int64_t mono_ms; /* time-outs */
	int64_t wall_ms; /* what clients see */
};

enum dismissal {
	DISMISS_TAKEN, /* the client has recovered its session on another connection */
	DISMISS_VOID   /* the token of the session has expired or was ended */
};

/* The functions by which frames reach the client of a session. */
struct transport {
	const char *name; /* "websocket" */
	enum encoding encoding;
	/* Queues one frame (takes its own reference); never closes or frees. False: the frame was
	 * refused, since the queue is full or no request of a poll is open. Only the latter refuses
	 * FRAME_CONTROL. */
	bool (*send)(struct session *, struct frame *);
	/* The session takes input again after session_is_busy was true, or has events to pull. The
	 * transport may give it input or pull within this call, and does not close it. */
	void (*resume)(struct session *);
	/* Ends the connection and the session, now or later (NULL: its request ends it). */
	void (*dismiss)(struct session *, enum dismissal);
	bool says_hello; /* the first event is hello */
	bool is_merged; /* its client keeps one cursor for all topics: events go out in log order */
	bool is_passing; /* its session lives for one request to /emit, and gets no events */
	/* The name of the transport that carries the session now. NULL: it is always name. */
	const char *(*carrier)(const struct session *);
};

enum session_end {
	SESSION_ENDED, /* by a DISCONNECT packet: left at once, and cannot be recovered */
	SESSION_LEFT,  /* the client closed its transport in good order: left at once */
	SESSION_LOST   /* any other end: the user counts as present for a grace */
};
/* Ends a session: from now on nothing is sent to its client. The events that the client has sent
 * still take effect; then the session leaves its rooms and is freed. */
void session_close(struct session *, enum session_end, struct hub_time);

/* Takes one event from the client. data is a slice (base/json_slice.h), n 0: none. ack is the value
 * with which the client asks for an acknowledgement, as JSON; n 0: it asks for none. A refusal
 * without an acknowledgement is a chat_error. */
void session_event(
    struct session *, struct span event, struct span data, struct span ack, struct hub_time);
/* Refuses an event, or a frame that is no event (event n 0), which the transport does not accept:
 * by its acknowledgement if ack has a value, else by chat_error. */
void session_refuse_event(
    struct session *, struct span event, struct span ack, enum error, const char *why);
/* Takes the session out of a room, as unsubscribe_escrow does; nothing if it is not there. */
void session_leave(struct session *, struct span escrow_id, struct hub_time);

/* True while the transport should not read from the client: an event of the session waits for those
 * before it, too many of its events are under way, or the writer has too many jobs. After it has
 * returned true, the transport's resume is called when the session takes input again. */
bool session_is_busy(struct session *);

/* True if the session has missed events: session_pull is called when its queue has room. */
bool session_is_behind(const struct session *);
/* Sends some of the missed events: at once if they are in memory, else after a page of the log was
 * read. The transport's resume is called when there is more to pull. */
void session_pull(struct session *, struct hub_time);
bool session_is_pulling(const struct session *); /* a page is being read */

/* The position up to which a merged session has got every event, as a cursor. */
const char *session_cursor(const struct session *, char out[CURSOR_SIZE]);
void *session_owner(const struct session *); /* the owner in session_options */
uint32_t session_number(const struct session *);
/* The key of the user's wallet; lives as long as the session. */
struct span session_wallet(const struct session *);

#endif
