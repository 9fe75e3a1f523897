/* SPDX-License-Identifier: ISC */
/*
 * origin.c - decides which Origin is allowed: the configured ones, and the server's own.
 */
#include "identity/origin.h"

#include <stdlib.h>

#include "base/mem.h"

void
origin_list_init(struct origin_list *list, const struct config_list *urls)
{
	list->n = urls->n;
	list->v = mem_zalloc(list->n * sizeof(*list->v));
	for (size_t i = 0; i < list->n; i++)
		list->v[i] = mem_strdup(urls->v[i]);
}

void
origin_list_clear(struct origin_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i]);
	free(list->v);
	*list = (struct origin_list){0};
}

/* The request's Origin is scheme://Host of the request itself. */
static bool
is_own(const struct auth_request *r)
{
	struct span scheme = r->is_secure ? SPAN("https://") : SPAN("http://");
	struct span o = r->origin;

	if (r->host.n == 0 || o.n != scheme.n + r->host.n)
		return false;
	return span_eq_nocase((struct span){o.p, scheme.n}, scheme) &&
	       span_eq_nocase((struct span){o.p + scheme.n, r->host.n}, r->host);
}

/* Sandboxed frames and local files send "null". It is never allowed, even if it is configured. */
bool
origin_is_allowed(const struct origin_list *list, const struct auth_request *r)
{
	if (r->origin.n == 0 || span_eq_nocase(r->origin, SPAN("null")))
		return false;
	for (size_t i = 0; i < list->n; i++) {
		if (span_eq_nocase(r->origin, span_of(list->v[i])))
			return true;
	}
	return is_own(r);
}

struct span
origin_page(const struct origin_list *list, const struct auth_request *r)
{
	for (size_t i = 0; i < list->n; i++) {
		if (span_eq_nocase(r->origin, span_of(list->v[i])))
			return span_of(list->v[i]);
	}
	return span_of(list->n > 0 ? list->v[0] : "http://localhost");
}
