/* SPDX-License-Identifier: ISC */
/*
 * closing.h - the end of sessions, for the modules of the hub. session_close is in hub.h.
 */
#ifndef HUB_CLOSING_H
#define HUB_CLOSING_H

#include "hub/session.h"

/* Ends and frees a session that is leaving and has no calls: it leaves its rooms, and the caller of
 * the hub is told (hub_options.on_closed). On the loop's thread. */
void closing_end(struct session *, struct hub_time);

#endif
