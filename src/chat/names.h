/* SPDX-License-Identifier: ISC */
/*
 * names.h - what is a valid wallet, escrowId, event name, id; and their one normal form.
 * Pure: no database.
 */
#ifndef CHAT_NAMES_H
#define CHAT_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "base/span.h"
#include "store/escrows.h"
#include "store/sessions.h"

#define NAME_MAX_BYTES  128
#define TOPIC_SIZE      (STORE_NAME_SIZE + 12)
#define CONTENT_MAX     5000             /* Unicode code points */
#define TITLE_MAX       200              /* the same */
#define DATA_MAX        65536            /* bytes of an event's data */
#define EVENT_BYTES_MAX (DATA_MAX + 512) /* data, and what stands around it */

/* What a user has proved himself with. All zero: nothing that could expire or be ended. Times are wall clock, ms. */
struct proof {
	char hash[SESSION_HASH_SIZE]; /* of the token, see store/sessions.h */
	int64_t issued_ms;            /* 0: unknown */
	int64_t expires_ms;           /* 0: never */
	int64_t used_ms;              /* when its use was last written; 0: it is not written */
	int64_t
	    ahead_ms; /* by which it shows its maker's clock to be ahead, if that is news; else 0 */
};

/* Who a user is: key compares, name shows. */
struct user {
	char key[STORE_NAME_SIZE];  /* EVM addresses in lower case */
	char name[STORE_NAME_SIZE]; /* as claimed by this connection or request */
	struct proof proof;
};

/* 0x + 40 hex digits: keyed in lower case; a Solana key or an opaque name: as it is. Nothing is proved. False: no wallet address. */
bool name_wallet(struct span text, struct user *out);
/* Two spellings of one wallet are the same claim. */
bool name_is_same_wallet(struct span a, struct span b);

/* 1 to 128 bytes of UTF-8 without '/', controls, bidi controls, U+2028/9; not "." or "..". */
bool name_escrow(struct span text);
/* From JSON, parsed or in place: such a string, or a plain integer from 0 to 2^53-1. Copies, terminated. */
bool name_escrow_json(const struct json *, char out[STORE_NAME_SIZE]);
bool name_escrow_slice(struct span value, char out[STORE_NAME_SIZE]);

bool name_title(struct span); /* of an escrow: 1 to 200 code points of UTF-8 without controls */
bool name_event(struct span); /* [A-Za-z][A-Za-z0-9_.:-]{0,63} */
bool name_event_publishable(struct span); /* and none that the server makes itself */
bool name_client_id(struct span);         /* [A-Za-z0-9_-]{1,64}: clientMsgId, client= */

/* Topics. Writes the normal form; returns its span over out. */
struct span topic_of_escrow(char out[TOPIC_SIZE], struct span escrow_id);
struct span topic_of_user(char out[TOPIC_SIZE], struct span wallet_key);
struct span topic_of_members(char out[TOPIC_SIZE], struct span escrow_id);

/* escrow_ID or user:WALLET in any spelling, in normal form over out. False: neither. */
bool topic_normal(char out[TOPIC_SIZE], struct span text, struct span *topic);

enum topic_kind {
	TOPIC_ESCROW,
	TOPIC_USER,
	TOPIC_MEMBERS,
	TOPIC_MEMBERSHIP,
	TOPIC_SESSION,  /* one token, by its hash */
	TOPIC_SESSIONS, /* all of a wallet */
	TOPIC_WRONG
};
/* Which kind, and what the topic names (a span into it): for rows of the log, whoever wrote them. Checks the name too. */
enum topic_kind topic_parse(struct span topic, struct span *name);

#endif
