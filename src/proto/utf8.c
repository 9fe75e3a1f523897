/* SPDX-License-Identifier: ISC */
/*
 * utf8.c - checks UTF-8: ASCII by machine words, other characters by the ranges of the Unicode
 * Standard's table 3-7.
 */
#include "proto/utf8.h"

#include <string.h>

#define HIGH_BITS UINT64_C(0x8080808080808080)

/* The end of the run of ASCII that begins at p. */
static const uint8_t *
skip_ascii(const uint8_t *p, const uint8_t *end)
{
	uint64_t a, b;

	while (end - p >= 16) {
		memcpy(&a, p, 8);
		memcpy(&b, p + 8, 8);
		if ((a | b) & HIGH_BITS)
			break;
		p += 16;
	}
	while (p < end && *p < 0x80)
		p++;
	return p;
}

/* Sets how many bytes follow a lead byte, and the range of the first of them, which excludes
 * overlong forms, surrogates and code points above U+10FFFF. False: no character begins with this
 * byte. */
static bool
lead(struct utf8 *u, uint8_t c)
{
	u->low = 0x80;
	u->high = 0xbf;
	if (c < 0x80) {
		u->need = 0;
		return true;
	}
	if (c < 0xc2 || c > 0xf4)
		return false;
	u->need = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
	if (c == 0xe0)
		u->low = 0xa0;
	else if (c == 0xed)
		u->high = 0x9f;
	else if (c == 0xf0)
		u->low = 0x90;
	else if (c == 0xf4)
		u->high = 0x8f;
	return true;
}

static bool
follow(struct utf8 *u, uint8_t c)
{
	if (c < u->low || c > u->high)
		return false;
	u->low = 0x80;
	u->high = 0xbf;
	u->need--;
	return true;
}

bool
utf8_feed(struct utf8 *u, struct span piece)
{
	const uint8_t *p = (const uint8_t *)piece.p, *end;
	struct utf8 now = *u; /* a copy, which the compiler can keep in registers */

	if (piece.n == 0)
		return true;
	end = p + piece.n;
	while (p < end) {
		if (now.need == 0 && *p < 0x80) {
			p = skip_ascii(p, end);
			continue;
		}
		if (now.need == 0 ? !lead(&now, *p) : !follow(&now, *p))
			return false;
		p++;
	}
	*u = now;
	return true;
}

bool
utf8_valid(struct span s)
{
	struct utf8 u = {0};

	return utf8_feed(&u, s) && utf8_is_whole(&u);
}

bool
utf8_next(struct span *rest, uint32_t *point)
{
	static const uint8_t lead_bits[] = {0x7f, 0x1f, 0x0f, 0x07};
	const uint8_t *p = (const uint8_t *)rest->p;
	struct utf8 u = {0};
	uint32_t value;
	size_t n = 1;

	if (rest->n == 0 || !lead(&u, p[0]))
		return false;
	value = p[0] & lead_bits[u.need];
	while (u.need > 0) {
		if (n == rest->n || !follow(&u, p[n]))
			return false;
		value = value << 6 | (p[n++] & 0x3f);
	}
	rest->p += n;
	rest->n -= n;
	*point = value;
	return true;
}

size_t
utf8_length(struct span s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += ((uint8_t)s.p[i] & 0xc0) != 0x80;
	return n;
}

static bool
is_space(uint32_t c)
{
	return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0xa0 || c == 0x1680 ||
	       (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
	       c == 0x205f || c == 0x3000 || c == 0xfeff;
}

struct span
utf8_trim(struct span s)
{
	struct span rest = s, last;
	uint32_t point;

	while (utf8_next(&rest, &point) && is_space(point))
		s = rest;
	while (s.n > 0) {
		size_t n = 1;

		while (n < s.n && n < 4 && ((uint8_t)s.p[s.n - n] & 0xc0) == 0x80)
			n++;
		last = (struct span){s.p + s.n - n, n};
		if (!utf8_next(&last, &point) || last.n > 0 || !is_space(point))
			break;
		s.n -= n;
	}
	return s;
}
