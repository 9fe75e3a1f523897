/* SPDX-License-Identifier: ISC */
/*
 * native.h - the native transport: JSON text frames at /ws, sub-protocol escrowchat.v1. All
 * functions belong to the loop's thread.
 */
#ifndef WIRES_NATIVE_NATIVE_H
#define WIRES_NATIVE_NATIVE_H

#include "http/gate.h"
#include "http/web.h"
#include "hub/hub.h"

struct native {
	struct hub *hub;
	const struct gate *gate;
	uint32_t max_message; /* bytes */
};

/* The handler of its route; owner is a struct native. */
void native_handle(struct web_request *, void *owner);

#endif
