/* SPDX-License-Identifier: ISC */
/*
 * hub.h - what the transports see of the hub: sessions in, events out.
 * Knows no sockets and no SQL. Time comes in as an argument; the hub names its next deadline for the caller to arm.
 */
#ifndef HUB_HUB_H
#define HUB_HUB_H

#include <stdbool.h>
#include <stdint.h>

#include "chat/cursor.h"
#include "hub/event.h"
#include "store/writer.h"

struct hub;
struct hub_job;
struct session;
struct connect_result;

struct hub_options {
	struct rules rules;
	int64_t presence_grace_ms;
	int64_t recovery_ms; /* how long a lost Socket.IO session can be recovered; 0: never */
	const char *version;
	size_t max_per_wallet; /* sessions; 0: no limit */
	size_t max_rooms;      /* of a session; 0: 200 */
	size_t
	    max_kept; /* sessions that can be recovered, connected or lost; beyond, the oldest of those lost go; 0: no limit */
	int64_t
	    event_rate; /* per session and second, and per wallet for single requests; 0: none */
	int64_t replay_rate; /* bytes per wallet and second; 0: none */
	/* A session has ended, in this turn or between two: there may be jobs to flush and a deadline to arm. NULL: the caller looks by
	 * himself. */
	void (*on_closed)(void *arg);
	void *arg;
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

enum hub_tail {
	TAIL_END,   /* every row was handed out */
	TAIL_MORE,  /* call again in the next turn */
	TAIL_FAILED /* the log cannot be read now (logged once): call again a moment later */
};
/* Rows may have been added to the log: hands a page of new ones to their subscribers, then releases the acknowledgements that waited
 * for them. */
enum hub_tail hub_tail(struct hub *, struct hub_time);

/* The same after a hub_collect: where the rows of its jobs follow on what was handed out last, none is read from the log. */
enum hub_tail hub_tail_own(struct hub *, struct hub_time);

/* The writer has finished jobs: collects them; call hub_tail_own next. */
void hub_collect(struct hub *);

/* True while something was collected, or is to be written, whose acknowledgement has not gone out. */
bool hub_owes_answers(const struct hub *);

/* End of the caller's turn: hands the jobs that were gathered to the writer thread, at once. */
void hub_flush(struct hub *);
bool hub_has_jobs(const struct hub *); /* gathered, and not handed over */

/* Runs what is due: grace periods, typing time-outs, tokens that expire or are used, sessions that cannot be recovered any more. */
void hub_tick(struct hub *, struct hub_time);
int64_t hub_next_deadline(const struct hub *); /* mono ms; INT64_MAX: none */

/* ---- sessions ---- */

enum dismissal {
	DISMISS_TAKEN, /* another connection has recovered the session */
	DISMISS_VOID   /* the token that it rests on has expired or was ended */
};

/* A transport: how frames reach one session's client. */
struct transport {
	const char *name; /* "websocket" */
	enum wire wire;
	/* Queues one frame (takes its own reference); never closes or frees. False: full, and the frame may be refused (of FRAME_CONTROL:
	 * only where nobody listens at the moment). */
	bool (*send)(struct session *, struct frame *);
	/* The session can take input again (session_is_busy was true), or has more to pull. */
	void (*resume)(struct session *);
	/* Ends the connection, and the session with it, now or soon (NULL: it ends by itself). */
	void (*dismiss)(struct session *, enum dismissal);
	bool says_hello; /* the first event is hello */
	bool is_merged; /* its client keeps one cursor for all topics: events go out in log order */
	bool is_passing; /* one request long: it brings an event and takes none */
	/* What it runs on at the moment (NULL: always name). */
	const char *(*carrier)(const struct session *);
};

struct session_options {
	const struct transport *transport;
	void *owner; /* the transport's own */
	const struct user *user;
	uint32_t number;    /* for the log */
	struct span cursor; /* of the own topic; n 0: from now */
	struct hub_time now;
};

/* False: text is no cursor at all. Empty, or one of another log, is fine: the latter is answered with a gap. */
bool hub_knows_cursor(struct hub *, struct span text);

/* Opens a session in its own user's topic and sends hello. */
struct session *session_open(struct hub *, const struct session_options *);

/* ---- sessions whose rooms are named in the request (SSE, long-poll): each request stands alone ---- */

#define STREAM_ROOMS_MAX 20

struct stream_options {
	struct session_options session; /* its cursor is that of all topics; n 0: from now */
	const struct span *rooms;       /* escrowIds, valid, each once; at most STREAM_ROOMS_MAX */
	size_t n_rooms;
	struct session *
	    predecessor; /* of the same client, or NULL: what it missed of presence and typing is inherited */
	struct hub_time now;
};

/* Opens a session in its rooms; those it may not be in are named in verdicts, and in hello. NULL: *err says why: bad_request (no cursor),
 * not_participant (of none of the rooms), unavailable. */
struct session *session_open_stream(struct hub *, const struct stream_options *,
    enum chat_err verdicts[STREAM_ROOMS_MAX], enum chat_err *err);

/* True if a user has all the sessions that he may have; one that is about to make room is not counted (NULL: none). */
bool hub_user_is_full(struct hub *, const struct user *, const struct session *leaving);

/* True if so much was replayed to a user lately that no cursor of his is served for a moment. */
bool hub_replay_is_spent(struct hub *, const struct user *, struct hub_time);

/* True if a session is this user's, by the same token, called as he calls himself, and in exactly these rooms. */
bool session_is_of(
    const struct session *, const struct user *, const struct span *rooms, size_t n_rooms);

/* How many sessions a user has that came by such requests. */
size_t hub_count_streams(struct hub *, const struct user *);

/* The position up to which a merged session was given everything, as a cursor. */
const char *session_cursor(const struct session *, char out[CURSOR_SIZE]);

/* Leaves one room in good order, as unsubscribe_escrow does; nothing if it is not there. */
void session_leave(struct session *, struct span escrow_id, struct hub_time);

/* ---- sessions that are kept, so that their client can recover them (Socket.IO's connection state recovery) ---- */

struct connect_options {
	struct session_options session; /* its cursor is not used */
	bool is_kept;
	struct span pid, offset; /* what the client came back with; n 0: nothing */
	void (*done)(void *owner, const struct connect_result *);
};
struct connect_result {
	struct session *session; /* NULL: err says why */
	enum chat_err err;       /* CHAT_UNAVAILABLE, or CHAT_RATE_LIMITED: too many sessions */
	const char *sid,
	    *pid; /* the socket's visible id; the secret to return with, NULL if it is not kept */
	bool is_recovered; /* it has the id and the rooms that it had; what it missed follows */
};

/* Opens a session once what is kept of it is committed: done is called then (at once where nothing is kept). Returns a handle for
 * session_connect_cancel while it has not been, else NULL. */
struct hub_job *session_connect(struct hub *, const struct connect_options *);
void session_connect_cancel(struct hub_job *);
/* True where sessions can be kept at all. */
bool hub_recovers(const struct hub *);
/* A daemon has just started: what earlier ones kept can be recovered for one window from now. */
void hub_start_recovery(struct hub *, struct hub_time);

enum session_end {
	SESSION_ENDED, /* said goodbye for good: shows at once, and cannot be recovered */
	SESSION_LEFT,  /* closed its transport in good order: shows at once */
	SESSION_LOST   /* anything else: given a grace */
};
/* Ends it: nothing is sent to it any more. Freed when the last of its jobs is done. */
void session_close(struct session *, enum session_end, struct hub_time);

/* One event from the client. data is a slice (base/json_slice.h), n 0: none; ack is the peer's own value as JSON, n 0: none. Everything
 * is answered: by acknowledgement, or a refusal without one by chat_error. */
void session_event(
    struct session *, struct span event, struct span data, struct span ack, struct hub_time);

/* A frame that was no event at all: chat_error bad_frame. */
void session_bad_frame(struct session *, const char *why);

/* An event that its transport does not take: answered with bad_request and why. */
void session_refuse_event(struct session *, struct span event, struct span ack, const char *why);

/* True while the session should not be read from: too many of its jobs are under way, or the writer has too many. The transport's
 * resume is called when that, once said, is over. */
bool session_is_busy(struct session *);

/* True if it has missed events to fetch: call session_pull when its ring has room. */
bool session_is_behind(const struct session *);
/* Fetches one page of what it missed. False: the log cannot be read now; the transport's resume is called when to try again. */
bool session_pull(struct session *, struct hub_time);

void *session_owner(const struct session *);
uint32_t session_number(const struct session *);

/* ---- figures ---- */
struct hub_figures {
	uint64_t sessions, rooms;
	uint64_t delivered, bad_rows;
	int64_t position;
	bool is_healthy; /* the log could be read the last time */
};
struct hub_figures hub_figures(const struct hub *);
/* [{walletAddress:"0x123456...", escrowRooms, transport, connectedAt}], at most 1,000 of them. */
void hub_connections(const struct hub *, struct buf *out);

#endif
