/* SPDX-License-Identifier: ISC */
/*
 * lanes.c - jobs that wait, taken in turn. A lane exists while a job waits in it.
 */
#include "store/threads/lanes.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"

struct lane {
	struct map_node node; /* in by_number; its key is number */
	TAILQ_ENTRY(lane) turn;
	struct lane_places places;
	size_t waiting;
	uint32_t number;
};

uint32_t
lane_of(struct span wallet)
{
	uint32_t number = (uint32_t)map_hash(wallet);

	return number != 0 ? number : 1;
}

static struct span
key_of(const uint32_t *number)
{
	return (struct span){(const char *)number, sizeof(*number)};
}

static struct lane *
lane_find(const struct lanes *ls, uint32_t number)
{
	struct map_node *node = map_find(&ls->by_number, key_of(&number));

	return node != NULL ? MAP_ENTRY(node, struct lane, node) : NULL;
}

static struct lane *
lane_new(struct lanes *ls, uint32_t number)
{
	struct lane *l = mem_zalloc(sizeof(*l));

	l->number = number;
	STAILQ_INIT(&l->places);
	map_insert(&ls->by_number, &l->node, key_of(&l->number));
	TAILQ_INSERT_TAIL(&ls->turns, l, turn);
	return l;
}

void
lanes_init(struct lanes *ls)
{
	*ls = (struct lanes){0};
	TAILQ_INIT(&ls->turns);
}

void
lanes_clear(struct lanes *ls)
{
	check(ls->waiting == 0);
	map_clear(&ls->by_number);
}

void
lanes_add(struct lanes *ls, struct lane_place *place)
{
	struct lane *l = lane_find(ls, place->lane);

	if (l == NULL)
		l = lane_new(ls, place->lane);
	place->number = ++ls->added;
	STAILQ_INSERT_TAIL(&l->places, place, link);
	l->waiting++;
	ls->waiting++;
}

struct lane_place *
lanes_first(const struct lanes *ls)
{
	const struct lane *l = TAILQ_FIRST(&ls->turns);

	return l != NULL ? STAILQ_FIRST(&l->places) : NULL;
}

struct lane_place *
lanes_take(struct lanes *ls)
{
	struct lane *l = TAILQ_FIRST(&ls->turns);
	struct lane_place *place;

	if (l == NULL)
		return NULL;
	place = STAILQ_FIRST(&l->places);
	STAILQ_REMOVE_HEAD(&l->places, link);
	TAILQ_REMOVE(&ls->turns, l, turn);
	ls->waiting--;
	if (--l->waiting > 0) {
		TAILQ_INSERT_TAIL(&ls->turns, l, turn);
	} else {
		map_remove(&ls->by_number, &l->node);
		free(l);
	}
	return place;
}

size_t
lanes_waiting_in(const struct lanes *ls, uint32_t number)
{
	const struct lane *l = lane_find(ls, number);

	return l != NULL ? l->waiting : 0;
}
