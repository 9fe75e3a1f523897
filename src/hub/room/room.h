/* SPDX-License-Identifier: ISC */
/*
 * room.h - a session enters a room, leaves it, or is removed from it. All functions belong to the
 * loop's thread.
 */
#ifndef HUB_ROOM_ROOM_H
#define HUB_ROOM_ROOM_H

#include "hub/session/call.h"

/* Puts a session into a room, and joins its presence. The caller begins the delivery with
 * subscription_begin. checked: the log's head when the standing was read. */
struct subscription *room_enter(struct session *, struct span escrow_id, const struct standing *,
    int64_t position, int64_t checked, struct hub_time);
/* Takes a session out of a room, and frees the subscription: no event of the room follows. end says
 * whether user_left follows at once or after a grace. */
void room_leave(struct subscription *, enum session_end, struct hub_time);
/* Takes a session out of a room in which its user is no participant any more: tells the session
 * chat_error `removed` and the room user_left. A subscribe_escrow that waits for the replay is
 * refused; the caller calls calls_advance for that. */
void room_remove(struct subscription *, struct hub_time);

#endif
