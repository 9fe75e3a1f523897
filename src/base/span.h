/* SPDX-License-Identifier: ISC */
/*
 * span.h - a borrowed run of bytes: what every parser takes and points back into.
 * A span owns nothing and is not terminated; it may hold any byte, NUL too.
 */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct span {
	const char *p;
	size_t n;
};

/* A span over a string literal. */
#define SPAN(lit) ((struct span){"" lit, sizeof(lit) - 1})

/* A span over a terminated string; NULL gives the empty span. */
static inline struct span
span_of(const char *s)
{
	return (struct span){s ? s : "", s ? strlen(s) : 0};
}

static inline bool
span_eq(struct span a, struct span b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool
span_is(struct span a, const char *s)
{
	return span_eq(a, span_of(s));
}

/* ASCII letters compare without case (RFC 9110, field names and tokens). */
bool span_eq_nocase(struct span a, struct span b);

/* Without spaces and tabs at both ends (OWS of RFC 9110, section 5.6.3). */
struct span span_trim(struct span s);

/* Cuts *rest at the first sep: returns what stands before it and leaves what stands after.
 * Without a sep: returns all, and rest->p is NULL. */
struct span span_cut(struct span *rest, char sep);

/* A decimal number, digits only, at most max. False for anything else. */
bool span_u64(struct span s, unsigned long long max, unsigned long long *out);

#endif
