/* SPDX-License-Identifier: ISC */
/*
 * engine_heartbeat.c - the heartbeat of Engine.IO sessions: lists in the order of deadlines, and
 * one timer for the first deadline of all.
 */
#include "wires/socketio/engine_session.h"

#include "base/clock.h"

void
engine_arm_timer(struct engine *e)
{
	const struct engine_session *first[] = {
	    TAILQ_FIRST(&e->pings), TAILQ_FIRST(&e->pongs), TAILQ_FIRST(&e->parting)};
	const struct late_refusal *refusal = TAILQ_FIRST(&e->refusals);
	int64_t next = refusal != NULL ? refusal->deadline : INT64_MAX;

	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
		if (first[i] != NULL && first[i]->deadline < next)
			next = first[i]->deadline;
	}
	if (next == e->timer_at)
		return;
	e->timer_at = next;
	if (next == INT64_MAX)
		loop_timer_stop(e->timer);
	else
		loop_timer_set_us(e->timer, next * 1000 - clock_mono_us());
}

static void
stop(struct engine_session *s)
{
	struct engine *e = s->engine;

	if (s->awaits_pong)
		TAILQ_REMOVE(&e->pongs, s, heartbeat);
	else
		TAILQ_REMOVE(&e->pings, s, heartbeat);
}

/* The time to answer runs from when the ping was due, so that lateness does not add up; but half of
 * it is always left. */
static void
await_pong(struct engine_session *s)
{
	struct engine *e = s->engine;
	int64_t least = clock_mono_ms() + e->options.ping_timeout_ms / 2;

	s->awaits_pong = true;
	s->pinged = (uint32_t)s->deadline;
	s->deadline += e->options.ping_timeout_ms;
	if (s->deadline < least)
		s->deadline = least;
	TAILQ_INSERT_TAIL(&e->pongs, s, heartbeat);
}

/* True if the peer has read some of the bytes on its WebSocket since the last call: the ping may be
 * behind the rest. */
static bool
takes_what_waits(struct engine_session *s)
{
	return s->ws != NULL && conn_take_progress(websocket_conn(s->ws));
}

static void
await_pong_again(struct engine_session *s, int64_t now)
{
	stop(s);
	s->deadline = now;
	await_pong(s);
}

/* The next ping is due one interval after the last one was, however long the answer took; but not
 * before the last session of the list, which is in order. */
static void
await_ping(struct engine_session *s)
{
	struct engine *e = s->engine;
	const struct engine_session *last = TAILQ_LAST(&e->pings, session_list);
	int64_t now = clock_mono_ms();

	s->awaits_pong = false;
	s->deadline = now - (uint32_t)((uint32_t)now - s->pinged) + e->options.ping_interval_ms;
	if (last != NULL && s->deadline < last->deadline)
		s->deadline = last->deadline;
	TAILQ_INSERT_TAIL(&e->pings, s, heartbeat);
}

void
engine_heartbeat_begin(struct engine_session *s)
{
	s->pinged = (uint32_t)clock_mono_ms();
	await_ping(s);
	engine_arm_timer(s->engine);
}

void
engine_heartbeat_answered(struct engine_session *s)
{
	stop(s);
	await_ping(s);
	engine_arm_timer(s->engine);
}

void
engine_heartbeat_end(struct engine_session *s)
{
	stop(s);
}

void
engine_on_timer(void *arg)
{
	struct engine *e = arg;
	int64_t now = clock_mono_ms();
	struct engine_session *s;

	e->timer_at = INT64_MAX;
	while ((s = TAILQ_FIRST(&e->pings)) != NULL && s->deadline <= now) {
		stop(s);
		await_pong(s);
		takes_what_waits(s);
		engine_send_packet(s, EIO_PING, (struct span){"", 0});
	}
	while ((s = TAILQ_FIRST(&e->pongs)) != NULL && s->deadline <= now) {
		if (takes_what_waits(s))
			await_pong_again(s, now);
		else
			engine_session_end(s, "ping timeout", END_CLOSE, false);
	}
	while ((s = TAILQ_FIRST(&e->parting)) != NULL && s->deadline <= now)
		engine_session_part(s);
	engine_refuse_late(e, now);
	engine_arm_timer(e);
}
