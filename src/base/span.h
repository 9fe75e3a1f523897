/* SPDX-License-Identifier: ISC */
/*
 * span.h - a borrowed run of bytes. Parsers take spans, and their results are spans of the input. A
 * span owns nothing and is not terminated; it may contain any byte, also NUL.
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

/* Compares without regard to the case of ASCII letters (field names, RFC 9110, section 5.1). */
bool span_eq_nocase(struct span a, struct span b);

/* Returns s without spaces and tabs at both ends (OWS, RFC 9110, section 5.6.3). */
struct span span_trim(struct span s);

/* Cuts *rest at the first sep: returns the part before it, and leaves the part after it in *rest.
 * If there is no sep: returns all, and rest->p is NULL. */
struct span span_cut(struct span *rest, char sep);

/* Reads a decimal number of digits only, at most max. False: s is anything else. */
bool span_u64(struct span s, unsigned long long max, unsigned long long *out);

#endif
