/* SPDX-License-Identifier: ISC */
/*
 * call.h - the events that one client sends, from their arrival to their answer.
 *
 * The order of a session. The events of a session take effect, and are answered, in the order in
 * which they were sent. Writes that follow each other are under way together, so that they share a
 * commit. Reads that follow each other are under way together, too. An event of another kind waits
 * until all events under way are answered. So a read, a change of rooms or a typing event sees
 * every write before it, and none that was sent after it. While an event waits, nobody reads from
 * the connection. One session never waits for another.
 *
 * The header is long, since the queue and its calls belong together. All functions belong to the
 * loop's thread; the run functions of jobs work on other threads (job.h).
 */
#ifndef HUB_SESSION_CALL_H
#define HUB_SESSION_CALL_H

#include "hub/job.h"
#include "hub/room/subscription.h"

enum call_kind {
	CALL_AT_ONCE, /* takes effect on the loop's thread as soon as nothing is under way */
	CALL_READ,    /* is done by the reader */
	CALL_WRITE    /* is done by the writer; answered when the tail has passed its rows */
};

enum call_stage {
	CALL_WAITING, /* has not begun: waits until the calls before it are answered */
	CALL_RUNNING, /* waits for its job */
	CALL_DONE,    /* waits for its turn to be answered */
	/* a subscribe_escrow, first in the queue: waits for the replay of the missed events */
	CALL_REPLAYING
};

#define CALLS_MAX 64  /* so many calls of a session, and it is not read from */
#define READS_MAX 16  /* the same while its calls are reads */
#define ACK_SIZE  400 /* the value of an ack: 64 bytes, each escaped, and the quotes */

/* An event that is about to begin: it has just arrived, or was put off before. Spans are
 * borrowed. */
struct incoming {
	struct session *session;
	struct span event, ack; /* ack: the peer's own value as JSON; n 0: none is wanted */
	const char *name;       /* the event's, static; NULL: there is no such event */
	struct span data;       /* a slice of JSON */
	struct span read[2];    /* the members of data that the row of verbs.c names */
	struct buf *decoded;    /* memory for strings of data that have escapes */
	char escrow_id[STORE_NAME_SIZE];
	struct hub_time now;
};

struct call {
	struct hub_job job; /* first */
	STAILQ_ENTRY(call) next;
	struct session *session;
	enum call_stage stage;
	enum call_kind kind; /* of its first job */
	const char *event;   /* static */
	struct user user;
	char escrow_id[STORE_NAME_SIZE];
	struct span ack; /* n 0: none is wanted */
	char ack_few[16];
	int64_t unread;  /* in the answer to a subscribe_escrow */
	bool has_gap;    /* the answer to a subscribe_escrow reports a gap */
	bool is_barrier; /* no call behind it begins before it is answered */
	/* The call is of a recoverable session, and puts its room into the store or deletes it. */
	bool changes_room;
	bool forgets_room; /* if the call is refused, it deletes the room: see recoverable.h */
	const char *why;   /* of a refusal: a static sentence; NULL: that of the code */
	/* Makes the call take effect, and answers it. Called when the call is first in the queue
	 * and its job has ended without an error. False: the call stays first, and apply has set
	 * another stage. */
	bool (*apply)(struct call *, struct hub_time);
	/* Called when the job has failed, before the refusal is sent; may be NULL. */
	void (*refused)(struct call *);
	void (*clear)(struct call *); /* frees what apply uses; may be NULL */
};
static_assert(offsetof(struct call, job) == 0, "a call is cast from its job");

/* Makes a call of an incoming event, in size bytes of zeroed memory, and appends it to the
 * session's queue, which owns it. The caller submits its job with call_read or call_write. */
void *call_new(const struct incoming *, size_t size, bool (*apply)(struct call *, struct hub_time));
/* Submits the job of a call that has just been made: to the reader, or to the writer. */
void call_read(struct call *, void (*run)(struct store *, struct read_job *));
void call_write(struct call *, bool (*run)(struct store *, struct writer_job *));

/* Called in apply: submits another read; the call stays first in the queue. */
void call_read_again(struct call *, void (*run)(struct store *, struct read_job *));
/* Called in apply: refuses the call with job.err and why. */
void call_refuse(struct call *);

/* Refuses an incoming event; the refusal is sent after the answers to the events before it. */
void incoming_refuse(const struct incoming *, enum error, const char *why);
/* Answers {ok:true} to an incoming event that takes effect at once. */
void incoming_answer_ok(const struct incoming *);
/* Called in apply: answers {ok:true} to the call. */
void call_answer_ok(const struct call *);
/* The member of data with that name, if it is a string; n 0: it is not. */
struct span incoming_string(const struct incoming *, const char *name);

/* True if an event of that kind may begin now. */
bool calls_may_begin(const struct session *, enum call_kind);
/* From now on no call behind this one begins before this one is answered. */
void calls_bar(struct call *);
/* Puts an incoming event off until the events before it are answered. Then begin is called with a
 * copy of the event, and may begin it. Only one event of a session is put off at a time, if the
 * transport does not read while session_is_busy. */
void calls_defer(const struct incoming *, void (*begin)(struct incoming *));

/* Answers the calls that are due, and begins the call that waited for them. A session that is
 * leaving is freed when its last call is answered. */
void calls_advance(struct session *, struct hub_time);
/* True while answers are owed to the session. */
static inline bool
calls_are_owed(const struct session *s)
{
	return s->n_calls > 0;
}

#endif
