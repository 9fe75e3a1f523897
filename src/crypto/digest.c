/* SPDX-License-Identifier: ISC */
/*
 * digest.c - the door to libcrypto: SHA-1, SHA-256, HMAC, comparison in constant time.
 */
#include "crypto/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <stdlib.h>

/* The algorithms are looked up once: that takes libcrypto longer than a short digest. */
static EVP_MD *sha1, *sha256;

static void
look_up(void)
{
	sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (sha1 == NULL || sha256 == NULL)
		abort(); /* this libcrypto does not have them */
}

static void
look_up_once(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, look_up);
}

void
digest_sha1(uint8_t out[DIGEST_SHA1_SIZE], struct span data)
{
	look_up_once();
	if (EVP_Digest(data.p, data.n, out, NULL, sha1, NULL) != 1)
		abort(); /* no memory */
}

void
digest_sha256(uint8_t out[DIGEST_SHA256_SIZE], struct span data)
{
	look_up_once();
	if (EVP_Digest(data.p, data.n, out, NULL, sha256, NULL) != 1)
		abort(); /* no memory */
}

/* A struct digest is libcrypto's context. */
struct digest *
digest_begin(void)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	if (context == NULL || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1)
		abort(); /* no memory */
	return (struct digest *)context;
}

void
digest_add(struct digest *d, struct span data)
{
	EVP_DigestUpdate((EVP_MD_CTX *)d, data.p, data.n);
}

void
digest_end(struct digest *d, uint8_t out[DIGEST_SHA256_SIZE])
{
	EVP_DigestFinal_ex((EVP_MD_CTX *)d, out, NULL);
	EVP_MD_CTX_free((EVP_MD_CTX *)d);
}

void
digest_hmac_sha256(uint8_t out[DIGEST_SHA256_SIZE], struct span key, struct span data)
{
	HMAC(EVP_sha256(), key.p, (int)key.n, (const unsigned char *)data.p, data.n, out, NULL);
}

void
digest_hex(char *out, const uint8_t *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		*out++ = digits[bytes[i] >> 4];
		*out++ = digits[bytes[i] & 15];
	}
	*out = '\0';
}

bool
digest_equal(const void *a, const void *b, size_t n)
{
	return CRYPTO_memcmp(a, b, n) == 0;
}
