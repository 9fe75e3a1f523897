/* SPDX-License-Identifier: ISC */
/*
 * chat.h - the rules, written once for all programs: who may do what, what is valid, one
 * transaction for each action. Each chat_* function runs inside the caller's transaction
 * (store_write, store_read or a writer's job). Most of them take a struct and set its results. A
 * write appends its event to the log in the same transaction. Answers are JSON, made by views.c. It
 * is one header for all actions: they share their types, and a program needs most of them.
 */
#ifndef CHAT_CHAT_H
#define CHAT_CHAT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"
#include "config/config.h"
#include "contract/errors.h"
#include "contract/names.h"
#include "store/store.h"
#include "store/tables/messages.h"
#include "store/tables/eventlog.h"

/* The part of the configuration that the rules need. */
struct rules {
	enum config_rooms rooms;
	int64_t message_rate;  /* messages a second of one wallet; 0: any number */
	int64_t message_bytes; /* bytes of their contents a day; 0: any number */
};

static inline struct rules
rules_of(const struct config *c)
{
	return (struct rules){c->rooms, c->message_rate, c->message_bytes};
}

/* A user's standing in an escrow. */
struct standing {
	int64_t escrow; /* 0: there is none yet (rooms = open) */
	enum role role; /* ROLE_NONE: unlisted (rooms = open only) */
	int64_t since_position;
	char name[STORE_NAME_SIZE]; /* as others see them: as listed, else as claimed */
};
/* ERROR_NOT_PARTICIPANT: an unknown escrow and a foreign one have the same answer.
 * ERROR_BAD_REQUEST: the escrowId is not valid. ERROR_UNAUTHORIZED: the user's token was ended.
 * ERROR_UNAVAILABLE: a statement failed. */
enum error chat_standing(struct store *, const struct rules *, const struct user *,
    struct span escrow_id, struct standing *out);
bool chat_may_write(const struct standing *); /* send, type: all but observers */

/* ---- actions: inputs are borrowed for the call; the caller owns the struct and its buffers ----
 * The functions that return bool return err == ERROR_NONE. With ERROR_UNAVAILABLE a statement has
 * failed, and the transaction is rolled back (store.h); with other errors nothing was written. */

struct chat_send {
	const struct user *user;
	struct span escrow_id, content, client_msg_id; /* content as received; it is trimmed here */
	int64_t now_ms, mono_us;
	/* results */
	enum error err;
	struct buf message; /* JSON of the stored message */
	bool repeated;      /* message is an earlier one with the same clientMsgId */
	int64_t position;   /* of its log row; 0: nothing was written */
	int64_t retry_ms;   /* with ERROR_RATE_LIMITED: try again after so long */
};
/* Appends the message to the log and, if other participants are to be told, one notification row.
 * If the clientMsgId was used before for the same content, nothing is written, and message is the
 * first one. */
bool chat_send(struct store *, const struct rules *, struct chat_send *);

struct chat_mark {
	const struct user *user;
	struct span escrow_id; /* empty: the escrow is found by message_id (REST) */
	struct span message_id;
	bool up_to;      /* all messages up to that one */
	bool refuse_own; /* ERROR_BAD_REQUEST for the user's own message (REST) */
	int64_t now_ms;
	/* results */
	enum error err;
	bool read;        /* the message's state afterwards */
	int64_t unread;   /* the user's count in that escrow afterwards */
	int64_t position; /* of the last log row written; 0: nothing new */
};
bool chat_mark(struct store *, const struct rules *, struct chat_mark *);

/* The limit of a page of history in bytes, without the commas. If the next message would exceed it,
 * the page ends there, with has_more. One message may be longer than the limit. */
#define HISTORY_BYTES 262144
struct chat_history {
	const struct user *user;
	struct span escrow_id;
	struct span before, after; /* a message id, or a timestamp (it has a ':'); not both */
	int limit;                 /* 1 to 200 */
	/* results */
	enum error err;
	struct buf messages; /* a JSON array, oldest first */
	int count;           /* at most limit, and see HISTORY_BYTES */
	bool has_more;
	char cursor[64]; /* the newest position of the log, in the same transaction */
};
bool chat_history(struct store *, const struct rules *, struct chat_history *);

/* The number of messages that a user has not read, in one escrow (0 if they are not listed) and in
 * all their escrows. */
int64_t chat_unread(struct store *, const struct user *, const struct standing *);
int64_t chat_unread_all(struct store *, const struct user *);
/* Returns the number of unread messages in all escrows, and appends an array {escrowId, count,
 * lastMessage} of the escrows with unread messages, newest activity first, at most 200. */
int64_t chat_unread_escrows(struct store *, const struct user *, struct buf *out);

#define ESCROWS_MARK_SIZE (STORE_NAME_SIZE + 21)
struct chat_escrows {
	const struct user *user;
	struct span before; /* next of an earlier page, or empty */
	int limit;          /* 1 to 200 */
	/* results */
	enum error err;
	struct buf escrows; /* a JSON array as of chat_escrow_seen, newest activity first */
	int count;          /* at most limit; fewer if the page has become too large */
	char next[ESCROWS_MARK_SIZE]; /* "before" for the next page, opaque; "": it was the last */
};
/* Reads one page of the escrows in which the user is listed. */
bool chat_escrows(struct store *, struct chat_escrows *);
/* Appends the members of chat_escrow_view, and role?, lastMessage? and unread, for a user who may
 * read there. Errors are those of chat_standing, and ERROR_NOT_FOUND: there is no such escrow yet
 * (rooms = open). */
enum error chat_escrow_seen(struct store *, const struct rules *, const struct user *,
    struct span escrow_id, struct buf *out);

/* ---- the platform's side (service keys): the caller checks the rights ---- */

struct chat_publish {
	struct span topic; /* in normal form: escrow_… or user:… */
	struct span event; /* as name_event_publishable; for a user also "notification" */
	struct span data;  /* one JSON object, as our writer writes it; at most DATA_MAX */
	bool durable;
	int64_t now_ms;
	int64_t position; /* result: of its log row; 0: nothing was written */
};
/* Appends the event to the log. False: it was refused, or the store failed. */
bool chat_publish(struct store *, struct chat_publish *);

/* Publishes all in order; n is at least 1. False: one was refused or the store failed; the caller
 * must roll back. */
struct chat_publish_list {
	struct chat_publish *items;
	size_t n;
	int64_t position; /* result: of the last row; 0 if it returns false */
};
bool chat_publish_all(struct store *, struct chat_publish_list *);

struct chat_escrow_put {
	struct span escrow_id, title, status;
	const struct json *participants; /* [{walletAddress, role}] */
	int64_t now_ms;
	/* results */
	enum error err;
	const char *why;   /* with ERROR_BAD_REQUEST: a sentence, static */
	bool created;      /* there was no such escrow before */
	struct buf escrow; /* JSON as chat_escrow_view writes it */
};
/* Creates or replaces an escrow with its set of participants. */
bool chat_escrow_put(struct store *, struct chat_escrow_put *);
/* Appends {escrowId, title, status?, participants:[{walletAddress, role}], createdAt,
 * updatedAt}. */
enum error chat_escrow_view(struct store *, struct span escrow_id, struct buf *out);

#endif
