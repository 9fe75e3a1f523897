/* SPDX-License-Identifier: ISC */
/*
 * limits.c - places by client address. An address is in the map as long as it has a place.
 */
#include "net/limits.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/map.h"
#include "base/mem.h"

struct limits {
	const struct proxies *proxies;
	size_t per_address;
	struct map addresses;
};

struct place { /* all places of an address are this one, counted */
	struct map_node node;
	struct limits *limits;
	size_t taken;
	char address[CLIENT_ADDRESS_SIZE];
};

struct limits *
limits_new(const struct proxies *proxies, size_t per_address)
{
	struct limits *l = mem_zalloc(sizeof(*l));

	l->proxies = proxies;
	l->per_address = per_address;
	return l;
}

void
limits_free(struct limits *l)
{
	if (l == NULL)
		return;
	map_clear(&l->addresses);
	free(l);
}

bool
limits_looks_behind(const struct limits *l, struct span peer)
{
	return l->per_address > 0 && proxies_trust(l->proxies, peer);
}

bool
limits_take(struct limits *l, struct span peer, struct span forwarded_for, struct place **out)
{
	char text[CLIENT_ADDRESS_SIZE];
	struct span address = client_address(l->proxies, peer, forwarded_for, text);
	struct map_node *node;
	struct place *p;

	*out = NULL;
	if (l->per_address == 0 || address.n == 0)
		return true;
	if ((node = map_find(&l->addresses, address)) != NULL) {
		p = MAP_ENTRY(node, struct place, node);
		if (p->taken >= l->per_address)
			return false;
	} else {
		p = mem_zalloc(sizeof(*p));
		p->limits = l;
		memcpy(p->address, text, sizeof(text));
		map_insert(&l->addresses, &p->node, (struct span){p->address, address.n});
	}
	p->taken++;
	*out = p;
	return true;
}

void
place_give_back(struct place *p)
{
	if (p == NULL || --p->taken > 0)
		return;
	map_remove(&p->limits->addresses, &p->node);
	free(p);
}

void
place_check(const struct place *p, size_t held)
{
	check(map_find(&p->limits->addresses, map_key(&p->node)) == &p->node);
	check(p->taken >= held && p->taken <= p->limits->per_address);
}
