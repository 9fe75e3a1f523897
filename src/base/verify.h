/* SPDX-License-Identifier: ISC */
/*
 * verify.h - keys that check signatures, by the names that RFC 7518 gives their algorithms.
 * A key knows one algorithm: there is no way to check with it by another.
 */
#ifndef BASE_VERIFY_H
#define BASE_VERIFY_H

#include <stdbool.h>

#include "base/span.h"

#define VERIFY_HS256_MIN 32   /* bytes of a secret (RFC 7518, section 3.2) */
#define VERIFY_RS256_MIN 2048 /* bits of a modulus */
#define VERIFY_RS256_MAX 8192 /* more only costs time */

struct verify_key; /* read-only: threads may share it */

/* Numbers are big-endian. NULL: too short, too long, or no point of its curve. The caller frees. */
struct verify_key *verify_key_hs256(struct span secret);
struct verify_key *verify_key_eddsa(struct span x); /* Ed25519, 32 bytes */
struct verify_key *verify_key_rs256(struct span n, struct span e);
struct verify_key *verify_key_es256(struct span x, struct span y); /* P-256, 32 bytes each */
void verify_key_free(struct verify_key *);                         /* NULL is fine */

/* True if the signature is the key's over data: of HS256 32 bytes, compared in constant time; of EdDSA 64; of ES256 64, r and s; of RS256
 * as long as the modulus. */
bool verify_signature(const struct verify_key *, struct span data, struct span signature);

#endif
