/* SPDX-License-Identifier: ISC */
/*
 * typing.h - the events typing_start and typing_stop. All functions belong to the loop's thread.
 */
#ifndef HUB_TYPING_H
#define HUB_TYPING_H

#include "hub/call.h"

/* CALL_AT_ONCE for a session in the room; CALL_READ for a participant outside of it, who may type
 * too, but whose rights have to be read. */
enum call_kind typing_kind(const struct incoming *);
/* Begins the event; refused where the role of the user may not write. */
void typing_start_begin(const struct incoming *);
void typing_stop_begin(const struct incoming *);

#endif
