/* SPDX-License-Identifier: ISC */
/*
 * jwt.h - the platform's JSON Web Tokens (RFC 7519): signed, in the compact form (RFC 7515). The
 * file of keys decides which keys there are and which algorithm each has; a token only names one.
 */
#ifndef IDENTITY_JWT_H
#define IDENTITY_JWT_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"
#include "contract/names.h"

#define JWT_MAX      4096 /* bytes of a token */
#define JWT_KEYS_MAX 32
#define JWT_SKEW_MS  60000 /* how far the platform's clock may be from ours */

struct jwt; /* read-only: threads may share it */

struct jwt_rules {                     /* copied */
	const char *issuer, *audience; /* the values that iss and aud must have; "any": unchecked */
	const char *claim;             /* the name of the claim that holds the wallet */
};

/* Reads a JWK Set (RFC 7517) of 1 to JWT_KEYS_MAX public keys and secrets: kty oct (HS256, at least
 * 32 bytes), OKP with Ed25519 (EdDSA), RSA (RS256, at least 2048 bits), EC with P-256 (ES256). If
 * there are several keys, each needs a kid. secret_read says which files are accepted. NULL: err
 * holds one line. */
struct jwt *jwt_load(const char *path, const struct jwt_rules *, struct buf *err);
void jwt_free(struct jwt *); /* NULL is fine */

struct jwt_claims {
	struct user user;
	int64_t issued_ms; /* iat; 0: the token has none */
	int64_t until_ms;  /* wall ms: exp and JWT_SKEW_MS */
	/* The token is refused only because it is not valid yet; all other members are set. */
	bool is_early;
	/* Header and payload, a span of the token. One signature can be spelt in several ways, but
	 * this part has one spelling. */
	struct span signed_part;
};

/* Verifies a token at now_ms (wall clock). out must be all zero before. NULL: the token is valid,
 * and *out is filled. Else the reason, in a few words for a log line, static. */
const char *
jwt_verify(const struct jwt *, struct span token, int64_t now_ms, struct jwt_claims *out);

#endif
