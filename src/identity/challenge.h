/* SPDX-License-Identifier: ISC */
/*
 * challenge.h - the text that a wallet signs to sign in, in the layout of EIP-4361. The server does
 * not store a challenge that it makes: the nonce holds the time, 128 random bits, and a MAC over
 * everything that the text depends on. Pure, except for the random bits.
 */
#ifndef IDENTITY_CHALLENGE_H
#define IDENTITY_CHALLENGE_H

#include "base/buf.h"
#include "identity/wallet.h"

#define CHALLENGE_MS         300000
#define CHALLENGE_NONCE_SIZE 77 /* hex: 12 digits of time, 32 random, 32 of the MAC; a NUL */

struct challenge { /* the parts of the text; the same values are needed again to check it */
	const struct wallet *wallet;
	struct span origin; /* scheme://host[:port] of the page */
	int64_t chain_id;
	struct span key; /* of the MAC */
	struct span log; /* the log's incarnation: a challenge is void after a new one begins */
};

/* Appends a new challenge, which is valid for CHALLENGE_MS. */
void challenge_make(const struct challenge *, int64_t now_ms, struct buf *out);

/* True if text is a challenge made of the same values that has not expired. Then nonce gets its
 * nonce, and *expires_ms the time at which it expires (wall ms). */
bool challenge_check(const struct challenge *, struct span text, int64_t now_ms,
    char nonce[CHALLENGE_NONCE_SIZE], int64_t *expires_ms);

#endif
