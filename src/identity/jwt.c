/* SPDX-License-Identifier: ISC */
/*
 * jwt.c - the platform's tokens: the parts, the key, the signature and the claims are checked in
 * this order. Claims are read only after the signature. The header's jku, jwk, x5u and x5c are
 * ignored: keys come only from the file.
 */
#include "identity/jwt.h"

#include <stdlib.h>

#include "base/mem.h"
#include "crypto/secret.h"
#include "crypto/verify.h"
#include "proto/base64.h"

#define KEY_FILE_MAX 131072
#define KID_MAX      256
#define TIME_MAX     253402300799.0 /* s: the last of the year 9999 */

struct jwt_key {
	const char *alg;
	char *kid; /* NULL: it is the only key, and has none */
	size_t kid_len;
	struct verify_key *key;
};

struct jwt {
	char *issuer, *audience, *claim; /* issuer, audience NULL: any */
	struct jwt_key keys[JWT_KEYS_MAX];
	size_t n_keys;
};

/* ---- the file of keys ---- */

/* Decodes a member in base64url and appends its bytes to scratch. */
static struct span
key_bytes(const struct json *jwk, const char *name, struct buf *scratch)
{
	struct span text = {"", 0};
	size_t from = scratch->len;

	if (!json_string(json_get(jwk, name), &text) || !base64url_decode(scratch, text))
		return (struct span){"", 0};
	return (struct span){scratch->p + from, scratch->len - from};
}

static struct verify_key *
make_oct(const struct json *jwk, struct buf *scratch)
{
	return verify_key_hs256(key_bytes(jwk, "k", scratch));
}

static struct verify_key *
make_okp(const struct json *jwk, struct buf *scratch)
{
	return verify_key_eddsa(key_bytes(jwk, "x", scratch));
}

static struct verify_key *
make_rsa(const struct json *jwk, struct buf *scratch)
{
	struct span n = key_bytes(jwk, "n", scratch);

	return verify_key_rs256(n, key_bytes(jwk, "e", scratch));
}

static struct verify_key *
make_ec(const struct json *jwk, struct buf *scratch)
{
	struct span x = key_bytes(jwk, "x", scratch);

	return verify_key_es256(x, key_bytes(jwk, "y", scratch));
}

static const struct key_type {
	const char *kty, *crv; /* crv NULL: it has no curve */
	const char *alg;       /* the algorithm of such a key */
	struct verify_key *(*make)(const struct json *jwk, struct buf *scratch);
	const char *accepted;
} key_types[] = {
    {"oct", NULL, "HS256", make_oct, "k: a secret of at least 32 bytes in base64url is accepted"},
    {"OKP", "Ed25519", "EdDSA", make_okp, "x: an Ed25519 key of 32 bytes in base64url is accepted"},
    {"RSA", NULL, "RS256", make_rsa,
	"n, e: an RSA key of 2048 to 8192 bits in base64url is accepted"},
    {"EC", "P-256", "ES256", make_ec, "x, y: a point of P-256 in base64url is accepted"},
};

static bool
member_is(const struct json *object, const char *name, const char *wanted)
{
	struct span text;

	return json_string(json_get(object, name), &text) && span_is(text, wanted);
}

static bool
is_absent(const struct json *object, const char *name)
{
	return json_get(object, name) == NULL;
}

static const struct key_type *
key_type_of(const struct json *jwk)
{
	for (size_t i = 0; i < sizeof(key_types) / sizeof(*key_types); i++) {
		const struct key_type *t = &key_types[i];

		if (member_is(jwk, "kty", t->kty) &&
		    (t->crv == NULL || member_is(jwk, "crv", t->crv)))
			return t;
	}
	return NULL;
}

static const struct jwt_key *
key_of_kid(const struct jwt *jwt, struct span kid)
{
	for (size_t i = 0; i < jwt->n_keys; i++) {
		const struct jwt_key *k = &jwt->keys[i];

		if (k->kid != NULL && span_eq(kid, (struct span){k->kid, k->kid_len}))
			return k;
	}
	return NULL;
}

