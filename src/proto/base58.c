/* SPDX-License-Identifier: ISC */
/*
 * base58.c - converts a big number between base 256 and base 58; each leading zero byte is a '1'.
 */
#include "proto/base58.h"

#include <string.h>

#define TEXT_MAX_CHARS 88 /* of BASE58_MAX_BYTES */

static const char alphabet[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/* number = number * base + carry. Its digits go from 0 to size - 1, the least significant first.
 * False: it needs more than max digits. */
static bool
push(uint8_t *number, size_t *n, size_t max, unsigned base, unsigned size, unsigned carry)
{
	for (size_t i = 0; i < *n; i++) {
		carry += number[i] * base;
		number[i] = (uint8_t)(carry % size);
		carry /= size;
	}
	for (; carry > 0; carry /= size) {
		if (*n == max)
			return false;
		number[(*n)++] = (uint8_t)(carry % size);
	}
	return true;
}

bool
base58_decode(uint8_t out[BASE58_MAX_BYTES], size_t *n, struct span text)
{
	uint8_t number[BASE58_MAX_BYTES];
	size_t zeros = 0, len = 0;

	while (zeros < text.n && text.p[zeros] == alphabet[0])
		zeros++;
	if (zeros > BASE58_MAX_BYTES)
		return false;
	for (size_t i = zeros; i < text.n; i++) {
		const char *at = text.p[i] ? strchr(alphabet, text.p[i]) : NULL;

		if (!at || !push(number, &len, BASE58_MAX_BYTES - zeros, 58, 256,
			       (unsigned)(at - alphabet)))
			return false;
	}
	memset(out, 0, zeros);
	for (size_t i = 0; i < len; i++)
		out[zeros + i] = number[len - 1 - i];
	*n = zeros + len;
	return true;
}

bool
base58_encode(struct buf *out, struct span bytes)
{
	uint8_t number[TEXT_MAX_CHARS];
	size_t zeros = 0, len = 0;

	if (bytes.n > BASE58_MAX_BYTES)
		return false;
	while (zeros < bytes.n && bytes.p[zeros] == 0)
		zeros++;
	for (size_t i = zeros; i < bytes.n; i++) {
		if (!push(number, &len, TEXT_MAX_CHARS, 256, 58, (uint8_t)bytes.p[i]))
			return false;
	}
	for (size_t i = 0; i < zeros; i++)
		buf_addc(out, alphabet[0]);
	while (len > 0)
		buf_addc(out, alphabet[number[--len]]);
	return true;
}
