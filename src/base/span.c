/* SPDX-License-Identifier: ISC */
/*
 * span.c - comparing, trimming and cutting borrowed runs of bytes.
 */
#include "base/span.h"

static unsigned char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (unsigned char)(c + ('a' - 'A')) : (unsigned char)c;
}

bool
span_eq_nocase(struct span a, struct span b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (lower(a.p[i]) != lower(b.p[i]))
			return false;
	return true;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct span
span_trim(struct span s)
{
	while (s.n > 0 && is_blank(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n > 0 && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

struct span
span_cut(struct span *rest, char sep)
{
	const char *at = rest->n > 0 ? memchr(rest->p, sep, rest->n) : NULL;
	struct span head = *rest;

	if (at == NULL) {
		*rest = (struct span){NULL, 0};
		return head;
	}
	head.n = (size_t)(at - head.p);
	*rest = (struct span){at + 1, rest->n - head.n - 1};
	return head;
}

bool
span_u64(struct span s, unsigned long long max, unsigned long long *out)
{
	unsigned long long value = 0;

	if (s.n == 0)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		if (__builtin_mul_overflow(value, 10ULL, &value) ||
		    __builtin_add_overflow(value, (unsigned long long)(s.p[i] - '0'), &value) ||
		    value > max)
			return false;
	}
	*out = value;
	return true;
}
