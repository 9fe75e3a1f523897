/* SPDX-License-Identifier: ISC */
/*
 * closing.h - the end of sessions, for the other modules of the hub. Transports use session_close
 * (transport.h).
 */
#ifndef HUB_SESSION_CLOSING_H
#define HUB_SESSION_CLOSING_H

#include "hub/session/session.h"

/* Ends a session that is leaving and has no calls: takes it out of its rooms, frees it, and calls
 * hub_options.on_closed. On the loop's thread. */
void closing_end(struct session *, struct hub_time);

#endif
