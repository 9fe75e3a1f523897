/* SPDX-License-Identifier: ISC */
/*
 * timers.c - lists and heaps of timers.
 */
#include "base/timers.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"

#define HEAP_FIRST 32

/* ---- lists ---- */

void
timer_list_init(struct timer_list *list)
{
	TAILQ_INIT(list);
}

bool
timer_is_armed(const struct timer *t)
{
	return t->link.tqe_prev != NULL;
}

void
timer_stop(struct timer_list *list, struct timer *t)
{
	if (!timer_is_armed(t))
		return;
	TAILQ_REMOVE(list, t, link);
	t->link.tqe_prev = NULL;
}

void
timer_start(struct timer_list *list, struct timer *t, int64_t at)
{
	const struct timer *last;

	timer_stop(list, t);
	last = TAILQ_LAST(list, timer_list);
	t->at = last != NULL && last->at > at ? last->at : at;
	TAILQ_INSERT_TAIL(list, t, link);
}

struct timer *
timer_list_due(struct timer_list *list, int64_t now)
{
	struct timer *first = TAILQ_FIRST(list);

	if (first == NULL || first->at > now)
		return NULL;
	timer_stop(list, first);
	return first;
}

int64_t
timer_list_next(const struct timer_list *list)
{
	const struct timer *first = TAILQ_FIRST(list);

	return first != NULL ? first->at : INT64_MAX;
}

size_t
timer_list_check(const struct timer_list *list)
{
	int64_t last = INT64_MIN;
	const struct timer *t;
	size_t n = 0;

	TAILQ_FOREACH (t, list, link) {
		check(t->at >= last);
		last = t->at;
		n++;
	}
	return n;
}

/* ---- rare timers ---- */

struct rare_armed {
	struct timer timer;
	struct rare_timer *rare;
};

static struct rare_timer *
rare_of(const struct timer *t)
{
	return t != NULL ? TIMER_OWNER(t, struct rare_armed, timer)->rare : NULL;
}

void
rare_timer_start(struct timer_list *list, struct rare_timer *r, int64_t at)
{
	if (r->armed == NULL) {
		r->armed = mem_zalloc(sizeof(*r->armed));
		r->armed->rare = r;
	}
	timer_start(list, &r->armed->timer, at);
}

void
rare_timer_stop(struct timer_list *list, struct rare_timer *r)
{
	if (r->armed == NULL)
		return;
	timer_stop(list, &r->armed->timer);
	free(r->armed);
	r->armed = NULL;
}

bool
rare_timer_is_armed(const struct rare_timer *r)
{
	return r->armed != NULL;
}

struct rare_timer *
rare_timer_first(const struct timer_list *list)
{
	return rare_of(TAILQ_FIRST(list));
}

struct rare_timer *
rare_timer_after(const struct rare_timer *r)
{
	return rare_of(TAILQ_NEXT(&r->armed->timer, link));
}

struct rare_timer *
rare_timer_due(struct timer_list *list, int64_t now)
{
	struct rare_timer *first = rare_timer_first(list);

	if (first == NULL || first->armed->timer.at > now)
		return NULL;
	rare_timer_stop(list, first);
	return first;
}

/* ---- heaps ---- */

void
timer_heap_clear(struct timer_heap *heap)
{
	free(heap->slots);
	*heap = (struct timer_heap){0};
}

static void
put(struct timer_heap *heap, size_t slot, struct heap_timer *t)
{
	heap->slots[slot] = t;
	t->slot = slot;
}

/* Puts t into the slot, or above or below it. */
static void
settle(struct timer_heap *heap, size_t slot, struct heap_timer *t)
{
	struct heap_timer **slots = heap->slots;

	for (; slot > 1 && slots[slot / 2]->at > t->at; slot /= 2)
		put(heap, slot, slots[slot / 2]);
	for (size_t child; (child = slot * 2) <= heap->n; slot = child) {
		if (child < heap->n && slots[child + 1]->at < slots[child]->at)
			child++;
		if (slots[child]->at >= t->at)
			break;
		put(heap, slot, slots[child]);
	}
	put(heap, slot, t);
}

void
heap_timer_start(struct timer_heap *heap, struct heap_timer *t, int64_t at)
{
	t->at = at;
	if (t->slot == 0) {
		if (heap->n + 1 >= heap->capacity) {
			heap->capacity = heap->capacity ? heap->capacity * 2 : HEAP_FIRST;
			heap->slots =
			    mem_realloc(heap->slots, heap->capacity, sizeof(struct heap_timer *));
		}
		t->slot = ++heap->n;
	}
	settle(heap, t->slot, t);
}

void
heap_timer_stop(struct timer_heap *heap, struct heap_timer *t)
{
	struct heap_timer *last;

	if (t->slot == 0)
		return;
	last = heap->slots[heap->n--];
	if (last != t)
		settle(heap, t->slot, last);
	t->slot = 0;
}

struct heap_timer *
timer_heap_due(struct timer_heap *heap, int64_t now)
{
	struct heap_timer *first = heap->n > 0 ? heap->slots[1] : NULL;

	if (first == NULL || first->at > now)
		return NULL;
	heap_timer_stop(heap, first);
	return first;
}

int64_t
timer_heap_next(const struct timer_heap *heap)
{
	return heap->n > 0 ? heap->slots[1]->at : INT64_MAX;
}

void
timer_heap_check(const struct timer_heap *heap)
{
	for (size_t i = 1; i <= heap->n; i++)
		check(heap->slots[i]->slot == i &&
		      (i == 1 || heap->slots[i / 2]->at <= heap->slots[i]->at));
}
