/* SPDX-License-Identifier: ISC */
/*
 * replay_page.h - one page of the log for a session that is behind: its question and its answer, on
 * the loop's thread. replay_page_job.h has the page itself.
 */
#ifndef HUB_REPLAY_REPLAY_PAGE_H
#define HUB_REPLAY_REPLAY_PAGE_H

#include "hub/replay/replay_page_job.h"
#include "hub/room/subscription.h"

/* Sets the question of a page: the rows for all subscriptions of the session that are behind. The
 * caller clears the page with replay_page_clear. */
void replay_page_fill(struct replay_page *, const struct session *);
/* Frees the members of a page, but neither the page itself nor its job. */
void replay_page_clear(struct replay_page *);
/* True if the page was read for this subscription, and not for an earlier one to the same room. */
bool replay_page_has(const struct replay_page *, struct subscription *);

#endif
