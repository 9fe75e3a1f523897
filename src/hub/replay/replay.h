/* SPDX-License-Identifier: ISC */
/*
 * replay.h - gives a session the events that it missed: from memory if they are recent, else from
 * the log, of which the reader's thread reads one page after another. A client that came back with
 * its cursor and a client that read too slowly are served alike. A subscription becomes live when
 * its position has reached the tail's. session_pull and session_is_pulling are in transport.h. All
 * functions belong to the loop's thread.
 */
#ifndef HUB_REPLAY_REPLAY_H
#define HUB_REPLAY_REPLAY_H

#include "hub/session/call.h"

/* Tells the client (event gap) that the log no longer has all events after the subscription's
 * position. The subscription then goes on after the gap. oldest: the position of the log's oldest
 * row. */
void replay_gap(struct subscription *, int64_t oldest, struct hub_time);
/* Resumes the transports of the sessions that had put off a pull until now. */
void replay_tick(struct hub *, struct hub_time);
/* Drops the replay of a session that ends or has caught up. */
void replay_stop(struct session *);

/* For hub_check: session and replay point to each other, and the state of the page is possible. */
void replay_check(const struct session *);

#endif
