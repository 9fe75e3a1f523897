/* SPDX-License-Identifier: ISC */
/*
 * session_lookup.c - judges the look-up that precedes the opening of a session.
 */
#include "hub/session/session_lookup.h"

#include "hub/core.h"
#include "hub/room/changes.h"

bool
session_lookup_stands(
    const struct hub *hub, const struct user *user, const struct session_lookup *l)
{
	struct span wallet = span_of(user->key);

	if (user->proof.hash[0] != '\0' &&
	    changes_since(hub->changes, wallet, SPAN(""), l->checked))
		return false;
	for (size_t i = 0; i < l->n_rooms; i++) {
		if (changes_since(hub->changes, wallet, l->rooms[i].escrow_id, l->checked))
			return false;
	}
	return true;
}

enum error
session_lookup_verdict(const struct session_lookup *l)
{
	size_t refused = 0;

	if (l->cursor_state == CURSOR_BAD)
		return ERROR_BAD_REQUEST;
	for (size_t i = 0; i < l->n_rooms; i++) {
		refused += l->rooms[i].verdict != ERROR_NONE;
		if (l->rooms[i].verdict == ERROR_UNAVAILABLE)
			return ERROR_UNAVAILABLE;
	}
	return refused > 0 && refused == l->n_rooms ? l->rooms[0].verdict : ERROR_NONE;
}
