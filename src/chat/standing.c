/* SPDX-License-Identifier: ISC */
/*
 * standing.c - who a user is in an escrow, what he may do there, what he has not read.
 */
#include "chat/standing.h"

#include <string.h>

#include "chat/tokens.h"

enum chat_err
standing_verdict(struct store *st, enum chat_err err)
{
	return store_error(st) == STORE_OK ? err : CHAT_UNAVAILABLE;
}

struct standing
standing_of(const struct participant *p, int64_t escrow)
{
	struct standing s = {
	    .escrow = escrow,
	    .role = p->role,
	    .since_message = p->since_message,
	    .since_position = p->since_position,
	};

	memcpy(s.name, p->name, sizeof(s.name));
	return s;
}

enum chat_err
standing_find(struct store *st, const struct rules *rules, const struct user *user,
    struct span escrow_id, struct standing *out, struct escrow *escrow)
{
	struct participant p;
	bool is_listed;

	memset(out, 0, sizeof(*out));
	if (!name_escrow(escrow_id))
		return CHAT_BAD_REQUEST;
	if (!user_stands(st, user))
		return store_error(st) == STORE_OK ? CHAT_UNAUTHORIZED : CHAT_UNAVAILABLE;
	if (!escrow_find(st, escrow_id, escrow))
		escrow->id = 0;
	/* Asked for an unknown escrow too: its answer takes the path, and the time, of a foreign one. */
	is_listed = participant_find(st, escrow->id, span_of(user->key), &p);
	if (store_error(st) != STORE_OK)
		return CHAT_UNAVAILABLE;
	if (!is_listed && rules->rooms != ROOMS_OPEN)
		return CHAT_NOT_PARTICIPANT;
	if (is_listed) {
		*out = standing_of(&p, escrow->id);
	} else {
		out->escrow = escrow->id;
		memcpy(out->name, user->name, sizeof(out->name));
	}
	return CHAT_OK;
}

enum chat_err
chat_standing(struct store *st, const struct rules *rules, const struct user *user,
    struct span escrow_id, struct standing *out)
{
	struct escrow escrow;

	return standing_find(st, rules, user, escrow_id, out, &escrow);
}

bool
chat_may_write(const struct standing *s)
{
	return s->role != ROLE_OBSERVER;
}

int64_t
chat_unread(struct store *st, const struct user *user, const struct standing *s)
{
	if (s->role == ROLE_NONE)
		return 0;
	return unread_count(st, s->escrow, span_of(user->key), s->since_message);
}

struct unread_sum {
	struct store *st;
	int64_t count;
};

static bool
on_participation(const struct participation *p, void *arg)
{
	struct unread_sum *sum = arg;
	const struct participant *who = &p->participant;

	sum->count += unread_count(sum->st, p->escrow.id, span_of(who->wallet), who->since_message);
	return store_error(sum->st) == STORE_OK;
}

int64_t
chat_unread_all(struct store *st, const struct user *user)
{
	struct unread_sum sum = {st, 0};

	participations_each(st, span_of(user->key), on_participation, &sum);
	return sum.count;
}
