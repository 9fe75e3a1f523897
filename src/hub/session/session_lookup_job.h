/* SPDX-License-Identifier: ISC */
/*
 * session_lookup_job.h - the look-up that precedes the opening of a session. Two threads share the
 * struct: it belongs to the reader's thread while the job that embeds it is under way, else to the
 * loop's thread.
 */
#ifndef HUB_SESSION_SESSION_LOOKUP_JOB_H
#define HUB_SESSION_SESSION_LOOKUP_JOB_H

#include "hub/hub.h"

#define STREAM_ROOMS_MAX 20

/* A room that the request names, and what the user may do there. */
struct room_lookup {
	struct span escrow_id; /* valid; each room once */
	/* The job sets these; standing only if verdict is ERROR_NONE. */
	enum error verdict;
	struct standing standing;
};

/* A look-up of a session's cursor, and of the rooms that its request names. */
struct session_lookup {
	/* The loop's thread sets these. */
	struct span cursor; /* n 0: none, the session begins now */
	struct room_lookup *rooms;
	size_t n_rooms; /* at most STREAM_ROOMS_MAX */
	/* A string that is no cursor is a lost one: its client gets a gap, and no refusal. */
	bool takes_any_cursor;
	/* The job sets these. */
	enum cursor_state cursor_state;
	int64_t position; /* of a good cursor */
	int64_t oldest;   /* of the log, where the cursor is lost */
	int64_t checked;  /* the log's head */
};

/* On the reader's thread, inside a read transaction: sets the results of a look-up. */
void session_lookup_run(
    struct store *, const struct rules *, const struct user *, struct session_lookup *);

#endif
