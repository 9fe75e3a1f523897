/* SPDX-License-Identifier: ISC */
/*
 * tokens.h - what a verified identity rests on: a token of ours, and whether any token was ended meanwhile.
 * Inside a transaction.
 */
#ifndef CHAT_TOKENS_H
#define CHAT_TOKENS_H

#include "chat/chat.h"

#define TOKEN_SIZE 44 /* 256 random bits in base64url, and a NUL */

#define TOKEN_TOUCH_MS 300000 /* use is written at most so often */

/* A new token's text. */
void token_make(char out[TOKEN_SIZE]);

/* By which the store knows a token: SHA-256 in hex. */
void token_hash(char out[SESSION_HASH_SIZE], struct span token);

/* Whose token of ours it is, by proof.hash: fills the rest of *out. CHAT_UNAUTHORIZED: nobody's, expired, or not used for idle_ms. */
enum chat_err token_verify(struct store *, int64_t idle_ms, int64_t now_ms, struct user *out);

/* True if its use is to be written: it is ours, and was not for TOKEN_TOUCH_MS; or it is another's, and tells of his clock. */
bool token_is_stale(const struct proof *, int64_t now_ms);
/* Writes it. */
void token_use(struct store *, const struct proof *, int64_t now_ms);

/* Tokens of the platform say when they were issued by its clock, which may be ahead of ours. By how much at least (ms), those of the last
 * day have shown: what was issued up to now by its clock says so much more at most. */
int64_t token_ahead(struct store *, int64_t now_ms);
/* True if one that is so much ahead is worth a proof's ahead_ms. */
bool token_is_news(struct store *, int64_t ahead_ms, int64_t now_ms);

/* Ends all tokens of a wallet that were issued up to now, by our clock or by the platform's. */
void tokens_end(struct store *, struct span wallet, int64_t now_ms);

/* False: what he came with was ended. True for those who proved nothing that could be. */
bool user_stands(struct store *, const struct user *);

#endif
