/* SPDX-License-Identifier: ISC */
/*
 * opening.h - the beginning of sessions, for the other modules of the hub. Transports use
 * connect.h.
 */
#ifndef HUB_SESSION_OPENING_H
#define HUB_SESSION_OPENING_H

#include "hub/session/session.h"

/* Makes a session with a subscription to its user's own topic, in SUB_OPENING at a position. It
 * sends nothing. The hub owns the session. On the loop's thread. */
struct session *opening_session(struct hub *, const struct session_options *, int64_t position);

#endif
