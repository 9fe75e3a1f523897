/* SPDX-License-Identifier: ISC */
/*
 * session.h - one client's session, and the functions that send to that session alone. A session
 * begins in opening.c and ends in closing.c. All functions belong to the loop's thread.
 */
#ifndef HUB_SESSION_SESSION_H
#define HUB_SESSION_SESSION_H

#include <assert.h>

#include "hub/room/topic.h"

enum sub_state {
	SUB_OPENING,     /* waits for subscription_begin: nothing is delivered yet */
	SUB_CATCHING_UP, /* waits for the events after its position, see replay.h */
	/* waits, in a merged session, for another subscription that is catching up; its events come
	 * by the replay too */
	SUB_HELD,
	SUB_LIVE,   /* takes events as the tail hands them out */
	SUB_LEAVING /* nothing is delivered any more; freed before the function returns */
};

struct subscription {
	/* The members that a delivery touches are first, side by side. */
	struct session *session;
	int64_t position;    /* events up to it were delivered, or are not wanted */
	uint8_t state;       /* enum sub_state; moved by subscription_move alone */
	bool has_missed : 1; /* it has missed presence or typing, since seat.missed */
	uint8_t role;        /* enum role, in a room */
	uint32_t index;      /* in the topic's array */
	struct topic *topic;
	struct subscription *next; /* of the session */
};

struct session {
	/* The members that a message touches are first, side by side. */
	struct hub *hub;
	const struct transport *transport;
	void *owner;
	struct subscription *subscriptions;   /* a list; own is its last element */
	struct subscription own;              /* to its user's own topic */
	uint16_t n_calls;                     /* elements of calls */
	uint16_t n_rooms, n_behind, n_missed; /* subscriptions: to rooms, is_behind, has_missed */
	uint16_t n_waiting;                   /* calls that have not begun */
	uint8_t calls_kind;                   /* enum call_kind of the calls that run */
	bool was_busy : 1;                    /* the last result of session_is_busy */
	bool types_outside : 1;               /* it has typed in a room that it was not in */
	bool is_stream : 1;                   /* its rooms were named in its request */
	bool has_barrier : 1;                 /* a call is a bar: nothing begins behind it */
	bool is_leaving : 1;                  /* its client is gone; ends after its calls */
	uint8_t end : 2;                      /* enum session_end, once it is leaving */
	bool is_charged : 1;                  /* it replays from a cursor: the bytes count */
	uint32_t number;
	int64_t spent;         /* the bucket of its events, see budget.h */
	char *name;            /* the wallet as claimed; NULL: the same as the key */
	struct expiry *expiry; /* NULL: its identity rests on no token that can end */

	TAILQ_ENTRY(session) link;
	STAILQ_HEAD(call_list, call) calls; /* in the order in which they came, see call.h */
	struct replay *replay;              /* NULL: no replay is under way, see replay.h */
	struct recoverable *recoverable;    /* NULL: it cannot be recovered, see recoverable.h */
	int64_t connected_at;               /* wall ms */
};

/* An idle connection costs this struct, and a struct seat for each room; malloc adds 8 bytes and
 * rounds up to 16. */
static_assert(sizeof(void *) != 8 || sizeof(struct session) <= 168, "an idle session has grown");

/* The user of a session: a copy, or the name alone, which lives as long as the session. */
struct user session_user(const struct session *);
const char *session_name(const struct session *);
struct proof session_proof(const struct session *);

/* Sends an event to this session alone, as FRAME_CONTROL. */
void session_send_event(struct session *, const char *name, struct span data, struct span cursor,
    struct span escrow_id);

/* Begins an acknowledgement with {"ok":true. The caller appends further members and closes the
 * object; session_answer_end sends it. */
void session_ok_begin(struct session *, struct buf *, struct span ack);
void session_answer_end(struct session *, struct buf *);

/* Sends a refusal now: as acknowledgement or, where ack is empty, as chat_error. why NULL: the
 * sentence that belongs to the code. The caller keeps the order of answers (call.h). */
void session_refuse(struct session *, struct span event, struct span ack, enum error,
    const char *why, struct span escrow_id);

#endif
