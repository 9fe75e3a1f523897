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
	const struct timer_list *lists[] = {&e->pings, &e->pongs, &e->parting, &e->refusals};
	int64_t next = INT64_MAX;

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		int64_t at = timer_list_next(lists[i]);
		next = at < next ? at : next;
	}
	loop_timer_set_at(e->timer, next);
}

/* The time to answer runs from when the ping was due, so that lateness does not add up; but half of
 * it is always left. */
static void
await_pong(struct engine_session *s, int64_t due)
{
	struct engine *e = s->engine;
	int64_t least = clock_mono_ms() + e->options.ping_timeout_ms / 2;
	int64_t at = due + e->options.ping_timeout_ms;

	s->awaits_pong = true;
	s->pinged = (uint32_t)due;
	timer_start(&e->pongs, &s->heartbeat, at > least ? at : least);
}

/* True if the peer has taken some of the bytes that waited at the last call, on its WebSocket or in
 * the answer to its poll: the ping may be behind the rest. */
static bool
takes_what_waits(struct engine_session *s)
{
	if (s->ws != NULL)
		return websocket_take_progress(s->ws);
	return engine_answered_poll(s) != NULL && web_take_progress(engine_answered_poll(s));
}

void
engine_heartbeat_follow(struct engine_session *s)
{
	if (s->awaits_pong) /* else the next ping begins to ask */
		takes_what_waits(s);
}

/* The next ping is due one interval after the last one was, however long the answer took. */
static void
await_ping(struct engine_session *s)
{
	struct engine *e = s->engine;
	int64_t now = clock_mono_ms();

	s->awaits_pong = false;
	timer_start(&e->pings, &s->heartbeat,
	    now - (uint32_t)((uint32_t)now - s->pinged) + e->options.ping_interval_ms);
}

void
engine_heartbeat_begin(struct engine_session *s)
{
	s->pinged = (uint32_t)clock_mono_ms();
	await_ping(s);
	engine_arm_timer(s->engine);
}

void
engine_heartbeat_end(struct engine_session *s)
{
	timer_stop(s->awaits_pong ? &s->engine->pongs : &s->engine->pings, &s->heartbeat);
}

void
engine_heartbeat_answered(struct engine_session *s)
{
	engine_heartbeat_end(s);
	await_ping(s);
	engine_arm_timer(s->engine);
}

static void
send_ping(struct engine_session *s)
{
	await_pong(s, s->heartbeat.at);
	takes_what_waits(s);
	engine_send_packet(s, EIO_PING, (struct span){"", 0});
}

void
engine_heartbeat_late(struct engine_session *s, int64_t now)
{
	if (takes_what_waits(s))
		await_pong(s, now);
	else
		engine_session_end(s, "ping timeout", END_CLOSE, false);
}

void
engine_on_timer(void *arg)
{
	struct engine *e = arg;
	int64_t now = clock_mono_ms();
	struct timer *due;

	while ((due = timer_list_due(&e->pings, now)) != NULL)
		send_ping(TIMER_OWNER(due, struct engine_session, heartbeat));
	while ((due = timer_list_due(&e->pongs, now)) != NULL)
		engine_heartbeat_late(TIMER_OWNER(due, struct engine_session, heartbeat), now);
	while ((due = timer_list_due(&e->parting, now)) != NULL)
		engine_session_part(TIMER_OWNER(due, struct engine_session, heartbeat));
	engine_refuse_late(e, now);
	engine_arm_timer(e);
}
