/* SPDX-License-Identifier: ISC */
/*
 * session_look.h - what was looked up for a session before it is opened, judged on the loop's
 * thread.
 */
#ifndef HUB_SESSION_LOOK_H
#define HUB_SESSION_LOOK_H

#include "hub/session_look_job.h"

/* True if the look still holds. False: the user's rights or tokens have changed since; the caller
 * looks up again. */
bool session_look_stands(const struct hub *, const struct user *, const struct session_look *);
/* CHAT_OK, or why a request for a stream is refused: its cursor is none that this server gave
 * (CHAT_BAD_REQUEST), the store failed (CHAT_UNAVAILABLE), or the user may be in none of its
 * rooms. */
enum chat_err session_look_verdict(const struct session_look *);

#endif
