/* SPDX-License-Identifier: ISC */
/*
 * wires.h - the list of wires. A wire is one folder beside this file, and one row in wires.c. All
 * functions belong to the loop's thread.
 */
#ifndef WIRES_WIRES_H
#define WIRES_WIRES_H

#include "http/gate.h"
#include "http/web.h"

struct wires_options { /* what is behind the pointers is borrowed */
	struct loop *loop;
	struct hub *hub;
	const struct gate *gate;
	struct accounts *accounts; /* count the bytes that wait to be read */
	size_t max_message;        /* bytes of one WebSocket message at /ws */
	size_t max_body;           /* bytes of one POST, or of one Engine.IO message */
	size_t max_strangers;      /* Engine.IO sessions whose user is not known yet */
};

struct wire_set; /* the wires of one daemon */

struct wire_set *wires_new(const struct wires_options *);
/* Closes the sessions that are no connections: those of Socket.IO and of streams. No request may
 * come afterwards. NULL is fine. */
void wires_close(struct wire_set *);
/* After the last connection and the last job. NULL is fine. */
void wires_free(struct wire_set *);

/* The routes of all wires, which live as long as the set. */
struct web_routes wires_routes(struct wire_set *);

#endif
