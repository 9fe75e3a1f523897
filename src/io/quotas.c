/* SPDX-License-Identifier: ISC */
/*
 * quotas.c - counted places by key. A key is in the map as long as it has a place.
 */
#include "io/quotas.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/map.h"
#include "base/mem.h"

struct quotas {
	size_t per_key;
	struct map keys;
};

struct quota {
	struct map_node node;
	struct quotas *quotas;
	size_t taken;
	char key[];
};

struct quotas *
quotas_new(size_t per_key)
{
	struct quotas *ps = mem_zalloc(sizeof(*ps));

	check(per_key > 0);
	ps->per_key = per_key;
	return ps;
}

void
quotas_free(struct quotas *ps)
{
	if (ps == NULL)
		return;
	check(ps->keys.count == 0);
	map_clear(&ps->keys);
	free(ps);
}

struct quota *
quota_take(struct quotas *ps, struct span key)
{
	struct map_node *node = map_find(&ps->keys, key);
	struct quota *p;

	if (node != NULL) {
		p = MAP_ENTRY(node, struct quota, node);
		if (p->taken >= ps->per_key)
			return NULL;
	} else {
		p = mem_zalloc(sizeof(*p) + key.n);
		p->quotas = ps;
		memcpy(p->key, key.p, key.n);
		map_insert(&ps->keys, &p->node, (struct span){p->key, key.n});
	}
	p->taken++;
	return p;
}

void
quota_give_back(struct quota *p)
{
	if (p == NULL || --p->taken > 0)
		return;
	map_remove(&p->quotas->keys, &p->node);
	free(p);
}

void
quota_check(const struct quota *p, size_t held)
{
	check(map_find(&p->quotas->keys, map_key(&p->node)) == &p->node);
	check(p->taken >= held && p->taken <= p->quotas->per_key);
}
