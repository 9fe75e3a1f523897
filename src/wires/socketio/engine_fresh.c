/* SPDX-License-Identifier: ISC */
/*
 * engine_fresh.c - sessions that nobody has vouched for yet: there are only so many of them, and
 * they may send less at a time.
 */
#include "wires/socketio/engine_session.h"

size_t
engine_session_max_payload(const struct engine *e, const struct engine_session *s)
{
	bool is_fresh = s == NULL || s->is_fresh;

	return is_fresh && e->options.fresh_payload > 0 ? e->options.fresh_payload
							: e->options.max_payload;
}

static void
set_max_payload(struct engine_session *s)
{
	uint32_t max = (uint32_t)engine_session_max_payload(s->engine, s);

	if (s->ws != NULL)
		websocket_set_max_message(s->ws, max);
	if (s->probe != NULL)
		websocket_set_max_message(s->probe, max);
}

void
engine_fresh_enter(struct engine_session *s)
{
	struct engine *e = s->engine;

	s->is_fresh = true;
	TAILQ_INSERT_TAIL(&e->fresh, s, fresh);
	if (++e->n_fresh > e->options.max_fresh && TAILQ_FIRST(&e->fresh) != s)
		engine_session_end(
		    TAILQ_FIRST(&e->fresh), "too many without an identity", END_CLOSE, false);
}

void
engine_fresh_leave(struct engine_session *s)
{
	if (!s->is_fresh)
		return;
	s->is_fresh = false;
	s->engine->n_fresh--;
	TAILQ_REMOVE(&s->engine->fresh, s, fresh);
}

void
engine_confirm(struct engine_session *s)
{
	engine_fresh_leave(s);
	set_max_payload(s);
	if (s->ws != NULL)
		conn_confirm(websocket_conn(s->ws));
	if (s->probe != NULL)
		conn_confirm(websocket_conn(s->probe));
	if (s->poll != NULL)
		web_confirm(s->poll);
	if (s->post != NULL)
		web_confirm(s->post->wc);
}

void
engine_doubt(struct engine_session *s)
{
	if (s->is_fresh || s->is_closed)
		return;
	engine_fresh_enter(s);
	set_max_payload(s);
}
