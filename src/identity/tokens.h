/* SPDX-License-Identifier: ISC */
/*
 * tokens.h - tokens: the server's own, and whether a token (the platform's too) was ended. Inside a
 * transaction, except token_make, token_hash and token_is_stale. Times are wall clock, ms.
 */
#ifndef IDENTITY_TOKENS_H
#define IDENTITY_TOKENS_H

#include "contract/errors.h"
#include "contract/names.h"
#include "store/store.h"

#define TOKEN_SIZE 44 /* 256 random bits in base64url, and a NUL */

#define TOKEN_TOUCH_MS 300000 /* the use of a token is written at most so often */

/* Makes the text of a new token from random bytes. */
void token_make(char out[TOKEN_SIZE]);

/* The name under which the store keeps a token: its SHA-256 in hex. */
void token_hash(char out[TOKEN_HASH_SIZE], struct span token);

/* Finds the server's own token by out->proof.hash, and fills the rest of *out. ERROR_UNAUTHORIZED:
 * the token is unknown, has expired, or was not used for idle_ms. */
enum error token_verify(struct store *, int64_t idle_ms, int64_t now_ms, struct user *out);

/* True if token_use has something to write: the last use of our own token was written
 * TOKEN_TOUCH_MS ago or earlier, or the platform's token has ahead_ms. */
bool token_is_stale(const struct proof *, int64_t now_ms);
/* Writes the use of the token, and how far it shows the platform's clock to be ahead. In a write
 * transaction. */
void token_use(struct store *, const struct proof *, int64_t now_ms);

/* The platform's clock, which dates its tokens, may be ahead of ours. Returns by how many ms it was
 * ahead, as far as a token of the last day has shown; 0: not known. */
int64_t token_ahead(struct store *, int64_t now_ms);
/* True if ahead_ms, by which a token is ahead, should be kept in its proof and be written. */
bool token_is_news(struct store *, int64_t ahead_ms, int64_t now_ms);

/* Ends all tokens of a wallet that were issued up to now, by our clock or by the platform's. In a
 * write transaction. */
void tokens_end(struct store *, struct span wallet, int64_t now_ms);

/* False: the user's token was ended. True if the user has no token. */
bool user_stands(struct store *, const struct user *);

#endif
