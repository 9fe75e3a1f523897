/* SPDX-License-Identifier: ISC */
/*
 * sessions.h - statements on who has signed in: tokens by their hash, challenges that were used, and what was ended before its time.
 * Inside a transaction only. Times are wall clock, ms.
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
	char name[STORE_NAME_SIZE];   /* as it signed in */
	int64_t created_at, expires_at, used_at;
};

void token_insert(struct store *, struct span hash, struct span wallet, struct span name,
    int64_t now_ms, int64_t expires_ms);
bool token_find(struct store *, struct span hash, struct session_token *out);
/* Those that have not expired, of a wallet (n 0: of all). */
typedef void token_each(const char *hash, const struct session_token *, void *arg);
void tokens_each(struct store *, struct span wallet, int64_t now_ms, token_each *, void *arg);
/* It was used now; written only if that was not within_ms ago already. */
void token_touch(struct store *, struct span hash, int64_t now_ms, int64_t within_ms);

/* True for the first who asks; remembered until it expires. */
bool nonce_use(struct store *, struct span nonce, int64_t expires_ms);

/* Ends one token, of ours or another's, or all of a wallet that were issued up to a time; each makes a row of the log. */
void session_end_token(struct store *, struct span hash, struct span wallet, int64_t expires_ms);
void session_end_wallet(struct store *, struct span wallet, int64_t until_ms);

/* True if a token was ended, by itself or with all of its wallet. issued_ms 0: it does not say when. */
bool session_is_ended(struct store *, struct span hash, struct span wallet, int64_t issued_ms);
/* Up to when all of a wallet's were ended; 0: never. */
int64_t session_wallet_ended(struct store *, struct span wallet);

/* Forgets some of what has expired. */
void sessions_sweep(struct store *, int64_t now_ms);

/* A fact about this database, as text; false: there is none. */
bool meta_find(struct store *, const char *key, char *out, size_t size);
void meta_put(struct store *, const char *key, struct span value);
/* Unless there is one already. */
void meta_put_once(struct store *, const char *key, struct span value);

#endif
