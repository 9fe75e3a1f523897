/* SPDX-License-Identifier: ISC */
/*
 * chatio.h - the chat over Socket.IO 4 at /socket.io/, as front ends with socket.io-client speak
 * it. All functions belong to the loop's thread.
 */
#ifndef WIRES_SOCKETIO_CHATIO_H
#define WIRES_SOCKETIO_CHATIO_H

#include "http/gate.h"
#include "hub/hub.h"
#include "wires/socketio/socketio.h"

struct chatio {
	struct hub *hub;
	const struct gate *gate;
	struct socketio *socketio; /* its route is socketio_handle */
};

struct chatio_limits {
	size_t max_strangers;      /* sessions whose user is not known yet */
	size_t max_payload;        /* bytes of one POST, or of one WebSocket message */
	struct accounts *accounts; /* count the bytes that wait to be read; borrowed */
};

/* chatio_init borrows loop, hub, gate and accounts; chatio_clear closes all of its sessions. */
void chatio_init(struct chatio *, struct loop *, struct hub *, const struct gate *,
    const struct chatio_limits *);
void chatio_clear(struct chatio *);

#endif
