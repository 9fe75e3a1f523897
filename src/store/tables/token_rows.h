/* SPDX-License-Identifier: ISC */
/*
 * token_rows.h - statements on tokens: those that sign-in issued, by their hash; challenges that
 * were used; and tokens that were ended early. Inside a transaction only. Times are in ms of the
 * wall clock.
 */
#ifndef STORE_TOKEN_ROWS_H
#define STORE_TOKEN_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "store/store.h"

#define TOKEN_HASH_SIZE 65 /* SHA-256 in hex, and its NUL */

struct token_row {
	char wallet[STORE_NAME_SIZE]; /* the key */
	char name[STORE_NAME_SIZE];   /* the wallet as the user wrote it at sign-in */
	int64_t created_at, expires_at, used_at;
};

void token_row_insert(struct store *, struct span hash, struct span wallet, struct span name,
    int64_t now_ms, int64_t expires_ms);
bool token_row_find(struct store *, struct span hash, struct token_row *out);
/* The tokens of a wallet (n 0: of all wallets) that have not expired. */
typedef void token_row_each(const char *hash, const struct token_row *, void *arg);
void
token_rows_each(struct store *, struct span wallet, int64_t now_ms, token_row_each *, void *arg);
/* Records that a token is used now. Writes only if the last recorded use is older than
 * within_ms. */
void token_row_touch(struct store *, struct span hash, int64_t now_ms, int64_t within_ms);

/* Records that a nonce is used, until expires_ms. True: it was not used before. */
bool token_nonce_use(struct store *, struct span nonce, int64_t expires_ms);

/* Ends one token, which may also be one that another program issued; or all tokens of a wallet that
 * were issued up to until_ms. Each appends a row to the log (by a trigger). */
void token_row_end(struct store *, struct span hash, struct span wallet, int64_t expires_ms);
void token_rows_end(struct store *, struct span wallet, int64_t until_ms);

/* True if a token was ended, alone or with all tokens of its wallet. issued_ms is 0 if the token
 * does not say when it was issued. True on an error. */
bool token_row_is_ended(struct store *, struct span hash, struct span wallet, int64_t issued_ms);
/* The until_ms of the last token_rows_end for this wallet; 0: none. */
int64_t token_rows_ended_until(struct store *, struct span wallet);

/* Deletes some of the expired tokens, nonces and ended tokens. */
void token_rows_sweep(struct store *, int64_t now_ms);

#endif
