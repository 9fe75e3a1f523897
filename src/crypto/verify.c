/* SPDX-License-Identifier: ISC */
/*
 * verify.c - checks signatures with libcrypto: HS256, EdDSA, RS256, ES256. The errors that
 * libcrypto records are cleared: callers need only true or false.
 */
#include "crypto/verify.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <stdlib.h>

#include "base/mem.h"
#include "crypto/digest.h"

#define ED25519_KEY   32
#define P256_NUMBER   32
#define EXPONENT_BITS 64

struct verify_key {
	bool (*check)(const struct verify_key *, struct span data, struct span signature);
	EVP_PKEY *pkey; /* for public keys; else NULL */
	char *secret;   /* for HS256; else NULL */
	size_t secret_len;
};

static const unsigned char *
bytes(struct span s)
{
	return (const unsigned char *)s.p;
}

/* Takes ownership of pkey. Returns NULL if pkey is NULL. */
static struct verify_key *
key_new(EVP_PKEY *pkey, bool (*check)(const struct verify_key *, struct span, struct span))
{
	struct verify_key *key;

	ERR_clear_error();
	if (pkey == NULL)
		return NULL;
	key = mem_zalloc(sizeof(*key));
	key->pkey = pkey;
	key->check = check;
	return key;
}

void
verify_key_free(struct verify_key *key)
{
	if (key == NULL)
		return;
	EVP_PKEY_free(key->pkey);
	if (key->secret != NULL)
		explicit_bzero(key->secret, key->secret_len);
	free(key->secret);
	free(key);
}

static bool
check_by_evp(
    const struct verify_key *key, const EVP_MD *md, struct span data, struct span signature)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool is_good =
	    ctx != NULL && EVP_DigestVerifyInit(ctx, NULL, md, NULL, key->pkey) == 1 &&
	    EVP_DigestVerify(ctx, bytes(signature), signature.n, bytes(data), data.n) == 1;

	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return is_good;
}

/* Makes a public key from its parameters, and frees bld. */
static EVP_PKEY *
pkey_from(const char *type, OSSL_PARAM_BLD *bld)
{
	OSSL_PARAM *params = bld != NULL ? OSSL_PARAM_BLD_to_param(bld) : NULL;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *pkey = NULL;

	if (params == NULL || ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
		pkey = NULL;
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	return pkey;
}

/* ---- HS256 ---- */

static bool
check_hs256(const struct verify_key *key, struct span data, struct span signature)
{
	unsigned char mac[DIGEST_SHA256_SIZE];
	unsigned int n = 0;

	if (HMAC(EVP_sha256(), key->secret, (int)key->secret_len, bytes(data), data.n, mac, &n) ==
	    NULL)
		return false;
	return signature.n == sizeof(mac) && n == sizeof(mac) &&
	       digest_equal(mac, signature.p, sizeof(mac));
}

struct verify_key *
verify_key_hs256(struct span secret)
{
	struct verify_key *key;

	if (secret.n < VERIFY_HS256_MIN)
		return NULL;
	key = mem_zalloc(sizeof(*key));
	key->check = check_hs256;
	key->secret = mem_dup(secret.p, secret.n);
	key->secret_len = secret.n;
	return key;
}

/* ---- EdDSA ---- */

static bool
check_eddsa(const struct verify_key *key, struct span data, struct span signature)
{
	return check_by_evp(key, NULL, data, signature);
}

struct verify_key *
verify_key_eddsa(struct span x)
{
	if (x.n != ED25519_KEY)
		return NULL;
	return key_new(
	    EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, bytes(x), x.n), check_eddsa);
}

/* ---- RS256 ---- */

static bool
check_rs256(const struct verify_key *key, struct span data, struct span signature)
{
	return signature.n == (size_t)EVP_PKEY_get_size(key->pkey) &&
	       check_by_evp(key, EVP_sha256(), data, signature);
}

struct verify_key *
verify_key_rs256(struct span n, struct span e)
{
	BIGNUM *modulus = n.n <= VERIFY_RS256_MAX / 8 ? BN_bin2bn(bytes(n), (int)n.n, NULL) : NULL;
	BIGNUM *exponent = e.n <= EXPONENT_BITS / 8 ? BN_bin2bn(bytes(e), (int)e.n, NULL) : NULL;
	bool is_good = modulus != NULL && exponent != NULL &&
		       BN_num_bits(modulus) >= VERIFY_RS256_MIN && BN_is_odd(modulus) &&
		       BN_is_odd(exponent) && !BN_is_one(exponent);
	OSSL_PARAM_BLD *bld = is_good ? OSSL_PARAM_BLD_new() : NULL;
	EVP_PKEY *pkey = NULL;

	if (bld != NULL && OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, modulus) == 1 &&
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, exponent) == 1)
		pkey = pkey_from("RSA", bld);
	else
		OSSL_PARAM_BLD_free(bld);
	BN_free(modulus);
	BN_free(exponent);
	return key_new(pkey, check_rs256);
}

/* ---- ES256 ---- */

/* libcrypto needs r and s in DER; the signature has them as plain numbers (RFC 7518, section
 * 3.4). */
static bool
check_es256(const struct verify_key *key, struct span data, struct span signature)
{
	ECDSA_SIG *numbers = ECDSA_SIG_new();
	BIGNUM *r, *s;
	unsigned char *der = NULL;
	int n = 0;
	bool is_good = false;

	if (signature.n != 2 * P256_NUMBER || numbers == NULL) {
		ECDSA_SIG_free(numbers);
		return false;
	}
	r = BN_bin2bn(bytes(signature), P256_NUMBER, NULL);
	s = BN_bin2bn(bytes(signature) + P256_NUMBER, P256_NUMBER, NULL);
	if (ECDSA_SIG_set0(numbers, r, s) == 1 && (n = i2d_ECDSA_SIG(numbers, &der)) > 0)
		is_good = check_by_evp(
		    key, EVP_sha256(), data, (struct span){(const char *)der, (size_t)n});
	OPENSSL_free(der);
	ECDSA_SIG_free(numbers);
	return is_good;
}

struct verify_key *
verify_key_es256(struct span x, struct span y)
{
	unsigned char point[1 + 2 * P256_NUMBER] = {POINT_CONVERSION_UNCOMPRESSED};
	OSSL_PARAM_BLD *bld;
	EVP_PKEY *pkey = NULL;

	if (x.n != P256_NUMBER || y.n != P256_NUMBER)
		return NULL;
	memcpy(point + 1, x.p, x.n);
	memcpy(point + 1 + P256_NUMBER, y.p, y.n);
	bld = OSSL_PARAM_BLD_new();
	if (bld != NULL &&
	    OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) ==
		1 &&
	    OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)) ==
		1)
		pkey = pkey_from("EC", bld);
	else
		OSSL_PARAM_BLD_free(bld);
	return key_new(pkey, check_es256);
}

/* ---- all algorithms ---- */

bool
verify_signature(const struct verify_key *key, struct span data, struct span signature)
{
	return key->check(key, data, signature);
}
