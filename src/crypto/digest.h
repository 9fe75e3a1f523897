/* SPDX-License-Identifier: ISC */
/*
 * digest.h - SHA-1, SHA-256, HMAC, and a comparison in constant time, by libcrypto.
 */
#ifndef CRYPTO_DIGEST_H
#define CRYPTO_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

#define DIGEST_SHA1_SIZE   20
#define DIGEST_SHA256_SIZE 32

/* SHA-1 is only for Sec-WebSocket-Accept (RFC 6455, section 4.2.2). */
void digest_sha1(uint8_t out[DIGEST_SHA1_SIZE], struct span data);
void digest_sha256(uint8_t out[DIGEST_SHA256_SIZE], struct span data);

/* SHA-256 of data that comes in pieces. digest_end frees the struct. */
struct digest;
struct digest *digest_begin(void);
void digest_add(struct digest *, struct span data);
void digest_end(struct digest *, uint8_t out[DIGEST_SHA256_SIZE]);

/* HMAC-SHA256 (RFC 2104). */
void digest_hmac_sha256(uint8_t out[DIGEST_SHA256_SIZE], struct span key, struct span data);

/* Writes n bytes in lower-case hex and terminates them: out has room for 2 * n + 1 bytes. */
void digest_hex(char *out, const uint8_t *bytes, size_t n);

/* True if n bytes are equal. The time depends only on n. */
bool digest_equal(const void *a, const void *b, size_t n);

#endif
