/* SPDX-License-Identifier: ISC */
/*
 * engine.c - Engine.IO 4 sessions: their life and their packets. One transport at a time has a
 * session's packets: polling, until the client says on its WebSocket that it has upgraded. Frames
 * that wait between two polls are in the session's queue.
 */
#include "wires/socketio/engine_session.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/mem.h"
#include "io/ring.h"
#include "io/slice.h"

#define QUEUE_FEW  4 /* a power of two */
#define PARTING_MS 100
#define OFFERS     64 /* a turn, as of connections: see conn.c */

static void on_turn(void *arg);
static void on_again(void *arg);

struct engine *
engine_new(struct loop *loop, const struct engine_options *options)
{
	struct engine *e = mem_zalloc(sizeof(*e));

	e->loop = loop;
	e->options = *options;
	TAILQ_INIT(&e->strangers);
	timer_list_init(&e->pings);
	timer_list_init(&e->pongs);
	timer_list_init(&e->parting);
	TAILQ_INIT(&e->dirty);
	TAILQ_INIT(&e->closed);
	timer_list_init(&e->refusals);
	e->timer = loop_timer_new(loop, engine_on_timer, e);
	e->turn = loop_later_new(loop, on_turn, e);
	e->again = loop_timer_new(loop, on_again, e);
	engine_account_begin(e);
	return e;
}

static void
free_closed(struct engine *e)
{
	struct engine_session *s;

	while ((s = TAILQ_FIRST(&e->closed)) != NULL) {
		TAILQ_REMOVE(&e->closed, s, dirty);
		account_give_back(s->account);
		free(s);
	}
}

void
engine_free(struct engine *e)
{
	struct map_node *n;
	struct timer *t;

	if (e == NULL)
		return;
	while ((t = timer_list_due(&e->parting, INT64_MAX)) != NULL)
		engine_session_part(TIMER_OWNER(t, struct engine_session, heartbeat));
	while ((n = map_next(&e->sessions, NULL)) != NULL)
		engine_session_end(
		    MAP_ENTRY(n, struct engine_session, node), "shutdown", END_CLOSE, false);
	engine_refuse_late(e, INT64_MAX);
	free_closed(e);
	engine_account_end(e);
	map_clear(&e->sessions);
	loop_timer_free(e->timer);
	loop_later_free(e->turn);
	loop_timer_free(e->again);
	free(e);
}

void *
engine_owner(const struct engine_session *s)
{
	return s->owner;
}

uint32_t
engine_conn_number(const struct engine_session *s)
{
	return s->conn_number;
}

const char *
engine_transport(const struct engine_session *s)
{
	return s->ws != NULL ? "websocket" : "polling";
}

bool
engine_has_origin(const struct engine_session *s)
{
	return s->has_origin;
}

bool
engine_is_browser(const struct engine_session *s)
{
	return s->is_browser || s->has_origin;
}

void
engine_need_origin(struct engine_session *s)
{
	s->needs_origin = true;
}

/* ---- packets down ---- */

static void
enter_dirty(struct engine_session *s)
{
	struct engine *e = s->engine;

	if (s->is_dirty || s->is_closed)
		return;
	s->is_dirty = true;
	TAILQ_INSERT_TAIL(&e->dirty, s, dirty);
	e->n_dirty++;
}

void
engine_session_dirty(struct engine_session *s)
{
	if (!s->engine->in_turn)
		loop_later_want(s->engine->turn);
	enter_dirty(s);
}

void
engine_session_later(struct engine_session *s)
{
	if (!s->engine->in_turn)
		loop_timer_set_us(s->engine->again, 0);
	enter_dirty(s);
}

static void
leave_dirty(struct engine_session *s)
{
	if (!s->is_dirty)
		return;
	s->is_dirty = false;
	TAILQ_REMOVE(&s->engine->dirty, s, dirty);
	s->engine->n_dirty--;
}

/* The queue has room for QUEUE_FEW frames, or else for the next power of two. It grows when it is
 * full, and is freed as a whole. */
