/* SPDX-License-Identifier: ISC */
/*
 * standing.h - a user's standing together with the escrow, for the actions of this floor.
 */
#ifndef CHAT_STANDING_H
#define CHAT_STANDING_H

#include "chat/chat.h"

/* chat_standing, which also gives the escrow; escrow->id is 0 if there is none yet (rooms =
 * open). */
enum error standing_find(struct store *, const struct rules *, const struct user *,
    struct span escrow_id, struct standing *out, struct escrow *escrow);

/* The standing of a participant. */
struct standing standing_of(const struct participant *, int64_t escrow);

/* The final error of an action: ERROR_UNAVAILABLE if a statement failed, else the one given. After
 * a failure statements find nothing, so the error of the rules would be misleading. */
enum error standing_verdict(struct store *, enum error);

#endif
