/* SPDX-License-Identifier: ISC */
/*
 * presence.h - which users are in a room, and which of them type there: per user, not per
 * connection. All functions belong to the loop's thread.
 */
#ifndef HUB_PRESENCE_H
#define HUB_PRESENCE_H

#include "hub/subscription.h"

struct presence {
	struct map_node node; /* in room->presences, by the wallet in user's name */
	struct topic *topic;
	struct topic *user; /* the user's own: it stays as long as they are in any room */
	uint32_t n_connections : 30;
	uint32_t is_present : 1; /* connected, or lost a moment ago */
	uint32_t is_typing : 1;
	uint32_t typing_relayed; /* mono ms, its lower half */
	uint64_t changed;        /* room->changes at the last join or leave */
	uint64_t typing_changed;
	struct timer grace, typing;
	char *name; /* as others see the user; NULL: as the key */
};

/* The presence of a user in a room, or NULL: nothing is known of them there. */
struct presence *presence_find(const struct topic *room, struct span wallet);
/* The name under which others see the user; lives as long as the presence. */
const char *presence_name(const struct presence *);
/* From now on others see the user under this name (copied). */
void presence_rename(struct presence *, const char *name);

/* A subscription is in the room from now on, or not any more. The first subscription of a user is
 * announced as user_joined. After the last one user_left follows, at once or, where the session was
 * lost, after a grace. */
void presence_join(struct subscription *, const char *name, struct hub_time);
void presence_leave(struct subscription *, enum session_end, struct hub_time);
/* A user, who has no connection in the room any more, was removed from it: their grace ends. */
void presence_removed(struct hub *, struct topic *room, struct span wallet, struct hub_time);

/* Appends "present":[...],"presentCount":n of a room (NULL: nobody is in it). */
void presence_list(const struct topic *room, struct buf *out);

/* Sends a session the presence and typing of a room that it missed: the latest state of each user.
 * False: there was none. */
bool presence_catch_up(struct subscription *, struct hub_time);
/* The subscription counts as one that has missed nothing. */
void presence_forget(struct subscription *);

/* A user types, or has stopped, in a room; the room is told. The user is that of the session, who
 * need not be in the room. Typing stops by itself after 3 s. */
void typing_start(struct topic *room, struct session *, const char *name, struct hub_time);
void typing_stop(struct hub *, struct topic *room, struct span wallet);
void typing_stop_all(struct hub *, const struct topic *user); /* in every room */

/* Runs the grace periods and typing time-outs that are due. */
void presence_tick(struct hub *, struct hub_time);
/* Frees the presences of a room, at the end of the hub. */
void presence_clear(struct hub *, struct room *);

#endif