/* Adds one element of the set. NULL, or the reason for a refusal; it never contains a secret. */
static const char *
add_key(struct jwt *jwt, const struct json *jwk, bool is_only)
{
	const struct key_type *type = key_type_of(jwk);
	struct jwt_key *k = &jwt->keys[jwt->n_keys];
	struct buf scratch = {0};
	struct span kid = {"", 0};

	if (type == NULL)
		return "kty: oct, OKP with crv Ed25519, RSA, EC with crv P-256 are accepted";
	if (!is_absent(jwk, "alg") && !member_is(jwk, "alg", type->alg))
		return "alg: HS256 for oct, EdDSA for OKP, RS256 for RSA, ES256 for EC is accepted";
	if (!is_absent(jwk, "use") && !member_is(jwk, "use", "sig"))
		return "use: sig is accepted";
	if (!is_absent(jwk, "d"))
		return "d: this is a private key; the public one is accepted";
	if (!is_absent(jwk, "kid") &&
	    (!json_string(json_get(jwk, "kid"), &kid) || kid.n == 0 || kid.n > KID_MAX))
		return "kid: a string of 1 to 256 bytes is accepted";
	if (kid.n == 0 && !is_only)
		return "kid: each of several keys needs one";
	if (key_of_kid(jwt, kid) != NULL)
		return "kid: it is another key's too";
	/* Decoding makes nothing longer, so the buffer never moves and the spans stay valid. */
	buf_reserve(&scratch, KEY_FILE_MAX + 16);
	k->key = type->make(jwk, &scratch);
	secret_clear(&scratch);
	if (k->key == NULL)
		return type->accepted;
	k->alg = type->alg;
	k->kid = kid.n > 0 ? mem_dup(kid.p, kid.n) : NULL;
	k->kid_len = kid.n;
	jwt->n_keys++;
	return NULL;
}

static bool
add_keys(struct jwt *jwt, const struct json *set, const char *path, struct buf *err)
{
	const struct json *keys = json_get(set, "keys");
	size_t n = json_length(keys);

	if (n < 1 || n > JWT_KEYS_MAX) {
		buf_printf(
		    err, "%s: {\"keys\":[...]} with 1 to %d keys is accepted", path, JWT_KEYS_MAX);
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		const char *why = add_key(jwt, json_at(keys, i), n == 1);

		if (why != NULL) {
			buf_printf(err, "%s: key %zu: %s", path, i + 1, why);
			return false;
		}
	}
	return true;
}

/* NULL: any value is accepted. */
static char *
wanted(const char *value)
{
	return strcmp(value, "any") == 0 ? NULL : mem_strdup(value);
}

struct jwt *
jwt_load(const char *path, const struct jwt_rules *rules, struct buf *err)
{
	struct buf text = {0};
	struct json *set;
	struct jwt *jwt;
	const char *why = NULL;
	bool is_good;

	if (!secret_read(path, KEY_FILE_MAX, &text, err))
		return NULL;
	set = json_parse(buf_as_span(&text), &why);
	secret_clear(&text);
	if (set == NULL) {
		buf_printf(err, "%s: no JSON: %s", path, why);
		return NULL;
	}
	jwt = mem_zalloc(sizeof(*jwt));
	jwt->issuer = wanted(rules->issuer);
	jwt->audience = wanted(rules->audience);
	jwt->claim = mem_strdup(rules->claim);
	is_good = add_keys(jwt, set, path, err);
	json_free(set);
	if (is_good)
		return jwt;
	jwt_free(jwt);
	return NULL;
}

void
jwt_free(struct jwt *jwt)
{
	if (jwt == NULL)
		return;
	for (size_t i = 0; i < jwt->n_keys; i++) {
		free(jwt->keys[i].kid);
		verify_key_free(jwt->keys[i].key);
	}
	free(jwt->issuer);
	free(jwt->audience);
	free(jwt->claim);
	free(jwt);
}

/* ---- a token ---- */

struct token {
	struct span header, payload, signature; /* decoded; spans of text */
	struct buf text;
	struct json *json; /* of the header, then of the payload */
};

static bool
decode(struct buf *to, struct span part, struct span *out)
{
	size_t from = to->len;

	if (part.n == 0 || !base64url_decode(to, part))
		return false;
	*out = (struct span){to->p + from, to->len - from};
	return true;
}

static const char *
cut(struct token *t, struct span token, struct span *signed_part)
{
	struct span rest = token, header = span_cut(&rest, '.'), payload = {"", 0};

	if (token.n > JWT_MAX)
		return "it is too long";
	if (rest.p != NULL)
		payload = span_cut(&rest, '.');
	if (rest.p == NULL || memchr(rest.p, '.', rest.n) != NULL)
		return "it has not three parts";
	*signed_part = (struct span){token.p, header.n + 1 + payload.n};
	/* Decoding makes nothing longer, so the buffer never moves and the spans stay valid. */
	buf_reserve(&t->text, token.n + 16);
	if (!decode(&t->text, header, &t->header) || !decode(&t->text, payload, &t->payload) ||
	    !decode(&t->text, rest, &t->signature))
		return "a part is no base64url";
	return NULL;
}

