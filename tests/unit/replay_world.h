/* SPDX-License-Identifier: ISC */
/*
 * replay_world.h - clients of hub_world.h that were away while alice posted.
 */
#ifndef REPLAY_WORLD_H
#define REPLAY_WORLD_H

#include "unit/hub_world.h"

/* Alice sends a message, by another process. */
static inline void
post(struct house *h, const char *escrow, const char *text)
{
	assert_int_equal(world_send(h->w, "alice", escrow, text), ERROR_NONE);
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

/* Carol was away while alice posted a text in 42. Carol is back with the cursor, but takes nothing
 * yet: call 1, which enters 42, waits for its replay. */
static inline struct client *
back_without_room(struct house *h, const char *text)
{
	const char *cursor = away(h);
	struct client *c;

	post(h, "42", text);
	turn(h);
	c = connect_as(h, "carol");
	c->room = 0;
	subscribe_from(c, "1", "42", cursor);
	return c;
}

#endif
