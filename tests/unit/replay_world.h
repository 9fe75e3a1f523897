/* SPDX-License-Identifier: ISC */
/*
 * replay_world.h - clients of hub_world.h that were away while alice posted.
 */
#ifndef REPLAY_WORLD_H
#define REPLAY_WORLD_H

#include "hub_world.h"

/* Alice sends a message, by another process. */
static inline void
post(struct house *h, const char *escrow, const char *text)
{
	assert_int_equal(world_send(h->w, "alice", escrow, text), CHAT_OK);
}

/* Returns a cursor of carol in room 42, which carol has left again. */
static inline const char *
away(struct house *h)
{
	static char cursor[CURSOR_SIZE];
	struct client *c = enter(h, "carol", "42");

	snprintf(cursor, sizeof(cursor), "%s", cursor_of(c, "42"));
	client_close(c, SESSION_LEFT);
	return cursor;
}

#endif
