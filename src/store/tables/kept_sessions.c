/* SPDX-License-Identifier: ISC */
/*
 * kept_sessions.c - statements on the Socket.IO sessions that are kept for recovery.
 */
#include "store/tables/kept_sessions.h"

#include "store/db.h"

int64_t
kept_session_insert(
    struct store *st, struct span pid_hash, struct span sid, struct span wallet, int64_t own_from)
{
	struct query *q = use(st, SQL_KEPT_SESSION_INSERT);

	bind_text(q, ":pid_hash", pid_hash);
	bind_text(q, ":sid", sid);
	bind_text(q, ":wallet", wallet);
	bind_int(q, ":own_from", own_from);
	return run(q) ? sqlite3_last_insert_rowid(st->db) : 0;
}

bool
kept_session_take(
    struct store *st, struct span pid_hash, struct span wallet, struct kept_session *out)
{
	struct query *q = use(st, SQL_KEPT_SESSION_FIND);

	bind_text(q, ":pid_hash", pid_hash);
	bind_text(q, ":wallet", wallet);
	if (!step(q))
		return false;
	out->id = column_int(q, 0);
	column_copy(q, 1, out->sid, sizeof(out->sid));
	out->own_from = column_int(q, 2);
	done(q);
	q = use(st, SQL_KEPT_SESSION_TOUCH);
	bind_int(q, ":session", out->id);
	return run(q);
}

void
kept_session_delete(struct store *st, int64_t session)
{
	struct query *q = use(st, SQL_KEPT_SESSION_DELETE);

	bind_int(q, ":session", session);
	run(q);
}

void
kept_sessions_delete_of_earlier_boots(struct store *st)
{
	run(use(st, SQL_KEPT_SESSIONS_DELETE_OF_EARLIER_BOOTS));
}

void
kept_room_put(struct store *st, int64_t session, struct span escrow_id, int64_t began)
{
	struct query *q = use(st, SQL_KEPT_ROOM_PUT);

	bind_int(q, ":session", session);
	bind_text(q, ":escrow_id", escrow_id);
	bind_int(q, ":began", began);
	run(q);
}

void
kept_room_delete(struct store *st, int64_t session, struct span escrow_id)
{
	struct query *q = use(st, SQL_KEPT_ROOM_DELETE);

	bind_int(q, ":session", session);
	bind_text(q, ":escrow_id", escrow_id);
	run(q);
}

bool
kept_rooms_clear(struct store *st, int64_t session)
{
	struct query *q = use(st, SQL_KEPT_EXISTS);

	bind_int(q, ":session", session);
	if (!step(q))
		return false;
	done(q);
	q = use(st, SQL_KEPT_ROOMS_DELETE);
	bind_int(q, ":session", session);
	return run(q);
}

void
kept_rooms_each(
    struct store *st, int64_t session, bool (*each)(struct span, int64_t, void *), void *arg)
{
	struct query *q = use(st, SQL_KEPT_ROOMS);

	bind_int(q, ":session", session);
	while (step(q)) {
		if (!each(column_text(q, 0), column_int(q, 1), arg)) {
			done(q);
			return;
		}
	}
}
