/* SPDX-License-Identifier: ISC */
/*
 * routes.h - the one table of routes, and the order in which every request is decided.
 * The table is routes.table: of each row routes.awk makes a struct route, a part of the OpenAPI
 * document, and an entry of the manual page. Answers are {"success":true, …} as described there, or
 * {"success":false, error, code}.
 */
#ifndef FCGI_ROUTES_H
#define FCGI_ROUTES_H

#include <stdbool.h>
#include <stdint.h>

#include "chat/auth.h"
#include "chat/client.h"
#include "fcgi/reply.h"
#include "fcgi/request.h"
#include "fcgi/turn.h"
#include "store/bell.h"
#include "store/store.h"

/* What one thread answers requests with. */
struct rest {
	const struct config *config;
	const struct auth *auth;
	struct rules rules;
	struct turn *turn;       /* what all threads write with: own_turn, or another's; borrowed */
	struct store *store;     /* owned; NULL: could not be opened, every use is 503 */
	struct turn own_turn;    /* of store */
	struct ringer *ringer;   /* owned */
	struct proxies *proxies; /* owned; NULL without a store */
	int64_t started_ms;      /* monotonic */
	bool wrote;              /* a commit since the last rest_tidy() */
};

/* Opens the thread's store. False: err holds one line, the rest answers all the same (503),
 * rest_close() frees. */
bool rest_open(struct rest *, const struct config *, const struct auth *, struct buf *err);
void rest_close(struct rest *);

/* After the answer is out: the checkpoint that a commit may have made due. */
void rest_tidy(struct rest *);

/* Where a request's body comes from, and where its answer goes to. */
struct channel {
	request_read *read;
	bool (*write)(void *arg, struct span piece); /* false: the reader is gone, or too slow */
	void *arg;
};

/* Answers, whatever the request is like. The order of decisions is route (404, 405), conditions of the
 * mode (403), identity (401), Accept (406), body (411, 413, 415, 400), rules. params as request_init() takes
 * them. False: the answer is not whole, and the connection is to be cut. */
bool rest_answer(struct rest *, char *const *params, const struct channel *);

/* ---- for handlers ---- */

struct call {
	struct rest *rest;
	struct request *request;
	struct reply *reply;
	const struct channel *channel;
	struct span param; /* the pattern's {…}, decoded */
	struct span media; /* the form of the answer: of the route's, the one that is most wanted */
	bool is_service;   /* by a service key: user is nobody */
	struct user user;
	char service[KEY_NAME_SIZE]; /* the key's name */
	const char *event;           /* what the audit trail calls it; NULL: nothing of its own */
};

/* One transaction. True: it ran to its own end (committed or refused, which arg tells), and
 * after a commit the doorbell was rung. False: the reply says 503. */
bool call_write(struct call *, bool (*run)(struct store *, void *arg), void *arg);
bool call_read(struct call *, void (*run)(struct store *, void *arg), void *arg);

/* A piece of an answer that is longer than what should be held at once; the first goes out behind
 * the head. False: no more is wanted (HEAD), or possible. */
bool call_stream(struct call *, struct span piece);

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

/* ---- the table ---- */

typedef void handler(struct call *);

enum who {
	WHO_ANYONE, /* believes nothing, so the conditions of the mode do not matter */
	WHO_USER,
	WHO_SERVICE,        /* a key with the scope */
	WHO_USER_OR_SERVICE /* a key, if one comes with the request, else a user */
};

struct route {
	const char *method;
	const char *pattern; /* {…} is one segment, at most once */
	enum who who;
	enum scope scope;
	enum request_form body;
	const char *media; /* the types that its answer can have, parted by spaces */
	handler *answer;
};
extern const struct route routes[];
extern const size_t n_routes;
extern const char openapi_text[]; /* members of the document, behind the first ones */

/* *_routes.c, openapi.c */
handler chat_get_history, chat_post_send, chat_put_read, chat_put_read_up_to, chat_get_unread,
    chat_get_unread_count;
handler escrows_get, escrow_get, escrow_put;
handler publish_event, publish_notification, publish_list;
handler auth_post_challenge, auth_post_verify, auth_post_cookie, auth_post_logout, auth_post_revoke;
handler search_get, export_get;
handler health_get, openapi_get;

#endif
