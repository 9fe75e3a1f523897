/* SPDX-License-Identifier: ISC */
/*
 * wires.h - the wires of a daemon together. A wire is one folder beside this file, with a row
 * (wire.h) that wires.c lists. All functions belong to the loop's thread.
 */
#ifndef WIRES_WIRES_H
#define WIRES_WIRES_H

#include "wires/wire.h"

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
