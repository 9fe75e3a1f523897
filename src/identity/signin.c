/* SPDX-License-Identifier: ISC */
/*
 * signin.c - auth = wallet: a challenge, the token for its signature, and the rate of sign-ins.
 */
#include "identity/signin.h"

#include "base/ids.h"
#include "crypto/digest.h"
#include "store/tables/meta.h"
#include "store/tables/eventlog.h"
#include "store/tables/rates.h"

#define KEY_NAME  "challenge_key"
#define KEY_BYTES 32
#define KEY_SIZE  (2 * KEY_BYTES + 1)

static bool
refuse(struct signin *in, enum error err, const char *why)
{
	in->err = err;
	in->why = why;
	return false;
}

/* ---- the parts of a challenge ---- */

struct ingredients {
	struct wallet wallet;
	char key[KEY_SIZE], log[INCARNATION_SIZE];
	struct challenge challenge;
};

static bool
read_wallet(struct signin *in, struct wallet *out)
{
	wallet_read(out, in->wallet);
	if (out->kind == WALLET_OTHER)
		return refuse(in, ERROR_BAD_REQUEST,
		    "walletAddress: an EVM address or a Solana public key can sign in.");
	if (out->is_unsafe)
		return refuse(in, ERROR_BAD_REQUEST,
		    "walletAddress: this is nobody's own key: anybody could sign for it.");
	return true;
}

/* Collects the parts. False: in->err has a refusal or, if it is ERROR_NONE, there is no key yet. */
static bool
gather(struct store *st, struct signin *in, struct ingredients *out)
{
	in->err = ERROR_NONE;
	in->why = NULL;
	if (!read_wallet(in, &out->wallet) || !meta_find(st, KEY_NAME, out->key, sizeof(out->key)))
		return false;
	incarnation_current(st, out->log);
	out->challenge = (struct challenge){.wallet = &out->wallet,
	    .origin = in->origin,
	    .chain_id = in->chain_id,
	    .key = span_of(out->key),
	    .log = span_of(out->log)};
	return true;
}

/* ---- the challenge ---- */

void
signin_challenge(struct store *st, struct signin_challenge *c)
{
	struct ingredients i;

	c->text.len = 0;
	c->lacks_key = false;
	if (!gather(st, &c->in, &i)) {
		c->lacks_key = c->in.err == ERROR_NONE;
		return;
	}
	challenge_make(&i.challenge, c->in.now_ms, &c->text);
	c->in.expires_ms = c->in.now_ms + CHALLENGE_MS;
}

void
signin_key(struct store *st)
{
	uint8_t bytes[KEY_BYTES];
	char key[KEY_SIZE];

	ids_random(bytes, sizeof(bytes));
	digest_hex(key, bytes, sizeof(bytes));
	meta_put_once(st, KEY_NAME, span_of(key));
}

/* ---- the token ---- */

void
signin_verify(struct store *st, struct signin_verify *v)
{
	struct signin *in = &v->in;
	struct ingredients i;

	if (wallet_is_envelope(v->text)) {
		refuse(in, ERROR_OFFCHAIN_ENVELOPE, NULL);
		return;
	}
	if (!gather(st, in, &i)) {
		if (in->err == ERROR_NONE) /* without a key there was never a challenge */
			refuse(in, ERROR_UNAUTHORIZED, NULL);
		return;
	}
	if (!challenge_check(
		&i.challenge, v->text, in->now_ms, v->nonce, &v->challenge_expires_ms)) {
		refuse(in, ERROR_UNAUTHORIZED,
		    "This is no challenge of this server for this wallet and page, or it has "
		    "expired.");
		return;
	}
	in->err = wallet_check(&i.wallet, v->recover, v->text, v->signature);
	if (in->err == ERROR_UNAUTHORIZED)
		in->why = "The signature is not this wallet's.";
	if (in->err == ERROR_BAD_REQUEST)
		in->why = "signature: 0x and 130 hex digits that end in 00, 01, 1b or 1c, or of a "
			  "Solana key 64 bytes in base58, are accepted.";
	if (!name_wallet(span_of(i.wallet.name), &v->user))
		refuse(in, ERROR_BAD_REQUEST, NULL);
}

bool
signin_commit(struct store *st, struct signin_verify *v)
{
	int64_t now = v->in.now_ms, ended;
	char hash[TOKEN_HASH_SIZE];

	v->in.err = ERROR_NONE; /* an earlier run may have been rolled back with other jobs */
	v->in.why = NULL;
	if (!token_nonce_use(st, span_of(v->nonce), v->challenge_expires_ms))
		return refuse(&v->in, ERROR_UNAUTHORIZED, "This challenge was used already.");
	/* Tokens that were issued up to `ended` are void, so the new one is dated later. */
	ended = token_rows_ended_until(st, span_of(v->user.key));
	if (now <= ended)
		now = ended + 1;
	token_make(v->token);
	token_hash(hash, span_of(v->token));
	v->in.expires_ms = now + v->lifetime_ms;
	token_row_insert(
	    st, span_of(hash), span_of(v->user.key), span_of(v->user.name), now, v->in.expires_ms);
	token_rows_sweep(st, v->in.now_ms);
	return true;
}

/* ---- the rate of sign-ins ---- */

int64_t
signin_spend(struct store *st, struct span address, int64_t rate, int64_t mono_us)
{
	struct buf bucket = {0};
	int64_t wait_ms;

	if (rate == 0 || address.n == 0)
		return 0;
	buf_str(&bucket, "/sign-in/");
	buf_span(&bucket, address);
	wait_ms = rate_spend(st, buf_as_span(&bucket), rate, RATE_PER_MAX_US, mono_us);
	buf_clear(&bucket);
	return wait_ms;
}
