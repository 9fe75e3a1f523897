/* SPDX-License-Identifier: ISC */
/*
 * sessions.h - statements on sign-in: tokens by their hash, challenges that were used, and sessions
 * that were ended early. Inside a transaction only. Times are in ms of the wall clock.
 */
#ifndef STORE_SESSIONS_H
#define STORE_SESSIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "store/escrows.h"
#include "store/store.h"

#define SESSION_HASH_SIZE 65 /* SHA-256 in hex, and its NUL */

struct session_token {
	char wallet[STORE_NAME_SIZE]; /* the key */
	char name[STORE_NAME_SIZE];   /* the wallet as the user wrote it at sign-in */
	int64_t created_at, expires_at, used_at;
};

void token_insert(struct store *, struct span hash, struct span wallet, struct span name,
    int64_t now_ms, int64_t expires_ms);
bool token_find(struct store *, struct span hash, struct session_token *out);
/* The tokens of a wallet (n 0: of all wallets) that have not expired. */
typedef void token_each(const char *hash, const struct session_token *, void *arg);
void tokens_each(struct store *, struct span wallet, int64_t now_ms, token_each *, void *arg);
/* Records that a token is used now. Writes only if the last recorded use is older than
 * within_ms. */
void token_touch(struct store *, struct span hash, int64_t now_ms, int64_t within_ms);

/* Records that a nonce is used, until expires_ms. True: it was not used before. */
bool nonce_use(struct store *, struct span nonce, int64_t expires_ms);

/* Ends one token, which may also be one that another program issued; or all tokens of a wallet that
 * were issued up to until_ms. Each appends a row to the log (by a trigger). */
void session_end_token(struct store *, struct span hash, struct span wallet, int64_t expires_ms);
void session_end_wallet(struct store *, struct span wallet, int64_t until_ms);

/* True if a token was ended, alone or with all tokens of its wallet. issued_ms is 0 if the token
 * does not say when it was issued. True on an error. */
bool session_is_ended(struct store *, struct span hash, struct span wallet, int64_t issued_ms);
/* The until_ms of the last session_end_wallet for this wallet; 0: none. */
int64_t session_wallet_ended(struct store *, struct span wallet);

/* Deletes some of the expired tokens, nonces and ended tokens. */
void sessions_sweep(struct store *, int64_t now_ms);

#endif
