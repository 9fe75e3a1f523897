/* SPDX-License-Identifier: ISC */
/*
 * escrows.c - statements on escrows and their participants.
 */
#include "store/tables/escrows.h"

#include "store/db.h"

#define PARTICIPANT_COLUMNS 5

static const char *const role_names[] = {
    [ROLE_CLIENT] = "client",
    [ROLE_FREELANCER] = "freelancer",
    [ROLE_ARBITER] = "arbiter",
    [ROLE_OBSERVER] = "observer",
};

const char *
role_name(enum role role)
{
	return role_names[role];
}

bool
role_parse(struct span text, enum role *out)
{
	for (int role = ROLE_CLIENT; role <= ROLE_OBSERVER; role++) {
		if (!span_is(text, role_names[role]))
			continue;
		*out = (enum role)role;
		return true;
	}
	return false;
}

/* ---- escrows ---- */

/* Columns from first on: id, created_at, updated_at, title, status. */
static void
read_escrow(const struct query *q, int first, struct escrow *out)
{
	out->id = column_int(q, first);
	out->created_at = column_int(q, first + 1);
	out->updated_at = column_int(q, first + 2);
	column_copy(q, first + 3, out->title, sizeof(out->title));
	column_copy(q, first + 4, out->status, sizeof(out->status));
}

bool
escrow_find(struct store *st, struct span escrow_id, struct escrow *out)
{
	struct query *q = use(st, SQL_ESCROW_FIND);

	bind_text(q, ":name", escrow_id);
	if (!step(q))
		return false;
	read_escrow(q, 0, out);
	done(q);
	return true;
}

int64_t
escrow_insert(
    struct store *st, struct span escrow_id, struct span title, struct span status, int64_t now_ms)
{
	struct query *q = use(st, SQL_ESCROW_INSERT);

	memo_forget(st);
	bind_text(q, ":name", escrow_id);
	bind_text(q, ":title", title);
	bind_text_or_null(q, ":status", status);
	bind_int(q, ":now", now_ms);
	return run(q) ? sqlite3_last_insert_rowid(st->db) : 0;
}

void
escrow_update(
    struct store *st, int64_t escrow, struct span title, struct span status, int64_t now_ms)
{
	struct query *q = use(st, SQL_ESCROW_UPDATE);

	memo_forget(st);
	bind_text(q, ":title", title);
	bind_text_or_null(q, ":status", status);
	bind_int(q, ":now", now_ms);
	bind_int(q, ":escrow", escrow);
	run(q);
}

/* ---- participants ---- */

/* Columns 0 to 4: wallet, name, role, since_message, since_position. */
static void
read_participant(const struct query *q, struct participant *out)
{
	column_copy(q, 0, out->wallet, sizeof(out->wallet));
	column_copy(q, 1, out->name, sizeof(out->name));
	if (!role_parse(column_text(q, 2), &out->role))
		out->role = ROLE_NONE;
	out->since_message = column_int(q, 3);
	out->since_position = column_int(q, 4);
}

bool
participant_find(struct store *st, int64_t escrow, struct span wallet, struct participant *out)
{
	struct query *q = use(st, SQL_PARTICIPANT_FIND);

	bind_int(q, ":escrow", escrow);
	bind_text(q, ":wallet", wallet);
	if (!step(q))
		return false;
	read_participant(q, out);
	done(q);
	return true;
}

void
participant_put(
    struct store *st, int64_t escrow, struct span wallet, struct span name, enum role role)
{
	struct query *q = use(st, SQL_PARTICIPANT_PUT);

	memo_forget(st);
	bind_int(q, ":escrow", escrow);
	bind_text(q, ":wallet", wallet);
	bind_text(q, ":name", name);
	bind_text_or_null(q, ":role", span_of(role_name(role)));
	run(q);
}

void
participant_delete(struct store *st, int64_t escrow, struct span wallet)
{
	struct query *q = use(st, SQL_PARTICIPANT_DELETE);

	memo_forget(st);
	bind_int(q, ":escrow", escrow);
	bind_text(q, ":wallet", wallet);
	run(q);
}

void
participants_each(
    struct store *st, int64_t escrow, bool (*each)(const struct participant *, void *), void *arg)
{
	struct query *q = use(st, SQL_PARTICIPANTS_EACH);
	struct participant p;

	bind_int(q, ":escrow", escrow);
	while (step(q)) {
		read_participant(q, &p);
		if (!each(&p, arg))
			break;
	}
	done(q);
}

/* Columns: those of read_participant and of read_escrow, escrowId and, if has_activity,
 * activity. */
static void
give_participations(struct query *q, bool has_activity, participation_each *each, void *arg)
{
	struct participation p = {0};

	while (step(q)) {
		read_participant(q, &p.participant);
		read_escrow(q, PARTICIPANT_COLUMNS, &p.escrow);
		p.escrow_id = column_text(q, PARTICIPANT_COLUMNS + 5);
		if (has_activity)
			p.activity = column_int(q, PARTICIPANT_COLUMNS + 6);
		if (!each(&p, arg))
			break;
	}
	done(q);
}

void
participations_each(struct store *st, struct span wallet, participation_each *each, void *arg)
{
	struct query *q = use(st, SQL_PARTICIPATIONS_EACH);

	bind_text(q, ":wallet", wallet);
	give_participations(q, false, each, arg);
}

void
participations_by_activity(struct store *st, struct span wallet, int64_t activity,
    struct span escrow_id, int limit, participation_each *each, void *arg)
{
	struct query *q = use(st, SQL_PARTICIPATIONS_BY_ACTIVITY);

	bind_text(q, ":wallet", wallet);
	bind_int(q, ":activity", activity);
	bind_text(q, ":name", escrow_id);
	bind_int(q, ":limit", limit);
	give_participations(q, true, each, arg);
}
