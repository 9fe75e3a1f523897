/* SPDX-License-Identifier: ISC */
/*
 * limits.c - places by client address.
 */
#include "http/limits.h"

#include <stdlib.h>

#include "base/mem.h"

struct limits {
	const struct proxies *proxies;
	struct quotas *quotas; /* NULL: no limit */
};

struct limits *
limits_new(const struct proxies *proxies, size_t per_address)
{
	struct limits *l = mem_zalloc(sizeof(*l));

	l->proxies = proxies;
	l->quotas = per_address > 0 ? quotas_new(per_address) : NULL;
	return l;
}

void
limits_free(struct limits *l)
{
	if (l == NULL)
		return;
	quotas_free(l->quotas);
	free(l);
}

bool
limits_trust(const struct limits *l, struct span peer)
{
	return l->quotas != NULL && proxies_trust(l->proxies, peer);
}

bool
limits_take(struct limits *l, struct span peer, struct span forwarded_for, struct quota **out)
{
	char text[ADDRESS_SIZE];
	struct span address = address_of_client(l->proxies, peer, forwarded_for, text);

	*out = NULL;
	if (l->quotas == NULL || address.n == 0)
		return true;
	*out = quota_take(l->quotas, address);
	return *out != NULL;
}
