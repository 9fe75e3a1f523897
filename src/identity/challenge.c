/* SPDX-License-Identifier: ISC */
/*
 * challenge.c - the text that a wallet signs to sign in. To check a text, the server writes it
 * again and compares. Only the nonce is parsed; its place is known.
 */
#include "identity/challenge.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/ids.h"
#include "crypto/digest.h"

#define TIME_CHARS   12
#define RANDOM_BYTES 16
#define MAC_BYTES    16
#define AHEAD_MS     1000 /* the clock of the thread that made a challenge may be so far ahead */

/* The text up to the nonce. It does not depend on the nonce. */
static void
put_front(struct buf *out, const struct challenge *c)
{
	struct span domain = c->origin;

	span_cut(&domain, '/'); /* past the two slashes of scheme:// */
	span_cut(&domain, '/');
	buf_span(out, domain);
	buf_printf(out,
	    " wants you to sign in with your %s account:\n%s\n\nSign in to the chat of your "
	    "escrows.\n\nURI: ",
	    c->wallet->kind == WALLET_EVM ? "Ethereum" : "Solana", c->wallet->name);
	buf_span(out, c->origin);
	buf_printf(out, "\nVersion: 1\nChain ID: %" PRId64 "\nNonce: ", c->chain_id);
}

static void
put_rest(struct buf *out, const char *nonce, int64_t issued_ms)
{
	char issued[CLOCK_ISO_SIZE], expires[CLOCK_ISO_SIZE];

	buf_printf(out, "%s\nIssued At: %s\nExpiration Time: %s", nonce,
	    clock_iso(issued, issued_ms), clock_iso(expires, issued_ms + CHALLENGE_MS));
}

/* Adds the MAC to a nonce that has its time and its random part. A NUL separates the values, since
 * no value contains one. */
static void
put_mac(char nonce[CHALLENGE_NONCE_SIZE], const struct challenge *c, int64_t issued_ms)
{
	uint8_t mac[DIGEST_SHA256_SIZE];
	struct buf b = {0};

	buf_printf(&b, "escrowchat sign-in 1%c%s%c", '\0', c->wallet->name, '\0');
	buf_span(&b, c->origin);
	buf_printf(&b, "%c%" PRId64 "%c%" PRId64 "%c%" PRId64 "%c%.*s%c", '\0', c->chain_id, '\0',
	    issued_ms, '\0', issued_ms + CHALLENGE_MS, '\0', TIME_CHARS + 2 * RANDOM_BYTES, nonce,
	    '\0');
	buf_span(&b, c->log);
	digest_hmac_sha256(mac, c->key, buf_as_span(&b));
	digest_hex(nonce + TIME_CHARS + 2 * RANDOM_BYTES, mac, MAC_BYTES);
	buf_clear(&b);
}

void
challenge_make(const struct challenge *c, int64_t now_ms, struct buf *out)
{
	char nonce[CHALLENGE_NONCE_SIZE];
	uint8_t bytes[RANDOM_BYTES];

	ids_random(bytes, sizeof(bytes));
	snprintf(nonce, sizeof(nonce), "%0*" PRIx64, TIME_CHARS, (uint64_t)now_ms);
	digest_hex(nonce + TIME_CHARS, bytes, sizeof(bytes));
	put_mac(nonce, c, now_ms);
	put_front(out, c);
	put_rest(out, nonce, now_ms);
}

/* The time at the start of a nonce (wall ms). -1: the nonce is not one of ours. */
static int64_t
read_time(const char *nonce)
{
	static const char digits[] = "0123456789abcdef";
	int64_t ms = 0;

	for (int i = 0; i < TIME_CHARS; i++) {
		const char *at = nonce[i] ? strchr(digits, nonce[i]) : NULL;

		if (!at)
			return -1;
		ms = ms * 16 + (at - digits);
	}
	return ms;
}

bool
challenge_check(const struct challenge *c, struct span text, int64_t now_ms,
    char nonce[CHALLENGE_NONCE_SIZE], int64_t *expires_ms)
{
	char ours[CHALLENGE_NONCE_SIZE];
	struct buf b = {0};
	int64_t issued_ms;
	bool is_good = false;

	put_front(&b, c);
	if (text.n < b.len + CHALLENGE_NONCE_SIZE - 1)
		goto out;
	memcpy(nonce, text.p + b.len, CHALLENGE_NONCE_SIZE - 1);
	nonce[CHALLENGE_NONCE_SIZE - 1] = '\0';
	issued_ms = read_time(nonce);
	if (issued_ms < 0 || issued_ms > now_ms + AHEAD_MS || now_ms >= issued_ms + CHALLENGE_MS)
		goto out;
	memcpy(ours, nonce, sizeof(ours));
	put_mac(ours, c, issued_ms);
	put_rest(&b, ours, issued_ms);
	*expires_ms = issued_ms + CHALLENGE_MS;
	is_good = b.len == text.n && digest_equal(b.p, text.p, b.len);
out:
	buf_clear(&b);
	return is_good;
}