static const char *
parse_part(struct token *t, struct span part)
{
	json_free(t->json);
	t->json = json_parse(part, NULL);
	return json_type(t->json) == JSON_OBJECT ? NULL : "a part is no JSON object";
}

/* kid only selects one of the loaded keys. If the token or the only key has no kid, the token means
 * that only key. The key decides the algorithm. */
static const char *
find_key(const struct jwt *jwt, const struct json *header, const struct jwt_key **out)
{
	const struct json *kid = json_get(header, "kid");
	struct span text;

	if (json_get(header, "crit") != NULL || json_get(header, "b64") != NULL)
		return "it demands an extension";
	if (kid != NULL && !json_string(kid, &text))
		return "kid is no string";
	if (kid != NULL && jwt->keys[0].kid != NULL)
		*out = key_of_kid(jwt, text);
	else
		*out = jwt->n_keys == 1 ? &jwt->keys[0] : NULL;
	if (*out == NULL)
		return "no such key";
	return member_is(header, "alg", (*out)->alg) ? NULL : "alg is not the key's";
}

/* A NumericDate (RFC 7519, section 2): seconds, perhaps with a fraction. */
static bool
read_time(const struct json *claim, int64_t *ms)
{
	double s;

	if (!json_number(claim, &s) || !(s >= 0))
		return false;
	*ms = (int64_t)((s < TIME_MAX ? s : TIME_MAX) * 1000);
	return true;
}

static const char *
check_times(const struct json *claims, int64_t now_ms, struct jwt_claims *out, bool *is_early)
{
	const struct json *nbf = json_get(claims, "nbf"), *iat = json_get(claims, "iat");
	int64_t exp, from = 0;

	if (!read_time(json_get(claims, "exp"), &exp))
		return "exp is missing or no time";
	if (nbf != NULL && !read_time(nbf, &from))
		return "nbf is no time";
	out->issued_ms = 0;
	if (iat != NULL && !read_time(iat, &out->issued_ms))
		return "iat is no time";
	out->until_ms = exp + JWT_SKEW_MS;
	if (now_ms >= out->until_ms)
		return "it has expired";
	/* A token from the future would stay valid when all earlier tokens are ended. */
	*is_early = now_ms < from - JWT_SKEW_MS || now_ms < out->issued_ms - JWT_SKEW_MS;
	return NULL;
}

/* aud is a string, or an array of them (RFC 7519, section 4.1.3). */
static bool
is_audience(const struct json *aud, const char *wanted_one)
{
	struct span text;

	if (json_string(aud, &text))
		return span_is(text, wanted_one);
	for (size_t i = 0; i < json_length(aud); i++) {
		if (json_string(json_at(aud, i), &text) && span_is(text, wanted_one))
			return true;
	}
	return false;
}

static const char *
check_claims(
    const struct jwt *jwt, const struct json *claims, int64_t now_ms, struct jwt_claims *out)
{
	bool is_early = false;
	const char *why = check_times(claims, now_ms, out, &is_early);
	struct span wallet;

	if (why != NULL)
		return why;
	if (jwt->issuer != NULL && !member_is(claims, "iss", jwt->issuer))
		return "iss is another";
	if (jwt->audience != NULL && !is_audience(json_get(claims, "aud"), jwt->audience))
		return "aud is another";
	if (!json_string(json_get(claims, jwt->claim), &wallet) || !name_wallet(wallet, &out->user))
		return "the claim is missing or no wallet";
	out->is_early = is_early;
	return is_early ? "it is not valid yet" : NULL;
}

static const char *
verify(const struct jwt *jwt, struct token *t, struct span token, int64_t now_ms,
    struct jwt_claims *out)
{
	const struct jwt_key *key;
	const char *why;

	if ((why = cut(t, token, &out->signed_part)) != NULL ||
	    (why = parse_part(t, t->header)) != NULL ||
	    (why = find_key(jwt, t->json, &key)) != NULL)
		return why;
	if (!verify_signature(key->key, out->signed_part, t->signature))
		return "the signature is not the key's";
	if ((why = parse_part(t, t->payload)) != NULL)
		return why;
	return check_claims(jwt, t->json, now_ms, out);
}

const char *
jwt_verify(const struct jwt *jwt, struct span token, int64_t now_ms, struct jwt_claims *out)
{
	struct token t = {0};
	const char *why = verify(jwt, &t, token, now_ms, out);

	json_free(t.json);
	buf_clear(&t.text);
	return why;
}
