/* SPDX-License-Identifier: ISC */
/*
 * chat.h - the rules, once for both programs: who may do what, what is valid, one transaction per action.
 * Each chat_* verb runs inside the caller's transaction (store_write, store_read or a writer's job) and fills its struct; a write's
 * row and its log event are in that one transaction. Answers are JSON made by views.c.
 */
#ifndef CHAT_CHAT_H
#define CHAT_CHAT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/config.h"
#include "base/span.h"
#include "chat/names.h"
#include "store/messages.h"
#include "store/queue.h"
#include "store/store.h"

/* Why something was refused: the codes of the contract. */
enum chat_err {
	CHAT_OK,
	CHAT_BAD_REQUEST,
	CHAT_BAD_FRAME,
	CHAT_UNAUTHORIZED,
	CHAT_WALLET_MISMATCH,
	CHAT_OPEN_IS_LOCAL,
	CHAT_FORBIDDEN,
	CHAT_NOT_PARTICIPANT,
	CHAT_NOT_FOUND,
	CHAT_REMOVED,
	CHAT_EMPTY,
	CHAT_TOO_LONG,
	CHAT_RATE_LIMITED,
	CHAT_CONFLICT,
	CHAT_IDEMPOTENCY_MISMATCH,
	CHAT_OFFCHAIN_ENVELOPE, /* of a sign-in */
	CHAT_CONTRACT_WALLET,
	CHAT_UNAVAILABLE
};
const char *chat_err_code(enum chat_err); /* "not_participant" */
const char *chat_err_text(enum chat_err); /* a sentence for people */
int chat_err_status(enum chat_err);       /* of HTTP */

/* The sentence of CHAT_RATE_LIMITED for a wallet that has all the connections it may have. */
#define CHAT_FULL_SIZE 112
const char *chat_full_text(char out[CHAT_FULL_SIZE], size_t limit);

/* What the rules need of the configuration, and how they are made of it. */
struct rules {
	enum config_rooms rooms;
	int64_t message_rate;  /* of one wallet: messages a second; 0: any number */
	int64_t message_bytes; /* and bytes of their contents a day; 0: any number */
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
	char name[STORE_NAME_SIZE]; /* as others see him: the list's form, else as claimed */
};
/* CHAT_OK or CHAT_NOT_PARTICIPANT: an unknown escrow and a foreign one are the same answer. CHAT_BAD_REQUEST: no escrowId;
 * CHAT_UNAVAILABLE: a statement failed. */
enum chat_err chat_standing(struct store *, const struct rules *, const struct user *,
    struct span escrow_id, struct standing *out);
bool chat_may_write(const struct standing *); /* all but observers: send, type */

/* ---- actions: inputs are borrowed for the call; buffers are owned by the struct's owner ---- */

struct chat_send {
	const struct user *user;
	struct span escrow_id, content, client_msg_id; /* content as received; it is trimmed here */
	int64_t now_ms, mono_us;
	/* results */
	enum chat_err err;
	struct buf message; /* JSON of the stored message */
	bool repeated;      /* it is the first one of that clientMsgId */
	int64_t position;   /* of its log row; 0 when nothing was written */
	int64_t retry_ms;   /* with CHAT_RATE_LIMITED */
};
/* Stores the message, its chat_message row and, where participants are listed, one notification row. False: err says why, roll back
 * nothing (nothing was written). */
bool chat_send(struct store *, const struct rules *, struct chat_send *);

struct chat_mark {
	const struct user *user;
	struct span escrow_id; /* empty: REST's form, found by message_id */
	struct span message_id;
	bool up_to;
	bool refuse_own; /* REST: the sender's own message is bad_request */
	int64_t now_ms;
	/* results */
	enum chat_err err;
	bool read; /* the message's state afterwards */
	int64_t unread;
	int64_t position; /* of the last log row written; 0: nothing new */
};
bool chat_mark(struct store *, const struct rules *, struct chat_mark *);

/* Bytes of a page of history, without the commas: a page of long messages has fewer than were asked
 * for, and has_more. One message is a page, however long. */
#define HISTORY_BYTES 262144
struct chat_history {
	const struct user *user;
	struct span escrow_id;
	struct span before, after; /* a message id, or a timestamp (it has a ':'); not both */
	int limit;                 /* 1 to 200 */
	/* results */
	enum chat_err err;
	struct buf messages; /* a JSON array, oldest first */
	int count;           /* at most limit, and see HISTORY_BYTES */
	bool has_more;
	char cursor[64]; /* the log's head in the same read */
};
bool chat_history(struct store *, const struct rules *, struct chat_history *);

/* Unread of one escrow for a user (0 for the unlisted), and over all his escrows. */
int64_t chat_unread(struct store *, const struct user *, const struct standing *);
int64_t chat_unread_all(struct store *, const struct user *);
/* The same sum, and an array of those with any, newest activity first, at most 200:
 * {escrowId, count, lastMessage}. */
int64_t chat_unread_escrows(struct store *, const struct user *, struct buf *out);

#define ESCROWS_MARK_SIZE (STORE_NAME_SIZE + 21)
struct chat_escrows {
	const struct user *user;
	struct span before; /* a next of an earlier page, or empty */
	int limit;          /* 1 to 200 */
	/* results */
	enum chat_err err;
	struct buf
	    escrows; /* a JSON array of what chat_escrow_seen writes, newest activity first */
	int count;   /* at most limit; fewer where the page has grown too large */
	char
	    next[ESCROWS_MARK_SIZE]; /* what goes on after this page, opaque; "": it was the last */
};
/* The escrows that list him. */
bool chat_escrows(struct store *, struct chat_escrows *);
/* chat_escrow_view and role?, lastMessage?, unread, for one who may read there (escrow_id as chat_standing checks it). */
enum chat_err chat_escrow_seen(struct store *, const struct rules *, const struct user *,
    struct span escrow_id, struct buf *out);

/* ---- the platform's side (service keys; rights are the caller's to check) ---- */

struct chat_publish {
	struct span topic; /* normalised, escrow_… or user:… */
	struct span
	    event; /* checked with name_event_publishable, or "notification" from its own route */
	struct span data; /* JSON of one object, written by us */
	bool durable;
	int64_t now_ms;
	int64_t position; /* result */
};
bool chat_publish(struct store *, struct chat_publish *);

/* All of them in order; n is at least 1. False: one was refused or the store failed; the caller rolls back. */
struct chat_publish_list {
	struct chat_publish *items;
	size_t n;
	int64_t position; /* result: the last one's; 0 where it is false */
};
bool chat_publish_all(struct store *, struct chat_publish_list *);

struct chat_escrow_put {
	struct span escrow_id, title, status;
	const struct json *participants; /* [{walletAddress, role}] */
	int64_t now_ms;
	enum chat_err err;
	const char *why; /* with CHAT_BAD_REQUEST: a sentence, static */
	bool created;
	struct buf escrow; /* JSON as chat_escrow_view writes it */
};
bool chat_escrow_put(struct store *, struct chat_escrow_put *);
/* {escrowId, title, status?, participants:[{walletAddress, role}], createdAt, updatedAt}: what a service key is shown. */
enum chat_err chat_escrow_view(struct store *, struct span escrow_id, struct buf *out);

#endif
