/* SPDX-License-Identifier: ISC */
/*
 * preflight.c - the names of header fields that a page asks for with a CORS preflight.
 */
#include "proto/preflight.h"

#include "proto/http.h"

static bool
is_safe(struct span name)
{
	return name.n <= PREFLIGHT_NAME_MAX_BYTES && http_is_token(name) && !span_is(name, "*");
}

size_t
preflight_names(struct buf *out, struct span requested)
{
	size_t n = 0;

	while (requested.p != NULL && n < PREFLIGHT_NAMES_MAX) {
		struct span name = span_trim(span_cut(&requested, ','));

		if (!is_safe(name))
			continue;
		buf_str(out, n++ > 0 ? ", " : "");
		buf_span(out, name);
	}
	return n;
}
