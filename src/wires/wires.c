/* SPDX-License-Identifier: ISC */
/*
 * wires.c - the list of wires.
 */
#include "wires/wires.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/mem.h"
#include "wires/native/native.h"
#include "wires/socketio/chatio.h"
#include "wires/streams/stream.h"

/* Their sessions are closed in this order. */
static const struct wire *const wires[] = {&native_wire, &socketio_wire, &streams_wire};

#define WIRES (sizeof(wires) / sizeof(wires[0]))

struct wire_set {
	struct web_route routes[WIRES * WIRE_ROUTES_MAX]; /* offset counts from the set */
	size_t n_routes;
	size_t offsets[WIRES]; /* of the state of each wire */
	max_align_t states[];
};

static void *
state_of(struct wire_set *w, size_t i)
{
	return (char *)w + w->offsets[i];
}

/* Gives each wire a place for its state. Returns the size of the whole set. */
static size_t
lay_out(size_t offsets[WIRES])
{
	size_t size = sizeof(struct wire_set), unit = sizeof(max_align_t);

	for (size_t i = 0; i < WIRES; i++) {
		offsets[i] = size;
		size += (wires[i]->size + unit - 1) / unit * unit;
	}
	return size;
}

struct wire_set *
wires_new(const struct wires_options *o)
{
	size_t offsets[WIRES], size = lay_out(offsets);
	struct wire_set *w = mem_zalloc(size);

	memcpy(w->offsets, offsets, sizeof(offsets));
	for (size_t i = 0; i < WIRES; i++) {
		const struct web_route *r = wires[i]->routes;
		for (; r < wires[i]->routes + WIRE_ROUTES_MAX && r->path != NULL; r++) {
			w->routes[w->n_routes] = *r;
			w->routes[w->n_routes++].offset += offsets[i];
		}
		wires[i]->begin(state_of(w, i), o);
	}
	return w;
}

void
wires_close(struct wire_set *w)
{
	for (size_t i = 0; w != NULL && i < WIRES; i++) {
		if (wires[i]->end != NULL)
			wires[i]->end(state_of(w, i));
	}
}

void
wires_free(struct wire_set *w)
{
	free(w);
}

struct web_routes
wires_routes(struct wire_set *w)
{
	return (struct web_routes){w->routes, w->n_routes, w};
}
