/* SPDX-License-Identifier: ISC */
/*
 * presence.h - which users are in a room, however many connections they have. A user who only types
 * in a room (typing_state.h) has a presence too. All functions belong to the loop's thread.
 */
#ifndef HUB_ROOM_PRESENCE_H
#define HUB_ROOM_PRESENCE_H

#include "hub/room/subscription.h"

struct presence {
	struct map_node node; /* in room->presences, by the wallet in user's name */
	struct topic *topic;
	struct topic *user; /* the user's own: it stays as long as they are in any room */
	uint32_t n_connections : 30;
	uint32_t is_present : 1; /* connected, or lost and in the grace */
	uint32_t is_typing : 1;
	uint32_t typing_relayed; /* mono ms, lower 32 bits: when the room was told last */
	uint32_t changed;        /* room->changes at the last join or leave */
	uint32_t typing_changed; /* room->changes when typing began or stopped last */
	struct rare_timer grace, typing;
	char *name; /* under which others see the user; NULL: the key */
};

/* The presence of a user in a room, or NULL: there is none. */
struct presence *presence_find(const struct topic *room, struct span wallet);
/* The presence of a user in a room, made if there is none; others see them under this name from now
 * on. user: their own topic. The caller counts a connection or sets is_typing. */
struct presence *presence_get(struct topic *room, struct topic *user, const char *name);
/* Frees a presence if its user is neither in the room nor types there, and nobody needs to be told
 * of it later; and the room if that was the last. */
void presence_release(struct hub *, struct presence *);
/* The name under which others see the user; lives as long as the presence. */
const char *presence_name(const struct presence *);
/* From now on others see the user under this name (copied). */
void presence_rename(struct presence *, const char *name);

/* Counts a subscription as in the room, or not any more. The first subscription of a user is
 * announced as user_joined. After the last one user_left follows: at once or, if the session was
 * lost, after a grace. */
void presence_join(struct subscription *, const char *name, struct hub_time);
void presence_leave(struct subscription *, enum session_end, struct hub_time);
/* Ends the grace of a user who was removed from a room; does nothing if they still have a
 * connection in the room, or are not present. */
void presence_removed(struct hub *, struct topic *room, struct span wallet, struct hub_time);

/* Sends {escrowId, walletAddress, ...} to everybody in the room except that user; or to one session
 * that has missed it before, as a frame that no full queue refuses. member: "timestamp", whose
 * value is in wall ms, or the name of a boolean. only: NULL for everybody. */
void presence_tell(const struct presence *, const char *event, const char *member, int64_t value,
    struct session *only);

/* Appends "present":[...],"presentCount":n of a room (NULL: an empty room). */
void presence_list(const struct topic *room, struct buf *out);

/* Sends the session of a subscription the presence and typing that it missed: the latest state of
 * each user. False: nothing was sent. */
bool presence_catch_up(struct subscription *, struct hub_time);
/* From now on the subscription counts as one that has missed no presence or typing. */
void presence_forget(struct subscription *);

/* Ends the grace periods that are due. */
void presence_tick(struct hub *, struct hub_time);
/* Frees the presences of a room, at the end of the hub. */
void presence_clear(struct hub *, struct room *);

#endif
