/* SPDX-License-Identifier: ISC */
/*
 * tail.h - the tail takes each new row of the log, whichever process wrote it, and delivers it. All
 * durable events come through it, and so all clients get them in one order. hub_check_log is in
 * hub.h. All functions belong to the loop's thread.
 */
#ifndef HUB_REPLAY_TAIL_H
#define HUB_REPLAY_TAIL_H

#include "hub/core.h"
#include "store/packed.h"

/* A new tail, which takes the rows after hub->position; the caller frees it. */
struct tail *tail_new(void);
void tail_free(struct tail *); /* after its job was collected or dropped; NULL is fine */

/* The list to which jobs_collect appends the rows that the writer has added to the log. The tail
 * owns the list. */
struct packed_list *tail_rows(struct tail *);
/* Delivers the rows that follow the last one. If rows between are missing, asks the reader's thread
 * for them. True: there are more rows to deliver in the next turn. */
bool tail_advance(struct hub *, struct hub_time);

#endif
