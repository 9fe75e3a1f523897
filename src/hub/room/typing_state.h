/* SPDX-License-Identifier: ISC */
/*
 * typing_state.h - which users type in a room, however many connections they have. Typing stops by
 * itself 3 s after the last typing_start. typing.h has the events that clients send. All functions
 * belong to the loop's thread.
 */
#ifndef HUB_ROOM_TYPING_STATE_H
#define HUB_ROOM_TYPING_STATE_H

#include "hub/room/presence.h"

/* Tells a room that the user of a session types there. The session need not be in the room. A call
 * within 1 s of the last one that the room was told only moves the time-out. */
void typing_start(struct topic *room, struct session *, const char *name, struct hub_time);
/* Tells a room that a user has stopped; does nothing if they do not type. May free a presence of a
 * user who is not in the room, and the room with it. */
void typing_stop(struct hub *, struct topic *room, struct span wallet);
void typing_stop_all(struct hub *, const struct topic *user); /* in every room */
/* Stops the typing of a user if this is their last subscription to the room. The caller then calls
 * presence_leave. */
void typing_leave(struct subscription *);

/* Stops the typing whose time-out is due. */
void typing_tick(struct hub *, struct hub_time);

#endif
