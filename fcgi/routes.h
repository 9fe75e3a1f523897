/* SPDX-License-Identifier: ISC */
/*
 * routes.h - the one table of routes, and the order in which every request is decided. The table is
 * routes.table: from each row a struct route, a part of the OpenAPI document and of the page
 * /api/docs, and an entry of the manual page are made. An answer is {"success":true} with more
 * members, or {"success":false, error, code}. The header is long, since it names every handler.
 */
#ifndef FCGI_ROUTES_H
#define FCGI_ROUTES_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/reply.h"
#include "fcgi/request.h"
#include "fcgi/write_lock.h"
#include "identity/address.h"
#include "identity/auth.h"
#include "store/bell.h"
#include "store/store.h"

/* The things with which one thread answers requests. */
struct rest_worker {
	const struct config *config;
	const struct auth *auth;
	struct rules rules;
	struct write_lock *turn;    /* for all threads: own_turn, or another rest's; borrowed */
	struct store *store;        /* owned; NULL: it could not be opened, and each use is 503 */
	struct write_lock own_turn; /* of store */
	struct ringer *ringer;      /* owned */
	struct proxies *proxies;    /* owned; NULL without a store */
	int64_t started_ms;         /* monotonic */
	bool wrote;                 /* a commit since the last rest_tidy() */
};

/* Opens the thread's store. False: err holds one line; *out can be used all the same, and answers
 * 503 where it needs the store. The caller calls rest_close() in both cases. */
bool rest_open(struct rest_worker *, const struct config *, const struct auth *, struct buf *err);
void rest_close(struct rest_worker *);

/* Makes the checkpoint that a commit may have made due. Call it after the answer was sent. */
void rest_tidy(struct rest_worker *);

/* Reads a request's body, and writes its answer. */
struct channel {
	request_read *read;
	bool (*write)(void *arg, struct span piece); /* false: the peer is gone, or too slow */
	void *arg;
};

/* Answers every request, also a malformed one. The order of decisions is: route (404, 405),
 * conditions of the mode (403), identity (401), Accept (406), body (411, 413, 415, 408, 400),
 * rules. params are those of request_init(). False: the answer is not complete, and the caller must
 * cut the connection. */
bool rest_answer(struct rest_worker *, char *const *params, const struct channel *);

/* ---- for handlers ---- */

struct exchange {
	struct rest_worker *rest;
	struct request *request;
	struct reply *reply;
	const struct channel *channel;
	struct span param; /* the pattern's {…}, decoded */
	struct span media; /* the media type of the answer: of the route's, Accept's favourite */
	bool is_service;   /* the caller has a service key: user is empty */
	struct user user;
	char service[KEY_NAME_SIZE]; /* the key's name */
	const char *event;           /* its name in the audit trail; NULL: none of its own */
};

/* Calls run in one transaction. True: it was committed or refused, as run wanted (arg tells which).
 * One of the threads that share a commit rings the doorbell. False: the reply says 503. */
bool exchange_write(struct exchange *, bool (*run)(struct store *, void *arg), void *arg);
bool exchange_read(struct exchange *, void (*run)(struct store *, void *arg), void *arg);

/* Sends a piece of an answer that is too long to be held at once. The first piece follows the head.
 * False: no more pieces are wanted (HEAD), or the peer is gone. */
bool exchange_stream(struct exchange *, struct span piece);

/* Refuses with the code's own status; why NULL: the code's own sentence. */
void exchange_refuse(struct exchange *, enum error, const char *why);

/* Reads a member of the body: 1 and *out; 0: absent or null; -1: it is no string, and the call was
 * refused. */
int exchange_string(struct exchange *, const char *name, struct span *out);

/* Reads a value of the query: 1 and *out; 0: absent; -1: given twice, and the exchange was
 * refused. */
int exchange_query(struct exchange *, const char *name, struct span *out);

/* True: the path's escrowId is valid. False: the exchange was refused. */
bool exchange_escrow(struct exchange *);

/* Reads the query's limit: 1 to 200, or 50 if absent. False: the exchange was refused. */
bool exchange_limit(struct exchange *, int *out);

/* ---- the table ---- */

typedef void handler(struct exchange *);

enum who {
	WHO_ANYONE, /* identity is not asked, so the conditions of the mode do not apply */
	WHO_USER,
	WHO_SERVICE,        /* a service key with the scope */
	WHO_USER_OR_SERVICE /* a service key, if the request has one, else a user */
};

struct route {
	const char *method;
	const char *pattern; /* {…} is one segment, at most once */
	enum who who;
	enum scope scope;
	enum request_form body;
	const char *media; /* the media types of its answer, separated by spaces */
	handler *answer;
};
extern const struct route routes[];
extern const size_t n_routes;

/* The row that serves a request, or NULL. If several patterns have the path, one without a
 * parameter is before one with it, as in OpenAPI, in whatever order they stand; routes.awk refuses
 * two with it. *param: the segment of the path that is the parameter. allow gets the methods of the
 * pattern, and stays empty if no pattern has the path. The row of GET serves HEAD too. */
const struct route *route_find(const struct route *rows, size_t n_rows, const struct request *,
    struct span *param, struct buf *allow);

extern const char openapi_text[]; /* the members of the document that follow info and servers */

/* The page /api/docs: docs_head, docs_style and docs_body, one after the other. In docs_body the
 * version belongs at \001, and the front of all paths at \002. */
extern const char docs_head[], docs_style[], docs_body[];

/* *_routes.c, openapi.c, asyncapi.c, docs.c */
handler chat_get_history, chat_post_send, chat_put_read, chat_put_read_up_to, chat_get_unread,
    chat_get_unread_count;
handler escrows_get, escrow_get, escrow_put;
handler publish_event, publish_notification, publish_list;
handler auth_post_challenge, auth_post_verify, auth_post_cookie, auth_post_logout, auth_post_revoke;
handler search_get, export_get;
handler health_get, openapi_get, asyncapi_get, docs_get;

#endif
