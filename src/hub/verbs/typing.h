/* SPDX-License-Identifier: ISC */
/*
 * typing.h - the events typing_start and typing_stop. typing_state.h has the state of typing and
 * its time-out of 3 s. All functions belong to the loop's thread.
 */
#ifndef HUB_VERBS_TYPING_H
#define HUB_VERBS_TYPING_H

#include "hub/session/call.h"

/* CALL_AT_ONCE for a session in the room. CALL_READ for any other session: its user may type too,
 * if they are a participant, and the reader looks that up. */
enum call_kind typing_kind(const struct incoming *);
/* Each begins its event. typing_start is refused if the role of the user may not write. */
void typing_start_begin(const struct incoming *);
void typing_stop_begin(const struct incoming *);

#endif
