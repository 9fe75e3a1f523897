/* SPDX-License-Identifier: ISC */
/*
 * challenge.h - the text that a wallet signs to sign in: laid out as EIP-4361 has it, and nothing of it is remembered.
 * Its nonce holds when it was made, 128 random bits, and a MAC over all that the text depends on. Pure but for the random bits.
 */
#ifndef CHAT_CHALLENGE_H
#define CHAT_CHALLENGE_H

#include "chat/wallet.h"

#define CHALLENGE_MS         300000
#define CHALLENGE_NONCE_SIZE 77 /* 12 hex digits of time, 32 random, 32 of the MAC */

struct challenge { /* what the text is made of; all of it comes again to check one */
	const struct wallet *wallet;
	struct span origin; /* scheme://host[:port] of the page */
	int64_t chain_id;
	struct span key; /* of the MAC */
	struct span log; /* whose events the session is for: the incarnation of the log */
};

/* Appends a new one. */
void challenge_make(const struct challenge *, int64_t now_ms, struct buf *out);

/* True if text is one that was made of the same, and has not expired; nonce gets its nonce, *expires_ms when it does. */
bool challenge_check(const struct challenge *, struct span text, int64_t now_ms,
    char nonce[CHALLENGE_NONCE_SIZE], int64_t *expires_ms);

#endif
