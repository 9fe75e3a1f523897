/* SPDX-License-Identifier: ISC */
/*
 * jwt.h - the platform's JSON Web Tokens (RFC 7519): signed, in the compact form (RFC 7515).
 * Which keys there are, and what each is good for, the file of keys says; a token only names one of them.
 */
#ifndef CHAT_JWT_H
#define CHAT_JWT_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"
#include "chat/names.h"

#define JWT_MAX      4096 /* bytes of a token */
#define JWT_KEYS_MAX 32
#define JWT_SKEW_MS  60000 /* how far the platform's clock may be from ours */

struct jwt; /* read-only: threads may share it */

struct jwt_rules { /* copied */
	const char *issuer,
	    *audience;     /* what iss must be and aud must name; "any": they are not looked at */
	const char *claim; /* the one that holds the wallet */
};

/* Reads a JWK Set (RFC 7517) of 1 to JWT_KEYS_MAX public keys and secrets: kty oct (HS256, at least 32 bytes), OKP with Ed25519 (EdDSA),
 * RSA (RS256, at least 2048 bits), EC with P-256 (ES256). Two keys and more need a kid each. The file as secret_read demands it. NULL: err
 * holds one line. */
struct jwt *jwt_load(const char *path, const struct jwt_rules *, struct buf *err);
void jwt_free(struct jwt *); /* NULL is fine */

struct jwt_claims {
	struct user user;
	int64_t issued_ms; /* iat; 0: it does not say */
	int64_t until_ms;  /* wall clock: it is valid up to then, skew included */
	bool is_early; /* all that is wrong with it: it is not valid yet; then *out is filled too */
	struct span
	    signed_part; /* into the token: what is signed, the same however the signature is spelt */
};

/* NULL: it is valid, and *out is filled. Else why it is not: a few words for the log, static. */
const char *
jwt_verify(const struct jwt *, struct span token, int64_t now_ms, struct jwt_claims *out);

#endif
