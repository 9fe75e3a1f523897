/* SPDX-License-Identifier: ISC */
/*
 * routes.h - the one table of routes, and the order in which every request is decided.
 * A row: method, pattern, who may ask, what body it takes, its handler. Answers are
 * {"success":true, …} with what the handlers' lists below name, or {"success":false, error, code}.
 */
#ifndef FCGI_ROUTES_H
#define FCGI_ROUTES_H

#include <stdbool.h>
#include <stdint.h>

#include "chat/auth.h"
#include "fcgi/reply.h"
#include "fcgi/request.h"
#include "store/bell.h"
#include "store/store.h"

/* What one thread answers requests with. */
struct rest {
	const struct config *config;
	const struct auth *auth;
	struct rules rules;
	struct store *store;   /* owned; NULL: could not be opened, every use is 503 */
	struct ringer *ringer; /* owned */
	int64_t started_ms;    /* monotonic */
	bool wrote;            /* a commit since the last rest_tidy() */
};

/* Opens the thread's store. False: err holds one line, the rest answers all the same (503),
 * rest_close() frees. */
bool rest_open(struct rest *, const struct config *, const struct auth *, struct buf *err);
void rest_close(struct rest *);

/* After the answer is out: the checkpoint that a commit may have made due. */
void rest_tidy(struct rest *);

/* Answers: always fills the reply. The order of decisions is route (404, 405), conditions of the
 * mode (403), identity (401), body (411, 413, 415, 400), rules. params as request_init() takes
 * them. */
void
rest_answer(struct rest *, char *const *params, request_read *, void *read_arg, struct buf *out);

/* ---- for handlers ---- */

struct call {
	struct rest *rest;
	struct request *request;
	struct reply *reply;
	struct span param; /* the pattern's {…}, decoded */
	bool is_service;   /* by a service key: user is nobody */
	struct user user;
	const char *service; /* the key's name */
};

/* One transaction. True: it ran to its own end (committed or refused, which arg tells), and
 * after a commit the doorbell was rung. False: the reply says 503. */
bool call_write(struct call *, bool (*run)(struct store *, void *arg), void *arg);
bool call_read(struct call *, void (*run)(struct store *, void *arg), void *arg);

/* Refuses with the code's own status; why NULL: its own sentence. */
void call_refuse(struct call *, enum chat_err, const char *why);

/* The body's member: 1 and *out, 0 when absent or null, -1 for no string (the call is refused
 * then). */
int call_string(struct call *, const char *name, struct span *out);

/* The query's value in the same manner; -1: given twice. */
int call_query(struct call *, const char *name, struct span *out);

/* The path's escrowId is a valid one, or the call is refused. */
bool call_escrow(struct call *);

/* The query's limit, 1 to 200, 50 if absent. False: the call is refused. */
bool call_limit(struct call *, int *out);

typedef void handler(struct call *);

/* chat_routes.c */
handler chat_get_history;      /* messages, count, cursor, hasMore; Link, ETag */
handler chat_post_send;        /* message; 201, or 200 for a repeat */
handler chat_put_read;         /* message: {id, read} */
handler chat_put_read_up_to;   /* unread */
handler chat_get_unread;       /* count, escrows: [{escrowId, count, lastMessage}]; ETag */
handler chat_get_unread_count; /* count */

/* escrow_routes.c; an escrow: {escrowId, title, status?, participants, createdAt, updatedAt}, and
 * for a user also role?, lastMessage?: {id, senderId, timestamp, content}, unread */
handler escrows_get; /* escrows, count, hasMore, next? (the next page's before); ETag */
handler escrow_get;  /* escrow; ETag */
handler escrow_put;  /* escrow; 201, or 200 where there was one */

/* publish_routes.c: 202 */
handler publish_event, publish_notification; /* cursor */
handler publish_list; /* cursor, count; all or nothing; a refusal names the item by its index */

/* health_routes.c */
handler health_get; /* status, version, uptime, services */

#endif
