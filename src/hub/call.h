/* SPDX-License-Identifier: ISC */
/*
 * call.h - one event of a client in hand: its parts, its answer, its job. For the verbs of the hub.
 */
#ifndef HUB_CALL_H
#define HUB_CALL_H

#include "hub/state.h"

#define HUB_READ_MS 100

struct call { /* one event in hand */
	struct session *session;
	struct span event, ack;
	struct span data;    /* a slice of JSON */
	struct span read[2]; /* of it: the members that the verb's row names */
	struct buf *decoded; /* strings of data that have escapes */
	char escrow_id[STORE_NAME_SIZE];
	struct hub_time now;
};

struct look { /* what a subscription needs to know of the store, in one read */
	const struct call *call;
	struct user user;
	struct standing standing;
	struct span cursor;
	enum cursor_state cursor_state;
	int64_t from, checked, unread;
	enum chat_err err;
};

/* A member of data that is a string; n 0: none. */
struct span call_string(const struct call *, const char *name);

/* Answers with a refusal: by acknowledgement, or without one by chat_error. why NULL: the code's own sentence. */
void call_refuse(const struct call *, enum chat_err, const char *why);

/* {ok:true, ...}: begins an answer, and sends it; or nothing but ok. */
void call_answer_begin(const struct call *, struct buf *out);
void call_answer_end(const struct call *, struct buf *out);
void call_answer_ok(const struct call *);

/* Fills a job from the call: who, where, and what to acknowledge. */
void
call_job(struct hub_job *, const struct call *, bool (*run)(struct store *, struct writer_job *));

/* Reads standing, unread and the cursor (if the look has one) in one transaction. False: refused, and answered. */
bool call_look(struct look *, const struct call *);

/* The verbs on rooms (rooms.c). */
void room_subscribe(const struct call *);
void room_unsubscribe(const struct call *);
void room_presence(const struct call *);

#endif
