/* SPDX-License-Identifier: ISC */
/*
 * state.h - the structs of the hub and what its files do for each other; nobody else includes it.
 *
 *   session --< sub >-- topic --(room)--< presence
 *
 * A topic is an escrow's room or a user's own; a sub is one session in one topic; a presence is one user in one room. Each is freed by
 * its owner: subs by their session, presences by their room, topics when the last of either is gone, a user's when his last presence
 * is, too.
 */
#ifndef HUB_STATE_H
#define HUB_STATE_H

#include <sys/queue.h>

#include "base/clock.h"
#include "base/map.h"
#include "chat/cursor.h"
#include "hub/budget.h"
#include "hub/hub.h"
#include "hub/timers.h"

#define ROOMS_MAX        200 /* a session's, unless the options say otherwise */
#define REPLAY_WINDOW_MS 10000
#define PRESENT_MAX      200 /* listed, and announced, in one room */
#define JOBS_MAX         64  /* a session's under way before it is not read from */
#define WRITER_MAX       10000
#define TYPING_MS        3000
#define TYPING_AGAIN_MS  1000
#define PULL_AGAIN_MS    200 /* after the log could not be read */
#define ACK_SIZE         400 /* 64 bytes, each escaped, and the quotes */

struct room {                 /* what an escrow's topic has more than a user's */
	struct map presences; /* by wallet key: struct presence */
	uint32_t n_present, n_typing;
	uint64_t changes;   /* of presence and typing, counted */
	uint32_t n_missing; /* subs that missed some: those who left are remembered for them */
};

#define SUBS_FEW 2 /* most topics are a user's own, or a room of two */

struct topic {
	struct map_node node; /* in hub->topics, by name */
	union {               /* subscribers, see topic_subs */
		struct sub *few[SUBS_FEW];
		struct sub **many;
	};
	uint32_t n_subs, cap_subs;
	struct room *room;    /* NULL: a user's own */
	uint32_t n_presences; /* of that user, in any room */
	char name[];
};

struct presence {
	struct map_node node; /* in room->presences, by the wallet in user's name */
	struct topic *topic;
	struct topic *user; /* his own: it stays as long as he is in any room */
	uint32_t n_connections : 30;
	uint32_t is_present : 1; /* connected, or lost a moment ago */
	uint32_t is_typing : 1;
	uint32_t typing_relayed; /* mono ms, its lower half */
	uint64_t changed;        /* room->changes at his last join or leave */
	uint64_t typing_changed;
	struct timer grace, typing;
	char *name; /* as others see him; NULL: as the key */
};

struct sub {
	/* What a delivery touches is first, side by side. */
	struct session *session;
	int64_t position;    /* events at or before it were given, or are not wanted */
	bool is_behind : 1;  /* served from the log; not live */
	bool has_missed : 1; /* presence or typing, since seat.missed */
	bool has_begun : 1;  /* its position is set, and it is live or behind */
	bool has_gap : 1;    /* its acknowledgement will say so */
	uint8_t role;        /* enum role, in a room */
	uint32_t index;      /* among the topic's */
	struct topic *topic;
	struct sub *next; /* of the session */
};

struct seat {            /* a sub in a room */
	struct sub sub;  /* first */
	int64_t checked; /* membership was read when the log stood here */
	uint64_t missed; /* the first of room->changes that it has missed, if it has */
	struct presence *presence;
	char *ack; /* of the subscribe_escrow that waits for its replay; NULL: none */
};

struct session {
	/* What a message touches is first, side by side. */
	struct hub *hub;
	const struct transport *transport;
	void *owner;
	struct sub *subs; /* own is the last */
	struct sub own;   /* in its user's topic */
	uint32_t n_jobs;
	uint16_t n_rooms, n_behind, n_missed;
	bool was_busy : 1;      /* as its transport was told */
	bool types_outside : 1; /* it has typed in a room that it was not in */
	bool is_closed : 1;     /* waits for its last job */
	bool is_stream : 1;     /* its rooms were named in its request */
	bool is_asking : 1;     /* it is behind because its client came with a cursor */
	uint32_t number;
	int64_t spent;         /* on events, see budget.h */
	char *name;            /* as claimed; NULL: the key */
	struct expiry *expiry; /* NULL: it rests on nothing that could end */

