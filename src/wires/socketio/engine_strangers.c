/* SPDX-License-Identifier: ISC */
/*
 * engine_strangers.c - sessions of strangers: only so many are kept, and they may send less at a
 * time.
 */
#include "wires/socketio/engine_session.h"

size_t
engine_session_max_payload(const struct engine *e, const struct engine_session *s)
{
	bool is_stranger = s == NULL || s->is_stranger;

	return is_stranger && e->options.stranger_payload > 0 ? e->options.stranger_payload
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
engine_stranger_enter(struct engine_session *s)
{
	struct engine *e = s->engine;

	s->is_stranger = true;
	TAILQ_INSERT_TAIL(&e->strangers, s, strangers);
	if (++e->n_strangers > e->options.max_strangers && TAILQ_FIRST(&e->strangers) != s)
		engine_session_end(
		    TAILQ_FIRST(&e->strangers), "too many without an identity", END_CLOSE, false);
}

void
engine_stranger_leave(struct engine_session *s)
{
	if (!s->is_stranger)
		return;
	s->is_stranger = false;
	s->engine->n_strangers--;
	TAILQ_REMOVE(&s->engine->strangers, s, strangers);
}

void
engine_confirm(struct engine_session *s)
{
	engine_stranger_leave(s);
	set_max_payload(s);
	if (s->ws != NULL)
		conn_confirm(websocket_conn(s->ws));
	if (s->probe != NULL)
		conn_confirm(websocket_conn(s->probe));
	if (engine_poll(s) != NULL)
		web_confirm(engine_poll(s));
	if (s->post != NULL)
		web_confirm(s->post->wc);
}

void
engine_doubt(struct engine_session *s)
{
	if (s->is_stranger || s->is_closed)
		return;
	engine_stranger_enter(s);
	set_max_payload(s);
}