static void
queue_add(struct engine_session *s, struct frame *f)
{
	uint32_t n = s->n_queue;

	if (n == 0)
		s->queue = mem_realloc(NULL, QUEUE_FEW, sizeof(struct frame *));
	else if (n >= QUEUE_FEW && (n & (n - 1)) == 0)
		s->queue = mem_realloc(s->queue, n * 2, sizeof(struct frame *));
	s->queue[s->n_queue++] = frame_ref(f);
	*(f->kind == FRAME_CONTROL ? &s->control_bytes : &s->event_bytes) +=
	    (uint32_t)frame_size(f);
	engine_charge(s, (int64_t)frame_size(f), true);
}

void
engine_session_unqueue(struct engine_session *s)
{
	engine_charge(s, -(int64_t)((size_t)s->event_bytes + s->control_bytes), true);
	for (uint32_t i = 0; i < s->n_queue; i++)
		frame_unref(s->queue[i]);
	free(s->queue);
	s->queue = NULL;
	s->n_queue = s->event_bytes = s->control_bytes = 0;
}

bool
engine_send(struct engine_session *s, struct frame *f)
{
	if (s->is_closed)
		return true;
	if (s->ws != NULL)
		return websocket_send_frame(s->ws, f);
	if (!ring_takes(s->n_queue, s->event_bytes, f)) {
		s->wants_writable = true;
		return false;
	}
	queue_add(s, f);
	if (engine_poll(s) != NULL)
		engine_session_dirty(s);
	return true;
}

void
engine_send_packet(struct engine_session *s, enum eio_type type, struct span data)
{
	struct buf b = {0};
	struct frame *f;

	frame_begin(&b, 1 + data.n);
	eio_put(&b, type, data);
	f = frame_end_ws(&b, FRAME_CONTROL, WS_TEXT);
	engine_send(s, f);
	frame_unref(f);
}

void
engine_send_message(struct engine_session *s, bool is_binary, struct span message)
{
	struct frame *f;

	if (!is_binary) {
		engine_send_packet(s, EIO_MESSAGE, message);
		return;
	}
	f = frame_new_ws(FRAME_CONTROL, WS_BINARY, message);
	engine_send(s, f);
	frame_unref(f);
}

void
engine_want_writable(struct engine_session *s)
{
	if (s->ws != NULL) {
		conn_want_writable(websocket_conn(s->ws));
		return;
	}
	s->wants_writable = true;
	if (engine_poll(s) != NULL)
		engine_session_dirty(s);
}

/* ---- packets up ---- */

bool
engine_session_take(struct engine_session *s, const struct eio_packet *p)
{
	struct buf scratch = {0};
	struct span data;
	bool is_good = true;

	switch (p->type) {
	case EIO_MESSAGE:
		if (p->form == EIO_TEXT)
			s->engine->options.ops->on_message(s, false, p->data);
		else if ((is_good = eio_binary(p, &scratch, &data)))
			s->engine->options.ops->on_message(s, true, data);
		break;
	case EIO_PONG:
		engine_heartbeat_answered(s);
		break;
	case EIO_CLOSE:
		engine_session_end(s, "closed by the client", END_NOOP, true);
		break;
	case EIO_PING: /* of Engine.IO 3: ours come from the server */
		is_good = false;
		break;
	case EIO_OPEN:
	case EIO_UPGRADE:
	case EIO_NOOP:
		break;
	}
	buf_clear(&scratch);
	return is_good;
}

bool
engine_session_is_busy(const struct engine_session *s)
{
	const struct engine_ops *ops = s->engine->options.ops;

	if (s->is_closed)
		return false;
	if (s->ws == NULL && s->control_bytes > RING_CLOG_BYTES) /* until somebody polls */
		return true;
	return ops->is_busy != NULL && ops->is_busy((struct engine_session *)s);
}

void
engine_resume(struct engine_session *s)
{
	if (s->ws != NULL)
		websocket_resume(s->ws);
	if (s->post != NULL)
		engine_session_dirty(s);
}

/* ---- the end of a turn ---- */

/* Sessions that pull from the log share the loop with all others. */
static void
offer_room(struct engine_session *s, int *offers)
{
	struct engine *e = s->engine;

	if (s->is_closed || !s->wants_writable || engine_poll(s) == NULL || s->n_queue > 0)
		return;
	if (--*offers < 0) {
		engine_session_dirty(s);
		return;
	}
	s->wants_writable = false;
	if (e->options.ops->on_writable != NULL)
		e->options.ops->on_writable(s);
}

