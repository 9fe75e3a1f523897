/* SPDX-License-Identifier: ISC */
/*
 * messages.h - the events chat_message and message_read. All functions belong to the loop's thread.
 */
#ifndef HUB_VERBS_MESSAGES_H
#define HUB_VERBS_MESSAGES_H

#include "hub/session/call.h"

/* Stores a message. read[0] is its content, read[1] its clientMsgId. Answered when the tail has
 * passed the message's row. */
void message_begin(const struct incoming *);
/* Marks messages as read. Answered when the tail has passed the mark's row. */
void mark_begin(const struct incoming *);

#endif
