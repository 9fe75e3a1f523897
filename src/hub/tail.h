/* SPDX-License-Identifier: ISC */
/*
 * tail.h - the tail of the log: the one way in for every durable event, whichever process wrote it,
 * and so the one order out. All functions belong to the loop's thread.
 */
#ifndef HUB_TAIL_H
#define HUB_TAIL_H

#include "hub/core.h"
#include "store/fresh.h"

/* A tail that stands at hub->position; the caller frees it. */
struct tail *tail_new(void);
void tail_free(struct tail *); /* after its job was collected or dropped */

/* The list to whose end the rows come that the writer of this process has appended. The tail owns
 * it. */
struct fresh_list *tail_rows(struct tail *);
/* Hands out the rows that follow the last one. Where other rows must come first it asks the
 * reader's thread for them. True: there are more to hand out. */
bool tail_advance(struct hub *, struct hub_time);

#endif
