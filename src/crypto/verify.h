/* SPDX-License-Identifier: ISC */
/*
 * verify.h - keys that check signatures of the JWS algorithms HS256, RS256 and ES256 (RFC 7518) and
 * EdDSA (RFC 8037). A key has one algorithm and cannot be used with another.
 */
#ifndef CRYPTO_VERIFY_H
#define CRYPTO_VERIFY_H

#include <stdbool.h>

#include "base/span.h"

#define VERIFY_HS256_MIN 32   /* bytes of a secret (RFC 7518, section 3.2) */
#define VERIFY_RS256_MIN 2048 /* bits of a modulus */
#define VERIFY_RS256_MAX 8192 /* bits; a longer modulus only costs time */

struct verify_key; /* read-only: threads may share it */

/* Numbers are big-endian. NULL: the key is too short or too long, or is no point of its curve. The
 * caller frees the key with verify_key_free. */
struct verify_key *verify_key_hs256(struct span secret);
struct verify_key *verify_key_eddsa(struct span x); /* Ed25519, 32 bytes */
struct verify_key *verify_key_rs256(struct span n, struct span e);
struct verify_key *verify_key_es256(struct span x, struct span y); /* P-256, 32 bytes each */
void verify_key_free(struct verify_key *);                         /* NULL is fine */

/* True if the key made the signature over data. Its length: 32 bytes for HS256, 64 for EdDSA and
 * for ES256 (r and s), that of the modulus for RS256. HS256 is compared in constant time. */
bool verify_signature(const struct verify_key *, struct span data, struct span signature);

#endif
