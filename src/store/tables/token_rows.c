/* SPDX-License-Identifier: ISC */
/*
 * token_rows.c - statements on tokens, and on challenges that were used.
 */
#include "store/tables/token_rows.h"

#include "store/db.h"

#define SWEEP_ROWS 20 /* of each table at each sign-in: more than a sign-in adds */

void
token_row_insert(struct store *st, struct span hash, struct span wallet, struct span name,
    int64_t now_ms, int64_t expires_ms)
{
	struct query *q = use(st, SQL_TOKEN_INSERT);

	bind_text(q, ":hash", hash);
	bind_text(q, ":wallet", wallet);
	bind_text(q, ":name", name);
	bind_int(q, ":now", now_ms);
	bind_int(q, ":expires", expires_ms);
	run(q);
}

bool
token_row_find(struct store *st, struct span hash, struct token_row *out)
{
	struct query *q = use(st, SQL_TOKEN_FIND);

	bind_text(q, ":hash", hash);
	if (!step(q))
		return false;
	column_copy(q, 0, out->wallet, sizeof(out->wallet));
	column_copy(q, 1, out->name, sizeof(out->name));
	out->created_at = column_int(q, 2);
	out->expires_at = column_int(q, 3);
	out->used_at = column_int(q, 4);
	done(q);
	return true;
}

void
token_rows_each(
    struct store *st, struct span wallet, int64_t now_ms, token_row_each *each, void *arg)
{
	struct query *q = use(st, SQL_TOKENS_EACH);

	bind_text(q, ":from", wallet);
	bind_text(q, ":to", wallet.n > 0 ? wallet : SPAN("\x7f")); /* sorts after all wallets */
	bind_int(q, ":now", now_ms);
	while (step(q)) {
		char hash[TOKEN_HASH_SIZE];
		struct token_row t;

		column_copy(q, 0, hash, sizeof(hash));
		column_copy(q, 1, t.wallet, sizeof(t.wallet));
		column_copy(q, 2, t.name, sizeof(t.name));
		t.created_at = column_int(q, 3);
		t.expires_at = column_int(q, 4);
		t.used_at = column_int(q, 5);
		each(hash, &t, arg);
	}
}

void
token_row_touch(struct store *st, struct span hash, int64_t now_ms, int64_t within_ms)
{
	struct query *q = use(st, SQL_TOKEN_TOUCH);

	bind_text(q, ":hash", hash);
	bind_int(q, ":now", now_ms);
	bind_int(q, ":before", now_ms - within_ms);
	run(q);
}

bool
token_nonce_use(struct store *st, struct span nonce, int64_t expires_ms)
{
	struct query *q = use(st, SQL_NONCE_INSERT);
	bool is_first;

	bind_text(q, ":nonce", nonce);
	bind_int(q, ":expires", expires_ms);
	is_first = step(q);
	done(q);
	return is_first;
}

void
token_row_end(struct store *st, struct span hash, struct span wallet, int64_t expires_ms)
{
	struct query *q = use(st, SQL_TOKEN_DELETE);

	bind_text(q, ":hash", hash);
	run(q);
	q = use(st, SQL_ENDED_TOKEN_INSERT);
	bind_text(q, ":hash", hash);
	bind_text(q, ":wallet", wallet);
	bind_int(q, ":expires", expires_ms);
	run(q);
}

void
token_rows_end(struct store *st, struct span wallet, int64_t until_ms)
{
	struct query *q = use(st, SQL_TOKENS_DELETE_OF_WALLET);

	bind_text(q, ":wallet", wallet);
	run(q);
	q = use(st, SQL_ENDED_WALLET_PUT);
	bind_text(q, ":wallet", wallet);
	bind_int(q, ":until", until_ms);
	run(q);
}

bool
token_row_is_ended(struct store *st, struct span hash, struct span wallet, int64_t issued_ms)
{
	struct query *q = use(st, SQL_TOKEN_IS_ENDED);

	bind_text(q, ":hash", hash);
	bind_text(q, ":wallet", wallet);
	bind_int(q, ":issued", issued_ms);
	return single_int(q, 1) != 0;
}

int64_t
token_rows_ended_until(struct store *st, struct span wallet)
{
	struct query *q = use(st, SQL_ENDED_WALLET_UNTIL);

	bind_text(q, ":wallet", wallet);
	return single_int(q, 0);
}

void
token_rows_sweep(struct store *st, int64_t now_ms)
{
	static const enum sql_id sweeps[] = {
	    SQL_TOKENS_SWEEP, SQL_NONCES_SWEEP, SQL_ENDED_TOKENS_SWEEP};

	for (size_t i = 0; i < sizeof(sweeps) / sizeof(sweeps[0]); i++) {
		struct query *q = use(st, sweeps[i]);

		bind_int(q, ":now", now_ms);
		bind_int(q, ":limit", SWEEP_ROWS);
		run(q);
	}
}
