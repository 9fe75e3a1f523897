/* SPDX-License-Identifier: ISC */
/*
 * standing.c - a user's standing in an escrow, and the number of messages that they have not read.
 */
#include "chat/standing.h"

#include <string.h>

#include "identity/tokens.h"
#include "store/memo.h"

enum error
standing_verdict(struct store *st, enum error err)
{
	return store_error(st) == STORE_OK ? err : ERROR_UNAVAILABLE;
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

/* ---- a user in an escrow, as the memo has them ---- */

struct membership {
	bool is_listed;
	struct escrow escrow;
	struct participant participant;
};

/* The texts of a membership follow in this order, without NULs. Most of them are much shorter than
 * they may be, and the writer remembers thousands. */
struct packed_membership {
	int64_t escrow, created_at, updated_at, since_message, since_position;
	uint16_t title;
	uint8_t status, wallet, name; /* lengths */
	uint8_t role;
	bool is_listed;
};

#define PACKED_MAX (sizeof(struct packed_membership) + sizeof(struct membership))

static struct span
pack(char out[PACKED_MAX], const struct membership *m)
{
	const struct escrow *e = &m->escrow;
	const struct participant *p = &m->participant;
	struct packed_membership head = {e->id, e->created_at, e->updated_at, p->since_message,
	    p->since_position, (uint16_t)strlen(e->title), (uint8_t)strlen(e->status),
	    (uint8_t)strlen(p->wallet), (uint8_t)strlen(p->name), (uint8_t)p->role, m->is_listed};
	char *end = out + sizeof(head);

	memcpy(out, &head, sizeof(head));
	end = mempcpy(end, e->title, head.title);
	end = mempcpy(end, e->status, head.status);
	end = mempcpy(end, p->wallet, head.wallet);
	end = mempcpy(end, p->name, head.name);
	return (struct span){out, (size_t)(end - out)};
}

/* Copies n bytes to out, with a NUL; returns what follows them. */
static const char *
unpack_text(char *out, const char *text, size_t n)
{
	memcpy(out, text, n);
	out[n] = '\0';
	return text + n;
}

static void
unpack(struct membership *m, struct span packed)
{
	struct packed_membership head;
	const char *text = packed.p + sizeof(head);

	memcpy(&head, packed.p, sizeof(head));
	m->is_listed = head.is_listed;
	m->escrow.id = head.escrow;
	m->escrow.created_at = head.created_at;
	m->escrow.updated_at = head.updated_at;
	m->participant.role = (enum role)head.role;
	m->participant.since_message = head.since_message;
	m->participant.since_position = head.since_position;
	text = unpack_text(m->escrow.title, text, head.title);
	text = unpack_text(m->escrow.status, text, head.status);
	text = unpack_text(m->participant.wallet, text, head.wallet);
	unpack_text(m->participant.name, text, head.name);
}

/* Neither part of the key can contain a '/'. */
static void
find_membership(struct store *st, struct span escrow_id, struct span wallet, struct membership *m)
{
	char text[2 + 2 * STORE_NAME_SIZE] = "p", room[PACKED_MAX];
	struct span key = {text, 2 + escrow_id.n + wallet.n}, packed;

	memcpy(text + 1, escrow_id.p, escrow_id.n);
	text[1 + escrow_id.n] = '/';
	memcpy(text + 2 + escrow_id.n, wallet.p, wallet.n);
	if (memo_look(st, key, &packed)) {
		unpack(m, packed);
		return;
	}
	memset(m, 0, sizeof(*m));
	if (!escrow_find(st, escrow_id, &m->escrow))
		m->escrow.id = 0;
	/* This is looked up for an unknown escrow too, so that its answer takes as long as that of
	 * a foreign one. */
	m->is_listed = participant_find(st, m->escrow.id, wallet, &m->participant);
	memo_keep(st, key, pack(room, m));
}

enum error
standing_find(struct store *st, const struct rules *rules, const struct user *user,
    struct span escrow_id, struct standing *out, struct escrow *escrow)
{
	struct membership m;

	memset(out, 0, sizeof(*out));
	if (!name_escrow(escrow_id))
		return ERROR_BAD_REQUEST;
	if (!user_stands(st, user))
		return store_error(st) == STORE_OK ? ERROR_UNAUTHORIZED : ERROR_UNAVAILABLE;
	find_membership(st, escrow_id, span_of(user->key), &m);
	if (store_error(st) != STORE_OK)
		return ERROR_UNAVAILABLE;
	if (!m.is_listed && rules->rooms != ROOMS_OPEN)
		return ERROR_NOT_PARTICIPANT;
	*escrow = m.escrow;
	if (m.is_listed) {
		*out = standing_of(&m.participant, escrow->id);
	} else {
		out->escrow = escrow->id;
		memcpy(out->name, user->name, sizeof(out->name));
	}
	return ERROR_NONE;
}

enum error
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
