/* SPDX-License-Identifier: ISC */
/*
 * opening.h - the beginning of sessions, for the modules of the hub. The transports' side is in
 * hub.h.
 */
#ifndef HUB_OPENING_H
#define HUB_OPENING_H

#include "hub/session.h"

/* Makes a session in its user's topic, in SUB_OPENING at a position; it is told nothing. The hub
 * owns it. */
struct session *opening_session(struct hub *, const struct session_options *, int64_t position);

#endif
