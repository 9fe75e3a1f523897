/* SPDX-License-Identifier: ISC */
/*
 * views.h - the JSON of stored things as clients see them, and of refusals. Each function appends
 * to out.
 */
#ifndef CONTRACT_VIEWS_H
#define CONTRACT_VIEWS_H

#include "base/buf.h"
#include "contract/errors.h"
#include "store/tables/escrows.h"
#include "store/tables/eventlog.h"

/* {id, escrowId, senderId, senderRole?, content, timestamp, read, clientMsgId?} */
void view_message(struct buf *out, const struct message *, struct span escrow_id);

/* The data of a row of the log. If the row is a message, view_message makes the data. */
void view_row(struct buf *out, const struct eventlog_row *);

/* {walletAddress, role}, an element of an array. A callback of participants_each; arg is the struct
 * buf. */
bool view_participant(const struct participant *, void *arg);

/* {id, senderId, timestamp, content}: the content's first 200 code points. */
void view_message_brief(struct buf *out, const struct message *);

/* {type:"message_received", title, message, escrowId, timestamp}, without the content. at_ms: wall
 * ms. */
void
view_message_notification(struct buf *out, struct span escrow_id, struct span title, int64_t at_ms);

/* {escrowId, messageId, readerId, upTo?} */
void view_message_read(struct buf *out, struct span escrow_id, const char *message_id,
    struct span reader, const char *up_to);

/* {ok:false, code, error}; error is why or, if that is NULL, error_text. */
void view_refusal(struct buf *out, enum error, const char *why);

/* {event, code, error, escrowId?}, the data of the event chat_error; why as above. */
void view_chat_error(
    struct buf *out, struct span event, enum error, const char *why, struct span escrow_id);

#endif
