/* SPDX-License-Identifier: ISC */
/*
 * rights.h - events that depend on the standing of their user in an escrow. The reader's thread
 * looks the standing up. All functions belong to the loop's thread.
 */
#ifndef HUB_ROOM_RIGHTS_H
#define HUB_ROOM_RIGHTS_H

#include "hub/room/rights_job.h"

/* Begins an event that asks for no acknowledgement, although its answer is its only effect. It is
 * refused if the user has no standing; else it does nothing. */
void rights_only(const struct incoming *);
/* Looks up the standing of the call's user in its escrow. A call without standing is refused. */
void rights_read(struct rights_call *);
/* Called in apply: true if the standing still holds. False: it may have changed since, so it is
 * looked up again; apply returns false, too. */
bool rights_stand(struct rights_call *);

#endif
