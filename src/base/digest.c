/* SPDX-License-Identifier: ISC */
/*
 * digest.c - the door to libcrypto: SHA-1, SHA-256, HMAC, comparison in constant time.
 */
#include "base/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdlib.h>

void
digest_sha1(uint8_t out[DIGEST_SHA1_SIZE], struct span data)
{
	SHA1((const unsigned char *)data.p, data.n, out);
}

void
digest_sha256(uint8_t out[DIGEST_SHA256_SIZE], struct span data)
{
	SHA256((const unsigned char *)data.p, data.n, out);
}

/* Really libcrypto's context. */
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
