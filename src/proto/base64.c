/* SPDX-License-Identifier: ISC */
/*
 * base64.c - RFC 4648, both alphabets.
 */
#include "proto/base64.h"

#include <stdint.h>

#define BAD 0xff

static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void
encode(struct buf *out, struct span s, const char *alphabet, bool is_padded)
{
	const uint8_t *p = (const uint8_t *)s.p;
	char *to = buf_reserve(out, (s.n + 2) / 3 * 4), *from = to;

	while (s.n > 0) {
		uint32_t v = (uint32_t)p[0] << 16;

		v |= s.n > 1 ? (uint32_t)p[1] << 8 : 0;
		v |= s.n > 2 ? (uint32_t)p[2] : 0;
		*to++ = alphabet[v >> 18];
		*to++ = alphabet[v >> 12 & 63];
		if (s.n > 1)
			*to++ = alphabet[v >> 6 & 63];
		if (s.n > 2)
			*to++ = alphabet[v & 63];
		for (size_t i = s.n; i < 3 && is_padded; i++)
			*to++ = '=';
		if (s.n <= 3)
			break;
		p += 3;
		s.n -= 3;
	}
	out->len += (size_t)(to - from);
}

static uint8_t
digit(char c, const char *alphabet)
{
	if (c >= 'A' && c <= 'Z')
		return (uint8_t)(c - 'A');
	if (c >= 'a' && c <= 'z')
		return (uint8_t)(c - 'a' + 26);
	if (c >= '0' && c <= '9')
		return (uint8_t)(c - '0' + 52);
	return c == alphabet[62] ? 62 : c == alphabet[63] ? 63 : BAD;
}

/* Digits without padding. */
static bool
decode(struct buf *out, struct span s, const char *alphabet)
{
	char *to = buf_reserve(out, s.n / 4 * 3 + 3), *from = to;
	uint32_t v = 0;
	unsigned bits = 0;

	if (s.n % 4 == 1)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		uint8_t d = digit(s.p[i], alphabet);

		if (d == BAD)
			return false;
		v = v << 6 | d;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			*to++ = (char)(v >> bits & 0xff);
		}
	}
	if (v & ((1u << bits) - 1))
		return false;
	out->len += (size_t)(to - from);
	return true;
}

void
base64_encode(struct buf *out, struct span s)
{
	encode(out, s, standard, true);
}

bool
base64_decode(struct buf *out, struct span s)
{
	if (s.n % 4 != 0)
		return false;
	for (int i = 0; i < 2 && s.n > 0 && s.p[s.n - 1] == '='; i++)
		s.n--;
	return decode(out, s, standard);
}

void
base64url_encode(struct buf *out, struct span s)
{
	encode(out, s, url_safe, false);
}

bool
base64url_decode(struct buf *out, struct span s)
{
	return decode(out, s, url_safe);
}
