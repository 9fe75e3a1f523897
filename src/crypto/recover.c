/* SPDX-License-Identifier: ISC */
/*
 * recover.c - key recovery by libsecp256k1.
 */
#include "crypto/recover.h"

#include <secp256k1.h>
#include <secp256k1_recovery.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct recover {
	secp256k1_context *ctx;
};

/* Replaces the library's callback, which ends the process. The call that caused it then fails. */
static void
on_illegal(const char *message, void *arg)
{
}

struct recover *
recover_new(void)
{
	struct recover *r = mem_zalloc(sizeof(*r));

	r->ctx = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
	if (r->ctx == NULL)
		abort();
	secp256k1_context_set_illegal_callback(r->ctx, on_illegal, NULL);
	return r;
}

void
recover_free(struct recover *r)
{
	if (r == NULL)
		return;
	secp256k1_context_destroy(r->ctx);
	free(r);
}

bool
recover_key(const struct recover *r, uint8_t out[64], const uint8_t signature[64], int recid,
    const uint8_t hash[32])
{
	secp256k1_ecdsa_recoverable_signature recoverable;
	secp256k1_ecdsa_signature plain;
	secp256k1_pubkey key;
	uint8_t serial[65];
	size_t n = sizeof(serial);

	/* The library also accepts 2 and 3, but no signature in practice has them. */
	if (recid < 0 || recid > 1 ||
	    !secp256k1_ecdsa_recoverable_signature_parse_compact(
		r->ctx, &recoverable, signature, recid) ||
	    !secp256k1_ecdsa_recoverable_signature_convert(r->ctx, &plain, &recoverable) ||
	    secp256k1_ecdsa_signature_normalize(r->ctx, NULL, &plain) ||
	    !secp256k1_ecdsa_recover(r->ctx, &key, &recoverable, hash) ||
	    !secp256k1_ec_pubkey_serialize(r->ctx, serial, &n, &key, SECP256K1_EC_UNCOMPRESSED))
		return false;
	memcpy(out, serial + 1, 64);
	return true;
}
