/* SPDX-License-Identifier: ISC */
/*
 * messages.h - statements on messages, and on which of them were read. Call them inside a
 * transaction only. The messages of an escrow are ordered by at, which is unique in the escrow.
 */
#ifndef STORE_MESSAGES_H
#define STORE_MESSAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "store/tables/escrows.h"

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

/* The opaque id that clients see: id and nonce in base32. message_id_parse accepts only the
 * spelling that message_id_format writes. */
const char *message_id_format(char out[MESSAGE_ID_SIZE], int64_t id, uint64_t nonce);
bool message_id_parse(struct span text, int64_t *id, uint64_t *nonce);

/* Appends a message to the log and sets m->id (0: an error). If m->at is not later than the
 * escrow's newest message, m->at becomes 1 ms later than that one. The caller has set all other
 * members; read is ignored. */
void message_insert(struct store *, struct message *m);

/* Writes the count of a room's messages up to at, its newest, to the table tallies; unread_count
 * uses it where many messages are unread. message_insert calls this after each message whose nonce
 * is a multiple of TALLY_EVERY. */
#define TALLY_EVERY 32
void message_tally(struct store *, int64_t escrow, int64_t at);

/* messages.at of the escrow's newest message, or 0. */
int64_t message_last_at(struct store *, int64_t escrow);

/* messages.at of a room's newest message whose position is not after the given one; -1: none. */
int64_t message_at_of_position(struct store *, int64_t escrow, int64_t position);

/* Each gives at most one message to the callback (spans are valid during the call). False: there is
 * none. */
typedef bool message_each(const struct message *, void *arg); /* false stops */
bool
message_find(struct store *, int64_t escrow, int64_t id, uint64_t nonce, message_each *, void *arg);
bool message_find_by_client_id(struct store *, int64_t escrow, struct span sender,
    struct span client_msg_id, message_each *, void *arg);

/* The escrow of a message, its at and its sender: REST names a message by its id alone. */
struct message_place {
	int64_t escrow, at;
	char escrow_id[STORE_NAME_SIZE];
	char sender[STORE_NAME_SIZE];
};
bool message_place(struct store *, int64_t id, uint64_t nonce, struct message_place *out);

/* A page of at most limit messages: those with at < before, newest first; or those with at > after,
 * oldest first. */
void messages_before(
    struct store *, int64_t escrow, int64_t before, int limit, message_each *, void *arg);
void
messages_after(struct store *, int64_t escrow, int64_t after, int limit, message_each *, void *arg);

/* ---- reading ---- */

/* The number of messages that others wrote since a participant was added, and that this participant
 * has not marked. 0 if the wallet is no participant. */
int64_t unread_count(struct store *, int64_t escrow, struct span wallet);

/* Gives the unread count of each escrow of a wallet that has unread messages, by one statement. The
 * escrow with the newest change or message comes first. */
struct unread_escrow {
	int64_t count, escrow;
	struct span escrow_id; /* valid during the call */
};
typedef bool unread_escrow_each(const struct unread_escrow *, void *arg); /* false stops */
void unread_each(struct store *, struct span wallet, unread_escrow_each *, void *arg);

/* Called before a mark is made: gives each other sender's newest message that the mark would newly
 * cover. The mark covers messages up to at or, if single, only the message at at. Spans are valid
 * during the call. */
void mark_senders(struct store *, int64_t escrow, struct span wallet, int64_t at, bool single,
    bool (*each)(struct span sender, int64_t id, uint64_t nonce, void *), void *arg);

/* mark_up_to marks all messages of others up to at as read; mark_one marks one message. If shown,
 * the mark also counts for `read`. A mark is never taken back. When single marks leave no hole
 * behind up_to, up_to moves forward over them. */
void mark_up_to(struct store *, int64_t escrow, struct span wallet, int64_t at, bool shown);
void mark_one(struct store *, int64_t escrow, struct span wallet, int64_t at, bool shown);

#endif
