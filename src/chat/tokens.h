/* SPDX-License-Identifier: ISC */
/*
 * tokens.h - what a verified identity rests on: a token of ours, and whether any token was ended meanwhile.
 * Inside a transaction.
 */
#ifndef CHAT_TOKENS_H
#define CHAT_TOKENS_H

#include "chat/chat.h"

#define TOKEN_SIZE 44 /* 256 random bits in base64url, and a NUL */

/* A new token's text. */
void token_make(char out[TOKEN_SIZE]);

/* By which the store knows a token: SHA-256 in hex. */
void token_hash(char out[SESSION_HASH_SIZE], struct span token);

/* Whose token of ours it is, by proof.hash: fills the rest of *out. CHAT_UNAUTHORIZED: nobody's, expired, or not used for idle_ms. */
enum chat_err token_verify(struct store *, int64_t idle_ms, int64_t now_ms, struct user *out);

/* False: what he came with was ended. True for those who proved nothing that could be. */
bool user_stands(struct store *, const struct user *);

#endif
