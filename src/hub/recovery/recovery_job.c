/* SPDX-License-Identifier: ISC */
/*
 * recovery_job.c - decides who may come back to a session, and to which rooms. It runs on the
 * writer's thread, except recovery_run_again, which runs on the reader's.
 */
#include "hub/recovery/recovery_job.h"

#include "base/ids.h"
#include "base/mem.h"
#include "identity/tokens.h"

static bool
has_gap(struct store *st, struct span topic, bool notifications, int64_t after)
{
	return eventlog_gap(
	    st, &(struct eventlog_source){
		    .topic = topic, .notifications = notifications, .after = after});
}

static bool
take_room(struct span escrow_id, int64_t began, void *arg)
{
	struct recovery_lookup *r = arg;
	struct kept_room *room;

	r->rooms = mem_realloc(r->rooms, r->n_rooms + 1, sizeof(*r->rooms));
	room = &r->rooms[r->n_rooms++];
	*room = (struct kept_room){.began = began > r->from ? began : r->from};
	memcpy(room->escrow_id, escrow_id.p, escrow_id.n < STORE_NAME_SIZE ? escrow_id.n : 0);
	return r->n_rooms < hub_max_rooms(r->job.hub);
}

static void
read_standing(struct store *st, const struct recovery_lookup *r, struct kept_room *room)
{
	room->err = chat_standing(
	    st, &r->job.hub->options.rules, &r->user, span_of(room->escrow_id), &room->standing);
}

/* True if nothing that the client missed is lost: else it begins anew, and is not given a part. */
static bool
can_recover(struct store *st, struct recovery_lookup *r)
{
	char name[TOPIC_SIZE];
	struct span key = span_of(r->user.key);
	int64_t own = r->kept.own_from > r->from ? r->kept.own_from : r->from;

	if (has_gap(st, topic_of_user(name, key), false, own) || has_gap(st, key, true, own))
		return false;
	for (size_t i = 0; i < r->n_rooms; i++) {
		struct kept_room *room = &r->rooms[i];
		read_standing(st, r, room);
		if (room->err == ERROR_NONE &&
		    has_gap(
			st, topic_of_escrow(name, span_of(room->escrow_id)), false, room->began))
			return false;
	}
	return true;
}

static bool
recover(struct store *st, struct recovery_lookup *r)
{
	if (!r->may_recover ||
	    !kept_session_take(st, span_of(r->old_hash), span_of(r->user.key), &r->kept))
		return false;
	r->from = 0;
	r->n_rooms = 0;
	if (r->offset[0] == '\0' ||
	    cursor_resolve(st, span_of(r->offset), &r->from) == CURSOR_GOOD) {
		kept_rooms_each(st, r->kept.id, take_room, r);
		if (can_recover(st, r))
			return true;
	}
	kept_session_delete(st, r->kept.id);
	return false;
}

bool
recovery_run_connect(struct store *st, struct writer_job *job)
{
	struct recovery_lookup *r = (struct recovery_lookup *)job;

	r->job.position = r->checked = eventlog_newest(st);
	r->is_recovered = r->was_made = false;
	if (!user_stands(st, &r->user)) {
		r->job.err = ERROR_UNAUTHORIZED;
		return true;
	}
	r->is_recovered = recover(st, r);
	r->was_made = !r->is_recovered;
	if (r->is_recovered)
		return true;
	r->n_rooms = 0;
	r->from = 0;
	r->kept.own_from = r->checked;
	ids_token(r->kept.sid, SID_CHARS);
	r->kept.id = kept_session_insert(
	    st, span_of(r->hash), span_of(r->kept.sid), span_of(r->user.key), r->kept.own_from);
	return true;
}

void
recovery_run_again(struct store *st, struct read_job *job)
{
	struct recovery_lookup *r = (struct recovery_lookup *)job;

	r->job.err = user_stands(st, &r->user) ? ERROR_NONE : ERROR_UNAUTHORIZED;
	r->checked = eventlog_newest(st);
	for (size_t i = 0; i < r->n_rooms; i++)
		read_standing(st, r, &r->rooms[i]);
}

bool
recovery_run_forget(struct store *st, struct writer_job *job)
{
	const struct forget_job *j = (struct forget_job *)job;

	if (j->id != 0)
		kept_session_delete(st, j->id);
	else
		kept_sessions_delete_of_earlier_boots(st);
	return true;
}

bool
recovery_run_put_rooms(struct store *st, struct writer_job *job)
{
	const struct rooms_job *j = (struct rooms_job *)job;

	if (!kept_rooms_clear(st, j->id)) /* it has been forgotten meanwhile */
		return true;
	for (size_t i = 0; i < j->n_rooms; i++) {
		if (j->rooms[i].err == ERROR_NONE)
			kept_room_put(st, j->id, span_of(j->rooms[i].escrow_id), j->rooms[i].began);
	}
	return true;
}
