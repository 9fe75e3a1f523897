/* SPDX-License-Identifier: ISC */
/*
 * replay.h - gives a session the events that it missed: from memory if they are recent, else page
 * by page from the log, which the reader's thread reads. A client that came back with its cursor
 * and a reader that was too slow are served alike. A subscription is live when its position is the
 * tail's. session_pull and session_is_pulling are in transport.h. All functions belong to the
 * loop's thread.
 */
#ifndef HUB_REPLAY_H
#define HUB_REPLAY_H

#include "hub/call.h"

/* The log does not have all events after the subscription's position any more: the client is told a
 * gap, and the subscription goes on live. oldest: position of the log's oldest row. */
void replay_gap(struct subscription *, int64_t oldest, struct hub_time);
/* Sessions whose time to pull again has come pull. */
void replay_tick(struct hub *, struct hub_time);
/* The session ends: its replay is dropped. */
void replay_stop(struct session *);

/* For hub_check: a page is read only for a session that knows of it. */
void replay_check(const struct session *);

#endif
