/* SPDX-License-Identifier: ISC */
/*
 * chatio.h - the chat over Socket.IO 4 at /socket.io/, as front ends with socket.io-client speak
 * it. All functions belong to the loop's thread.
 */
#ifndef WIRES_SOCKETIO_CHATIO_H
#define WIRES_SOCKETIO_CHATIO_H

#include "wires/wire.h"

extern const struct wire socketio_wire;

#endif
