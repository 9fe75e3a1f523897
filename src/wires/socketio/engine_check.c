/* SPDX-License-Identifier: ISC */
/*
 * engine_check.c - the walker of Engine.IO sessions: it recounts every list and counter at the end
 * of a turn.
 */
#include "wires/socketio/engine_session.h"

#include "base/check.h"

static void
check_queue(const struct engine_session *s)
{
	size_t event_bytes = 0, control_bytes = 0;

	check((s->n_queue == 0) == (s->queue == NULL) && (s->ws == NULL || s->n_queue == 0));
	for (uint32_t i = 0; i < s->n_queue; i++) {
		const struct frame *f = s->queue[i];

		check(f->refs > 0);
		*(f->kind == FRAME_CONTROL ? &control_bytes : &event_bytes) += frame_size(f);
	}
	check(event_bytes == s->event_bytes && control_bytes == s->control_bytes);
}

/* The sessions of a list that wait for a ping (false) or for its answer. */
static size_t
check_heartbeats(const struct timer_list *list, bool awaits_pong)
{
	const struct timer *t;

	TAILQ_FOREACH (t, list, link) {
		const struct engine_session *s = TIMER_OWNER(t, struct engine_session, heartbeat);
		check(!s->is_closed && s->awaits_pong == awaits_pong);
	}
	return timer_list_check(list);
}

static size_t
check_parting(const struct engine *e)
{
	const struct timer *t;

	TAILQ_FOREACH (t, &e->parting, link) {
		const struct engine_session *s = TIMER_OWNER(t, struct engine_session, heartbeat);
		check(s->is_parting && s->is_closed && s->poll == NULL && !s->is_answered &&
		      s->n_queue == 0);
	}
	return timer_list_check(&e->parting);
}

void
engine_check(const struct engine *e)
{
	size_t alive = 0, parting = 0, strangers = 0, dirty = 0;
	const struct engine_session *s;

	for (struct map_node *n = NULL; (n = map_next(&e->sessions, n)) != NULL;) {
		s = MAP_ENTRY(n, struct engine_session, node);
		check(s->engine == e && !s->in_post);
		check(s->is_closed == s->is_parting);
		check(s->ws == NULL || s->probe == NULL);
		check(!s->is_answered || s->poll != NULL);
		check_queue(s);
		check(s->account == NULL || s->ws == NULL || s->post != NULL);
		alive += !s->is_closed;
		parting += s->is_parting;
		strangers += s->is_stranger;
		dirty += s->is_dirty;
	}
	check(alive + parting == e->sessions.count);
	check(alive == check_heartbeats(&e->pings, false) + check_heartbeats(&e->pongs, true));
	check(parting == check_parting(e));
	TAILQ_FOREACH (s, &e->strangers, strangers) {
		check(s->is_stranger && !s->is_closed);
		strangers--;
	}
	check(strangers == 0 && e->n_strangers <= e->sessions.count);
	check(dirty == e->n_dirty);
	TAILQ_FOREACH (s, &e->dirty, dirty) {
		check(s->is_dirty && !s->is_closed);
		dirty--;
	}
	check(dirty == 0);
}
