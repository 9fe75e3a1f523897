/* SPDX-License-Identifier: ISC */
/*
 * standing.c - a user's standing in an escrow, and the number of messages that they have not read.
 */
#include "chat/standing.h"

#include <string.h>

#include "chat/tokens.h"
#include "store/memo.h"

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
	    .since_position = p->since_position,
	};

	memcpy(s.name, p->name, sizeof(s.name));
	return s;
}

struct place { /* a user in an escrow, as read from the store */
	bool is_read, is_listed;
	struct escrow escrow;
	struct participant participant;
};

/* The memo's entry for a user in an escrow; NULL: nothing is kept. Neither part of the key can
 * contain a '/'. */
static struct place *
remembered_place(struct store *st, struct span escrow_id, struct span wallet)
{
	char key[2 + 2 * STORE_NAME_SIZE] = "p";

	memcpy(key + 1, escrow_id.p, escrow_id.n);
	key[1 + escrow_id.n] = '/';
	memcpy(key + 2 + escrow_id.n, wallet.p, wallet.n);
	return memo_find(st, (struct span){key, 2 + escrow_id.n + wallet.n}, sizeof(struct place));
}

static void
read_place(struct store *st, struct span escrow_id, struct span wallet, struct place *p)
{
	if (!escrow_find(st, escrow_id, &p->escrow))
		p->escrow.id = 0;
	/* This is looked up for an unknown escrow too, so that its answer takes as long as that of
	 * a foreign one. */
	p->is_listed = participant_find(st, p->escrow.id, wallet, &p->participant);
	p->is_read = true;
}

enum chat_err
standing_find(struct store *st, const struct rules *rules, const struct user *user,
    struct span escrow_id, struct standing *out, struct escrow *escrow)
{
	struct place own, *place;

	memset(out, 0, sizeof(*out));
	if (!name_escrow(escrow_id))
		return CHAT_BAD_REQUEST;
	if (!user_stands(st, user))
		return store_error(st) == STORE_OK ? CHAT_UNAUTHORIZED : CHAT_UNAVAILABLE;
	place = remembered_place(st, escrow_id, span_of(user->key));
	if (place == NULL || !place->is_read) {
		place = place != NULL ? place : &own;
		read_place(st, escrow_id, span_of(user->key), place);
	}
	if (store_error(st) != STORE_OK)
		return CHAT_UNAVAILABLE;
	if (!place->is_listed && rules->rooms != ROOMS_OPEN)
		return CHAT_NOT_PARTICIPANT;
	*escrow = place->escrow;
	if (place->is_listed) {
		*out = standing_of(&place->participant, escrow->id);
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
	return unread_count(st, s->escrow, span_of(user->key));
}

static bool
on_unread(const struct unread_escrow *u, void *arg)
{
	*(int64_t *)arg += u->count;
	return true;
}

int64_t
chat_unread_all(struct store *st, const struct user *user)
{
	int64_t sum = 0;

	unread_each(st, span_of(user->key), on_unread, &sum);
	return sum;
}
