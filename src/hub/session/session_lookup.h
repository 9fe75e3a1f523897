/* SPDX-License-Identifier: ISC */
/*
 * session_lookup.h - judges the look-up that precedes the opening of a session. All functions
 * belong to the loop's thread.
 */
#ifndef HUB_SESSION_SESSION_LOOKUP_H
#define HUB_SESSION_SESSION_LOOKUP_H

#include "hub/session/session_lookup_job.h"

/* True if the result of the look-up still holds. False: the user's rights or tokens have changed
 * since then; the caller looks up again. */
bool session_lookup_stands(const struct hub *, const struct user *, const struct session_lookup *);
/* ERROR_NONE: the session may be opened. ERROR_BAD_REQUEST: this server never gave such a cursor.
 * ERROR_UNAVAILABLE: the store failed. Another error: the user may be in none of the rooms that the
 * request names; it is the error of the first room. */
enum error session_lookup_verdict(const struct session_lookup *);

#endif
