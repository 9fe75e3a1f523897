/* SPDX-License-Identifier: ISC */
/*
 * places.c - counted places by key. A key is in the map as long as it has a place.
 */
#include "io/places.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/map.h"
#include "base/mem.h"

struct places {
	size_t per_key;
	struct map keys;
};

struct place {
	struct map_node node;
	struct places *places;
	size_t taken;
	char key[];
};

struct places *
places_new(size_t per_key)
{
	struct places *ps = mem_zalloc(sizeof(*ps));

	check(per_key > 0);
	ps->per_key = per_key;
	return ps;
}

void
places_free(struct places *ps)
{
	if (ps == NULL)
		return;
	check(ps->keys.count == 0);
	map_clear(&ps->keys);
	free(ps);
}

struct place *
place_take(struct places *ps, struct span key)
{
	struct map_node *node = map_find(&ps->keys, key);
	struct place *p;

	if (node != NULL) {
		p = MAP_ENTRY(node, struct place, node);
		if (p->taken >= ps->per_key)
			return NULL;
	} else {
		p = mem_zalloc(sizeof(*p) + key.n);
		p->places = ps;
		memcpy(p->key, key.p, key.n);
		map_insert(&ps->keys, &p->node, (struct span){p->key, key.n});
	}
	p->taken++;
	return p;
}

void
place_give_back(struct place *p)
{
	if (p == NULL || --p->taken > 0)
		return;
	map_remove(&p->places->keys, &p->node);
	free(p);
}

void
place_check(const struct place *p, size_t held)
{
	check(map_find(&p->places->keys, map_key(&p->node)) == &p->node);
	check(p->taken >= held && p->taken <= p->places->per_key);
}
