/* SPDX-License-Identifier: ISC */
/*
 * rights.h - events that depend on the rights of their user in an escrow, which the loop's thread
 * does not know. All functions belong to the loop's thread.
 */
#ifndef HUB_RIGHTS_H
#define HUB_RIGHTS_H

#include "hub/rights_job.h"

/* Begins an event without an acknowledgement, of which the answer is the only effect: it is refused
 * where the user has no standing, else nothing happens. event is static. */
void rights_only(const struct incoming *, const char *event);
/* Looks up the standing of the call's user in its escrow. The call is refused where they have
 * none. */
void rights_read(struct rights_call *);
/* In the call's apply: true if the standing still holds. False: it may have changed since and is
 * looked up again; apply returns false. */
bool rights_stand(struct rights_call *);

#endif
