/* SPDX-License-Identifier: ISC */
/*
 * history.h - the event history. All functions belong to the loop's thread.
 */
#ifndef HUB_VERBS_HISTORY_H
#define HUB_VERBS_HISTORY_H

#include "hub/session/call.h"

/* Reads a page of messages, and answers with it. The bytes of the page count like bytes of a replay
 * against the wallet. An event without ack is refused if the user has no standing, and else does
 * nothing, since the answer is its only effect. */
void history_begin(const struct incoming *);

#endif
