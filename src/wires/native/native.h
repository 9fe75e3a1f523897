/* SPDX-License-Identifier: ISC */
/*
 * native.h - the native transport: JSON text frames at /ws, sub-protocol escrowchat.v1. All
 * functions belong to the loop's thread.
 */
#ifndef WIRES_NATIVE_NATIVE_H
#define WIRES_NATIVE_NATIVE_H

#include "wires/wire.h"

extern const struct wire native_wire;

#endif
