/* SPDX-License-Identifier: ISC */
/*
 * tokens.c - the server's own tokens, and the end of any token.
 */
#include "identity/tokens.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/ids.h"
#include "crypto/digest.h"
#include "identity/jwt.h"
#include "proto/base64.h"
#include "store/tables/meta.h"
#include "store/tables/token_rows.h"

#define TOKEN_BYTES   32
#define AHEAD_KEY     "platform_ahead" /* "MS SEEN_AT" */
#define AHEAD_KEEP_MS INT64_C(86400000)

void
token_make(char out[TOKEN_SIZE])
{
	uint8_t bytes[TOKEN_BYTES];
	struct buf text = {0};

	ids_random(bytes, sizeof(bytes));
	base64url_encode(&text, (struct span){(const char *)bytes, sizeof(bytes)});
	memcpy(out, buf_cstr(&text), TOKEN_SIZE);
	buf_clear(&text);
}

void
token_hash(char out[TOKEN_HASH_SIZE], struct span token)
{
	uint8_t digest[DIGEST_SHA256_SIZE];

	digest_sha256(digest, token);
	digest_hex(out, digest, sizeof(digest));
}

enum error
token_verify(struct store *st, int64_t idle_ms, int64_t now_ms, struct user *out)
{
	struct token_row t;
	struct proof proof = out->proof;

	if (!token_row_find(st, span_of(proof.hash), &t) || !name_wallet(span_of(t.name), out))
		return ERROR_UNAUTHORIZED;
	proof.issued_ms = t.created_at;
	proof.expires_ms = t.expires_at;
	proof.used_ms = t.used_at;
	out->proof = proof;
	return now_ms < t.expires_at && now_ms - t.used_at < idle_ms ? ERROR_NONE
								     : ERROR_UNAUTHORIZED;
}

bool
token_is_stale(const struct proof *p, int64_t now_ms)
{
	return p->ahead_ms > 0 || (p->used_ms > 0 && now_ms - p->used_ms >= TOKEN_TOUCH_MS);
}

void
token_use(struct store *st, const struct proof *p, int64_t now_ms)
{
	char text[48];

	if (p->used_ms > 0)
		token_row_touch(st, span_of(p->hash), now_ms, TOKEN_TOUCH_MS);
	if (!token_is_news(st, p->ahead_ms, now_ms))
		return;
	snprintf(text, sizeof(text), "%" PRId64 " %" PRId64, p->ahead_ms, now_ms);
	meta_put(st, AHEAD_KEY, span_of(text));
}

int64_t
token_ahead(struct store *st, int64_t now_ms)
{
	unsigned long long ahead_ms, seen_ms;
	char text[48];
	struct span rest, first;

	if (!meta_find(st, AHEAD_KEY, text, sizeof(text)))
		return 0;
	rest = span_of(text);
	first = span_cut(&rest, ' ');
	if (!span_u64(first, INT64_MAX, &ahead_ms) || !span_u64(rest, INT64_MAX, &seen_ms))
		return 0;
	return now_ms - (int64_t)seen_ms < AHEAD_KEEP_MS ? (int64_t)ahead_ms : 0;
}

/* A known lead of the clock counts only if it will still be kept JWT_SKEW_MS from now: a token is
 * accepted that long before its time. */
bool
token_is_news(struct store *st, int64_t ahead_ms, int64_t now_ms)
{
	return ahead_ms > 0 && ahead_ms > token_ahead(st, now_ms + JWT_SKEW_MS);
}

void
tokens_end(struct store *st, struct span wallet, int64_t now_ms)
{
	token_rows_end(st, wallet, now_ms + token_ahead(st, now_ms));
}

bool
user_stands(struct store *st, const struct user *user)
{
	const struct proof *p = &user->proof;

	return p->hash[0] == '\0' ||
	       !token_row_is_ended(st, span_of(p->hash), span_of(user->key), p->issued_ms);
}
