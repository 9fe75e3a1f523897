/* SPDX-License-Identifier: ISC */
/*
 * escrow.c - the platform's side of an escrow: creating or replacing it. Participants are replaced
 * as a set, but only differences are written, so that the log has just the changes.
 */
#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "chat/standing.h"
#include "identity/wallet.h"

#define STATUS_MAX       64
#define PARTICIPANTS_MAX 200

struct member {
	struct user user;
	enum role role;
	bool is_kept; /* of a present member: it is in the new set too */
};

struct members {
	struct member *v;
	size_t n;
};

static struct member *
members_find(const struct members *set, const char *key)
{
	for (size_t i = 0; i < set->n; i++) {
		if (strcmp(set->v[i].user.key, key) == 0)
			return &set->v[i];
	}
	return NULL;
}

static void
members_add(struct members *set, const struct member *m)
{
	set->v = mem_realloc(set->v, set->n + 1, sizeof(*set->v));
	set->v[set->n++] = *m;
}

/* ---- validation: NULL, or a sentence ---- */

static const char *
status_refusal(struct span status)
{
	bool is_good = status.n <= STATUS_MAX;

	for (size_t i = 0; i < status.n && is_good; i++) {
		char c = status.p[i];

		is_good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			  (c >= '0' && c <= '9') || c == '_' || c == '.' || c == ':' || c == '-';
	}
	return is_good ? NULL : "status: at most 64 of A-Z a-z 0-9 _ . : - are accepted.";
}

static const char *
members_read(const struct json *list, struct members *set)
{
	struct span text;

	if (json_type(list) != JSON_ARRAY || json_length(list) > PARTICIPANTS_MAX)
		return "participants: a list of at most 200 is accepted.";
	for (size_t i = 0; i < json_length(list); i++) {
		const struct json *one = json_at(list, i);
		struct member m = {0};
		struct wallet w;

		if (!json_string(json_get(one, "walletAddress"), &text) ||
		    !name_wallet(text, &m.user))
			return "participants: each needs a valid walletAddress.";
		wallet_read(&w, text);
		if (w.is_unsafe)
			return "participants: a walletAddress is nobody's own key.";
		if (!json_string(json_get(one, "role"), &text) || !role_parse(text, &m.role))
			return "participants: client, freelancer, arbiter or observer is accepted "
			       "as a role.";
		if (members_find(set, m.user.key))
			return "participants: each walletAddress is accepted once.";
		members_add(set, &m);
	}
	return NULL;
}

/* ---- replacing ---- */

static bool
on_present(const struct participant *p, void *arg)
{
	struct member m = {.role = p->role};

	memcpy(m.user.key, p->wallet, sizeof(m.user.key));
	memcpy(m.user.name, p->name, sizeof(m.user.name));
	members_add(arg, &m);
	return true;
}

static void
members_replace(struct store *st, int64_t escrow, const struct members *wanted)
{
	struct members present = {0};

	participants_each(st, escrow, on_present, &present);
	for (size_t i = 0; i < wanted->n; i++) {
		const struct member *want = &wanted->v[i];
		struct member *have = members_find(&present, want->user.key);

		if (have)
			have->is_kept = true;
		if (!have || have->role != want->role ||
		    strcmp(have->user.name, want->user.name) != 0)
			participant_put(st, escrow, span_of(want->user.key),
			    span_of(want->user.name), want->role);
	}
	for (size_t i = 0; i < present.n; i++) {
		if (!present.v[i].is_kept)
			participant_delete(st, escrow, span_of(present.v[i].user.key));
	}
	free(present.v);
}

static enum error
put(struct store *st, struct chat_escrow_put *p, struct members *wanted)
{
	struct escrow escrow;

	if (!name_escrow(p->escrow_id))
		p->why = "escrowId: 1 to 128 bytes of UTF-8 without '/' and control characters "
			 "are accepted.";
	else if (!name_title(p->title))
		p->why = "title: 1 to 200 characters without control characters are accepted.";
	if (!p->why)
		p->why = status_refusal(p->status);
	if (!p->why)
		p->why = members_read(p->participants, wanted);
	if (p->why)
		return ERROR_BAD_REQUEST;
	p->created = !escrow_find(st, p->escrow_id, &escrow);
	if (p->created)
		escrow.id = escrow_insert(st, p->escrow_id, p->title, p->status, p->now_ms);
	else
		escrow_update(st, escrow.id, p->title, p->status, p->now_ms);
	members_replace(st, escrow.id, wanted);
	return chat_escrow_view(st, p->escrow_id, &p->escrow);
}

bool
chat_escrow_put(struct store *st, struct chat_escrow_put *p)
{
	struct members wanted = {0};

	p->why = NULL;
	p->created = false;
	p->escrow.len = 0;
	p->err = standing_verdict(st, put(st, p, &wanted));
	free(wanted.v);
	if (p->err == ERROR_NONE)
		return true;
	p->created = false;
	p->escrow.len = 0;
	return false;
}
