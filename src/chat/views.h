/* SPDX-License-Identifier: ISC */
/*
 * views.h - the JSON of everything that clients see of stored things, and of refusals.
 */
#ifndef CHAT_VIEWS_H
#define CHAT_VIEWS_H

#include "base/buf.h"
#include "chat/chat.h"
#include "store/escrows.h"
#include "store/queue.h"

/* {id, escrowId, senderId, senderRole?, content, timestamp, read, clientMsgId?} */
void view_message(struct buf *out, const struct message *, struct span escrow_id);

/* The data of a row of the log: of a message, made of it. */
void view_row(struct buf *out, const struct queue_row *);

/* {walletAddress, role}, an element of an array; for participants_each(). arg: the struct buf. */
bool view_participant(const struct participant *, void *arg);

/* {id, senderId, timestamp, content}: the content's first 200 code points. */
void view_message_brief(struct buf *out, const struct message *);

/* {type:"message_received", title, message, escrowId, timestamp}: never the content. */
void
view_message_notification(struct buf *out, struct span escrow_id, struct span title, int64_t at_ms);

/* {escrowId, messageId, readerId, upTo?} */
void view_message_read(struct buf *out, struct span escrow_id, const char *message_id,
    struct span reader, const char *up_to);

/* {ok:false, code, error} with the code's own sentence, or why. */
void view_refusal(struct buf *out, enum chat_err, const char *why);

/* {event, code, error, escrowId?} of a chat_error. */
void view_chat_error(
    struct buf *out, struct span event, enum chat_err, const char *why, struct span escrow_id);

#endif