	TAILQ_ENTRY(session) link;
	STAILQ_HEAD(hub_job_list, hub_job)
	held;                 /* done; their own broadcasts are yet to be pulled */
	struct timer again;   /* to pull once more */
	struct kept *kept;    /* NULL: cannot be recovered */
	int64_t connected_at; /* wall ms */
};

#define KEPT_KEY_CHARS 32 /* of the 72 that the hash of a pid has: enough to be unique */

struct kept { /* what is remembered of a session that can be recovered; the store has the rest */
	struct map_node node;    /* in hub->kept, by key */
	int64_t id;              /* in the store */
	struct session *session; /* NULL: lost */
	struct timer lost;
	char key[KEPT_KEY_CHARS]; /* the beginning of its pid's hash */
};

struct hub_job { /* one write of a client, from the event to its acknowledgement */
	struct writer_job job;
	STAILQ_ENTRY(hub_job) link;
	struct hub *hub;
	struct session *session;
	const char *event;
	struct user user;
	char escrow_id[STORE_NAME_SIZE];
	char *ack;        /* NULL: none is wanted */
	char few[16];     /* it, if it is short */
	int64_t position; /* the acknowledgement waits until the tail has passed it */
	enum chat_err err;
	void (*answer)(struct hub_job *, struct buf *out); /* the fields behind ok:true */
	void (*finish)(struct hub_job *, struct
	    hub_time); /* instead of an answer: all that is left to do; session may be NULL */
	void (*clear)(struct hub_job *);
};

struct hub {
	struct hub_options options;
	struct store *store;
	struct writer *writer;
	char incarnation[INCARNATION_SIZE];
	int64_t position; /* the tail has passed it */
	struct map topics;
	size_t n_rooms;
	TAILQ_HEAD(session_list, session) sessions;
	size_t n_sessions;
	struct timers timers;
	struct writer_job *jobs_first, *jobs_last; /* gathered in this turn */
	size_t n_jobs;
	struct hub_job_list waiting;
	size_t n_held;           /* of all sessions */
	struct fresh_list fresh; /* what they have appended to the log: the tail need not read it */
	uint64_t delivered, bad_rows;
	bool is_healthy;
	struct expiry **expiries; /* a heap, see expiry.c */
	size_t n_expiries, cap_expiries;
	int64_t *spent_events, *spent_replay; /* by wallet, see budget.h */
	struct map kept;
	struct timer
	    boot; /* of TIMER_KEPT: until it runs out, sessions of earlier daemons can be recovered */
};

/* ---- topic.c ---- */
struct topic *topic_get(struct hub *, struct span name, bool is_room); /* makes it */
struct topic *topic_find(struct hub *, struct span name);
void topic_release(struct hub *, struct topic *); /* frees it if nothing is in it */
static inline struct sub **
topic_subs(struct topic *t) /* n_subs of them */
{
	return t->cap_subs > SUBS_FEW ? t->many : t->few;
}
struct span topic_escrow(const struct topic *);        /* the escrowId; n 0: a user's own */
struct span topic_wallet(const struct topic *);        /* the key of a user's own */
struct sub *sub_new(struct topic *, struct session *); /* in a user's: the session's own */
void sub_free(struct sub *);                           /* leaves presence to the caller */
static inline struct seat *
seat_of(struct sub *sub) /* of one in a room */
{
	return (struct seat *)sub;
}
struct sub *session_sub(const struct session *, struct span escrow_id); /* or NULL */
void sub_set_behind(struct sub *, bool is_behind);
/* One position stands for all topics of a merged session: while one of them is behind, those that are live wait for it. */
void session_hold_live(struct session *);
/* A subscription begins at its position: behind if the tail is further, or if a merged session has others that are. True: it is behind. */
bool sub_begin(struct sub *);
/* The same, where its client came with a cursor: what is replayed counts. */
bool sub_begin_asked(struct sub *);
/* Gives an event to each subscriber that is not behind, but not to the sessions of one user (NULL: to all). */
void topic_push(struct topic *, struct chat_event *, const struct topic *not_to);

