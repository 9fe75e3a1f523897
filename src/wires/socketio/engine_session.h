/* SPDX-License-Identifier: ISC */
/*
 * engine_session.h - the structs of Engine.IO, and the functions that its files offer each other.
 * Only those files include it: engine.c has the sessions, engine_strangers.c those whose user is
 * not known, engine_heartbeat.c their pings, engine_http.c their requests, engine_ws.c their
 * WebSockets, engine_account.c the bytes that wait for them, engine_check.c the walker. It is one
 * header, since all of these files work on the same two structs.
 */
#ifndef WIRES_SOCKETIO_ENGINE_SESSION_H
#define WIRES_SOCKETIO_ENGINE_SESSION_H

#include <assert.h>
#include <sys/queue.h>

#include "base/map.h"
#include "base/timers.h"
#include "http/websocket.h"
#include "io/account.h"
#include "proto/eio.h"
#include "wires/socketio/engine.h"

#define SID_CHARS 32 /* of 5 random bits each */

enum ending {      /* how a session ends, as its client sees it */
	END_CLOSE, /* the server closes it: a held poll gets '1', a WebSocket a close frame */
	END_NOOP,  /* the client has closed it: a held poll gets a noop packet */
	END_GONE   /* the client is gone */
};

struct held_post { /* a POST whose packets the busy owner has not all taken yet */
	struct web_conn *wc;
	struct buf body;
	struct eio_payload rest; /* points into body */
	size_t charged;          /* bytes, to the session's account */
};

struct engine_session {
	/* The members that a message on a WebSocket touches are first, side by side. */
	struct engine *engine;
	void *owner;
	struct websocket *ws;    /* its transport; NULL: polling */
	struct websocket *probe; /* a WebSocket that is to become the transport */
	uint32_t conn_number;
	bool is_closed : 1, wants_writable : 1, awaits_pong : 1, is_stranger : 1, is_dirty : 1,
	    is_parting : 1;
	bool has_origin : 1;   /* the last POST or WebSocket named an Origin */
	bool is_browser : 1;   /* the handshake was a browser's */
	bool needs_origin : 1; /* no packet is accepted without an Origin */
	bool is_answered : 1;  /* poll has its answer, which may still be on its way */
	bool in_post : 1;      /* engine_take_post runs, and answers the POST itself */

	char sid[SID_CHARS + 1];
	struct map_node node; /* by sid */
	TAILQ_ENTRY(engine_session) strangers, dirty;
	struct timer heartbeat; /* mono ms: of the next ping, its answer, or the parting */
	struct web_conn *poll;  /* a GET: see engine_poll and engine_answered_poll */
	struct held_post *post;
	struct frame **queue; /* frames that wait for a poll; NULL: none */
	uint32_t n_queue, event_bytes, control_bytes;
	/* mono ms, lower 32 bits: when the last ping was due; at first the beginning */
	uint32_t pinged;
	struct account *account; /* while it polls: of its wallet; NULL: not known */
};

/* An idle session costs this struct; malloc adds 8 bytes and rounds up to 16. */
static_assert(
    sizeof(void *) != 8 || sizeof(struct engine_session) <= 200, "an idle session has grown");

TAILQ_HEAD(session_list, engine_session);

/* A poll of a session that has upgraded. Its refusal waits a moment: it must not overtake the
 * packets that were sent on the WebSocket, which is another connection. */
struct late_refusal {
	struct timer timer; /* mono ms */
	struct engine *engine;
	struct web_conn *wc;
};

struct engine {
	struct loop *loop;
	struct engine_options options;
	struct map sessions;
	struct session_list strangers, dirty, closed;
	struct timer_list pings, pongs, parting, refusals;
	size_t n_strangers, n_dirty;
	struct loop_timer *timer;
	struct loop_later *turn;
	struct loop_timer *again; /* to go on in the next turn */
	bool in_turn;
	struct account_source source;
};

/* The GET that is held; NULL: none is. */
static inline struct web_conn *
engine_poll(const struct engine_session *s)
{
	return s->is_answered ? NULL : s->poll;
}

/* The GET whose answer is followed; NULL: none is. */
static inline struct web_conn *
engine_answered_poll(const struct engine_session *s)
{
	return s->is_answered ? s->poll : NULL;
}

