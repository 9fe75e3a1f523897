/* SPDX-License-Identifier: ISC */
/*
 * standing.h - a user's standing together with the escrow it is in: for the verbs of this floor.
 */
#ifndef CHAT_STANDING_H
#define CHAT_STANDING_H

#include "chat/chat.h"

/* chat_standing, and the escrow itself; escrow->id is 0 where there is none yet (rooms = open). */
enum chat_err standing_find(struct store *, const struct rules *, const struct user *,
    struct span escrow_id, struct standing *out, struct escrow *escrow);

/* The standing of one who is listed. */
struct standing standing_of(const struct participant *, int64_t escrow);

/* What a verb answers in the end: a statement's failure outweighs whatever the rules made of finding nothing. */
enum chat_err standing_verdict(struct store *, enum chat_err);

#endif
