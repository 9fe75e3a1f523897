/* SPDX-License-Identifier: ISC */
/*
 * messages.h - statements on messages and on what was read of them.
 * Inside a transaction only. An escrow's messages are ordered by at, which is unique there.
 */
#ifndef STORE_MESSAGES_H
#define STORE_MESSAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "store/escrows.h"

#define MESSAGE_ID_SIZE 28 /* 13 + '-' + 13 characters and a NUL */

struct message {
	int64_t id; /* its position in the log */
	uint64_t nonce;
	int64_t escrow;
	int64_t at;              /* wall ms */
	struct span sender;      /* key */
	struct span sender_name; /* as shown */
	enum role sender_role;
	struct span client_msg_id; /* n 0: none */
	struct span content;
	bool read; /* by any participant other than the sender and observers */
};

/* The opaque id that clients see: id and nonce in base32. */
const char *message_id_format(char out[MESSAGE_ID_SIZE], int64_t id, uint64_t nonce);
bool message_id_parse(struct span text, int64_t *id, uint64_t *nonce);

/* Appends it to the log; sets m->id, and moves m->at on where it is not later than the escrow's newest.
 * The caller has set nonce, escrow, sender, ...; read is ignored. */
void message_insert(struct store *, struct message *m);

/* Counts a room's messages up to at, its newest, for those who have not read many (the table tallies). message_insert does,
 * after each message whose nonce is a multiple of TALLY_EVERY. */
#define TALLY_EVERY 32
void message_tally(struct store *, int64_t escrow, int64_t at);

/* messages.at of the escrow's newest, or 0. */
int64_t message_last_at(struct store *, int64_t escrow);

/* A room's place in the log: messages.at of its newest message whose position is at most that one; -1: there is none. */
int64_t message_at_of_position(struct store *, int64_t escrow, int64_t position);

/* At most one row through the callback (spans live for that call); false when there is none. */
typedef bool message_each(const struct message *, void *arg); /* false stops */
bool
message_find(struct store *, int64_t escrow, int64_t id, uint64_t nonce, message_each *, void *arg);
bool message_find_by_client_id(struct store *, int64_t escrow, struct span sender,
    struct span client_msg_id, message_each *, void *arg);

/* Which escrow a message is in (REST names it by its id alone), its at and sender. */
struct message_place {
	int64_t escrow, at;
	char escrow_id[STORE_NAME_SIZE];
	char sender[STORE_NAME_SIZE];
};
bool message_place(struct store *, int64_t id, uint64_t nonce, struct message_place *out);

/* A page: at most limit with at < before, newest first; or with at > after, oldest first. */
void messages_before(
    struct store *, int64_t escrow, int64_t before, int limit, message_each *, void *arg);
void
messages_after(struct store *, int64_t escrow, int64_t after, int limit, message_each *, void *arg);

/* ---- reading ---- */

/* How many messages by others, since he was added, a participant has not marked. 0 for others. */
int64_t unread_count(struct store *, int64_t escrow, struct span wallet);

/* The same of each of his escrows that has any, by one statement, newest activity first: what was
 * written to the escrow or said in it last. */
struct unread_escrow {
	int64_t count, escrow;
	struct span escrow_id; /* lives for the call */
};
typedef bool unread_escrow_each(const struct unread_escrow *, void *arg); /* false stops */
void unread_each(struct store *, struct span wallet, unread_escrow_each *, void *arg);

/* Each sender's newest message that a mark would newly cover (before it is made): by others than
 * wallet, at most at; single: only that one. Spans live for the call. */
void unread_senders(struct store *, int64_t escrow, struct span wallet, int64_t at, bool single,
    bool (*each)(struct span sender, int64_t id, uint64_t nonce, void *), void *arg);

/* Marks all by others up to at, or that one alone; shown: it also counts for `read`. Never goes
 * back. A single mark that closes the hole before it moves up_to on. */
void mark_up_to(struct store *, int64_t escrow, struct span wallet, int64_t at, bool shown);
void mark_one(struct store *, int64_t escrow, struct span wallet, int64_t at, bool shown);

#endif