/* engine.c: a new session, which the caller gives a transport and an owner. */
struct engine_session *engine_session_new(struct engine *, struct web_request *);
/* The live session with that sid, or NULL. A session that is parting is found only by a poll. */
struct engine_session *engine_session_find(struct engine *, struct span sid, bool is_poll);
/* Ends a session, which is freed at the end of the turn; on_closed is called at once. Nothing where
 * it has ended already. */
void engine_session_end(struct engine_session *, const char *why, enum ending, bool is_left);
/* The last poll of a session that is parting has come, or will not come. */
void engine_session_part(struct engine_session *);
/* Marks a session: at the end of this turn its held POST goes on, and its held poll is answered. */
void engine_session_dirty(struct engine_session *);
/* Marks a session for the next turn, in which more of its held POST is taken. */
void engine_session_later(struct engine_session *);
/* Drops the packets that wait for a poll. */
void engine_session_unqueue(struct engine_session *);
/* Takes a packet from the client. False: the packet breaks the protocol. */
bool engine_session_take(struct engine_session *, const struct eio_packet *);
bool engine_session_is_busy(const struct engine_session *);
/* Sends a packet as FRAME_CONTROL. */
void engine_send_packet(struct engine_session *, enum eio_type, struct span data);

/* engine_strangers.c: counts a session as a stranger's, since its user is not known; if there are
 * too many, the oldest is closed. engine_stranger_leave does nothing if the user is known. */
void engine_stranger_enter(struct engine_session *);
void engine_stranger_leave(struct engine_session *);
/* The number of bytes that a POST or a message of the session may have. */
size_t engine_session_max_payload(const struct engine *, const struct engine_session *);

/* engine_heartbeat.c: the first ping of a session is due after one interval. */
void engine_heartbeat_begin(struct engine_session *);
/* Its client has answered the ping. */
void engine_heartbeat_answered(struct engine_session *);
/* The answer to a ping is overdue: ends the session, unless its client takes bytes that were sent
 * before the ping, or with it. The caller arms the timer. */
void engine_heartbeat_late(struct engine_session *, int64_t now);
/* The answer to a poll begins to be written: engine_heartbeat_late asks how it goes on. */
void engine_heartbeat_follow(struct engine_session *);
/* No ping is sent any more. The caller arms the timer (engine_arm_timer). */
void engine_heartbeat_end(struct engine_session *);
/* The timer of the engine: sends the pings that are due, and ends the sessions that did not answer
 * in time, those that are parting, and late refusals. */
void engine_on_timer(void *engine);
/* After a deadline was added or removed: sets the timer to the first one. */
void engine_arm_timer(struct engine *);

/* engine_account.c: account_charge for the account of a session. */
void engine_charge(struct engine_session *, int64_t bytes, bool is_shared);
/* Gives back the account of a session that does not poll any more, unless a POST of before is still
 * held: its WebSocket has an account when it needs one. */
void engine_forget_wallet(struct engine_session *);
/* Sessions as a source of the accounts. */
void engine_account_begin(struct engine *);
void engine_account_end(struct engine *);

/* engine_check.c: recounts every list and counter at the end of a turn; ends the process (check) if
 * one of them is wrong. */
void engine_check(const struct engine *);

/* engine_http.c: answers the held poll or POST of a session; does nothing if it has none. The
 * answer to a poll is followed until the connection takes its next request. */
void engine_answer_poll(struct engine_session *, struct span payload);
/* The answer to the last poll is not followed any more. */
void engine_unfollow_poll(struct engine_session *);
void engine_answer_post(struct engine_session *, enum eio_error);
/* Answers the held poll with all packets that wait, in one payload. */
void engine_flush_poll(struct engine_session *);
/* Answers the late refusals that are due at now (mono ms; INT64_MAX: all). */
void engine_refuse_late(struct engine *, int64_t now);
/* Gives the owner as much of the held POST as the owner and the turn take; answers the POST at its
 * end. */
void engine_take_post(struct engine_session *);

/* engine_ws.c: accepts a WebSocket: for a new session (NULL), or as the next transport of a
 * session. Refuses it if the session has one already. */
void engine_ws_begin(struct engine *, struct web_request *, struct engine_session *);
void engine_ws_close(struct websocket **);
/* Appends the handshake of a session, the first packet on either transport. */
void engine_put_open(const struct engine_session *, bool may_upgrade, struct buf *out);

#endif
