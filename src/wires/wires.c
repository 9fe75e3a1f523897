/* SPDX-License-Identifier: ISC */
/*
 * wires.c - the list of wires: the beginning, the end and the paths of each one.
 */
#include "wires/wires.h"

#include <stdlib.h>

#include "base/mem.h"
#include "wires/native/native.h"
#include "wires/socketio/chatio.h"
#include "wires/streams/stream.h"

struct wire_set {
	struct native native;
	struct chatio chatio;
	struct streams streams;
};

static void
begin_native(struct wire_set *w, const struct wires_options *o)
{
	w->native = (struct native){o->hub, o->gate, (uint32_t)o->max_message};
}

static void
begin_socketio(struct wire_set *w, const struct wires_options *o)
{
	chatio_init(&w->chatio, o->loop, o->hub, o->gate,
	    &(struct chatio_limits){o->max_strangers, o->max_body, o->accounts});
}

static void
end_socketio(struct wire_set *w)
{
	chatio_clear(&w->chatio);
}

static void
begin_streams(struct wire_set *w, const struct wires_options *o)
{
	streams_init(&w->streams, o->hub, o->gate, o->loop);
}

static void
end_streams(struct wire_set *w)
{
	streams_clear(&w->streams);
	emit_clear(&w->streams);
}

#define OWN(member) offsetof(struct wire_set, member)

/* A row for each wire. end closes its sessions, in the order of the rows; NULL: each of its
 * sessions is a connection, and ends with it. */
static const struct {
	void (*begin)(struct wire_set *, const struct wires_options *);
	void (*end)(struct wire_set *);
} wires[] = {
    {begin_native, NULL},
    {begin_socketio, end_socketio},
    {begin_streams, end_streams},
};

static const struct web_route routes[] = {
    {"/ws", native_handle, OWN(native), web_little_body},
    {"/socket.io/", socketio_handle, OWN(chatio.socketio), socketio_max_body},
    {"/events", sse_handle, OWN(streams), web_little_body},
    {"/poll", poll_handle, OWN(streams), web_little_body},
    {"/emit", emit_handle, OWN(streams), emit_max_body},
};

struct wire_set *
wires_new(const struct wires_options *o)
{
	struct wire_set *w = mem_zalloc(sizeof(*w));

	for (size_t i = 0; i < sizeof(wires) / sizeof(wires[0]); i++)
		wires[i].begin(w, o);
	return w;
}

void
wires_close(struct wire_set *w)
{
	for (size_t i = 0; w != NULL && i < sizeof(wires) / sizeof(wires[0]); i++) {
		if (wires[i].end != NULL)
			wires[i].end(w);
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
	return (struct web_routes){routes, sizeof(routes) / sizeof(routes[0]), w};
}
