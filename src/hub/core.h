/* SPDX-License-Identifier: ISC */
/*
 * core.h - the hub itself: the members that all of its modules share. The rest of its state is in
 * structs that only their own module can look into.
 *
 * Each module includes only modules that stand before it in this list. tests/unit/doors.sh reads
 * the list and checks this:
 *
 *   event budget                bytes, limits
 *   transport connect hub.h     what the transports and the program see of the hub
 *   core topic                  the hub, its topics by name
 *   session                     one client, and how it is told something
 *   subscription                one session in one topic: one state, one mover
 *   presence typing_state       who is in a room and who types there
 *   job changes recent          work for other threads; what the tail has passed lately
 *   call                        the events of one session, in order
 *   recoverable room            entering, leaving, being removed
 *   replay_page replay          what a session missed
 *   expiry                      sessions that rest on a token
 *   session_lookup opening        the beginning of sessions
 *   recovery                    sessions that can come back
 *   closing                     the end of sessions
 *   rights subscribe typing     the events that clients send
 *   messages history verbs
 *   membership                  a user's membership or tokens have changed
 *   tail                        the one way in for durable events
 *   hub_start hub walk          the log's position at the start; the hub and its turns;
 *                               hub_check, which recounts the whole hub
 *
 * Code that runs on another thread than the loop's is in a file called MODULE_job.c. The structs
 * that two threads share are in MODULE_job.h, which says when they belong to which thread.
 */
#ifndef HUB_CORE_H
#define HUB_CORE_H

#include <sys/queue.h>

#include "base/map.h"
#include "base/timers.h"
#include "hub/hub.h"

/* Time-outs of constant length, each kind in a list of its own. */
enum timer_kind {
	/* starts when a user's last connection in a room is lost; at its end they have left */
	TIMER_GRACE,
	TIMER_TYPING, /* at its end typing stops */
	TIMER_PULL,   /* at its end a session pulls again */
	TIMER_LOST,   /* at its end a lost session cannot be recovered any more */
	TIMER_KINDS
};

struct hub {
	struct hub_options options;
	char incarnation[INCARNATION_SIZE];
	int64_t position;  /* of the last row of the log that the tail has taken */
	struct map topics; /* struct topic, by name */
	size_t n_rooms;
	TAILQ_HEAD(session_list, session) sessions;
	size_t n_sessions;
	size_t n_leaving; /* sessions whose client is gone, and whose calls are not done */
	/* Of the next seat of any session. It may wrap: a serial only tells a seat from others of
	 * the same session, while one page of the log is read. */
	uint32_t next_serial;
	struct timer_list timers[TIMER_KINDS];
	uint64_t delivered, bad_rows;
	bool is_healthy;
	char full_text[ERROR_FULL_SIZE];      /* see hub_full_text */
	int64_t *spent_events, *spent_replay; /* by wallet, see budget.h */

	/* Ends and frees a session that is leaving, when its calls are done (closing.c). It is a
	 * pointer, since call.c stands before closing.c in the list. */
	void (*end_session)(struct session *, struct hub_time);

	struct jobs *jobs;
	struct changes *changes;
	struct recent *recent;
	struct timer_heap expiries; /* see expiry.c */
	struct recovery *recovery;
	struct tail *tail;
};

#define ROOMS_MAX 200 /* rooms of one session, unless the options say otherwise */

static inline size_t
hub_max_rooms(const struct hub *hub)
{
	return hub->options.max_rooms > 0 ? hub->options.max_rooms : ROOMS_MAX;
}

static inline const char *
hub_cursor(const struct hub *hub, char out[CURSOR_SIZE], int64_t position)
{
	return cursor_format(out, hub->incarnation, position);
}

#endif
