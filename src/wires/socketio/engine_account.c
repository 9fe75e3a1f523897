/* SPDX-License-Identifier: ISC */
/*
 * engine_account.c - charges the accounts with the bytes that wait for Engine.IO sessions that
 * poll, and in their held POSTs. The connection of a WebSocket charges the bytes in its own ring.
 */
#include "wires/socketio/engine_session.h"

void
engine_charge(struct engine_session *s, int64_t bytes, bool is_shared)
{
	if (s->engine->options.accounts != NULL && bytes != 0)
		account_charge(s->engine->options.accounts, s->account, bytes, is_shared);
}

static size_t
queued_bytes(const struct engine_session *s)
{
	return (size_t)s->event_bytes + s->control_bytes;
}

static size_t
post_bytes(const struct engine_session *s)
{
	return s->post != NULL ? s->post->charged : 0;
}

static void
move_charges(struct engine_session *s, struct account *to)
{
	struct account *before = s->account;

	engine_charge(s, -(int64_t)queued_bytes(s), true);
	engine_charge(s, -(int64_t)post_bytes(s), false);
	s->account = to;
	engine_charge(s, (int64_t)queued_bytes(s), true);
	engine_charge(s, (int64_t)post_bytes(s), false);
	account_give_back(before);
}

void
engine_set_wallet(struct engine_session *s, struct span wallet)
{
	struct accounts *as = s->engine->options.accounts;

	if (as == NULL || s->is_closed || s->ws != NULL || account_is_of(s->account, wallet))
		return;
	move_charges(s, account_open(as, wallet));
}

void
engine_forget_wallet(struct engine_session *s)
{
	if (s->ws == NULL || s->post != NULL)
		return;
	account_give_back(s->account);
	s->account = NULL;
}

/* Looks at all sessions: this happens only where a ceiling is passed. */
static size_t
largest(void *arg, const struct account *account, void **session)
{
	const struct engine *e = arg;
	size_t most = 0;

	for (struct map_node *n = NULL; (n = map_next(&e->sessions, n)) != NULL;) {
		struct engine_session *s = MAP_ENTRY(n, struct engine_session, node);
		size_t bytes = queued_bytes(s) + post_bytes(s);

		if (!s->is_closed && bytes > most && (account == NULL || s->account == account)) {
			most = bytes;
			*session = s;
		}
	}
	return most;
}

static void
cut(void *arg, void *session)
{
	struct engine_session *s = session;

	engine_session_unqueue(s);
	engine_session_end(s, ACCOUNT_OVERRUN, END_CLOSE, false);
}

static size_t
queued(void *arg, const struct account *account)
{
	const struct engine *e = arg;
	size_t bytes = 0;

	for (struct map_node *n = NULL; (n = map_next(&e->sessions, n)) != NULL;) {
		const struct engine_session *s = MAP_ENTRY(n, struct engine_session, node);
		bytes += s->account == account ? queued_bytes(s) + post_bytes(s) : 0;
	}
	return bytes;
}

void
engine_account_begin(struct engine *e)
{
	e->source = (struct account_source){largest, cut, queued, e};
	if (e->options.accounts != NULL)
		accounts_add_source(e->options.accounts, &e->source);
}

void
engine_account_end(struct engine *e)
{
	if (e->options.accounts != NULL)
		accounts_remove_source(e->options.accounts, &e->source);
}
