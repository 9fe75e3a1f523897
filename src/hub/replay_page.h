/* SPDX-License-Identifier: ISC */
/*
 * replay_page.h - one page of the log for a session that is behind: its question and its answer, on
 * the loop's thread. replay_page_job.h has the page itself.
 */
#ifndef HUB_REPLAY_PAGE_H
#define HUB_REPLAY_PAGE_H

#include "hub/replay_page_job.h"
#include "hub/subscription.h"

/* Sets the question: the rows of all subscriptions of the session that are behind. The page is
 * cleared with replay_page_clear. */
void replay_page_fill(struct replay_page *, const struct session *);
/* Frees all that the page has but the page itself, and leaves its job alone. */
void replay_page_clear(struct replay_page *);
/* True if the page was read for this subscription, and not for an earlier one to the same room. */
bool replay_page_has(const struct replay_page *, struct subscription *);

#endif
