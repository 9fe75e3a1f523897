/* SPDX-License-Identifier: ISC */
/*
 * call.h - the events that one client sends, from their arrival to their answer.
 *
 * The order of a session. Its events take effect, and are answered, in the order in which they were
 * sent. Writes that follow each other are under way together, so that they share a commit, and so
 * are reads. An event of another kind waits until all events under way are answered; so a read, a
 * change of rooms or a typing event sees every write before it, and no write is seen by a read
 * before it. While one event waits the connection is not read from. Nothing else waits: sessions do
 * not wait for each other.
 *
 * The header is long, since the queue and the calls in it are one thing. All functions belong to
 * the loop's thread; run functions work on another (job.h).
 */
#ifndef HUB_CALL_H
#define HUB_CALL_H

#include "hub/job.h"
#include "hub/subscription.h"

enum call_kind {
	CALL_AT_ONCE, /* takes effect on the loop's thread as soon as nothing is under way */
	CALL_READ,    /* by a job of the reader */
	CALL_WRITE    /* by a job of the writer: answered when the tail has passed its rows */
};

enum call_stage {
	CALL_WAITING, /* has not begun: waits until the calls before it are answered */
	CALL_RUNNING, /* waits for its job */
	CALL_DONE,    /* waits for its turn to be answered */
	/* a subscribe_escrow, first in the queue: waits for the replay of what was missed */
	CALL_REPLAYING
};

#define CALLS_MAX 64  /* of a session, before it is not read from */
#define READS_MAX 16  /* of those, reads under way */
#define ACK_SIZE  400 /* 64 bytes, each escaped, and the quotes */

/* An event in hand: during session_event, or when its turn has come. Spans are borrowed. */
struct incoming {
	struct session *session;
	struct span event, ack; /* ack: the peer's own value as JSON; n 0: none is wanted */
	struct span data;       /* a slice of JSON */
	struct span read[2];    /* of it: the members that the verb's row names */
	struct buf *decoded;    /* strings of data that have escapes */
	char escrow_id[STORE_NAME_SIZE];
	struct hub_time now;
};

struct call {
	struct hub_job job; /* first */
	STAILQ_ENTRY(call) next;
	struct session *session;
	enum call_stage stage;
	enum call_kind kind; /* of the job that it began with */
	const char *event;   /* static */
	struct user user;
	char escrow_id[STORE_NAME_SIZE];
	struct span ack; /* n 0: none is wanted */
	char ack_few[16];
	int64_t unread; /* in the answer to a subscribe_escrow */
	bool has_gap;   /* it will say so */
	bool is_bar;    /* nothing begins behind it before it is answered */
	/* of a recoverable session: it puts the room into the store, or deletes it */
	bool changes_room;
	bool forgets_room; /* and if it is refused, it deletes the room: see recoverable.h */
	const char *why;   /* of a refusal: a static sentence; NULL: the code's own */
	/* The call is first in the queue, and its job has ended without an error: takes effect and
	 * is answered. False: the call stays first, and apply has set another stage. */
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

/* In apply: submits another read; the call stays first in the queue. */
void call_read_again(struct call *, void (*run)(struct store *, struct read_job *));
/* In apply: refuses the call with job.err and why. */
void call_refuse(struct call *);

/* Refuses an incoming event, behind the answers to those before it. */
void incoming_refuse(const struct incoming *, enum chat_err, const char *why);
/* Answers {ok:true} to an incoming event that takes effect at once. */
void incoming_answer_ok(const struct incoming *);
/* Answers {ok:true} to a call, in its apply. */
void call_answer_ok(const struct call *);
/* A member of data that is a string; n 0: there is none. */
struct span incoming_string(const struct incoming *, const char *name);

/* True if an event of that kind may begin now. */
bool calls_may_begin(const struct session *, enum call_kind);
/* Nothing of any kind begins behind this call before it is answered. */
void calls_bar(struct call *);
/* Puts an incoming event off until the events before it are answered. Then begin is called with a
 * copy, and need not ask calls_may_begin again. A transport that does not read from a busy session
 * has one such event at a time. */
void calls_defer(const struct incoming *, void (*begin)(struct incoming *));

/* Answers the calls that are due, and begins the call that waited for them. Frees a session that is
 * leaving, when its last call is answered. */
void calls_advance(struct session *, struct hub_time);
/* True while answers are owed to the session. */
static inline bool
calls_are_owed(const struct session *s)
{
	return s->n_calls > 0;
}

#endif
