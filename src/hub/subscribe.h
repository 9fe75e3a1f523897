/* SPDX-License-Identifier: ISC */
/*
 * subscribe.h - the events subscribe_escrow, unsubscribe_escrow and presence. All functions belong
 * to the loop's thread.
 */
#ifndef HUB_SUBSCRIBE_H
#define HUB_SUBSCRIBE_H

#include "hub/call.h"

/* Each begins an event. The kinds depend on the session: a recoverable one enters and leaves rooms
 * by a job of the writer. */
void subscribe_begin(const struct incoming *);
enum call_kind subscribe_kind(const struct incoming *);
void unsubscribe_begin(const struct incoming *);
enum call_kind unsubscribe_kind(const struct incoming *);
void presence_begin(const struct incoming *);

#endif