/* ---- presence.c ---- */
struct presence *presence_find(const struct topic *, struct span key);
const char *presence_name(const struct presence *);
void presence_free(struct hub *, struct presence *); /* out of its room, not of his topic */
void presence_rename(struct presence *, const char *name);
void presence_join(struct sub *, const char *name, struct hub_time);
void presence_leave(struct sub *, enum session_end, struct hub_time);
void presence_removed(struct hub *, struct topic *, struct span key, struct hub_time);
void presence_tick(struct hub *, struct hub_time);
void presence_list(const struct topic *, struct buf *out); /* "present":[…],"presentCount":n */
/* Sends a session what it missed of a room's presence and typing: the latest state of each user. False: there was none. */
bool presence_catch_up(struct sub *, struct hub_time);
void presence_forget(struct sub *); /* it has missed nothing any more */
void typing_start(struct topic *, struct session *, const char *name, struct hub_time);
void typing_stop(struct hub *, struct topic *, struct span key);
void typing_stop_all(struct hub *, const struct topic *user); /* in every room */

size_t hub_max_rooms(const struct hub *);

/* ---- expiry.c ---- */
void expiry_start(struct session *, const struct proof *, struct hub_time);
/* A client that the one before has told is not told again. */
void expiry_inherit(struct session *, const struct session *predecessor, struct hub_time);
void expiry_stop(struct session *); /* it is not looked at any more */
void expiry_free(struct session *);
void expiry_tick(struct hub *, struct hub_time);
int64_t expiry_next(const struct hub *); /* mono ms */
/* Puts out the sessions of a wallet that rest on one token, or (hash n 0) on any that was issued up to a time. */
void expiry_end(struct hub *, struct span wallet, struct span hash, int64_t until_ms);
struct proof session_proof(const struct session *);

/* ---- replay.c ---- */
void replay_tick(struct hub *, struct hub_time); /* sessions that are to pull again */

/* ---- session.c, replay.c, verbs.c, jobs.c ---- */
/* In its own topic from position on; nothing is told to it. */
struct session *session_new(struct hub *, const struct session_options *, int64_t position);
/* The first event; rooms: those asked for, verdicts: which of them were refused (both NULL: none asked for). */
void
session_hello(struct session *, const struct stream_options *rooms, const enum chat_err *verdicts);
struct user session_user(const struct session *);
const char *session_name(const struct session *);
void session_send_event(struct session *, const char *name, struct span data, struct span cursor,
    struct span escrow_id);
void session_answer(struct session *, struct span ack, struct span json);
/* Begins {ok:true, ...: the caller appends the rest of the object, closes it, and ends the answer. */
void session_ok_begin(struct session *, struct buf *, struct span ack);
void session_answer_end(struct session *, struct buf *);
void session_refuse(struct session *, struct span event, struct span ack, enum chat_err,
    const char *why, struct span escrow_id);
void session_release(struct session *); /* frees a closed one without jobs */
/* Puts a session into a room: position is where it begins. */
struct sub *session_enter(struct session *, struct span escrow_id, const struct standing *,
    int64_t position, int64_t checked, struct hub_time);
/* Goes on live: answers a subscribe_escrow that waited. */
void sub_catch_up_done(struct sub *, struct hub_time);
void sub_gap(struct sub *, struct hub_time);
/* Puts a session's user out of a room: chat_error removed, user_left. */
void sub_remove(struct sub *, struct hub_time);
void job_submit(struct hub_job *);
void job_free(struct hub_job *);
void jobs_release(struct hub *, struct hub_time); /* answers what the tail has passed */
bool jobs_wait(const struct hub *);               /* for rows that it has not */
void
session_release_held(struct session *, struct hub_time); /* answers what the session has pulled */
void session_drop_held(struct session *);
/* ---- kept.c ---- */
/* Its session ends: for good, or it can come back. */
void kept_end(struct session *, enum session_end, struct hub_time);
void kept_tick(struct hub *, struct hub_time);
void kept_free(struct hub *);
/* A room that was left needs no recovery. */
void kept_forget_room(struct session *, struct span escrow_id);

const char *hub_cursor(const struct hub *, char out[CURSOR_SIZE], int64_t position);

#endif
