/* SPDX-License-Identifier: ISC */
/*
 * signin.h - auth = wallet: a challenge, and the token for its signature. Inside the caller's transaction, as the verbs of chat.h are.
 */
#ifndef CHAT_SIGNIN_H
#define CHAT_SIGNIN_H

#include "base/recover.h"
#include "chat/challenge.h"
#include "chat/tokens.h"

struct signin {             /* who signs in where */
	struct span wallet; /* as claimed */
	struct span origin; /* of the page, one of the configuration's */
	int64_t chain_id, now_ms;
	/* results */
	enum chat_err err;
	const char *why; /* a sentence, static; NULL: the code's own */
	int64_t expires_ms;
};

struct chat_challenge {
	struct signin in;
	bool lacks_key; /* result: chat_challenge_key, then once more */
	struct buf text;
};
/* Reads only. */
void chat_challenge(struct store *, struct chat_challenge *);
/* Makes the database's key for challenges, once for all. */
void chat_challenge_key(struct store *);

struct chat_verify {
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
/* Whether the text is ours and the signature the wallet's: reads only. */
void chat_verify(struct store *, struct chat_verify *);
/* After that: uses the challenge up, and makes the token. False: another was faster; nothing was written. */
bool chat_verify_commit(struct store *, struct chat_verify *);

#endif
