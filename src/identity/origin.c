/* SPDX-License-Identifier: ISC */
/*
 * origin.c - decides which Origin is allowed: the configured ones, and the server's own.
 */
#include "identity/origin.h"

#include <stdlib.h>

#include "base/mem.h"
#include "proto/url.h"

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

/* The Origin names the Host of the request, by http or ws, or by https or wss if the request came
 * so. Some clients outside of browsers name the URL of their WebSocket as Origin. */
static bool
is_own(const struct auth_request *r)
{
	struct url_origin o, own = {.scheme = r->is_secure ? SPAN("https") : SPAN("http")};

	if (!url_origin_parse(&o, r->origin) || !url_host_split(r->host, &own.host, &own.port))
		return false;
	if (own.port < 0)
		own.port = r->is_secure ? 443 : 80;
	if (span_eq_nocase(o.scheme, r->is_secure ? SPAN("wss") : SPAN("ws")))
		o.scheme = own.scheme;
	return url_origin_equal(&o, &own);
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
