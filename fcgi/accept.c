/* SPDX-License-Identifier: ISC */
/*
 * accept.c - media ranges and their weights. Parameters other than q are ignored: each of our types
 * has one form only.
 */
#include "fcgi/accept.h"

#define EVERYTHING 1000

/* "0", "1", "0.25": up to three digits behind the point, at most 1. */
static bool
weight_read(struct span text, int *out)
{
	int scale = 1000;

	if (text.n < 1 || text.n > 5 || (text.p[0] != '0' && text.p[0] != '1') ||
	    (text.n > 1 && text.p[1] != '.'))
		return false;
	*out = (text.p[0] - '0') * scale;
	for (size_t i = 2; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
		*out += (text.p[i] - '0') * (scale /= 10);
	}
	return *out <= EVERYTHING;
}

/* Reads one element "type/subtype;q=…" of the field. False: it is malformed. */
static bool
range_read(struct span element, struct span *range, int *weight)
{
	*range = span_trim(span_cut(&element, ';'));
	*weight = EVERYTHING;
	if (!memchr(range->p, '/', range->n))
		return false;
	while (element.p) {
		struct span value = span_cut(&element, ';'),
			    name = span_trim(span_cut(&value, '='));

		if (span_eq_nocase(name, SPAN("q")))
			return value.p && weight_read(span_trim(value), weight);
	}
	return true;
}

/* 0: the range does not cover the type; else 1 to 3, the greater the more specific the range is. */
static int
closeness(struct span range, struct span type)
{
	struct span subtype = type, major = span_cut(&subtype, '/');

	if (span_eq_nocase(range, type))
		return 3;
	if (range.n == major.n + 2 && range.p[major.n] == '/' && range.p[major.n + 1] == '*' &&
	    span_eq_nocase((struct span){range.p, major.n}, major))
		return 2;
	return span_is(range, "*/*") ? 1 : 0;
}

int
accept_quality(struct span field, struct span type)
{
	int best = 0, quality = 0;
	bool is_readable = false;

	while (field.p) {
		struct span range, element = span_cut(&field, ',');
		int weight, close;

		if (!range_read(element, &range, &weight))
			continue;
		is_readable = true;
		close = closeness(range, type);
		if (close > best) {
			best = close;
			quality = weight;
		}
	}
	return is_readable ? quality : EVERYTHING;
}

struct span
accept_best(struct span field, const char *types)
{
	struct span rest = span_of(types), best = {"", 0};
	int most = 0;

	while (rest.p) {
		struct span type = span_cut(&rest, ' ');
		int quality = accept_quality(field, type);

		if (quality > most) {
			most = quality;
			best = type;
		}
	}
	return best;
}
