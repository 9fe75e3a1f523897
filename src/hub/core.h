/* SPDX-License-Identifier: ISC */
/*
 * core.h - the hub itself: the few things that all of its modules share. Each module keeps the rest
 * of its state to itself, behind a pointer.
 *
 * The modules, each of which knows only those above it (tests/unit/doors.sh checks it):
 *
 *   frame event budget timers   bytes, limits, time-outs
 *   transport connect hub.h     what the transports and the program see of the hub
 *   core topic                  the hub, its topics by name
 *   session                     one client, and how it is told something
 *   subscription                one session in one topic: one state, one mover
 *   presence                    who is in a room and who types there
 *   job changes recent          work for other threads; what the tail has passed lately
 *   call                        the events of one session, in order
 *   replay_page replay          what a session missed
 *   recoverable room            entering, leaving, being removed
 *   expiry                      sessions that rest on a token
 *   session_look opening        the beginning of sessions
 *   recovery                    sessions that can come back
 *   closing                     the end of sessions
 *   rights subscribe typing     the events that clients send
 *   messages history verbs
 *   tail                        the one way in for durable events
 *   hub_start hub walk          where the log stands at the start; all of it, put together; all
 *                               of it, recounted
 *
 * Code that runs on another thread than the loop's is in a file called MODULE_job.c, and what both
 * threads share is in MODULE_job.h, which says when it belongs to which thread.
 */
#ifndef HUB_CORE_H
#define HUB_CORE_H

#include <sys/queue.h>

#include "base/map.h"
#include "hub/hub.h"
#include "hub/timers.h"

struct hub {
	struct hub_options options;
	char incarnation[INCARNATION_SIZE];
	int64_t position;  /* the tail has passed it */
	struct map topics; /* struct topic, by name */
	size_t n_rooms;
	TAILQ_HEAD(session_list, session) sessions;
	size_t n_sessions;
	size_t n_leaving; /* of those: their client is gone, their calls are not done */
	struct timers timers;
	uint64_t delivered, bad_rows;
	bool is_healthy;
	int64_t *spent_events, *spent_replay; /* by wallet, see budget.h */

	/* Ends and frees a session that is leaving, when its calls are done (closing.c). It is a
	 * pointer, since call.c is below closing.c. */
	void (*end_session)(struct session *, struct hub_time);

	struct jobs *jobs;
	struct changes *changes;
	struct recent *recent;
	struct expiries *expiries;
	struct recovery *recovery;
	struct tail *tail;
};

#define ROOMS_MAX 200 /* a session's, unless the options say otherwise */

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