static void
on_turn(void *arg)
{
	struct engine *e = arg;
	struct engine_session *s;
	int offers = OFFERS, posts = 0;

	e->in_turn = true;
	/* Sessions that are marked during this loop are for the next turn: one of them may be far
	 * behind and given nothing. */
	for (size_t n = e->n_dirty; n > 0 && (s = TAILQ_FIRST(&e->dirty)) != NULL; n--) {
		leave_dirty(s);
		if (s->post != NULL && posts++ >= SLICE_LEAST && loop_is_spent(e->loop))
			engine_session_later(s);
		else if (s->post != NULL)
			engine_take_post(s);
		offer_room(s, &offers);
		if (!s->is_closed)
			engine_flush_poll(s);
	}
	e->in_turn = false;
	if (e->n_dirty > 0)
		loop_timer_set_us(e->again, 0);
	free_closed(e);
	if (CHECKS_ALL)
		engine_check(e);
}

static void
on_again(void *arg)
{
	loop_later_want(((struct engine *)arg)->turn);
}

/* ---- life ---- */

struct engine_session *
engine_session_new(struct engine *e, struct web_request *req)
{
	struct engine_session *s = mem_zalloc(sizeof(*s));

	s->engine = e;
	s->conn_number = conn_number(req->conn);
	s->is_browser =
	    http_has_field(req->http, "Origin") || http_has_field(req->http, "Sec-Fetch-Mode");
	ids_token(s->sid, SID_CHARS);
	map_insert(&e->sessions, &s->node, (struct span){s->sid, SID_CHARS});
	engine_stranger_enter(s);
	engine_heartbeat_begin(s);
	return s;
}

struct engine_session *
engine_session_find(struct engine *e, struct span sid, bool is_poll)
{
	struct map_node *n = map_find(&e->sessions, sid);
	struct engine_session *s = n != NULL ? MAP_ENTRY(n, struct engine_session, node) : NULL;

	if (s != NULL && s->is_parting)
		return is_poll ? s : NULL;
	/* The session ends at its deadline, whether the timer or a request comes first. */
	if (s != NULL && s->ws == NULL && s->awaits_pong && s->heartbeat.at <= clock_mono_ms()) {
		engine_heartbeat_late(s, clock_mono_ms());
		engine_arm_timer(e);
	}
	return s == NULL || s->is_closed ? NULL : s;
}

static void
bury(struct engine_session *s)
{
	map_remove(&s->engine->sessions, &s->node);
	TAILQ_INSERT_TAIL(&s->engine->closed, s, dirty);
	loop_later_want(s->engine->turn);
}

/* A close packet may overtake the poll that was sent before it on another connection. So that this
 * poll is released as a held one would be, the sid stays known, and the POST of the packet is not
 * answered, until the poll has come; at most for PARTING_MS. */
static void
part_begin(struct engine_session *s)
{
	s->is_parting = true;
	timer_start(&s->engine->parting, &s->heartbeat, clock_mono_ms() + PARTING_MS);
}

void
engine_session_part(struct engine_session *s)
{
	timer_stop(&s->engine->parting, &s->heartbeat);
	engine_answer_post(s, EIO_OK);
	bury(s);
}

void
engine_session_end(struct engine_session *s, const char *why, enum ending ending, bool is_left)
{
	struct engine *e = s->engine;

	if (s->is_closed)
		return;
	engine_stranger_leave(s);
	if (ending == END_CLOSE && s->ws == NULL && engine_poll(s) != NULL) {
		engine_send_packet(s, EIO_CLOSE, (struct span){"", 0});
		engine_flush_poll(s);
	}
	s->is_closed = true;
	engine_heartbeat_end(s);
	leave_dirty(s);
	if (ending == END_NOOP && s->in_post && engine_poll(s) == NULL)
		part_begin(s);
	else
		bury(s);
	engine_arm_timer(e);
	engine_answer_poll(s, ending == END_NOOP ? SPAN("6") : SPAN("1"));
	engine_unfollow_poll(s);
	if (!s->in_post)
		engine_answer_post(s, EIO_UNKNOWN_SID);
	engine_ws_close(&s->ws);
	engine_ws_close(&s->probe);
	engine_session_unqueue(s);
	e->options.ops->on_closed(s, why, is_left);
}

void
engine_close(struct engine_session *s, const char *why)
{
	engine_session_end(s, why, END_CLOSE, false);
}
