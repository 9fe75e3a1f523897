/* SPDX-License-Identifier: ISC */
/*
 * subscribe.h - the events subscribe_escrow, unsubscribe_escrow and presence. All functions belong
 * to the loop's thread.
 */
#ifndef HUB_VERBS_SUBSCRIBE_H
#define HUB_VERBS_SUBSCRIBE_H

#include "hub/session/call.h"

/* Each *_begin begins its event; each *_kind says which kind the event is. A recoverable session
 * enters and leaves rooms by a job of the writer, so these events are CALL_WRITE for it. */
void subscribe_begin(const struct incoming *);
enum call_kind subscribe_kind(const struct incoming *);
void unsubscribe_begin(const struct incoming *);
enum call_kind unsubscribe_kind(const struct incoming *);
void presence_begin(const struct incoming *);

#endif
