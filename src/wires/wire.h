/* SPDX-License-Identifier: ISC */
/*
 * wire.h - the row of a wire: its beginning, its end and its paths. Each folder beside this file
 * defines one; wires.c lists them. All functions belong to the loop's thread.
 */
#ifndef WIRES_WIRE_H
#define WIRES_WIRE_H

#include "config/config.h"
#include "http/gate.h"
#include "http/web.h"

#define WIRE_ROUTES_MAX 4

struct wires_options { /* what is behind the pointers is borrowed */
	struct loop *loop;
	struct hub *hub;
	const struct gate *gate;
	struct accounts *accounts;             /* count the bytes that wait to be read */
	enum config_recovery recovery_clients; /* of Socket.IO */
	size_t max_message;                    /* bytes of one WebSocket message at /ws */
	size_t max_body;                       /* bytes of one POST, or of one Engine.IO message */
	size_t max_strangers;                  /* Engine.IO sessions whose user is not known yet */
};

struct wire {
	size_t size; /* of the wire's state, which begin gets as size bytes of 0 */
	void (*begin)(void *state, const struct wires_options *);
	/* Closes all of its sessions. NULL: each of them is a connection, and ends with it. */
	void (*end)(void *state);
	/* Its paths; the first without a path ends them. offset counts from the state. */
	struct web_route routes[WIRE_ROUTES_MAX];
};

#endif
