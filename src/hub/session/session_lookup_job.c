/* SPDX-License-Identifier: ISC */
/*
 * session_lookup_job.c - runs on the reader's thread: what the store knows of a session before it
 * is opened.
 */
#include "hub/session/session_lookup_job.h"

#include "store/tables/eventlog.h"

void
session_lookup_run(
    struct store *st, const struct rules *rules, const struct user *user, struct session_lookup *l)
{
	l->cursor_state = CURSOR_GOOD;
	l->checked = l->position = eventlog_newest(st);
	if (l->cursor.n > 0)
		l->cursor_state = cursor_resolve(st, l->cursor, &l->position);
	if (l->cursor_state == CURSOR_BAD && l->takes_any_cursor)
		l->cursor_state = CURSOR_LOST;
	if (l->cursor_state == CURSOR_LOST)
		l->oldest = eventlog_oldest(st);
	for (size_t i = 0; i < l->n_rooms; i++)
		l->rooms[i].verdict =
		    chat_standing(st, rules, user, l->rooms[i].escrow_id, &l->rooms[i].standing);
}
