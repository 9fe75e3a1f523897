/* SPDX-License-Identifier: ISC */
/*
 * transport.h - a session and its transport, as they see each other. Every function belongs to the
 * loop's thread, and only session_close frees the session. Time comes in as an argument.
 */
#ifndef HUB_TRANSPORT_H
#define HUB_TRANSPORT_H

#include "chat/cursor.h"
#include "hub/event.h"

struct session;

struct hub_time {
	int64_t mono_ms; /* time-outs */
	int64_t wall_ms; /* what clients see */
};

enum dismissal {
	DISMISS_TAKEN, /* another connection has recovered the session */
	DISMISS_VOID   /* the token that it rests on has expired or was ended */
};

/* How frames reach the client of one session. */
struct transport {
	const char *name; /* "websocket" */
	enum wire wire;
	/* Queues one frame (takes its own reference); never closes or frees. False: the queue is
	 * full, and the frame may be refused (FRAME_CONTROL is only where nobody listens). */
	bool (*send)(struct session *, struct frame *);
	/* The session can take input again (session_is_busy was true), or has more to pull. May do
	 * either at once; does not close the session. */
	void (*resume)(struct session *);
	/* Ends the connection, and the session with it, now or soon (NULL: it ends by itself). */
	void (*dismiss)(struct session *, enum dismissal);
	bool says_hello; /* the first event is hello */
	bool is_merged; /* its client keeps one cursor for all topics: events go out in log order */
	bool is_passing; /* lives for one request, which brings an event and takes none */
	/* The transport's name at the moment (NULL: always name). */
	const char *(*carrier)(const struct session *);
};

enum session_end {
	SESSION_ENDED, /* said goodbye for good: shows at once, and cannot be recovered */
	SESSION_LEFT,  /* closed its transport in good order: shows at once */
	SESSION_LOST   /* anything else: given a grace */
};
/* Ends a session: nothing is sent to it any more. The events that its client has sent take effect
 * first, then it leaves its rooms and is freed. */
void session_close(struct session *, enum session_end, struct hub_time);

/* One event from the client. data is a slice (base/json_slice.h), n 0: none; ack is the peer's own
 * value as JSON, n 0: none. Every event is answered: by an acknowledgement, or where a refusal has
 * none by chat_error. */
void session_event(
    struct session *, struct span event, struct span data, struct span ack, struct hub_time);
/* A frame that was no event at all: answered with chat_error bad_frame. */
void session_bad_frame(struct session *, const char *why);
/* An event that its transport does not take: answered with bad_request and why. */
void session_refuse_event(struct session *, struct span event, struct span ack, const char *why);
/* Leaves one room in good order, as unsubscribe_escrow does; nothing if it is not there. */
void session_leave(struct session *, struct span escrow_id, struct hub_time);

/* True while the session should not be read from: one of its events waits for those before it, too
 * many are under way, or the writer has too many. After it was true once, the transport's resume is
 * called when it is false again. */
bool session_is_busy(struct session *);

/* True if it has missed events to fetch: call session_pull when its queue has room. */
bool session_is_behind(const struct session *);
/* Sends some of the events that it missed, from memory at once, or else when a page of the log was
 * read. The transport's resume is called when there is more to pull. */
void session_pull(struct session *, struct hub_time);
bool session_is_pulling(const struct session *); /* a page is being read */

/* The position up to which a merged session was given everything, as a cursor. */
const char *session_cursor(const struct session *, char out[CURSOR_SIZE]);
void *session_owner(const struct session *); /* of session_options */
uint32_t session_number(const struct session *);

#endif
