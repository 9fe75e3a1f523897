/* SPDX-License-Identifier: ISC */
/*
 * signin.h - auth = wallet: a challenge, the token for its signature, and the rate of sign-ins.
 * Inside the caller's transaction, like the actions of chat.h.
 */
#ifndef IDENTITY_SIGNIN_H
#define IDENTITY_SIGNIN_H

#include "crypto/recover.h"
#include "identity/challenge.h"
#include "identity/tokens.h"

struct signin {             /* times are wall ms */
	struct span wallet; /* as claimed */
	struct span origin; /* of the page, as of auth_page */
	int64_t chain_id, now_ms;
	/* results */
	enum error err;
	const char *why;    /* a sentence, static; NULL: error_text has it */
	int64_t expires_ms; /* of the challenge; of the token after signin_commit */
};

struct signin_challenge {
	struct signin in;
	/* results */
	bool lacks_key; /* call signin_key, then signin_challenge again */
	struct buf text;
};
/* Writes a challenge into text. Reads the database only. */
void signin_challenge(struct store *, struct signin_challenge *);
/* Makes the key for challenges, unless the database has one. In a write transaction. */
void signin_key(struct store *);

struct signin_verify {
	struct signin in;
	struct span text, signature;
	const struct recover *recover;
	int64_t lifetime_ms;
	/* results */
	char nonce[CHALLENGE_NONCE_SIZE];
	int64_t challenge_expires_ms;
	struct user user;
	char token[TOKEN_SIZE];
};
/* Checks that the text is a challenge of this server, and that the wallet signed it. Reads the
 * database only. */
void signin_verify(struct store *, struct signin_verify *);
/* After signin_verify, in a write transaction: marks the challenge as used, and makes the token.
 * False: the challenge was used already; nothing was written. */
bool signin_commit(struct store *, struct signin_verify *);

/* Counts a sign-in from an address, as address_of_client has it; rate sign-ins a minute are allowed
 * (0: any number). Returns 0, or the ms until the next one is allowed. Inside a write transaction.
 * n 0 is not counted. */
int64_t signin_spend(struct store *, struct span address, int64_t rate, int64_t mono_us);

#endif
