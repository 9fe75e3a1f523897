/* SPDX-License-Identifier: ISC */
/*
 * names.h - checks wallets, escrowIds, event names and ids, and brings them into their normal form.
 * Pure: no database.
 */
#ifndef CONTRACT_NAMES_H
#define CONTRACT_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "base/span.h"
#include "store/tables/escrows.h"
#include "store/tables/token_rows.h"

#define NAME_MAX_BYTES  128
#define TOPIC_SIZE      (STORE_NAME_SIZE + 12)
#define CONTENT_MAX     5000             /* Unicode code points */
#define TITLE_MAX       200              /* the same */
#define DATA_MAX        65536            /* bytes of an event's data */
#define EVENT_BYTES_MAX (DATA_MAX + 512) /* data, and the JSON around it */

/* The token with which a user proved their identity. All zero: there is none, so nothing can expire
 * or be ended. Times are wall clock, ms. */
struct proof {
	char hash[TOKEN_HASH_SIZE]; /* token_hash of the token; of a JWT's signed part */
	int64_t issued_ms;          /* 0: unknown */
	int64_t expires_ms;         /* 0: never */
	int64_t used_ms;            /* when its use was last written; 0: it is not written */
	/* The platform's clock is at least so many ms ahead, as the token shows. 0 unless
	 * token_is_news. */
	int64_t ahead_ms;
};

/* A user. Users are compared by key, and shown by name. */
struct user {
	char key[STORE_NAME_SIZE];  /* EVM addresses in lower case */
	char name[STORE_NAME_SIZE]; /* as claimed by this connection or request */
	struct proof proof;
};

/* Sets key, name and an empty proof. The key of an EVM address (0x and 40 hex digits) is in lower
 * case; a Solana key or an opaque name is its own key. False: the text is no wallet. */
bool name_wallet(struct span text, struct user *out);
/* True if both texts name one wallet, perhaps in two spellings. */
bool name_is_same_wallet(struct span a, struct span b);

/* An escrowId: 1 to 128 bytes of UTF-8 without '/', control characters, bidi controls, U+2028 and
 * U+2029; not "." or "..". */
bool name_escrow(struct span text);
/* An escrowId from JSON, parsed or raw: such a string, or an integer from 0 to 2^53-1. Copies it to
 * out, with a NUL. */
bool name_escrow_json(const struct json *, char out[STORE_NAME_SIZE]);
bool name_escrow_slice(struct span value, char out[STORE_NAME_SIZE]);

bool name_title(struct span); /* of an escrow: 1 to 200 code points of UTF-8 without controls */
bool name_event(struct span); /* [A-Za-z][A-Za-z0-9_.:-]{0,63} */
bool name_event_publishable(struct span); /* name_event, without the reserved names */
bool name_client_id(struct span);         /* [A-Za-z0-9_-]{1,64}: clientMsgId, client= */

/* Write a topic in normal form, with a NUL; return its span over out. */
struct span topic_of_escrow(char out[TOPIC_SIZE], struct span escrow_id);
struct span topic_of_user(char out[TOPIC_SIZE], struct span wallet_key);
struct span topic_of_members(char out[TOPIC_SIZE], struct span escrow_id);

/* Brings escrow_ID or user:WALLET into normal form, over out. False: text is neither. */
bool topic_normal(char out[TOPIC_SIZE], struct span text, struct span *topic);

enum topic_kind {
	TOPIC_ESCROW,
	TOPIC_USER,
	TOPIC_MEMBERS,
	TOPIC_MEMBERSHIP,
	TOPIC_SESSION,  /* one token, by its hash */
	TOPIC_SESSIONS, /* all tokens of a wallet */
	TOPIC_WRONG
};
/* The kind of a row's topic, with its name (a span of the topic). The name is checked too, since
 * other programs write rows of the log. */
enum topic_kind topic_parse(struct span topic, struct span *name);

#endif
